import type { JsonValue } from "../core/json-value.ts"
import { JsonScanner, type JsonOutline } from "./json-scanner.ts"
import { malformed, tooLarge } from "./malformed.ts"
import type { PreviewRoom } from "./preview.ts"
import { decodeUtf8, encodeUtf8, hasLoneSurrogate } from "./utf8.ts"

/** Bounds of {@link parseJson}. */
export interface JsonOptions {
  /** Most bytes of UTF-8 accepted. */
  readonly maxBytes: number
  /** Most nested arrays and objects. Default `limits.jsonDepth`. */
  readonly maxDepth?: number
  /** Most values in the document, all levels together. Default `limits.jsonValues`: bounds memory, not text. */
  readonly maxValues?: number
  /** Most values that are checked and not built ({@link outlineJson}, {@link previewJson}). Default unbounded. */
  readonly maxPassed?: number
  /** Name of the document for errors. */
  readonly what: string
}

/**
 * Read JSON strictly: exactly RFC 8259, and where that leaves room, one meaning only.
 *
 * Duplicate keys, lone surrogates, invalid UTF-8, a byte order mark and numbers beyond a double's range are refused.
 * Integers outside ±(2^53-1) come as `bigint`. Objects have no prototype, `__proto__` is a key like any other. Keys
 * keep the order of the text, except that keys that look like array indices come first, as everywhere in JavaScript.
 *
 * @param input - untrusted.
 * @throws {ToolError} `E_FORMAT_MALFORMED` with the character offset; `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 8259; RFC 7493 section 2.
 */
export function parseJson(input: Uint8Array | string, options: JsonOptions): JsonValue {
  return new JsonScanner(textOf(input, options), options).document()
}

/**
 * Read an object as {@link parseJson} does, but leave members out of memory: they are checked like the rest, duplicate
 * keys included, and are `null` with their place in the text beside the value. For documents whose bulk nobody may ever look at.
 *
 * @param deferred - whether the member of this name at the top is left out; its values do not count towards `maxValues`, but
 *   towards `maxPassed`.
 * @throws {ToolError} as {@link parseJson}; `E_LIMIT_EXCEEDED` also for a million keys in what is left out.
 */
export function outlineJson(
  input: Uint8Array | string,
  options: JsonOptions,
  deferred: (key: string) => boolean,
): JsonOutline {
  return new JsonScanner(textOf(input, options), options).outline(deferred)
}

/**
 * The first part of a document for display; the whole is checked as {@link parseJson} does. Where something is left out,
 * a text in its place says so.
 *
 * @param room - values and characters that may be shown; what was used is taken off.
 * @throws {ToolError} as {@link outlineJson}.
 */
export function previewJson(input: Uint8Array | string, options: JsonOptions, room: PreviewRoom): JsonValue {
  return new JsonScanner(textOf(input, options), options).preview(room)
}

function textOf(input: Uint8Array | string, options: JsonOptions): string {
  const size = typeof input === "string" ? sizeOf(input, options) : input.length
  if (size > options.maxBytes) throw tooLarge(options.what, size, options.maxBytes, "bytes")
  return typeof input === "string" ? input : decodeUtf8(input, options.what)
}

function sizeOf(text: string, options: JsonOptions): number {
  if (hasLoneSurrogate(text)) throw malformed(options.what, "a lone surrogate has no UTF-8 form")
  return text.length * 3 <= options.maxBytes ? text.length : encodeUtf8(text, options.what).length
}
