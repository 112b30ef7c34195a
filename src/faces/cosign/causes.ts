import type { Finding, SignatureReport } from "../../core/report.ts"
import { printable } from "../../core/printable.ts"
import type { KeyType } from "../../core/ports.ts"

const ENVELOPE = "accepted signatures do not match threshold, Found: 0, Expected 1"

/** What cosign says about one signature that does not count: the first check that failed, in its words. */
export function causeOf(signature: SignatureReport, keyType: KeyType | undefined): string {
  const failed = signature.findings.find((f) => f.outcome === "failed" || f.outcome === "unknown")
  const bundle = signature.format === "cosign-v3"
  if (failed === undefined) return "no check failed, but no rule is satisfied"
  switch (failed.check) {
    case "signature.cryptographic":
    case "signer.key":
    case "signature.algorithm":
      return cryptographicCause(signature, bundle, keyType)
    case "subject.digest":
      return subjectCause(signature, bundle, failed)
    case "subject.annotations":
      return "missing or incorrect annotation"
    default:
      return describe(failed)
  }
}

function cryptographicCause(signature: SignatureReport, bundle: boolean, keyType: KeyType | undefined): string {
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
