import type { VerifiedContent, VerifiedSignature } from "../../../core/verified.ts"
import type { SignerIdentity } from "../../../core/report.ts"
import type { JsonValue } from "../../../core/json-value.ts"
import { printable } from "./printable.ts"
import { storeName } from "./words.ts"

/** Who signed, as `SHA256:… (name)`. */
export function signerText(signer: SignerIdentity | undefined): string {
  return signer === undefined ? "unknown signer" : `${signer.fingerprint} (${printable(signer.name)})`
}

/** One authenticated signature in a line: format, type, signer, place. */
export function verifiedText({ report, content }: VerifiedSignature): string {
  const type = report.kind === "attestation" && content.kind === "statement" ? ` of ${content.predicateType}` : ""
  return printable(`${report.format}${type}, key ${signerText(report.signer)}, ${storeName(report.location.store)}`)
}

/** Signed annotations as `name=value`, from the authenticated content alone. */
export function signedAnnotations(content: VerifiedContent): readonly string[] {
  return Object.entries(annotationsOf(content)).map(([name, value]) =>
    printable(`${name}=${typeof value === "string" ? value : JSON.stringify(value, bigintText)}`),
  )
}

function annotationsOf(content: VerifiedContent): Readonly<Record<string, JsonValue>> {
  if (content.kind === "simple-signing") return content.optional ?? {}
  if (content.kind === "statement")
    return Object.assign({}, ...content.subjects.map((subject) => subject.annotations)) as Record<string, string>
  return {}
}

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value
}
