import type { VerifiedContent, VerifiedSignature } from "../../../core/verified.ts"
import type { SignerIdentity } from "../../../core/report.ts"
import type { JsonValue } from "../../../core/json-value.ts"
import { printable } from "../../../core/printable.ts"
import { storeName } from "./words.ts"

/** Who signed, as `SHA256:… (name)`. */
export function signerText(signer: SignerIdentity | undefined): string {
  return signer === undefined ? "unknown signer" : `${signer.fingerprint} (${printable(signer.name)})`
}

/**
 * One authenticated signature in a line: format, type, signer, place.
 *
 * @param count - signatures that the line stands for.
 */
export function verifiedText({ report, content }: VerifiedSignature, count = 1): string {
  const type = report.kind === "attestation" && content.kind === "statement" ? ` of ${content.predicateType}` : ""
  const place = storeName(report.location.store)
  if (count > 1) {
    const many = `${count} ${report.kind}s by key ${signerText(report.signer)}`
    return printable(`${many}: ${report.format}${type}, ${place}`)
  }
  return printable(`${report.format}${type}, key ${signerText(report.signer)}, ${place}`)
}

/** Annotations signed for the verified artifact as `name=value`, from the authenticated content alone. */
export function signedAnnotations(content: VerifiedContent): readonly string[] {
  return annotationTexts(annotationsOf(content))
}

/** Annotations as `name=value`, made printable. */
export function annotationTexts(annotations: Readonly<Record<string, JsonValue>>): readonly string[] {
  return Object.entries(annotations).map(([name, value]) =>
    printable(`${name}=${typeof value === "string" ? value : JSON.stringify(value, bigintText)}`),
  )
}

function annotationsOf(content: VerifiedContent): Readonly<Record<string, JsonValue>> {
  if (content.kind === "simple-signing") return content.optional ?? {}
  // SECURITY: a statement may be about others too; their annotations are not signed for this artifact.
  return content.kind === "statement" ? (content.subject?.annotations ?? {}) : {}
}

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value
}
