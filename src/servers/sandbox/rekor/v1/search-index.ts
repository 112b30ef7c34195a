import { encodeHex } from "../../../../codec/hex.ts"
import { expectObject, expectOneOf, expectText, member } from "../../../../codec/json-shape.ts"
import { malformed } from "../../../../codec/malformed.ts"
import type { JsonObject, JsonValue } from "../../../../core/json-value.ts"
import { digestOf } from "../../../../crypto/hash.ts"
import { parseEntryVerifier } from "../log-verifier.ts"
import type { AppendOnlyLog } from "../storage/append-only-log.ts"
import { bytesAt } from "./fields.ts"

/** A search of the index. */
export interface SearchQuery {
  /** As the index keeps them; the same word finds every entry that has it. */
  readonly words: readonly string[]
  readonly operator: "and" | "or"
}

const HASH = /^(?:(?:sha512:)?[0-9a-f]{128}|(?:sha384:)?[0-9a-f]{96}|(?:sha256:)?[0-9a-f]{64}|(?:sha1:)?[0-9a-f]{40})$/
const HASH_OF_DIGITS: ReadonlyMap<number, string> = new Map([
  [40, "sha1"],
  [64, "sha256"],
  [96, "sha384"],
  [128, "sha512"],
])
const MAX_SUBJECT = 512
/** Entries one word finds, and entries in an answer: the newest. */
const MAX_FOUND = 1000

/**
 * Read a query of `index/retrieve`: by hash, key or certificate, e-mail address, or another alternative name.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`.
 */
export function readSearch(value: JsonValue): SearchQuery {
  const query = expectObject(value, "query")
  const text = (name: string, read: (text: string) => string): string[] => {
    const given = member(query, name)
    return given === undefined || given === null || given === "" ? [] : [read(expectText(given, name).toLowerCase())]
  }
  const operator = member(query, "operator")
  return {
    words: [...text("hash", hashWord), ...keyWords(query), ...text("email", nameWord), ...text("subject", nameWord)],
    operator:
      operator === undefined || operator === null || operator === ""
        ? "or"
        : expectOneOf(operator, "operator", ["and", "or"]),
  }
}

function hashWord(text: string): string {
  if (!HASH.test(text)) throw malformed("hash", "expected a SHA-1, SHA-256, SHA-384 or SHA-512 in hexadecimal")
  return text.includes(":") ? text : `${HASH_OF_DIGITS.get(text.length) ?? ""}:${text}`
}

function nameWord(text: string): string {
  if (text.length > MAX_SUBJECT) throw malformed("subject", `${text.length} characters, at most ${MAX_SUBJECT}`)
  return text
}

function keyWords(query: JsonObject): string[] {
  const given = member(query, "publicKey")
  if (given === undefined || given === null) return []
  const publicKey = expectObject(given, "publicKey")
  if (member(publicKey, "format") !== "x509") {
    throw malformed("publicKey.format", "the PKI format requested is not supported by this server")
  }
  return [encodeHex(digestOf("sha256", parseEntryVerifier(bytesAt(publicKey, "publicKey", "content")).pem))]
}

/** Indices of the entries that a query finds, newest first. */
export function searchEntries({ words, operator }: SearchQuery, log: AppendOnlyLog): readonly number[] {
  const found = words.map((word) => log.search(word, MAX_FOUND))
  const [first = [], ...others] = found
  const indices =
    operator === "and" ? first.filter((index) => others.every((list) => list.includes(index))) : found.flat()
  return [...new Set(indices)].sort((a, b) => b - a).slice(0, MAX_FOUND)
}
