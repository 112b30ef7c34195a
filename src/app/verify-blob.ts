import type { ArtifactContent, BindSubject, Candidate } from "../core/candidate.ts"
import { digestAlgorithm, digestHex, type Digest } from "../core/digest.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import type { HashAlgorithm } from "../core/ports.ts"
import type { SignatureKind } from "../core/report.ts"
import { decodeHex, encodeHex } from "../codec/hex.ts"
import { loadPrehash, loadPrehashFor } from "../crypto/prehash.ts"
import { blobFormats, notationBlobs } from "../formats/index.ts"
import { evaluatePolicy } from "../policy/evaluate.ts"
import { policyFromFlags } from "../policy/from-flags.ts"
import { artifactNeeds } from "../trust/keyed.ts"
import { certifiedTrust } from "./certified-trust.ts"
import { evaluateCandidate, SubjectEvaluation, type Evaluation } from "./evaluate.ts"
import { loadedOnce } from "./loaded-once.ts"
import { readBlob } from "./read-blob.ts"
import type { BlobInput, VerifyBlobAttestationRequest, VerifyBlobRequest, VerifyBlobResult } from "./blob-requests.ts"
import { NO_WITNESSES, trustsNobody } from "./request-policy.ts"
import type { AppContext, NamedKey } from "./requests.ts"
import { sigstoreTrust } from "./sigstore-trust.ts"
import { asksForNothing, decide, exempted, unresolvable } from "./verdict.ts"

/**
 * Verify a signature over a file, or over its digest where the scheme allows that.
 *
 * SECURITY: a public key inside the evidence never replaces the keys given.
 *
 * @throws {ToolError} `E_TRUST_MISSING` without keys. Malformed evidence is the result's error.
 */
export async function verifyBlob(app: AppContext, request: VerifyBlobRequest): Promise<VerifyBlobResult> {
  const { evidence } = request
  const parse = async (): Promise<Candidate> => {
    if ("bundle" in evidence) return blobFormats.parseBundle(evidence.bundle)
    if ("signature" in evidence) return blobFormats.parseSignature(evidence.signature)
    return (await notationBlobs.load()).parse(evidence.envelope, evidence.form)
  }
  return verifyAgainst(app, { ...request, kind: "signature", checkClaims: true }, parse)
}

/** Verify an attestation about a file. */
export async function verifyBlobAttestation(
  app: AppContext,
  request: VerifyBlobAttestationRequest,
): Promise<VerifyBlobResult> {
  const { evidence } = request
  if (request.blob === undefined && request.checkClaims) throw new ToolError("E_USAGE", { what: "no file was named" })
  const parse = (): Candidate =>
    "bundle" in evidence ? blobFormats.parseBundle(evidence.bundle) : blobFormats.parseEnvelope(evidence.envelope)
  return verifyAgainst(app, { ...request, kind: "attestation" }, parse)
}

type Asked = Omit<VerifyBlobRequest, "evidence" | "blob"> & {
  readonly blob?: BlobInput
  readonly kind: SignatureKind
  readonly checkClaims: boolean
  readonly predicateType?: string
}

async function verifyAgainst(
  app: AppContext,
  asked: Asked,
  parse: () => Candidate | Promise<Candidate>,
): Promise<VerifyBlobResult> {
  if (trustsNobody(asked) && asked.policy === undefined) {
    throw new ToolError("E_TRUST_MISSING", { what: "no key was named to verify with" })
  }
  const name = nameOf(asked.blob)
  try {
    if (asked.policy !== undefined && asksForNothing(asked.policy)) {
      // The file must exist all the same.
      if (asked.blob !== undefined && "path" in asked.blob)
        await readBlob(app, asked.blob.path, new Set(["sha256"]), "none")
      return answer(exempted(name, undefined, asked.policy), [], undefined)
    }
    const candidate = withTimestamps(await parse(), asked.timestamps)
    const keys = [...asked.keys, ...(await certifiedKeys(asked, candidate))]
    const artifact = await readArtifact(app, asked, candidate, keys)
    const subject = { ...subjectOf(artifact), ...(asked.mediaType === undefined ? {} : { mediaType: asked.mediaType }) }
    const evaluation = await evaluationFor(app, asked, candidate)
    if (candidate.signed.kind === "artifact" && artifact.bytes === undefined) await loadPrehash()
    else await loadPrehashFor(keys.map(({ key }) => key))
    const evaluated = new SubjectEvaluation(evaluation, subject)
    evaluated.take(await evaluateCandidate(evaluation, subject, candidate, artifact))
    const { report, error } = decide(name, subject, {
      result: evaluatePolicy(evaluation.policy, evaluated.facts()),
      request: asked,
      accepted: [candidate.format],
      stores: [],
      others: [],
      signatures: evaluated.reports,
      verified: evaluated.verified,
    })
    return answer(report, error === undefined ? evaluated.verified : [], error)
  } catch (thrown) {
    const error = asToolError(thrown)
    return answer(unresolvable(name, error), [], error)
  }
}

