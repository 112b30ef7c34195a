import type { JsonObject, JsonValue } from "../core/json-value.ts"
import { KIB, limits } from "../core/limits.ts"
import { malformed, quoted, tooLarge } from "./malformed.ts"
import { copied, noteKey, shortened, type PreviewRoom } from "./preview.ts"
import { hasLoneSurrogate } from "./utf8.ts"

/** Bounds of a {@link JsonScanner}. */
export interface ScannerOptions {
  readonly maxDepth?: number
  readonly maxValues?: number
  /** Most values that are passed over. Default unbounded: they cost time alone, which the bytes bound. */
  readonly maxPassed?: number
  readonly what: string
}

/** Part of a text, in UTF-16 units. */
export interface JsonSpan {
  readonly start: number
  readonly end: number
}

/** A document whose deferred members are `null`, with the place of their text beside it. */
export interface JsonOutline {
  readonly value: JsonValue
  /** By key. */
  readonly spans: ReadonlyMap<string, JsonSpan>
}

const MAX_NUMBER_LENGTH = 400
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y
const INTEGER_END = 0x39
/** Keys remembered at once while passing over values, to find duplicates. */
const MAX_OPEN_KEYS = 1_000_000
const DETACHED_LENGTH = 64 * KIB

/**
 * Recursive-descent reader of one JSON text, in three manners: building values, passing over them with the same checks,
 * and building only a first part.
 */
export class JsonScanner {
  readonly #text: string
  readonly #what: string
  readonly #maxDepth: number
  readonly #maxValues: number
  readonly #maxPassed: number
  #at = 0
  #values = 0
  #passed = 0
  #openKeys = 0

  constructor(text: string, options: ScannerOptions) {
    this.#text = text
    this.#what = options.what
    this.#maxDepth = options.maxDepth ?? limits.jsonDepth
    this.#maxValues = options.maxValues ?? limits.jsonValues
    this.#maxPassed = options.maxPassed ?? Number.MAX_SAFE_INTEGER
  }

  /** The whole text as one value. */
  document(): JsonValue {
    const value = this.#value(0)
    this.#end()
    return value
  }

