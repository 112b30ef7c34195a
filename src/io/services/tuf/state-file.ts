import { decodeBase64, encodeBase64 } from "../../../codec/base64.ts"
import { parseJson } from "../../../codec/json.ts"
import { expectArray, expectObject, expectString, member } from "../../../codec/json-shape.ts"
import { parseRfc3339 } from "../../../codec/rfc3339.ts"
import { encodeUtf8 } from "../../../codec/utf8.ts"
import type { JsonValue } from "../../../core/json-value.ts"
import { tufBounds } from "../../../trust/tuf/bounds.ts"
import type { MetadataFiles } from "../../../trust/tuf/local-state.ts"

/** All that is known of a mirror, as one file: whoever reads it sees one moment, whatever happens meanwhile. */
export interface MirrorState {
  /** Root that was pinned when the mirror was initialized. */
  readonly pinned?: Uint8Array
  /** Roots after the one that is trusted, in order. */
  readonly roots: readonly Uint8Array[]
  /** The last set that was whole. */
  readonly set?: Required<MetadataFiles>
  /** Documents that the set lists: with them the state is enough to work offline. */
  readonly documents?: ReadonlyMap<string, Uint8Array>
  /** A later timestamp, whose snapshot or targets could not be had. */
  readonly timestamp?: Uint8Array
  /** Milliseconds since the epoch; of the set. */
  readonly refreshedAt?: number
}

/** Bytes of a state file: everything at its greatest. */
export const STATE_BYTES: number = 32 * 1024 * 1024

const MAX_DOCUMENTS = 16

/** Write a state. */
export function formatState(state: MirrorState): Uint8Array {
  const text = (bytes: Uint8Array | undefined): string | undefined =>
    bytes === undefined ? undefined : encodeBase64(bytes)
  const document = {
    apiVersion: "countersign.dev/v1",
    kind: "TufState",
    pinned: text(state.pinned),
    roots: state.roots.map((root) => encodeBase64(root)),
    set:
      state.set === undefined
        ? undefined
        : {
            timestamp: encodeBase64(state.set.timestamp),
            snapshot: encodeBase64(state.set.snapshot),
            targets: encodeBase64(state.set.targets),
          },
    documents: [...(state.documents ?? [])].map(([name, bytes]) => ({ name, bytes: encodeBase64(bytes) })),
    timestamp: text(state.timestamp),
    refreshedAt: state.refreshedAt === undefined ? undefined : new Date(state.refreshedAt).toISOString(),
  }
  return encodeUtf8(`${JSON.stringify(document)}\n`, "state of a mirror")
}

/** Read a state. @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`. */
export function parseState(bytes: Uint8Array): MirrorState {
  const what = "state of a mirror"
  const document = expectObject(parseJson(bytes, { maxBytes: STATE_BYTES, what }), what)
  const read = (value: JsonValue | undefined, name: string): Uint8Array =>
    decodeBase64(expectString(value, name), { max: tufBounds.targets, what: name })
  const [pinned, set, timestamp] = [member(document, "pinned"), member(document, "set"), member(document, "timestamp")]
  const refreshed = member(document, "refreshedAt")
  const at = refreshed === undefined ? undefined : parseRfc3339(expectString(refreshed, "refreshedAt"))?.at
  const documents = expectArray(member(document, "documents") ?? [], "documents", MAX_DOCUMENTS).map((item, index) => {
    const entry = expectObject(item, `documents[${index}]`)
    return [expectString(member(entry, "name"), "name"), read(member(entry, "bytes"), "bytes")] as const
  })
  return {
    documents: new Map(documents),
    ...(pinned === undefined ? {} : { pinned: read(pinned, "pinned") }),
    roots: expectArray(member(document, "roots"), "roots", tufBounds.rotations).map((root) => read(root, "roots")),
    ...(set === undefined ? {} : { set: parseSet(set, read) }),
    ...(timestamp === undefined ? {} : { timestamp: read(timestamp, "timestamp") }),
    ...(at === undefined ? {} : { refreshedAt: at }),
  }
}

function parseSet(
  value: JsonValue,
  read: (value: JsonValue | undefined, name: string) => Uint8Array,
): Required<MetadataFiles> {
  const set = expectObject(value, "set")
  return {
    timestamp: read(member(set, "timestamp"), "set.timestamp"),
    snapshot: read(member(set, "snapshot"), "set.snapshot"),
    targets: read(member(set, "targets"), "set.targets"),
  }
}
