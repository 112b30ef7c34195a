import { DER_TAG, type DerElement, derOid, derSequence, encodeDer } from "../../codec/der.ts"
import { DER_STRING, derSet, derString } from "../../codec/der-values.ts"
import { equalBytes } from "../../codec/equal-bytes.ts"
import { encodeHex } from "../../codec/hex.ts"
import { malformed } from "../../codec/malformed.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { Name, NameAttribute } from "./certificate.ts"

/** Attribute types with a name, in the order Go lists them; text shows them the other way round. */
const NAMED: readonly (readonly [type: string, label: string])[] = [
  ["2.5.4.6", "C"],
  ["2.5.4.8", "ST"],
  ["2.5.4.7", "L"],
  ["2.5.4.9", "STREET"],
  ["2.5.4.17", "POSTALCODE"],
  ["2.5.4.10", "O"],
  ["2.5.4.11", "OU"],
  ["2.5.4.3", "CN"],
  ["2.5.4.5", "SERIALNUMBER"],
]
/** Of these, the last one counts, unless it is empty. */
const SINGLE: ReadonlySet<string> = new Set(["CN", "SERIALNUMBER"])
const NAMED_TYPES: ReadonlySet<string> = new Set(NAMED.map(([type]) => type))

function escapeValue(value: string): string {
  const runes = Array.from(value)
  return runes
    .map((rune, at) => {
      const edge = at === 0 || at === runes.length - 1
      const escaped = ',+"\\<>;'.includes(rune) || (rune === " " && edge) || (rune === "#" && at === 0)
      return escaped ? `\\${rune}` : rune
    })
    .join("")
}

/** DER of a text as Go's `asn1.Marshal` writes it, which may be another string type than the one received. */
function marshalText(value: string): Uint8Array {
  const printable = /^[A-Za-z0-9'()+,\-./ :=?]*$/.test(value)
  return encodeDer(printable ? DER_STRING.printable : DER_STRING.utf8, encodeUtf8(value))
}

/**
 * Print a name as Go's `pkix.Name.String()` does: known types regrouped and in reverse order, several values of one type
 * joined by `+`, only the last CN and serial number, types without a name behind, as `oid=#hex`.
 */
function nameText(attributes: readonly NameAttribute[]): string {
  const others = attributes
    .filter(({ type }) => !NAMED_TYPES.has(type))
    .map(({ type, value = "" }) => `${type}=#${encodeHex(marshalText(value))}`)
  const named = NAMED.flatMap(([type, label]) => {
    const all = attributes.filter((attribute) => attribute.type === type).map(({ value = "" }) => value)
    const values = SINGLE.has(label) ? all.slice(-1).filter((value) => value !== "") : all
    return values.length === 0 ? [] : [values.map((value) => `${label}=${escapeValue(value)}`).join("+")]
  })
  return [...others, ...named].reverse().join(",")
}

function parseAttribute(element: DerElement, what: string): NameAttribute {
  const [type, value, ...rest] = derSequence(element, what)
  if (value === undefined || rest.length > 0) throw malformed(what, "a name attribute without exactly type and value")
  return { type: derOid(type, what), value: derString(value, what), raw: value.raw }
}

/**
 * Read a distinguished name.
 *
 * @param element - untrusted.
 * @param what - name of the document for errors.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, also for values that are no strings, as Go does.
 *
 * Spec: RFC 5280 4.1.2.4.
 */
export function parseName(element: DerElement | undefined, what: string): Name {
  const rdns = derSequence(element, what).map((set) => {
    const attributes = derSet(set, what).map((item) => parseAttribute(item, what))
    if (attributes.length === 0) throw malformed(what, "a name has an empty set of attributes")
    return attributes
  })
  const raw = element?.raw ?? encodeDer(DER_TAG.sequence)
  return { raw, rdns, text: nameText(rdns.flat()) }
}

/** Short names of attribute types as Go prints them, such as `CN`; `undefined` for types without one. */
export function attributeLabel(type: string): string | undefined {
  return NAMED.find(([oid]) => oid === type)?.[1]
}

/** Object identifier of a short name; `undefined` for names that are not known. */
export function attributeType(label: string): string | undefined {
  return NAMED.find(([, name]) => name === label)?.[0]
}

/** Whether two names are the same, byte for byte. */
export function sameName(a: Name, b: Name): boolean {
  return equalBytes(a.raw, b.raw)
}