  /** The members of an object; those `deferred` names are checked, and `null` beside the span of their text. */
  outline(deferred: (key: string) => boolean): JsonOutline {
    this.#space()
    const spans = new Map<string, JsonSpan>()
    if (this.#text.charCodeAt(this.#at) !== 0x7b) return { value: this.document(), spans }
    this.#values++
    const value = this.#object(1, (key) => {
      if (!deferred(key)) return false
      this.#space()
      const start = this.#at
      this.#skip(1)
      spans.set(key, { start, end: this.#at })
      return true
    })
    this.#end()
    return { value, spans }
  }

  /** The first part of the text, which is checked as a whole. */
  preview(room: PreviewRoom): JsonValue {
    const value = this.#preview(0, room)
    this.#end()
    return value
  }

  #end(): void {
    this.#space()
    if (this.#at < this.#text.length) throw this.#unexpected("the end")
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
    const code = this.#text.charCodeAt(this.#at)
    if (code === 0x7b) return this.#object(this.#deeper(depth))
    if (code === 0x5b) return this.#array(this.#deeper(depth))
    const value = this.#scalar(code)
    return typeof value === "string" ? detached(value) : value
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

  /** @param passed - takes over a member's value and says so. */
  #object(depth: number, passed: (key: string) => boolean = () => false): JsonObject {
    const object = Object.create(null) as Record<string, JsonValue>
    if (this.#isEmpty(0x7d)) return object
    const isThere = (key: string): boolean => key in object
    for (;;) {
      const key = this.#key(isThere)
      // What is passed over keeps its key, so that a second one is noticed.
      object[key] = passed(key) ? null : this.#value(depth)
      if (this.#closes(0x7d, '"," or "}"')) return object
    }
  }

  #array(depth: number): readonly JsonValue[] {
    const array: JsonValue[] = []
    if (this.#isEmpty(0x5d)) return array
    for (;;) {
      array.push(this.#value(depth))
      if (this.#closes(0x5d, '"," or "]"')) return array
    }
  }

  /** Check a value as `#value` does, and keep nothing of it. */
  #skip(depth: number): void {
    if (++this.#passed > this.#maxPassed) throw tooLarge(this.#what, this.#passed, this.#maxPassed, "values")
    this.#space()
    const code = this.#text.charCodeAt(this.#at)
    if (code === 0x7b) {
      const below = this.#deeper(depth)
      if (this.#isEmpty(0x7d)) return
      const seen = new Set<string>()
      const isThere = (key: string): boolean => seen.has(key)
      do {
        seen.add(this.#key(isThere))
        if (++this.#openKeys > MAX_OPEN_KEYS) throw tooLarge(this.#what, this.#openKeys, MAX_OPEN_KEYS, "keys")
        this.#skip(below)
      } while (!this.#closes(0x7d, '"," or "}"'))
      this.#openKeys -= seen.size
    } else if (code === 0x5b) {
      const below = this.#deeper(depth)
      if (this.#isEmpty(0x5d)) return
      do this.#skip(below)
      while (!this.#closes(0x5d, '"," or "]"'))
    } else this.#scalar(code)
  }

  #preview(depth: number, room: PreviewRoom): JsonValue {
    room.values -= 1
    this.#space()
    const code = this.#text.charCodeAt(this.#at)
    if (code === 0x7b) return this.#previewObject(this.#deeper(depth), room)
    if (code === 0x5b) return this.#previewArray(this.#deeper(depth), room)
    const value = this.#scalar(code)
    return typeof value === "string" ? shortened(value, room) : value
  }

  #previewObject(depth: number, room: PreviewRoom): JsonObject {
    const object = Object.create(null) as Record<string, JsonValue>
    if (this.#isEmpty(0x7d)) return object
    const seen = new Set<string>()
    const isThere = (key: string): boolean => seen.has(key)
    let left = 0
    do {
      const key = this.#key(isThere)
      seen.add(key)
      if (++this.#openKeys > MAX_OPEN_KEYS) throw tooLarge(this.#what, this.#openKeys, MAX_OPEN_KEYS, "keys")
      if (room.values > 0 && room.characters >= key.length) {
        room.characters -= key.length
        object[key] = this.#preview(depth, room)
      } else {
        this.#skip(depth)
        left += 1
      }
    } while (!this.#closes(0x7d, '"," or "}"'))
    this.#openKeys -= seen.size
    if (left > 0) object[noteKey(object)] = `${left} more members not shown`
    return object
  }

  #previewArray(depth: number, room: PreviewRoom): readonly JsonValue[] {
    const array: JsonValue[] = []
    if (this.#isEmpty(0x5d)) return array
    let left = 0
    do {
      if (room.values > 0) array.push(this.#preview(depth, room))
      else {
        this.#skip(depth)
        left += 1
      }
    } while (!this.#closes(0x5d, '"," or "]"'))
    if (left > 0) array.push(`… ${left} more not shown`)
    return array
  }

  #scalar(code: number): JsonValue {
    if (code === 0x22) return this.#string()
    if (code === 0x74) return this.#word("true", true)
    if (code === 0x66) return this.#word("false", false)
    return code === 0x6e ? this.#word("null", null) : this.#number()
  }

  /** Past the opening bracket; and past the closing one when nothing is between. */
  #isEmpty(close: number): boolean {
    this.#at++
    this.#space()
    if (this.#text.charCodeAt(this.#at) !== close) return false
    this.#at++
    return true
  }

  /** A member's key and the colon behind it. */
  #key(isThere: (key: string) => boolean): string {
    this.#space()
    if (this.#text.charCodeAt(this.#at) !== 0x22) throw this.#unexpected("a key")
    const start = this.#at
    const key = this.#string()
    // SECURITY: two parsers that keep different duplicates see different documents.
    if (isThere(key)) throw malformed(this.#what, `JSON at offset ${start}: duplicate key ${quoted(key)}`)
    this.#space()
    if (this.#text.charCodeAt(this.#at) !== 0x3a) throw this.#unexpected('":"')
    this.#at++
    return key
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

/**
 * A short string as characters of its own: the engine makes parts of a text that keep the whole text in memory. Long
 * ones stay parts; there are few of them in a document.
 */
function detached(text: string): string {
  return text.length > DETACHED_LENGTH ? text : copied(text)
}
