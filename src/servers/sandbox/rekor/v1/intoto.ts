import { decodeBase64, encodeBase64 } from "../../../../codec/base64.ts"
import { decodeHex, encodeHex } from "../../../../codec/hex.ts"
import { expectArray, expectObject, expectOneOf, member, optionalString } from "../../../../codec/json-shape.ts"
import { malformed } from "../../../../codec/malformed.ts"
import { decodeUtf8 } from "../../../../codec/utf8.ts"
import type { JsonObject, JsonValue } from "../../../../core/json-value.ts"
import { limits } from "../../../../core/limits.ts"
import { digestOf, HASH_LENGTH } from "../../../../crypto/hash.ts"
import { legacyScheme } from "../entry-algorithms.ts"
import { matchSignatures } from "../envelope-signatures.ts"
import { type EntryVerifier, parseEntryVerifier } from "../log-verifier.ts"
import { IN_TOTO, statementKeywords } from "../statement-keywords.ts"
import type { NewEntry } from "../storage/append-only-log.ts"
import { bytesAt, entryBody, objectAt, textAt } from "./fields.ts"

interface IntotoSignature {
  readonly keyid: string
  /** Base64 text, as it stands in the envelope. */
  readonly sigText: Uint8Array
  readonly sig: Uint8Array
  /** PEM as sent: this kind keeps it as it is. */
  readonly sent: Uint8Array
  readonly verifier: EntryVerifier
}

const PATH = "spec.content.envelope"

/**
 * Read the spec of an intoto 0.0.2: an envelope whose payload and signatures are base64 of base64, each signature with its
 * key.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`, `E_LIMIT_EXCEEDED`.
 */
export function readIntoto(spec: JsonObject): NewEntry {
  const content = objectAt(spec, "spec", "content")
  const envelope = objectAt(content, "spec.content", "envelope")
  const payloadType = textAt(envelope, PATH, "payloadType")
  const payload = innerBytes(bytesAt(envelope, PATH, "payload", limits.attachmentBytes), `${PATH}.payload`)
  const list = expectArray(member(envelope, "signatures"), `${PATH}.signatures`, limits.dsseSignatures)
  if (list.length === 0) throw malformed(`${PATH}.signatures`, "missing signatures")
  const signatures = list.map((item, at) => readSignature(item, `${PATH}.signatures[${at}]`))
  const claimed = objectAt(content, "spec.content", "hash")
  expectOneOf(member(claimed, "algorithm"), "spec.content.hash.algorithm", ["sha256"])
  const value = textAt(claimed, "spec.content.hash", "value")
  const whole = decodeHex(value, { max: HASH_LENGTH.sha256, what: "spec.content.hash.value" })
  if (whole.length !== HASH_LENGTH.sha256) throw malformed("spec.content.hash.value", "invalid value for hash")
  matchSignatures(
    { payloadType, payload, signatures },
    signatures.map(({ verifier }) => ({ key: verifier.key, scheme: legacyScheme(verifier.key) })),
  )
  const payloadHash = encodeHex(digestOf("sha256", payload))
  return {
    body: entryBody("intoto", "0.0.2", {
      content: {
        envelope: { payloadType, signatures: signatures.map(writeSignature) },
        hash: { algorithm: "sha256", value },
        payloadHash: { algorithm: "sha256", value: payloadHash },
      },
    }),
    keywords: [
      ...signatures.flatMap(({ verifier }) => verifier.keywords),
      `sha256:${payloadHash}`,
      ...(payloadType === IN_TOTO ? statementKeywords(payload) : []),
    ],
  }
}

function readSignature(item: JsonValue, path: string): IntotoSignature {
  const signature = expectObject(item, path)
  const sigText = bytesAt(signature, path, "sig")
  const sent = bytesAt(signature, path, "publicKey")
  const keyid = member(signature, "keyid")
  return {
    keyid: keyid === null ? "" : (optionalString(keyid, `${path}.keyid`) ?? ""),
    sigText,
    sig: innerBytes(sigText, `${path}.sig`),
    sent,
    verifier: parseEntryVerifier(sent),
  }
}

function writeSignature({ keyid, sigText, sent }: IntotoSignature): JsonObject {
  return {
    ...(keyid === "" ? {} : { keyid }),
    publicKey: encodeBase64(sent),
    sig: encodeBase64(sigText),
  }
}

/** What base64 stands for whose characters are these bytes. */
function innerBytes(text: Uint8Array, what: string): Uint8Array {
  const bytes = decodeBase64(decodeUtf8(text, what), { alphabet: "either", max: limits.attachmentBytes, what })
  if (bytes.length === 0) throw malformed(what, "nothing in it")
  return bytes
}
