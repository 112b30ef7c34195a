import { expectObject, expectText } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import { readDsseV1, readHashedRekordV1, readIntotoV1, readIntotoV2 } from "./body-v1.ts"
import { readDsseV2, readHashedRekordV2 } from "./body-v2.ts"
import type { EntryBody } from "./entry-body.ts"

const WHAT = "log entry"
const JSON_DEPTH = 16

const readers: ReadonlyMap<string, (spec: JsonValue | undefined, path: string) => EntryBody> = new Map<
  string,
  (spec: JsonValue | undefined, path: string) => EntryBody
>([
  ["hashedrekord 0.0.1", readHashedRekordV1],
  ["hashedrekord 0.0.2", readHashedRekordV2],
  ["dsse 0.0.1", readDsseV1],
  ["dsse 0.0.2", readDsseV2],
  ["intoto 0.0.1", readIntotoV1],
  ["intoto 0.0.2", readIntotoV2],
])

function documentOf(bytes: Uint8Array): JsonObject {
  return expectObject(parseJson(bytes, { maxBytes: limits.bundleBytes, maxDepth: JSON_DEPTH, what: WHAT }), WHAT)
}

/** Kind and version that an entry names, whatever they are. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function kindOfBody(bytes: Uint8Array): { readonly kind: string; readonly version: string } {
  const document = documentOf(bytes)
  return {
    kind: expectText(document["kind"], `${WHAT}.kind`),
    version: expectText(document["apiVersion"], `${WHAT}.apiVersion`),
  }
}

/**
 * Read the body of a log entry.
 *
 * @param bytes - untrusted; what the log hashed, at most 16 MiB.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, also for kinds and versions that are not known; `E_LIMIT_EXCEEDED`.
 *
 * Spec: sigstore/rekor `pkg/types`, sigstore/rekor-tiles `pkg/types`.
 */
export function parseEntryBody(bytes: Uint8Array): EntryBody {
  const document = documentOf(bytes)
  const kind = expectText(document["kind"], `${WHAT}.kind`)
  const version = expectText(document["apiVersion"], `${WHAT}.apiVersion`)
  const reader = readers.get(`${kind} ${version}`)
  if (reader === undefined) {
    throw malformed(WHAT, `saw ${quoted(kind)} ${quoted(version)}, expected one of ${[...readers.keys()].join(", ")}`)
  }
  return reader(document["spec"], `${WHAT}.spec`)
}
