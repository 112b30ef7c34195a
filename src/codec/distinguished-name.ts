/**
 * Distinguished names as text. No library: what a trust policy names must match here exactly what it matches in the
 * Notary Project's tool, which reads names with its own reading of RFC 4514 (go-ldap's), quirks included.
 */
import { ToolError } from "../core/errors.ts"
import { goQuote } from "./go-quote.ts"
import { decodeUtf8 } from "./utf8.ts"

/** One type and value of a name, unescaped. */
export interface NamePair {
  readonly type: string
  readonly value: string
}

/** A relative name: usually one pair. */
export type RelativeName = readonly NamePair[]

/** Escaped by a backslash alone. Everything else takes two hexadecimal digits. */
const ESCAPED = ' "#+,;<=>\\'

/** Thrown and caught in this file alone. */
class NameFault extends Error {}

/** Without the spaces around it; an escaped space at the end stays. */
function trimSpaces(text: string): string {
  const trimmed = text.replace(/^ +/, "")
  let end = trimmed.length
  while (end > 0 && trimmed[end - 1] === " ") end--
  return end > 0 && end < trimmed.length && trimmed[end - 1] === "\\"
    ? `${trimmed.slice(0, end)} `
    : trimmed.slice(0, end)
}

function hexByte(first: string, second: string): number {
  if (new TextEncoder().encode(first + second).length !== 2) {
    throw new NameFault(`failed to decode escaped character: invalid byte: ${first}${second}`)
  }
  for (const digit of [first, second]) {
    if (!/^[0-9a-fA-F]$/.test(digit)) {
      const code = (digit.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")
      throw new NameFault(`failed to decode escaped character: encoding/hex: invalid byte: U+${code} '${digit}'`)
    }
  }
  return Number.parseInt(first + second, 16)
}

/** Text of a type or value as written, without spaces around it and with escapes resolved. */
function unescape(text: string): string {
  const runes = Array.from(trimSpaces(text))
  if (!runes.includes("\\")) return runes.join("")
  const encoder = new TextEncoder()
  const bytes: number[] = []
  for (let at = 0; at < runes.length; at++) {
    const rune = runes[at] ?? ""
    if (rune !== "\\") {
      bytes.push(...encoder.encode(rune))
      continue
    }
    const [first, second] = runes.slice(at + 1, at + 3)
    if (first === undefined) throw new NameFault(`got corrupted escaped character: '${runes.join("")}'`)
    if (ESCAPED.includes(first)) {
      bytes.push(first.charCodeAt(0))
      at += 1
      continue
    }
    if (second === undefined) {
      throw new NameFault(`failed to decode escaped character: encoding/hex: invalid byte: ${first}`)
    }
    bytes.push(hexByte(first, second))
    at += 2
  }
  try {
    return decodeUtf8(Uint8Array.from(bytes), "distinguished name")
  } catch (error) {
    // No certificate that is accepted has a value that is not UTF-8, so upstream would match nothing here.
    if (error instanceof ToolError) throw new NameFault("the escaped bytes are not valid UTF-8")
    throw error
  }
}

function valueOf(text: string): string {
  if (text.startsWith("#")) throw new NameFault("values in hexadecimal encoding are not supported")
  return unescape(text)
}

function parse(text: string): RelativeName[] {
  if (text.trim() === "") return []
  const names: RelativeName[] = []
  let pairs: NamePair[] = []
  let type = ""
  let start = 0
  let escaping = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ""
    if (escaping) escaping = false
    else if (char === "\\") escaping = true
    else if (char === "=" && type === "") {
      type = unescape(text.slice(start, at))
      start = at + 1
    } else if (char === "," || char === "+" || char === ";") {
      if (type === "") throw new NameFault("incomplete type, value pair")
      pairs.push({ type, value: valueOf(text.slice(start, at)) })
      type = ""
      start = at + 1
      if (char === "+") continue
      names.push(pairs)
      pairs = []
    }
  }
  if (type === "") throw new NameFault("DN ended with incomplete type, value pair")
  pairs.push({ type, value: valueOf(text.slice(start)) })
  return [...names, pairs]
}

/**
 * Read a distinguished name: relative names separated by `,` or `;`, pairs inside one by `+`, backslash escapes, spaces
 * around types and values ignored. Time grows linearly with the text.
 *
 * @param text - untrusted.
 * @returns the relative names in order, none for blank text; or `fault` with go-ldap's text of why not.
 *
 * Spec: RFC 4514 as go-ldap v3.4.11 `ParseDN` reads it; values in hexadecimal (`#…`) are a fault.
 */
export function parseDistinguishedName(
  text: string,
): { readonly names: readonly RelativeName[] } | { readonly fault: string } {
  try {
    return { names: parse(text) }
  } catch (error) {
    if (error instanceof NameFault) return { fault: error.message }
    throw error
  }
}

const MANDATORY = ["C", "ST", "O"] as const
const AT_LEAST = "contain 'C', 'ST' or 'S', and 'O' RDN attributes at a minimum"

/**
 * Read a name as a trusted identity: each type once, one pair to a relative name, `S` means `ST`, and `C`, `ST` and `O`
 * must be there.
 *
 * @param text - untrusted; what follows `x509.subject:`, or a certificate's subject as Go prints it.
 * @returns values by type, both compared exactly; or `fault` with upstream's text of why not.
 *
 * Spec: notaryproject/specifications `specs/trust-store-trust-policy.md`, "Trusted Identities Constraints".
 */
export function parseSubjectName(
  text: string,
): { readonly attributes: ReadonlyMap<string, string> } | { readonly fault: string } {
  const quoted = goQuote(text)
  if (text.includes("=#")) {
    return {
      fault: `unsupported distinguished name (DN) ${quoted}: notation does not support x509.subject identities containing "=#"`,
    }
  }
  const parsed = parseDistinguishedName(text)
  if ("fault" in parsed) {
    return {
      fault: `parsing distinguished name (DN) ${quoted} failed with err: ${parsed.fault}. A valid DN must ${AT_LEAST}, and follow RFC 4514 standard`,
    }
  }
  const dn = `distinguished name (DN) ${quoted}`
  const attributes = new Map<string, string>()
  for (const [pair, second] of parsed.names) {
    if (pair === undefined || second !== undefined) {
      return {
        fault: `${dn} has multi-valued RDN attributes, remove multi-valued RDN attributes as they are not supported`,
      }
    }
    const type = pair.type === "S" ? "ST" : pair.type
    if ((attributes.get(type) ?? "") !== "") {
      return {
        fault: `${dn} has duplicate RDN attribute for ${goQuote(type)}, DN can only have unique RDN attributes`,
      }
    }
    attributes.set(type, pair.value)
  }
  const missing = MANDATORY.find((type) => (attributes.get(type) ?? "") === "")
  if (missing === undefined) return { attributes }
  return { fault: `${dn} has no mandatory RDN attribute for ${goQuote(missing)}, it must ${AT_LEAST}` }
}
