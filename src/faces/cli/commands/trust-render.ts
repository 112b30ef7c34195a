import type { CertificateDetails } from "../../../app/notation/trust-certificate.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { printable } from "../../../core/printable.ts"
import { facts, type Fact } from "../render/facts.ts"

/** A time in UTC, seconds. */
export function timeOf(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z")
}

/** A certificate in documents; times in milliseconds since the epoch. */
export function certificateMembers(details: CertificateDetails): JsonObject {
  return { ...details }
}

function kindOf({ ca, selfSigned }: CertificateDetails): string {
  if (ca) return selfSigned ? "root authority, self-signed" : "authority, issued by another"
  return selfSigned ? "self-signed, no authority" : "issued by an authority"
}

/** Lines that let a person compare a certificate: whose it is, who issued it, until when, and its thumbprint. */
export function certificateLines(details: CertificateDetails, indent: number, width: number): readonly string[] {
  return facts(shortRows(details), indent, width)
}

/** Like {@link certificateLines}, with what it may be used for. */
export function wholeCertificateLines(details: CertificateDetails, indent: number, width: number): readonly string[] {
  const { serial, key, signatureAlgorithm, keyUsage, extendedKeyUsage, alternativeNames, ocspUrls, crlUrls } = details
  const listed = (label: string, values: readonly string[]): readonly Fact[] =>
    values.length === 0 ? [] : [[label, printable(values.join(", "))]]
  const rows: readonly Fact[] = [
    ...shortRows(details),
    ["serial", serial],
    ["key", printable(key)],
    ["signed with", printable(signatureAlgorithm)],
    ...listed("key usage", keyUsage),
    ...listed("extended usage", extendedKeyUsage),
    ...listed("other names", alternativeNames),
    ...listed("OCSP", ocspUrls),
    ...listed("CRL", crlUrls),
  ]
  return facts(rows, indent, width)
}

function shortRows(details: CertificateDetails): readonly Fact[] {
  return [
    ["subject", printable(details.subject)],
    ["issuer", printable(details.issuer)],
    ["valid", `${timeOf(details.notBefore)} to ${timeOf(details.notAfter)}`],
    ["kind", kindOf(details)],
    ["SHA-256", details.thumbprint],
  ]
}
