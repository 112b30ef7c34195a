import type { Digest, DigestAlgorithm } from "../core/digest.ts"
import { digestAlgorithm, digestHex } from "../core/digest.ts"
import type { Candidate } from "../core/candidate.ts"
import { ToolError } from "../core/errors.ts"
import type { HashAlgorithm, SignatureScheme, SigningKey } from "../core/ports.ts"
import { encodeHex } from "../codec/hex.ts"
import { hashOf } from "../crypto/schemes.ts"
import { blobFormats } from "../formats/index.ts"
import { readBlob, type ReadBlob } from "./read-blob.ts"
import type { AttestBlobRequest, AttestedBlob, SignBlobRequest, SignedBlob } from "./blob-requests.ts"
import type { AppContext } from "./requests.ts"
import { schemeDigest, schemeForLogs } from "./sign-draft.ts"
import { openBlobSigner } from "./sigstore/blob-signer.ts"

/**
 * Sign a file, reading it once.
 *
 * @returns raw signature, Sigstore bundle and the file's SHA-256 digest.
 * @throws {ToolError} `E_LIMIT_EXCEEDED` when a pure Ed25519 key is given a file that does not fit in memory; what
 *   Sigstore's services throw.
 */
export async function signBlob(app: AppContext, request: SignBlobRequest): Promise<SignedBlob> {
  const signer = await openBlobSigner(app, request, { artifact: request.blob.path }, "message")
  const { key } = signer
  const scheme = schemeForLogs(key, request.hash ?? "key", "message", signer.logs)
  const hash = hashOf(scheme)
  const keep = hash === undefined || key.signDigest === undefined ? "all" : "small"
  const blob = await readBlob(app, request.blob.path, new Set<HashAlgorithm>(["sha256", hash ?? "sha256"]), keep)
  const messageDigest = digestFrom(blob, hash ?? "sha256")
  const signed = await signer.sign({
    scheme,
    digest: hash === undefined ? undefined : messageDigest,
    sign: () => signRead(key, scheme, hash, blob),
    stamped: (signature) => signature,
    logged: () => ({ kind: "message" }),
  })
  const { signature, evidence } = signed
  const made = { key: key.publicKey, signature, ...(evidence === undefined ? {} : { evidence }) }
  const bundle = blobFormats.buildBundle({ ...made, scheme, digest: messageDigest })
  const artifact = { digests: blob.digests, ...(blob.bytes === undefined ? {} : { bytes: blob.bytes }) }
  const digest: Digest = `sha256:${encodeHex(digestFrom(blob, "sha256"))}`
  return {
    digest,
    signature,
    bundle,
    legacyBundle: (generation) => blobFormats.buildLegacyBundle({ ...made, generation }),
    size: blob.size,
    ...(await signer.outcome(signed, () => blobFormats.parseBundle(bundle), artifact)),
  }
}

async function signRead(
  key: SigningKey,
  scheme: SignatureScheme,
  hash: HashAlgorithm | undefined,
  blob: ReadBlob,
): Promise<Uint8Array> {
  if (blob.bytes !== undefined) return key.sign(blob.bytes, scheme)
  if (hash !== undefined && key.signDigest !== undefined) return key.signDigest(digestFrom(blob, hash), scheme)
  throw new ToolError("E_INTERNAL", { what: "the file was not kept in memory" })
}

function digestFrom(blob: ReadBlob, algorithm: HashAlgorithm): Uint8Array {
  const digest = blob.digests[algorithm]
  if (digest === undefined) throw new ToolError("E_INTERNAL", { what: `no ${algorithm} digest was computed` })
  return digest
}

/**
 * Attest a file, or a digest the caller vouches for.
 *
 * @throws {ToolError} `E_USAGE` for predicates that do not fit; what Sigstore's services throw.
 */
export async function attestBlob(app: AppContext, request: AttestBlobRequest): Promise<AttestedBlob> {
  const { blob, form = "bundle" } = request
  const digest = "digest" in blob ? sha256Only(blob.digest) : await digestOfFile(app, blob.path)
  const draft = blobFormats.draftAttestation({
    subject: digest,
    subjectName: request.subjectName,
    predicate: request.predicate,
    generation: request.generation,
    at: app.clock.now(),
  })
  const signer = await openBlobSigner(app, request, { artifact: request.subjectName, digest }, "envelope")
  const { key } = signer
  const scheme = schemeForLogs(key, request.hash ?? "key", "envelope", signer.logs)
  const signed = await signer.sign({
    scheme,
    digest: schemeDigest(scheme, draft.message),
    sign: () => key.sign(draft.message, scheme),
    stamped: (signature) => draft.timestamped(signature, form),
    logged: (signature) => draft.logged(signature),
  })
  const made = draft.finish(signed.signature, key.publicKey, signed.evidence)
  const { envelope, bundle } = made
  const stored = (): Candidate => blobFormats.parseBundle(form === "legacy" ? made.legacyBundle : bundle)
  return {
    envelope,
    bundle,
    get legacyBundle() {
      return made.legacyBundle
    },
    statement: draft.statement,
    ...(await signer.outcome(signed, stored)),
  }
}

async function digestOfFile(app: AppContext, path: string): Promise<Digest> {
  const blob = await readBlob(app, path, new Set<HashAlgorithm>(["sha256"]), "none")
  return `sha256:${encodeHex(digestFrom(blob, "sha256"))}`
}

function sha256Only(digest: Digest): Digest {
  const algorithm: DigestAlgorithm = digestAlgorithm(digest)
  if (algorithm === "sha256") return digest
  throw new ToolError("E_USAGE", {
    what: "an attestation names its subject by a SHA-256 digest",
    why: `saw ${algorithm}:${digestHex(digest)}`,
    next: ["give the SHA-256 digest, or the file"],
  })
}
