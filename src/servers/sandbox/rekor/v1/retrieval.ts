import { expectArray, expectInteger, expectObject, expectText, member } from "../../../../codec/json-shape.ts"
import { malformed } from "../../../../codec/malformed.ts"
import type { JsonObject, JsonValue } from "../../../../core/json-value.ts"
import { LogRefusal } from "../refusal.ts"
import { isForeignEntry, readProposedEntry } from "./proposed-entry.ts"

/** Which entries somebody wants. */
export interface Retrieval {
  /** 64 or 80 hexadecimal digits each. */
  readonly uuids: readonly string[]
  /** Bodies as the log would hold them. */
  readonly bodies: readonly Uint8Array[]
  readonly indices: readonly number[]
}

const MAX_QUERIES = 10

/**
 * Read a query of `entries/retrieve`.
 *
 * @throws {LogRefusal} 422 for more than ten entries.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`, `E_LIMIT_EXCEEDED`.
 */
export async function readRetrieval(value: JsonValue): Promise<Retrieval> {
  const query = expectObject(value, "query")
  const uuids = listAt(query, "entryUUIDs")
  const entries = listAt(query, "entries")
  const indices = listAt(query, "logIndexes")
  if (uuids.length + entries.length + indices.length > MAX_QUERIES) {
    throw new LogRefusal(422, `more than max allowed ${MAX_QUERIES} entries in request`)
  }
  const bodies: Uint8Array[] = []
  for (const entry of entries) {
    if (!isForeignEntry(entry)) bodies.push((await readProposedEntry(entry)).body)
  }
  return {
    uuids: uuids.map((item, at) => uuidAt(item, `entryUUIDs[${at}]`)),
    bodies,
    indices: indices.map((item, at) => expectInteger(item, `logIndexes[${at}]`)),
  }
}

/** Upstream's client writes `null` for a list it does not use. */
function listAt(query: JsonObject, name: string): readonly JsonValue[] {
  const list = member(query, name)
  return list === undefined || list === null ? [] : expectArray(list, name)
}

function uuidAt(item: JsonValue, path: string): string {
  const text = expectText(item, path)
  if (/^(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{80})$/.test(text)) return text
  throw malformed(path, "UUID must be a 64-character hexadecimal string, or one of 80 with the tree ID")
}
