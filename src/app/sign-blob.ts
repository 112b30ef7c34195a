import type { Digest, DigestAlgorithm } from "../core/digest.ts"
import { digestAlgorithm, digestHex } from "../core/digest.ts"
import { ToolError } from "../core/errors.ts"
import type { HashAlgorithm, SignatureScheme, SigningKey } from "../core/ports.ts"
import { encodeHex } from "../codec/hex.ts"
import { hashOf } from "../crypto/schemes.ts"
import { blobFormats } from "../formats/index.ts"
import { readBlob, type ReadBlob } from "./read-blob.ts"
import type { AttestBlobRequest, AttestedBlob, SignBlobRequest, SignedBlob } from "./blob-requests.ts"
import type { AppContext } from "./requests.ts"
import { schemeFor } from "./sign-draft.ts"

/**
 * Sign a file, reading it once.
 *
 * @returns raw signature, Sigstore bundle and the file's SHA-256 digest.
 * @throws {ToolError} `E_LIMIT_EXCEEDED` when a pure Ed25519 key is given a file that does not fit in memory.
 */
export async function signBlob(app: AppContext, request: SignBlobRequest): Promise<SignedBlob> {
  const { key } = request
  const scheme = schemeFor(key, request.hash ?? "key")
  const hash = hashOf(scheme)
  const keep = hash === undefined || key.signDigest === undefined ? "all" : "small"
  const blob = await readBlob(app, request.blob.path, new Set<HashAlgorithm>(["sha256", hash ?? "sha256"]), keep)
  const signature = await signRead(key, scheme, hash, blob)
  const digest: Digest = `sha256:${encodeHex(digestFrom(blob, "sha256"))}`
  const messageDigest = digestFrom(blob, hash ?? "sha256")
  const bundle = blobFormats.buildBundle({ key: key.publicKey, scheme, digest: messageDigest, signature })
  return { digest, signature, bundle, size: blob.size }
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

/** Attest a file, or a digest the caller vouches for. */
export async function attestBlob(app: AppContext, request: AttestBlobRequest): Promise<AttestedBlob> {
  const digest = "digest" in request.blob ? sha256Only(request.blob.digest) : await digestOfFile(app, request.blob.path)
  const draft = blobFormats.draftAttestation({
    subject: digest,
    subjectName: request.subjectName,
    predicate: request.predicate,
    generation: request.generation,
    at: app.clock.now(),
  })
  const scheme = schemeFor(request.key, request.hash ?? "key")
  const signature = await request.key.sign(draft.message, scheme)
  const { envelope, bundle, legacyBundle } = draft.finish(signature, request.key.publicKey)
  return { envelope, bundle, legacyBundle, statement: draft.statement }
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
