import type { Finding, SignatureReport } from "../../core/report.ts"
import { printable } from "../../core/printable.ts"
import type { KeyType } from "../../core/ports.ts"

const EXPECTED_KEY = "expected key signature, not certificate"
const UNKNOWN_LOG = "rekor log public key not found for payload"
const STAMP = "unable to verify RFC3161 timestamp bundle: "
const NO_CERTIFICATE = "no certificate found on signature"
const OTHER_CERTIFICATE = "the certificate given is another one than the signature's"
const BOTH_GIVEN = "both public key and certificate were provided but did not match"
const ENVELOPE = "accepted signatures do not match threshold, Found: 0, Expected 1"

/** What else decides about the words. */
export interface CauseContext {
  readonly keyType?: KeyType
  /** No log was asked for an entry. */
  readonly offline?: boolean
  /** Trust is that of a trusted root, and not of files for each part of it. */
  readonly trustedRoot?: boolean
}

/** What cosign says about one signature that does not count: the first check that failed, in its words. */
export function causeOf(signature: SignatureReport, context: CauseContext): string {
  const failed = decisive(signature.findings)
  const bundle = signature.format === "cosign-v3"
  if (failed === undefined) return "no check failed, but no rule is satisfied"
  switch (failed.check) {
    case "signature.cryptographic":
    case "signer.key":
    case "signature.algorithm":
      return cryptographicCause(signature, bundle, failed, context)
    case "subject.digest":
      return subjectCause(signature, bundle, failed)
    case "subject.annotations":
      return "missing or incorrect annotation"
    case "log.entry":
      return bundle ? observedOf(failed) : logCause(signature, failed, context)
    case "timestamp":
      return bundle ? observedOf(failed) : STAMP + observedOf(failed).replace(STAMP, "")
    case "certificate.chain":
    case "certificate.trusted":
    case "certificate.sct":
      return observedOf(failed)
    case "signer.identity":
      return holderCause(signature, failed)
    default:
      return describe(failed)
  }
}

/**
 * The finding that explains a refusal.
 *
 * COMPAT(cosign 3.1): an entry is held against the digest in the bundle, so that of another file the signature is what
 * does not hold.
 */
function decisive(findings: readonly Finding[]): Finding | undefined {
  const failed = findings.filter(
    ({ outcome, logged }) => logged !== true && (outcome === "failed" || outcome === "unknown"),
  )
  const [first] = failed
  const byKey = failed.find(({ observed }) => observed === EXPECTED_KEY)
  if (byKey !== undefined) return byKey
  if (first?.check !== "log.entry" || first.observed?.includes("does not match artifact") !== true) return first
  return failed.find(({ check }) => check === "signature.cryptographic") ?? first
}

/** Findings about evidence have cosign's words. */
function observedOf({ observed = "" }: Finding): string {
  return printable(observed)
}

/** COMPAT(cosign 2.5, 3.1): words of their own for blobs. */
function holderCause({ location }: SignatureReport, failed: Finding): string {
  const words = observedOf(failed)
  if (location.store !== "file") return words
  if (words === NO_CERTIFICATE) return "bundle does not contain cert for verification, please provide public key"
  return words === OTHER_CERTIFICATE ? "the cert passed in does not match the cert in the provided bundle" : words
}

function logCause({ evidence }: SignatureReport, failed: Finding, { offline, trustedRoot }: CauseContext): string {
  const words = observedOf(failed)
  if ((evidence?.logEntries.length ?? 0) === 0) return offline === true ? "offline verification failed" : words
  const verified = words.startsWith(UNKNOWN_LOG) ? UNKNOWN_LOG : words
  // COMPAT(cosign 2.5, 3.1): where it takes its keys from is said of what the log signed.
  if (verified !== UNKNOWN_LOG) return `error verifying bundle: ${words}`
  return `error verifying bundle: verifying bundle${trustedRoot === true ? " with trusted root" : ""}: ${verified}`
}

function cryptographicCause(
  signature: SignatureReport,
  bundle: boolean,
  failed: Finding,
  { keyType }: CauseContext,
): string {
  const words = observedOf(failed)
  if (words === EXPECTED_KEY || words === BOTH_GIVEN) return words
  if (signature.kind === "attestation") {
    return bundle ? `failed to verify signature: could not verify envelope: ${ENVELOPE}` : ENVELOPE
  }
  // Images are signed with an envelope in bundles, blobs with the plain signature.
  const image = signature.location.store !== "file"
  if (bundle && image) return `failed to verify signature: could not verify envelope: ${ENVELOPE}`
  const plain = plainCause(keyType)
  return bundle ? `failed to verify signature: could not verify message: ${plain}` : plain
}

function plainCause(keyType: KeyType | undefined): string {
  if (keyType === "rsa") return "crypto/rsa: verification error"
  if (keyType === "ed25519") return "failed to verify signature"
  return "invalid signature when validating ASN.1 encoded signature"
}

function subjectCause(signature: SignatureReport, bundle: boolean, failed: Finding): string {
  if (bundle) {
    return signature.location.store === "file"
      ? "failed to verify signature: provided artifact digests do not match digests in statement"
      : "failed to verify signature: provided artifact digest does not match any digest in statement"
  }
  if (signature.kind === "attestation") return "no matching subject digest found"
  return `invalid or missing digest in claim: ${printable(failed.observed ?? "")}`
}

function describe(finding: Finding): string {
  const seen = finding.observed === undefined ? "" : ` saw ${printable(finding.observed)}`
  const wanted =
    finding.expected === undefined ? "" : `${seen === "" ? "" : ","} expected ${printable(finding.expected)}`
  return `${finding.check}:${seen}${wanted}`
}
