import { DER_TAG, type DerElement, derChildren, expectDer } from "./der.ts"
import { malformed } from "./malformed.ts"
import { decodeUtf8 } from "./utf8.ts"

/** Identifier octets of strings and times. */
export const DER_STRING: Readonly<
  Record<"utf8" | "numeric" | "printable" | "t61" | "ia5" | "utcTime" | "generalizedTime" | "bmp", number>
> = {
  utf8: 0x0c,
  numeric: 0x12,
  printable: 0x13,
  t61: 0x14,
  ia5: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmp: 0x1e,
}

/** Identifier octet of a context-specific tag. @param number - 0 to 30. @param constructed - holds elements. */
export function contextTag(number: number, constructed: boolean): number {
  return 0x80 | (constructed ? 0x20 : 0) | number
}

/** The same contents under the tag that an IMPLICIT one replaced. `raw` stays as received. */
export function retagDer(element: DerElement, tag: number): DerElement {
  return { ...element, tag }
}

/** The one element inside an EXPLICIT tag. @throws {ToolError} `E_FORMAT_MALFORMED` when there is not exactly one. */
export function derExplicit(element: DerElement, what: string): DerElement {
  const [inner, ...rest] = derChildren(element, what)
  if (inner === undefined || rest.length > 0) {
    throw malformed(what, `DER: ${rest.length === 0 ? 0 : rest.length + 1} elements in an explicit tag, expected 1`)
  }
  return inner
}

/** Elements of a SET in the order received. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function derSet(element: DerElement | undefined, what: string): DerElement[] {
  return derChildren(expectDer(element, DER_TAG.set, what), what)
}

/** Value of a BOOLEAN; the only octets DER allows are 0 and 255. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function derBoolean(element: DerElement | undefined, what: string): boolean {
  const { contents } = expectDer(element, DER_TAG.boolean, what)
  const [value] = contents
  if (contents.length !== 1 || (value !== 0 && value !== 0xff)) throw malformed(what, "DER: malformed BOOLEAN")
  return value === 0xff
}

/**
 * Positions of the bits set in a BIT STRING, bit 0 first. Zero bits at the end are accepted.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED` for more than 7 unused bits and for unused bits that are set.
 */
export function derNamedBits(element: DerElement | undefined, what: string): number[] {
  const { contents } = expectDer(element, DER_TAG.bitString, what)
  const [unused = 8, ...bytes] = contents
  const last = bytes.at(-1) ?? 0
  if (unused > 7 || (bytes.length === 0 && unused > 0) || (last & ((1 << unused) - 1)) !== 0) {
    throw malformed(what, "DER: BIT STRING with malformed unused bits")
  }
  return bytes.flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte & (0x80 >> bit)) !== 0).map((bit) => at * 8 + bit),
  )
}

const UTC_TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/
const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{0,8}[1-9]))?Z$/

/**
 * UTCTime or GeneralizedTime as DER has them: with seconds, in UTC.
 *
 * @param options - `fractions` accepts up to nine decimals of a second in GeneralizedTime; what is finer than a
 *   millisecond is dropped. Certificates must not have them.
 * @returns milliseconds since the epoch.
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 *
 * Spec: RFC 5280 4.1.2.5, RFC 3161 2.4.2 for fractions, X.690 11.7 and 11.8.
 */
export function derTime(
  element: DerElement | undefined,
  what: string,
  options: { readonly fractions?: boolean } = {},
): number {
  const utc = element?.tag === DER_STRING.utcTime
  const { contents } = utc ? element : expectDer(element, DER_STRING.generalizedTime, what)
  const text = latin1(contents.subarray(0, 32))
  const match = contents.length > 32 ? null : (utc ? UTC_TIME : GENERALIZED_TIME).exec(text)
  const [, years = "", month = "", day = "", hour = "", minute = "", second = "", fraction = ""] = match ?? []
  if (match === null || (fraction !== "" && options.fractions !== true)) throw malformed(what, "DER: malformed time")
  const year = utc ? `${Number(years) >= 50 ? "19" : "20"}${years}` : years
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, "0")}Z`
  const at = Date.parse(iso)
  // Dates such as February 30 and hours such as 24 are moved on by some parsers instead of being refused.
  if (Number.isNaN(at) || new Date(at).toISOString() !== iso) throw malformed(what, "DER: no such time")
  return at
}

function latin1(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function bmp(bytes: Uint8Array, what: string): string {
  let text = ""
  // A terminator at the end is dropped, as Go does.
  const end = bytes.length >= 2 && bytes.at(-1) === 0 && bytes.at(-2) === 0 ? bytes.length - 2 : bytes.length
  for (let at = 0; at < end; at += 2) {
    const point = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
    const reserved = point >= 0xfffe || (point >= 0xfdd0 && point <= 0xfdef) || (point >= 0xd800 && point <= 0xdfff)
    if (reserved || at + 1 >= bytes.length) throw malformed(what, "DER: malformed BMPString")
    text += String.fromCharCode(point)
  }
  return text
}

/** `*` and `&` are not in the standard's set; certificates have them, and Go accepts them. */
const PRINTABLE = /^[A-Za-z0-9'()+,\-./ :=?*&]*$/
const ASCII = /^[\0-\x7f]*$/
const NUMERIC = /^[0-9 ]*$/

/**
 * Text of a string type that names are made of: UTF8String, PrintableString, IA5String, NumericString, T61String (read
 * as Latin-1) and BMPString.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED` for other types and for characters the type does not have.
 */
export function derString(element: DerElement | undefined, what: string): string {
  const { tag = 0, contents = new Uint8Array(0) } = element ?? {}
  if (tag === DER_STRING.utf8) return decodeUtf8(contents, what)
  if (tag === DER_STRING.bmp) return bmp(contents, what)
  if (tag === DER_STRING.t61) return latin1(contents)
  const rule = new Map([
    [DER_STRING.printable, PRINTABLE],
    [DER_STRING.ia5, ASCII],
    [DER_STRING.numeric, NUMERIC],
  ]).get(tag)
  if (rule === undefined) throw malformed(what, `DER: tag 0x${tag.toString(16)} is no string type that names have`)
  const text = latin1(contents)
  if (!rule.test(text)) throw malformed(what, "DER: a character that the string type does not have")
  return text
}

/** Text of an IA5String under another tag. @throws {ToolError} `E_FORMAT_MALFORMED` beyond ASCII. */
export function derAscii(element: DerElement, what: string): string {
  return derString(retagDer(element, DER_STRING.ia5), what)
}
