import { encodeBase64 } from "../../../../codec/base64.ts"
import { encodeHex } from "../../../../codec/hex.ts"
import { decodeBase64 } from "../../../../codec/base64.ts"
import { expectArray, expectText, member } from "../../../../codec/json-shape.ts"
import { malformed } from "../../../../codec/malformed.ts"
import { encodeUtf8 } from "../../../../codec/utf8.ts"
import type { JsonObject } from "../../../../core/json-value.ts"
import { digestOf } from "../../../../crypto/hash.ts"
import { parseEnvelope } from "../../../../envelopes/dsse/envelope.ts"
import { legacyScheme } from "../entry-algorithms.ts"
import { matchSignatures } from "../envelope-signatures.ts"
import { parseEntryVerifier } from "../log-verifier.ts"
import { IN_TOTO, statementKeywords } from "../statement-keywords.ts"
import type { NewEntry } from "../storage/append-only-log.ts"
import { entryBody, FIELD_BYTES, objectAt, textAt } from "./fields.ts"

/** Keys that may be sent for one envelope. */
const MAX_VERIFIERS = 16

/**
 * Read the spec of a proposed dsse 0.0.1: an envelope, whose digests and signatures are logged, not its payload.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`, `E_LIMIT_EXCEEDED`.
 */
export function readDsse(spec: JsonObject): NewEntry {
  for (const name of ["signatures", "envelopeHash", "payloadHash"]) {
    const given = member(spec, name)
    if (given !== undefined && given !== null && !(Array.isArray(given) && given.length === 0)) {
      throw malformed(
        `spec.${name}`,
        "either proposedContent or envelopeHash, payloadHash, and signatures must be present but not both",
      )
    }
  }
  const proposed = objectAt(spec, "spec", "proposedContent")
  const text = textAt(proposed, "spec.proposedContent", "envelope")
  const path = "spec.proposedContent.verifiers"
  const verifiers = expectArray(member(proposed, "verifiers"), path, MAX_VERIFIERS).map((item, at) => {
    const what = `${path}[${at}]`
    const verifier = parseEntryVerifier(decodeBase64(expectText(item, what), { max: FIELD_BYTES, what }))
    return { ...verifier, scheme: legacyScheme(verifier.key) }
  })
  const bytes = encodeUtf8(text)
  const envelope = parseEnvelope(bytes)
  const signatures = matchSignatures(envelope, verifiers)
  const payloadHash = encodeHex(digestOf("sha256", envelope.payload))
  const envelopeHash = encodeHex(digestOf("sha256", bytes))
  const written = signatures.map(({ sig, by }) => ({ signature: encodeBase64(sig), verifier: encodeBase64(by.pem) }))
  return {
    body: entryBody("dsse", "0.0.1", {
      envelopeHash: { algorithm: "sha256", value: envelopeHash },
      payloadHash: { algorithm: "sha256", value: payloadHash },
      // ASCII: the order of UTF-16 units is the order of bytes.
      signatures: written.sort((a, b) => (a.signature < b.signature ? -1 : 1)),
    }),
    keywords: [
      ...signatures.flatMap(({ by }) => by.keywords),
      `sha256:${payloadHash}`,
      `sha256:${envelopeHash}`,
      ...(envelope.payloadType === IN_TOTO ? statementKeywords(envelope.payload) : []),
    ],
  }
}
