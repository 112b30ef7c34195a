import {
  type DerElement,
  derChildren,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  DER_TAG,
  parseDer,
} from "../../codec/der.ts"
import { contextTag, derAscii, derBoolean, derNamedBits } from "../../codec/der-values.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { isAlternativeUri } from "./alternative-uri.ts"
import type { Certificate, Extension, KeyUsage } from "./certificate.ts"
import { checkPassiveExtensions } from "./passive-extensions.ts"

/** Object identifiers of certificate extensions. */
export const EXTENSION = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  alternativeNames: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  crlDistributionPoints: "2.5.29.31",
  certificatePolicies: "2.5.29.32",
  policyMappings: "2.5.29.33",
  authorityKeyIdentifier: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  extendedKeyUsage: "2.5.29.37",
  freshestCrl: "2.5.29.46",
  inhibitAnyPolicy: "2.5.29.54",
  authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
} as const

/** Object identifiers of extended key usages. */
export const EKU = {
  any: "2.5.29.37.0",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  emailProtection: "1.3.6.1.5.5.7.3.4",
  timeStamping: "1.3.6.1.5.5.7.3.8",
  ocspSigning: "1.3.6.1.5.5.7.3.9",
} as const

/** Object identifier of OCSP in authorityInfoAccess. */
export const ACCESS_OCSP = "1.3.6.1.5.5.7.48.1"

/** Key usages by the position of their bit. */
export const KEY_USAGES: readonly KeyUsage[] = [
  "digitalSignature",
  "contentCommitment",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
]

/** Tags of GeneralName. */
const GENERAL = {
  email: contextTag(1, false),
  dns: contextTag(2, false),
  uri: contextTag(6, false),
  ip: contextTag(7, false),
} as const

/**
 * Read the Extensions of a certificate or revocation list.
 *
 * @param element - the SEQUENCE, untrusted.
 * @param what - name of the document for errors.
 * @returns by dotted object identifier, in order.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, also for one that comes twice and for none at all.
 */
export function parseExtensions(element: DerElement | undefined, what: string): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>()
  for (const item of derSequence(element, what)) {
    const [id, ...members] = derSequence(item, what)
    const oid = derOid(id, what)
    // COMPAT(Go): a flag that says what is the default anyway is no DER, and certificates have it.
    const critical = members[0]?.tag === DER_TAG.boolean && derBoolean(members.shift(), what)
    const [value, ...rest] = members
    if (rest.length > 0) throw malformed(what, `extension ${oid} has too many members`)
    if (extensions.has(oid)) throw malformed(what, `extension ${oid} comes twice`)
    extensions.set(oid, { critical, value: derOctetString(value, what) })
  }
  if (extensions.size === 0) throw malformed(what, "an empty list of extensions")
  return extensions
}

function basicConstraints(value: Uint8Array, what: string): NonNullable<Certificate["basicConstraints"]> {
  const members = derSequence(parseDer(value, what), what)
  const ca = members[0]?.tag === DER_TAG.boolean && derBoolean(members.shift(), what)
  const [length, ...rest] = members
  if (rest.length > 0) throw malformed(what, "too many members")
  if (length === undefined) return { ca }
  const pathLength = derInteger(length, what)
  if (pathLength < 0n || pathLength > 0x7fffffffn) throw malformed(what, "the path length is negative or too large")
  return { ca, pathLength: Number(pathLength) }
}

function keyUsage(value: Uint8Array, what: string): ReadonlySet<KeyUsage> {
  return new Set(derNamedBits(parseDer(value, what), what).flatMap((bit) => KEY_USAGES[bit] ?? []))
}

function extendedKeyUsage(value: Uint8Array, what: string): string[] {
  const usages = derSequence(parseDer(value, what), what).map((item) => derOid(item, what))
  if (usages.length === 0) throw malformed(what, "no usage in it")
  return usages
}

function addressText(bytes: Uint8Array, what: string): string {
  if (bytes.length === 4) return bytes.join(".")
  if (bytes.length !== 16) throw malformed(what, `an IP address of ${bytes.length} bytes`)
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0))
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (mapped) return bytes.subarray(12).join(".")
  // RFC 5952: the first of the longest runs of zeros, of two at least, is left out.
  const runs = groups.map((_, from) => {
    const end = groups.findIndex((group, at) => at >= from && group !== 0)
    return (end === -1 ? 8 : end) - from
  })
  const longest = Math.max(...runs)
  const hex = groups.map((group) => group.toString(16))
  if (longest < 2) return hex.join(":")
  const from = runs.indexOf(longest)
  return `${hex.slice(0, from).join(":")}::${hex.slice(from + longest).join(":")}`
}