function answer(
  report: ReturnType<typeof unresolvable>,
  verified: VerifyBlobResult["verified"],
  error: ToolError | undefined,
): VerifyBlobResult {
  return {
    report: { apiVersion: "countersign.dev/v1", kind: "VerificationReport", artifacts: [report] },
    verified,
    error,
  }
}

async function evaluationFor(app: AppContext, asked: Asked, candidate: Candidate): Promise<Evaluation> {
  const certified = candidate.attributes !== undefined
  const policy =
    asked.policy ??
    policyFromFlags({
      keys: asked.keys.map((key) => key.name),
      formats: certified && asked.certificates !== undefined ? [] : [candidate.format],
      kind: asked.kind,
      annotations: asked.annotations ?? {},
      witnesses: asked.witnesses ?? NO_WITNESSES,
      ...(asked.predicateType === undefined ? {} : { predicateType: asked.predicateType }),
      ...(asked.keyless === undefined || certified
        ? {}
        : { keyless: { ...asked.keyless, formats: [candidate.format] } }),
      ...(asked.certificates === undefined
        ? {}
        : { certificates: { ...asked.certificates, formats: [candidate.format] } }),
    })
  return {
    policy,
    keys: asked.keys,
    ...(await certifiedTrust(app, policy, asked)),
    ...(await sigstoreTrust(app, policy, asked)),
    hash: asked.hash,
    checkClaims: asked.checkClaims,
    anyPredicate: false,
    maxSignatures: 1,
  }
}

/** Timestamps given beside a document that holds none of its own. */
function withTimestamps(candidate: Candidate, given: readonly Uint8Array[] = []): Candidate {
  const { evidence } = candidate
  if (evidence === undefined || given.length === 0) return candidate
  return { ...candidate, evidence: { ...evidence, timestamps: [...evidence.timestamps, ...given] } }
}

const loadLeafKey = loadedOnce(() => import("./leaf-key.ts"))

/**
 * The key in the certificate that came with the evidence, or was given: what a signature by it needs of the file. Nothing
 * is trusted here.
 */
async function certifiedKeys({ keyless, certificate }: Asked, candidate: Candidate): Promise<readonly NamedKey[]> {
  if (keyless === undefined) return []
  const { leafKeyOf } = await loadLeafKey()
  const leaf = leafKeyOf(candidate, certificate)
  return leaf === undefined ? [] : [{ name: "certificate", key: leaf.key }]
}

function nameOf(blob: BlobInput | undefined): string {
  if (blob === undefined) return "the attestation"
  return "digest" in blob ? blob.digest : blob.path
}

/** What is known of a blob; the size only when it was read. */
type BlobContent = ArtifactContent & { readonly size?: number }

/** Digests of the blob under every hash that a key or the document may want. */
async function readArtifact(
  app: AppContext,
  asked: Asked,
  candidate: Candidate,
  keys: readonly NamedKey[],
): Promise<BlobContent> {
  const { blob } = asked
  if (blob === undefined) return { digests: {} }
  if ("digest" in blob)
    return {
      digests: { [digestAlgorithm(blob.digest)]: decodeHex(digestHex(blob.digest), { max: 64, what: "digest" }) },
    }
  const needs =
    candidate.signed.kind === "artifact" ? artifactNeeds(candidate, keys, asked.hash) : { hashes: [], bytes: false }
  const algorithms = new Set<HashAlgorithm>(["sha256", ...needs.hashes, ...(candidate.digestAlgorithms ?? [])])
  return readBlob(app, blob.path, algorithms, needs.bytes ? "all" : "small")
}

/** The blob as a subject: SHA-256 first, the other digests beside it. */
function subjectOf(artifact: BlobContent): BindSubject {
  const digests = Object.entries(artifact.digests)
    .filter(([algorithm]) => algorithm !== "sha224")
    .map(([algorithm, raw]): Digest => `${algorithm as "sha256"}:${encodeHex(raw)}`)
  const [first, ...others] = digests
  return { digest: first ?? NO_DIGEST, others, ...(artifact.size === undefined ? {} : { size: artifact.size }) }
}

/** Stands for "no artifact was given"; its claims are not checked. No content has this digest by construction. */
const NO_DIGEST: Digest = `sha256:${"0".repeat(64)}`
