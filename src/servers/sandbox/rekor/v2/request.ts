import { malformed } from "../../../../codec/malformed.ts"
import { protoFields } from "../../../../codec/proto-json.ts"
import type { JsonValue } from "../../../../core/json-value.ts"
import { readDsseRequest } from "./dsse-request.ts"
import { type EntryV2, readHashedrekordRequest } from "./hashedrekord-request.ts"

/** What a log with tiles can hold in one entry: its length is written in two bytes. */
const MAX_BODY = 65_535

/**
 * Read a request to log something in a version 2 log. The signature must hold.
 *
 * @param oldDsse - take `dsseRequestV002` as well.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`, `E_LIMIT_EXCEEDED`; the reason begins as upstream's answer.
 *
 * Spec: sigstore/rekor-tiles `api/proto/rekor/v2/entry.proto`, `internal/server/service.go`.
 */
export async function readRequestV2(value: JsonValue, oldDsse: boolean): Promise<EntryV2> {
  const fields = protoFields(value, "request", ["hashedRekordRequestV002", "dsseRequestV002"])
  const hashedrekord = fields.get("hashedRekordRequestV002")
  const dsse = fields.get("dsseRequestV002")
  if (hashedrekord !== undefined && dsse !== undefined) throw malformed("request", "more than one entry in it")
  if (hashedrekord === undefined && (dsse === undefined || !oldDsse)) {
    throw malformed("request", "invalid type, must be hashedrekord")
  }
  const entry = hashedrekord === undefined ? readDsseRequest(dsse) : await readHashedrekordRequest(hashedrekord)
  if (entry.body.length > MAX_BODY) {
    throw malformed("request", `an entry of ${entry.body.length} bytes, at most ${MAX_BODY} fit into a log`)
  }
  return entry
}
