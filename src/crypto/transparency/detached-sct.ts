import { decodeBase64, encodeBase64 } from "../../codec/base64.ts"
import { expectInt64, expectInteger, expectObject, expectString } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { malformed } from "../../codec/malformed.ts"
import { KIB } from "../../core/limits.ts"
import { HASH_LENGTH } from "../hash.ts"
import { encodeDigitallySigned, parseDigitallySigned, type Sct } from "./sct.ts"

const MAX_BYTES = 64 * KIB

/**
 * Read the answer of a certificate transparency log to `add-chain`, as certificate authorities hand it on.
 *
 * @param bytes - untrusted JSON; at most 64 KiB.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 6962 4.1.
 */
export function parseDetachedSct(bytes: Uint8Array): Sct {
  const what = "detached SCT"
  const document = expectObject(parseJson(bytes, { maxBytes: MAX_BYTES, what }), what)
  const decode = (name: string): Uint8Array =>
    decodeBase64(expectString(document[name], `${what}.${name}`), { max: MAX_BYTES, what: `${what}.${name}` })
  expectInteger(document["sct_version"], `${what}.sct_version`, 0, 0)
  const logId = decode("id")
  if (logId.length !== HASH_LENGTH.sha256) throw malformed(`${what}.id`, `saw ${logId.length} bytes, expected 32`)
  return {
    logId,
    timestamp: expectInt64(document["timestamp"], `${what}.timestamp`),
    extensions: (document["extensions"] ?? "") === "" ? new Uint8Array(0) : decode("extensions"),
    signed: parseDigitallySigned(decode("signature")),
  }
}

/** The answer of a log to `add-chain`: JSON text. */
export function buildDetachedSct(sct: Sct): string {
  return (
    `{"sct_version":0,"id":"${encodeBase64(sct.logId)}","timestamp":${sct.timestamp},` +
    `"extensions":"${encodeBase64(sct.extensions)}","signature":"${encodeBase64(encodeDigitallySigned(sct.signed))}"}`
  )
}
