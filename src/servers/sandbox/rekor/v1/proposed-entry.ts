import { expectObject, expectString, member } from "../../../../codec/json-shape.ts"
import { malformed, quoted } from "../../../../codec/malformed.ts"
import type { JsonObject, JsonValue } from "../../../../core/json-value.ts"
import type { NewEntry } from "../storage/append-only-log.ts"
import { readDsse } from "./dsse.ts"
import { readHashedrekord } from "./hashedrekord.ts"
import { readIntoto } from "./intoto.ts"
import { readIntotoEnvelope } from "./intoto-envelope.ts"

/** Reads the `spec` of one kind of entry and verifies it. @throws {ToolError} where it is not to be logged. */
type EntryReader = (spec: JsonObject) => NewEntry | Promise<NewEntry>

const READERS: ReadonlyMap<string, EntryReader> = new Map<string, EntryReader>([
  ["hashedrekord 0.0.1", readHashedrekord],
  ["dsse 0.0.1", readDsse],
  ["intoto 0.0.1", readIntotoEnvelope],
  ["intoto 0.0.2", readIntoto],
])

/** Kinds that Rekor knows and this log takes none of. */
const OTHER_KINDS: readonly string[] = ["alpine", "cose", "helm", "jar", "rekord", "rfc3161", "rpm", "tuf"]

/**
 * Read a proposed entry as Rekor 1 does: the signature must hold, and what is logged is written anew.
 *
 * Members that are not known are not looked at, `null` means absent.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: sigstore/rekor `openapi.yaml`, `pkg/types`.
 */
export async function readProposedEntry(value: JsonValue): Promise<NewEntry> {
  const { entry, kind, version } = kindOf(value)
  const reader = READERS.get(`${kind} ${version}`)
  if (reader === undefined) {
    throw malformed(
      "entry",
      `entry kind ${quoted(kind)} does not support inserting entries of version ${quoted(version)}`,
    )
  }
  return reader(expectObject(member(entry, "spec"), "spec"))
}

/** Whether an entry is of a kind that Rekor can read and this log never took: none can be found. */
export function isForeignEntry(value: JsonValue): boolean {
  return OTHER_KINDS.includes(kindOf(value).kind)
}

function kindOf(value: JsonValue): { readonly entry: JsonObject; readonly kind: string; readonly version: string } {
  const entry = expectObject(value, "entry")
  const kind = expectString(member(entry, "kind"), "kind")
  return { entry, kind, version: expectString(member(entry, "apiVersion"), "apiVersion") }
}
