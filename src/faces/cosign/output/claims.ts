/** The claims `cosign verify` prints. */
import { goJson, sortedDeep, sortedKeys, type GoJsonValue } from "../../../codec/go-json.ts"
import { parseJson } from "../../../codec/json.ts"
import type { JsonValue } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import type { SignatureReport } from "../../../core/report.ts"
import { certificateClaims } from "./certificate-claims.ts"
import type { VerifiedSignature, VerifiedSimpleSigning, VerifiedStatement } from "../../../core/verified.ts"

/** Members of `optional` that show layer annotations. COMPAT(cosign 2.5): shown, whether or not they were evaluated. */
const SHOWN: readonly (readonly [annotation: string, member: string])[] = [
  ["dev.sigstore.cosign/bundle", "Bundle"],
  ["dev.sigstore.cosign/rfc3161timestamp", "RFC3161Timestamp"],
]

/** The JSON array with the newlines around it. @param reference - full name of the image, for bundles. */
export function claimsJson(signatures: readonly VerifiedSignature[], reference: string): string {
  return `\n${goJson(signatures.map((signature) => claimOf(signature, reference)))}\n`
}

/** `-o text`: one payload per line. */
export function claimsText(signatures: readonly VerifiedSignature[], reference: string): string {
  return signatures
    .map((signature) =>
      signature.content.kind === "simple-signing"
        ? `${new TextDecoder().decode(signature.content.payload)}\n`
        : `${goJson(claimOf(signature, reference))}\n`,
    )
    .join("")
}

function claimOf({ report, content }: VerifiedSignature, reference: string): GoJsonValue {
  switch (content.kind) {
    case "simple-signing":
      return claim(content.dockerReference, content.manifestDigest, content.type, optionalOf(content, report))
    case "statement":
      return statementClaim(content, checkedDigest(report), reference)
    case "message":
      return claim(reference, `${content.digestAlgorithm}:${content.digest}`, "", sortedKeys({}))
    case "descriptor":
      return claim(reference, content.digest, "", sortedKeys(content.annotations))
  }
}

/**
 * DEVIATION: cosign 3.1 prints the first subject of the statement, whichever artifact was verified. Ours is the one that
 * was checked; where claims are not checked it is the first, as in cosign.
 */
function statementClaim(content: VerifiedStatement, checked: string | undefined, reference: string): GoJsonValue {
  const subject = content.subject ?? content.subjects[0]
  const [first] = Object.entries(subject?.digest ?? {}).map(([algorithm, hex]) => `${algorithm}:${hex}`)
  return claim(reference, checked ?? first ?? "", content.predicateType, sortedKeys(subject?.annotations ?? {}))
}

function checkedDigest({ findings }: SignatureReport): string | undefined {
  return findings.find(({ check, outcome }) => check === "subject.digest" && outcome === "passed")?.observed
}

function claim(dockerReference: string, digest: string, type: string, optional: GoJsonValue): GoJsonValue {
  return {
    critical: { identity: { "docker-reference": dockerReference }, image: { "docker-manifest-digest": digest }, type },
    optional,
  }
}

function optionalOf(content: VerifiedSimpleSigning, { signer }: SignatureReport): GoJsonValue {
  const held = certificateClaims(signer)
  const shown = SHOWN.flatMap(([annotation, member]): [string, GoJsonValue][] => {
    const text = content.annotations[annotation]
    const value = text === undefined ? undefined : jsonOrNothing(text)
    return value === undefined ? [] : [[member, inOrder(value)]]
  })
  if (content.optional === null && shown.length === 0 && held.length === 0) return null
  const signed = Object.entries(content.optional ?? {}).map(([name, value]) => [name, sortedDeep(value)] as const)
  return sortedKeys(Object.fromEntries<GoJsonValue>([...signed, ...held, ...shown]))
}

/** Members of cosign's annotations as it prints them. */
const ORDER = [
  "SignedEntryTimestamp",
  "SignedRFC3161Timestamp",
  "Payload",
  "body",
  "integratedTime",
  "logIndex",
  "logID",
]

function inOrder(value: JsonValue): GoJsonValue {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value
  const place = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
  const members = Object.entries(value).toSorted(([a], [b]) => place(a) - place(b))
  return Object.fromEntries<GoJsonValue>(members.map(([name, member]) => [name, inOrder(member)]))
}

function jsonOrNothing(text: string): JsonValue | undefined {
  try {
    return parseJson(text, { what: "annotation", maxBytes: limits.signaturePayloadBytes })
  } catch {
    return undefined
  }
}
