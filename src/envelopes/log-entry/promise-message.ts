import { encodeBase64 } from "../../codec/base64.ts"
import { encodeHex } from "../../codec/hex.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { LogEntry } from "../../core/sigstore.ts"

/**
 * What a version 1 log signs as its promise (SET): canonical JSON of body, time, id and index in the whole log.
 *
 * Written out rather than canonicalised: members stand in the order of RFC 8785, and integers may be beyond what that can
 * carry.
 */
export function promiseMessage(
  entry: Pick<LogEntry, "canonicalizedBody" | "integratedTime" | "logId" | "logIndex">,
): Uint8Array {
  return encodeUtf8(
    `{"body":"${encodeBase64(entry.canonicalizedBody)}","integratedTime":${entry.integratedTime},` +
      `"logID":"${encodeHex(entry.logId)}","logIndex":${entry.logIndex}}`,
  )
}
