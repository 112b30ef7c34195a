import { ToolError } from "../../../core/errors.ts"

/** One challenge of `WWW-Authenticate`. */
export interface Challenge {
  /** Lower case. */
  readonly scheme: string
  /** By lower-case name. */
  readonly parameters: ReadonlyMap<string, string>
}

/** Characters of all challenges together; headers are bounded by the HTTP client already. */
const MAX_LENGTH = 16 * 1024

/** Schemes that have parameters and never a token68, which `realm=` alone would also be. */
const NAMED_ONLY: ReadonlySet<string> = new Set(["basic", "bearer"])

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y
const SPACE = /[ \t]*/y
const SEPARATOR = /[ \t,]*/y

/**
 * Read every challenge of one or several `WWW-Authenticate` headers. Schemes that nobody knows are returned too.
 *
 * @param headers - untrusted header values in order.
 * @throws {ToolError} `E_REGISTRY_PROTOCOL` when malformed or when a parameter comes twice in one challenge.
 *
 * Spec: RFC 9110 section 11.6.1 and 5.6. The list separator of challenges is also that of their parameters; a token
 * that is not followed by `=` begins a new challenge.
 */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  return headers.flatMap((header) => parseHeader(header))
}

function parseHeader(text: string): Challenge[] {
  if (text.length > MAX_LENGTH) throw malformed("it is longer than 16 KiB")
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  let at = take(SEPARATOR, text, 0)?.end ?? 0
  while (at < text.length) {
    const word = take(TOKEN, text, at)
    if (word === undefined) throw malformed(`unexpected character at position ${at}`)
    const afterWord = skip(text, word.end)
    const current = challenges.at(-1)
    if (current !== undefined && text[afterWord] === "=") {
      at = parameter(text, word.text.toLowerCase(), skip(text, afterWord + 1), current.parameters)
    } else {
      challenges.push({ scheme: word.text.toLowerCase(), parameters: new Map() })
      const named = NAMED_ONLY.has(word.text.toLowerCase())
      at = (named ? undefined : take(TOKEN68, text, afterWord)?.end) ?? afterWord
    }
    at = take(SEPARATOR, text, at)?.end ?? at
  }
  return challenges
}

function parameter(text: string, name: string, at: number, into: Map<string, string>): number {
  // SECURITY: two readers of a repeated realm could choose differently.
  if (into.has(name)) throw malformed(`parameter ${name} comes twice`)
  if (text[at] === '"') {
    const quoted = quotedString(text, at)
    into.set(name, quoted.text)
    return quoted.end
  }
  const value = take(TOKEN, text, at) ?? take(TOKEN68, text, at)
  if (value === undefined) throw malformed(`parameter ${name} has no value`)
  into.set(name, value.text)
  return value.end
}

function quotedString(text: string, start: number): { readonly text: string; readonly end: number } {
  let value = ""
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at] ?? ""
    if (character === '"') return { text: value, end: at + 1 }
    if (character === "\\") at++
    value += character === "\\" ? (text[at] ?? "") : character
  }
  throw malformed("a quoted string has no end")
}

function take(pattern: RegExp, text: string, at: number): { readonly text: string; readonly end: number } | undefined {
  pattern.lastIndex = at
  const match = pattern.exec(text)
  return match === null ? undefined : { text: match[0], end: pattern.lastIndex }
}

function skip(text: string, at: number): number {
  return take(SPACE, text, at)?.end ?? at
}

function malformed(why: string): ToolError {
  return new ToolError("E_REGISTRY_PROTOCOL", {
    what: "the registry's WWW-Authenticate header is not well-formed",
    why: `${why}; expected challenges as in RFC 9110 section 11.6.1`,
  })
}
