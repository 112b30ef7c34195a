import type { JsonObject, JsonValue } from "../core/json-value.ts"
import { limits } from "../core/limits.ts"
import { malformed, quoted, tooLarge } from "./malformed.ts"
import { decodeUtf8, encodeUtf8, hasLoneSurrogate } from "./utf8.ts"

/** Bounds of {@link parseJson}. */
export interface JsonOptions {
  /** Most bytes of UTF-8 accepted. */
  readonly maxBytes: number
  /** Most nested arrays and objects. Default `limits.jsonDepth`. */
  readonly maxDepth?: number
  /** Most values in the document, all levels together. Default 4,000,000: bounds memory, not text. */
  readonly maxValues?: number
  /** Name of the document for errors. */
  readonly what: string
}

const MAX_VALUES = 4_000_000
const MAX_NUMBER_LENGTH = 400
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y
const INTEGER_END = 0x39

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
  const size = typeof input === "string" ? sizeOf(input, options) : input.length
  if (size > options.maxBytes) throw tooLarge(options.what, size, options.maxBytes, "bytes")
  const text = typeof input === "string" ? input : decodeUtf8(input, options.what)
  const scanner = new Scanner(text, options)
  return scanner.document()
}

function sizeOf(text: string, options: JsonOptions): number {
  if (hasLoneSurrogate(text)) throw malformed(options.what, "a lone surrogate has no UTF-8 form")
  return text.length * 3 <= options.maxBytes ? text.length : encodeUtf8(text, options.what).length
}

class Scanner {
  readonly #text: string
  readonly #what: string
  readonly #maxDepth: number
  readonly #maxValues: number
  #at = 0
  #values = 0

  constructor(text: string, options: JsonOptions) {
    this.#text = text
    this.#what = options.what
    this.#maxDepth = options.maxDepth ?? limits.jsonDepth
    this.#maxValues = options.maxValues ?? MAX_VALUES
  }

  document(): JsonValue {
    const value = this.#value(0)
    this.#space()
    if (this.#at < this.#text.length) throw this.#unexpected("the end")
    return value
  }

  #unexpected(expected: string): Error {
    const seen = this.#at < this.#text.length ? quoted(this.#text.slice(this.#at, this.#at + 1)) : "the end"
    return malformed(this.#what, `JSON at offset ${this.#at}: saw ${seen}, expected ${expected}`)
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #value(depth: number): JsonValue {
    if (++this.#values > this.#maxValues) throw tooLarge(this.#what, this.#values, this.#maxValues, "values")
    this.#space()
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b:
        return this.#object(this.#deeper(depth))
      case 0x5b:
        return this.#array(this.#deeper(depth))
      case 0x22:
        return this.#string()
      case 0x74:
        return this.#word("true", true)
      case 0x66:
        return this.#word("false", false)
      case 0x6e:
        return this.#word("null", null)
      default:
        return this.#number()
    }
  }

  #deeper(depth: number): number {
    if (depth >= this.#maxDepth) throw tooLarge(this.#what, depth + 1, this.#maxDepth, "nested levels")
    return depth + 1
  }

  #word<T extends boolean | null>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected(word)
    this.#at += word.length
    return value
  }

  #object(depth: number): JsonObject {
    const object = Object.create(null) as Record<string, JsonValue>
    this.#at++
    this.#space()
    if (this.#text.charCodeAt(this.#at) === 0x7d) {
      this.#at++
      return object
    }
    for (;;) {
      this.#space()
      if (this.#text.charCodeAt(this.#at) !== 0x22) throw this.#unexpected("a key")
      const start = this.#at
      const key = this.#string()
      // SECURITY: two parsers that keep different duplicates see different documents.
      if (key in object) throw malformed(this.#what, `JSON at offset ${start}: duplicate key ${quoted(key)}`)
      this.#space()
      if (this.#text.charCodeAt(this.#at) !== 0x3a) throw this.#unexpected('":"')
      this.#at++
      object[key] = this.#value(depth)
      if (this.#closes(0x7d, '"," or "}"')) return object
    }
  }

  #array(depth: number): readonly JsonValue[] {
    const array: JsonValue[] = []
    this.#at++
    this.#space()
    if (this.#text.charCodeAt(this.#at) === 0x5d) {
      this.#at++
      return array
    }
    for (;;) {
      array.push(this.#value(depth))
      if (this.#closes(0x5d, '"," or "]"')) return array
    }
  }

  #closes(close: number, expected: string): boolean {
    this.#space()
    const code = this.#text.charCodeAt(this.#at)
    if (code !== 0x2c && code !== close) throw this.#unexpected(expected)
    this.#at++
    return code === close
  }

  #string(): string {
    const text = this.#text
    const start = ++this.#at
    let at = start
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 0x22) {
        this.#at = at + 1
        return text.slice(start, at)
      }
      if (code === 0x5c) return this.#escaped(start, at)
      if (code < 0x20) break
    }
    this.#at = at
    throw this.#unexpected("a string character or the closing quote")
  }

  /** A string whose first backslash is at `at`: its end is found here, the escapes are the platform's to decode. */
  #escaped(start: number, at: number): string {
    const text = this.#text
    while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1
    if (at >= text.length) throw malformed(this.#what, `JSON at offset ${start}: a string without closing quote`)
    this.#at = at + 1
    const value = decodeLiteral(text.slice(start - 1, at + 1))
    if (value === undefined) {
      throw malformed(this.#what, `JSON at offset ${start}: a string with a control character or an unknown escape`)
    }
    if (hasLoneSurrogate(value)) throw malformed(this.#what, `JSON at offset ${start}: a lone surrogate in a string`)
    return value
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at
    const match = NUMBER.exec(this.#text)
    if (match === null) throw this.#unexpected("a value")
    const [digits, fraction, exponent] = match
    if (digits.length > MAX_NUMBER_LENGTH) throw tooLarge(this.#what, digits.length, MAX_NUMBER_LENGTH, "digits")
    const next = this.#text.charCodeAt(this.#at + digits.length)
    if (next >= 0x30 && next <= INTEGER_END) throw this.#unexpected("a number without leading zeros")
    const value = Number(digits)
    if (fraction === undefined && exponent === undefined && !Number.isSafeInteger(value)) {
      this.#at += digits.length
      return BigInt(digits)
    }
    if (!Number.isFinite(value)) throw malformed(this.#what, `JSON at offset ${this.#at}: number out of range`)
    this.#at += digits.length
    return value
  }
}

/** A string literal decoded by the engine, which accepts exactly RFC 8259's; `undefined` for anything else. */
function decodeLiteral(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string
  } catch {
    return undefined
  }
}
