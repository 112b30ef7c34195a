import { decodeBase64, encodeBase64 } from "../../codec/base64.ts"
import { encodeHex } from "../../codec/hex.ts"
import { expectInt64, expectObject, expectString } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { ToolError } from "../../core/errors.ts"
import { KIB, limits, MIB } from "../../core/limits.ts"
import type { LogEntry } from "../../core/sigstore.ts"

/** The log entry that lies beside a legacy signature, as it stands. */
export interface RekorBundle {
  readonly signedEntryTimestamp: Uint8Array
  readonly body: Uint8Array
  /** Seconds since the epoch. */
  readonly integratedTime: bigint
  readonly logIndex: bigint
  /** Hexadecimal. */
  readonly logId: string
}

/** Decode the text of the annotation `dev.sigstore.cosign/bundle`. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function parseRekorAnnotation(text: string): RekorBundle {
  const what = "log annotation"
  return parseRekorBundle(parseJson(text, { maxBytes: limits.signaturePayloadBytes, what }), what)
}

/** Decode a log entry that is JSON already. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function parseRekorBundle(value: JsonValue, what: string): RekorBundle {
  const document = expectObject(value, what)
  const payload = expectObject(document["Payload"], `${what}.Payload`)
  return {
    signedEntryTimestamp: bytesOf(document["SignedEntryTimestamp"], `${what}.SignedEntryTimestamp`, 64 * KIB),
    body: bytesOf(payload["body"], `${what}.Payload.body`, limits.signaturePayloadBytes),
    integratedTime: expectInt64(payload["integratedTime"], `${what}.Payload.integratedTime`),
    logIndex: expectInt64(payload["logIndex"], `${what}.Payload.logIndex`),
    logId: expectString(payload["logID"], `${what}.Payload.logID`),
  }
}

/**
 * Decode the text of the annotation `dev.sigstore.cosign/rfc3161timestamp`.
 *
 * @returns DER `TimeStampResp`, not looked into.
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 */
export function parseTimestampAnnotation(text: string): Uint8Array {
  const what = "timestamp annotation"
  const document = expectObject(parseJson(text, { maxBytes: 2 * MIB, what }), what)
  return bytesOf(document["SignedRFC3161Timestamp"], `${what}.SignedRFC3161Timestamp`, MIB)
}

function bytesOf(value: JsonValue | undefined, path: string, max: number): Uint8Array {
  return decodeBase64(expectString(value, path), { max, what: path })
}

/**
 * A log entry as the text of the annotation `dev.sigstore.cosign/bundle`, in cosign's member order.
 *
 * @throws {ToolError} `E_USAGE` for an entry without promise: the legacy form has no place for inclusion proofs.
 */
export function rekorBundleText(entry: LogEntry): string {
  const { signedEntryTimestamp: promise } = entry
  if (promise === undefined) {
    throw new ToolError("E_USAGE", {
      what: "this log entry does not fit into the format of cosign 2",
      why: "saw an entry without a promise (SET), as version 2 logs give; the format holds nothing else",
      next: ["use a log of version 1", "or sign with `--format cosign-v3`"],
    })
  }
  const payload =
    `{"body":"${encodeBase64(entry.canonicalizedBody)}","integratedTime":${entry.integratedTime},` +
    `"logIndex":${entry.logIndex},"logID":"${encodeHex(entry.logId)}"}`
  return `{"SignedEntryTimestamp":"${encodeBase64(promise)}","Payload":${payload}}`
}

/** A timestamp as the text of the annotation `dev.sigstore.cosign/rfc3161timestamp`. @param response - DER. */
export function timestampText(response: Uint8Array): string {
  return `{"SignedRFC3161Timestamp":"${encodeBase64(response)}"}`
}
