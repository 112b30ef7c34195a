import type { Descriptor, Platform } from "../../core/descriptor.ts"
import { isDigest } from "../../core/digest.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { goFoldedName } from "../go-names.ts"
import {
  expectArray,
  expectInteger,
  expectObject,
  expectString,
  expectText,
  member,
  stringRecord,
} from "../json-shape.ts"
import { malformed, quoted } from "../malformed.ts"

const FIELDS = ["mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform"]
const MAX_URLS = 64
const MAX_MEDIA_TYPE = 255

/**
 * Parse a content descriptor. `null` where a field is optional counts as absent, as Go's decoder has it.
 *
 * @param value - untrusted JSON.
 * @param path - where it stands, for errors: `manifest.layers[0]`.
 * @throws {ToolError} `E_FORMAT_MALFORMED`: a size that is no non-negative safe integer, a digest that is malformed or
 *   of an algorithm other than sha256, sha384 and sha512, wrong types, a field name that differs in case only.
 *
 * Spec: OCI image-spec `descriptor.md`.
 */
export function parseDescriptor(value: JsonValue | undefined, path: string): Descriptor {
  const object = expectObject(value, path)
  refuseLookalikes(object, path, FIELDS)
  const mediaType = checkMediaType(expectText(member(object, "mediaType"), `${path}.mediaType`), `${path}.mediaType`)
  const digest = expectString(member(object, "digest"), `${path}.digest`)
  if (!isDigest(digest)) {
    throw malformed(`${path}.digest`, `saw ${quoted(digest, 140)}, expected a sha256, sha384 or sha512 digest`)
  }
  return {
    mediaType,
    digest,
    size: expectInteger(member(object, "size"), `${path}.size`),
    ...optionalFields(object, path),
  }
}

function optionalFields(object: JsonObject, path: string): Partial<Descriptor> {
  const artifactType = optionalMediaType(object, "artifactType", path)
  const annotations = present(object, "annotations")
  const platform = present(object, "platform")
  const urls = present(object, "urls")
  const data = present(object, "data")
  return {
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations: stringRecord(annotations, `${path}.annotations`) }),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform, `${path}.platform`) }),
    ...(urls === undefined ? {} : { urls: strings(urls, `${path}.urls`) }),
    ...(data === undefined ? {} : { data: expectString(data, `${path}.data`) }),
  }
}

/** @throws {ToolError} `E_FORMAT_MALFORMED` for more than 255 characters, or others than printable ASCII. */
function checkMediaType(text: string, path: string): string {
  if (text.length <= MAX_MEDIA_TYPE && /^[!-~ ]*$/.test(text)) return text
  throw malformed(path, `saw ${quoted(text)}, expected a media type`)
}

/**
 * An optional media type such as `artifactType`. It may be empty, as some registries list it.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 */
export function optionalMediaType(object: JsonObject, key: string, path: string): string | undefined {
  const value = present(object, key)
  return value === undefined ? undefined : checkMediaType(expectString(value, `${path}.${key}`), `${path}.${key}`)
}

function parsePlatform(value: JsonValue, path: string): Platform {
  const object = expectObject(value, path)
  const text = (key: string): string => expectString(present(object, key) ?? "", `${path}.${key}`)
  const version = present(object, "os.version")
  const features = present(object, "os.features")
  const variant = present(object, "variant")
  return {
    architecture: text("architecture"),
    os: text("os"),
    ...(version === undefined ? {} : { "os.version": expectString(version, `${path}["os.version"]`) }),
    ...(features === undefined ? {} : { "os.features": strings(features, `${path}["os.features"]`) }),
    ...(variant === undefined ? {} : { variant: expectString(variant, `${path}.variant`) }),
  }
}

function strings(value: JsonValue, path: string): readonly string[] {
  return expectArray(value, path, MAX_URLS).map((item, position) => expectString(item, `${path}[${position}]`))
}

/** Own member of an object; `undefined` when absent or `null`. */
export function present(object: JsonObject, key: string): JsonValue | undefined {
  return member(object, key) ?? undefined
}

/**
 * Refuse members whose name equals a known one but for case, as Go folds it.
 *
 * SECURITY: Go's decoder takes `"Subject"` for `subject`; we would not, and two tools would see two documents.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 */
export function refuseLookalikes(object: JsonObject, path: string, known: readonly string[]): void {
  const folded = new Map(known.map((name) => [goFoldedName(name), name]))
  for (const key of Object.keys(object)) {
    const name = folded.get(goFoldedName(key))
    if (name !== undefined && name !== key) throw malformed(path, `saw member ${quoted(key)}, expected ${quoted(name)}`)
  }
}
