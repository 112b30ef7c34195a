import type { VerifiedContent, VerifiedSignature } from "../../../core/verified.ts"
import type { SignatureReport, SignerIdentity } from "../../../core/report.ts"
import type { JsonValue } from "../../../core/json-value.ts"
import { printable } from "../../../core/printable.ts"
import { storeName } from "./words.ts"

/** Who signed: a key as `SHA256:… (name)`, a certificate by its subject or identity, its issuer and its SHA-256. */
export function signerText(signer: SignerIdentity | undefined): string {
  if (signer === undefined) return "unknown signer"
  if (signer.kind === "key") return `${signer.fingerprint} (${printable(signer.name)})`
  if (signer.kind === "keyless") {
    const issuer = signer.issuer === "" ? "no issuer named" : `as ${signer.issuer} says`
    return printable(`${signer.name} (${issuer}; certificate ${signer.thumbprint}, issued by ${signer.authority})`)
  }
  const store = signer.trustStore === "" ? "in no trust store" : `trusted by ${signer.trustStore}`
  return printable(`${signer.name} (certificate ${signer.thumbprint}, issued by ${signer.issuer}, ${store})`)
}

/** What a signer is, before its name. */
function signerWord(signer: SignerIdentity | undefined): string {
  return signer === undefined || signer.kind === "key" ? "key" : "signed by"
}

/**
 * One authenticated signature in a line: format, type, signer, place.
 *
 * @param count - signatures that the line stands for.
 */
export function verifiedText({ report, content }: VerifiedSignature, count = 1): string {
  const type = report.kind === "attestation" && content.kind === "statement" ? ` of ${content.predicateType}` : ""
  const place = storeName(report.location.store)
  // Who vouches for an identity stands in a line of its own.
  const signer = report.signer?.kind === "keyless" ? report.signer.name : signerText(report.signer)
  if (count > 1) {
    const by = signerWord(report.signer) === "key" ? "by key" : "by"
    return printable(`${count} ${report.kind}s ${by} ${signer}: ${report.format}${type}, ${place}`)
  }
  return printable(`${report.format}${type}, ${signerWord(report.signer)} ${signer}, ${place}`)
}

/** Who says that the signer is the one, for identities. */
export function issuerText({ signer }: Pick<SignatureReport, "signer">): string | undefined {
  if (signer?.kind !== "keyless") return undefined
  return printable(signer.issuer === "" ? "none named" : signer.issuer)
}

/** When it was signed, or judged, and who says so; `undefined` for signatures without a time. */
export function timeText({ time }: Pick<SignatureReport, "time">): string | undefined {
  if (time === undefined) return undefined
  const at = instant(time.at)
  // Nobody claims it: without a trusted time the signature is judged at this moment.
  if (time.source === "caller") return `${at}, judged at the time of this verification`
  if (!time.verified) return `${at}, as the signer claims`
  return `${at}, ${TIME_SOURCES[time.source]}`
}

const TIME_SOURCES: Readonly<Record<Exclude<NonNullable<SignatureReport["time"]>["source"], "caller">, string>> = {
  timestamp: "by a trusted timestamp",
  log: "by the transparency log",
  claimed: "by the signing authority",
}

/** Log entries and timestamps that verified, one a line. */
export function witnessTexts({ witnesses = [] }: Pick<SignatureReport, "witnesses">): readonly string[] {
  return witnesses.map((witness) =>
    witness.kind === "log"
      ? printable(`${witness.log} entry ${witness.logIndex}${timed(witness.at)} (${witness.proof})`)
      : printable(`${witness.authority}${timed(witness.at)} (timestamp)`),
  )
}

function timed(at: number | undefined): string {
  return at === undefined ? "" : `, ${instant(at)}`
}

/** A time for people, to the second unless it is finer. */
export function instant(at: number): string {
  return new Date(at).toISOString().replace(".000Z", "Z")
}

/** Checks that failed and that the policy only wants to be told of. */
export function loggedTexts({ findings }: Pick<SignatureReport, "findings">): readonly string[] {
  return findings.flatMap(({ logged, check, observed = "", detail }) =>
    logged === true ? [printable(`${check}: ${observed}${detail === undefined ? "" : ` (${detail})`}`)] : [],
  )
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
  if (content.kind === "descriptor") return content.annotations
  // SECURITY: a statement may be about others too; their annotations are not signed for this artifact.
  return content.kind === "statement" ? (content.subject?.annotations ?? {}) : {}
}

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value
}
