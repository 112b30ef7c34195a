import { encodeBase64 } from "../../../../codec/base64.ts"
import { decodeHex, encodeHex } from "../../../../codec/hex.ts"
import { expectObject, expectOneOf, member } from "../../../../codec/json-shape.ts"
import { malformed } from "../../../../codec/malformed.ts"
import { encodeUtf8 } from "../../../../codec/utf8.ts"
import type { JsonObject, JsonValue } from "../../../../core/json-value.ts"
import { digestOf, HASH_LENGTH } from "../../../../crypto/hash.ts"
import { verifySignature } from "../../../../crypto/verify.ts"
import { parseEnvelope } from "../../../../envelopes/dsse/envelope.ts"
import { pae } from "../../../../envelopes/dsse/pae.ts"
import { legacyScheme } from "../entry-algorithms.ts"
import { parseEntryVerifier } from "../log-verifier.ts"
import { IN_TOTO, statementKeywords } from "../statement-keywords.ts"
import type { NewEntry } from "../storage/append-only-log.ts"
import { bytesAt, entryBody, objectAt, textAt } from "./fields.ts"

/**
 * Read the spec of an intoto 0.0.1: the text of an envelope and one key, of which digests and the key are logged. One of
 * the envelope's signatures must be the key's. A digest that the client sends is not believed, the log computes its own.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: sigstore/rekor `pkg/types/intoto/v0.0.1`.
 */
export function readIntotoEnvelope(spec: JsonObject): NewEntry {
  const content = objectAt(spec, "spec", "content")
  for (const name of ["hash", "payloadHash"]) checkHash(member(content, name), `spec.content.${name}`)
  const bytes = encodeUtf8(textAt(content, "spec.content", "envelope"))
  const verifier = parseEntryVerifier(bytesAt(spec, "spec", "publicKey"))
  const envelope = parseEnvelope(bytes)
  const message = pae(envelope.payloadType, envelope.payload)
  const scheme = legacyScheme(verifier.key)
  if (!envelope.signatures.some(({ sig }) => verifySignature(verifier.key, scheme, message, sig))) {
    throw malformed(
      "DSSE envelope",
      "could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1",
    )
  }
  const envelopeHash = encodeHex(digestOf("sha256", bytes))
  const payloadHash = encodeHex(digestOf("sha256", envelope.payload))
  return {
    body: entryBody("intoto", "0.0.1", {
      content: {
        hash: { algorithm: "sha256", value: envelopeHash },
        payloadHash: { algorithm: "sha256", value: payloadHash },
      },
      publicKey: encodeBase64(verifier.pem),
    }),
    keywords: [
      `sha256:${envelopeHash}`,
      ...verifier.keywords,
      `sha256:${payloadHash}`,
      ...(envelope.payloadType === IN_TOTO ? statementKeywords(envelope.payload) : []),
    ],
  }
}

function checkHash(given: JsonValue | undefined, path: string): void {
  if (given === undefined || given === null) return
  const claimed = expectObject(given, path)
  expectOneOf(member(claimed, "algorithm"), `${path}.algorithm`, ["sha256"])
  const what = `${path}.value`
  const value = decodeHex(textAt(claimed, path, "value"), { max: HASH_LENGTH.sha256, what })
  if (value.length !== HASH_LENGTH.sha256) throw malformed(what, "invalid value for hash")
}