function uriText(element: DerElement, what: string): string {
  const text = derAscii(element, what)
  if (!isAlternativeUri(text)) throw malformed(what, `${quoted(text, 200)} is no URI`)
  return text
}

function alternativeName(element: DerElement, what: string): string[] {
  switch (element.tag) {
    case GENERAL.dns:
      return [`DNS:${derAscii(element, what)}`]
    case GENERAL.email:
      return [`email:${derAscii(element, what)}`]
    case GENERAL.uri:
      return [`URI:${uriText(element, what)}`]
    case GENERAL.ip:
      return [`IP:${addressText(element.contents, what)}`]
    default:
      if ((element.tag & 0xc0) !== 0x80 || (element.tag & 0x1f) > 8) throw malformed(what, "an unknown kind of name")
      return []
  }
}

function alternativeNames(value: Uint8Array, what: string): string[] {
  const names = derSequence(parseDer(value, what), what)
  if (names.length === 0) throw malformed(what, "no name in it")
  return names.flatMap((name) => alternativeName(name, what))
}

/** URLs among GeneralNames, in order. */
function urlsOf(names: readonly DerElement[], what: string): string[] {
  return names.filter(({ tag }) => tag === GENERAL.uri).map((name) => derAscii(name, what))
}

function ocspUrls(value: Uint8Array, what: string): string[] {
  return derSequence(parseDer(value, what), what).flatMap((item) => {
    const [method, location, ...rest] = derSequence(item, what)
    const oid = derOid(method, what)
    if (location === undefined || rest.length > 0) throw malformed(what, "not exactly a method and a location")
    return oid === ACCESS_OCSP ? urlsOf([location], what) : []
  })
}

function pointUrls(point: DerElement, what: string): string[] {
  const [name] = derSequence(point, what)
  if (name?.tag !== contextTag(0, true)) return []
  const [full, ...rest] = derChildren(name, what)
  // A name relative to the issuer says no address. Left out, it would read as "no revocation list at all".
  if (full?.tag !== contextTag(0, true) || rest.length > 0) throw malformed(what, "a point without a full name")
  return urlsOf(derChildren(full, what), what)
}

/** URLs of a cRLDistributionPoints extension, in order. Spec: RFC 5280 4.2.1.13. */
function distributionUrls(value: Uint8Array, what: string): string[] {
  return derSequence(parseDer(value, what), what).flatMap((point) => pointUrls(point, what))
}

/** Fields of {@link Certificate} that come out of extensions. */
export type ExtensionFields = Pick<
  Certificate,
  "basicConstraints" | "keyUsage" | "extendedKeyUsage" | "alternativeNames" | "ocspUrls" | "crlUrls"
>

/** What the known extensions say. @throws {ToolError} `E_FORMAT_MALFORMED`. Spec: RFC 5280 4.2. */
export function extensionFields(extensions: ReadonlyMap<string, Extension>): ExtensionFields {
  const read = <T>(oid: string, name: string, parse: (value: Uint8Array, what: string) => T): T | undefined => {
    const extension = extensions.get(oid)
    return extension === undefined ? undefined : parse(extension.value, `certificate extension ${name}`)
  }
  for (const oid of [EXTENSION.subjectKeyIdentifier, EXTENSION.authorityKeyIdentifier, EXTENSION.authorityInfoAccess]) {
    // As Go: these are there to help find things, and no issuer may ask to be understood there.
    if (extensions.get(oid)?.critical === true) throw malformed("certificate", `extension ${oid} is marked critical`)
  }
  checkPassiveExtensions(extensions)
  const constraints = read(EXTENSION.basicConstraints, "basicConstraints", basicConstraints)
  const usage = read(EXTENSION.keyUsage, "keyUsage", keyUsage)
  const extended = read(EXTENSION.extendedKeyUsage, "extKeyUsage", extendedKeyUsage)
  return {
    ...(constraints === undefined ? {} : { basicConstraints: constraints }),
    ...(usage === undefined ? {} : { keyUsage: usage }),
    ...(extended === undefined ? {} : { extendedKeyUsage: extended }),
    alternativeNames: read(EXTENSION.alternativeNames, "subjectAltName", alternativeNames) ?? [],
    ocspUrls: read(EXTENSION.authorityInfoAccess, "authorityInfoAccess", ocspUrls) ?? [],
    crlUrls: read(EXTENSION.crlDistributionPoints, "cRLDistributionPoints", distributionUrls) ?? [],
  }
}
