import { DER_TAG, derChildren, type DerElement, derSequence, parseDer } from "../../codec/der.ts"
import { contextTag, derAscii, derBoolean, derExplicit, derNamedBits, retagDer } from "../../codec/der-values.ts"
import { malformed } from "../../codec/malformed.ts"

/** Where one list, or one part of it, is kept. */
export interface DistributionPoint {
  /** All of these lead to the same list. Empty when the point has no name that is a URL. */
  readonly urls: readonly string[]
  /** The list there covers some reasons only. */
  readonly someReasons: boolean
  /** The list there is signed by somebody else than the certificate's issuer. */
  readonly otherIssuer: boolean
}

/** What a list says it covers: RFC 5280 section 5.2.5. */
export interface IssuingDistributionPoint {
  /** URLs of the point the list is for; absent when it names none. Empty when its name is no URL. */
  readonly urls?: readonly string[]
  readonly onlyUserCertificates: boolean
  readonly onlyCaCertificates: boolean
  readonly onlyAttributeCertificates: boolean
  /** There, whatever is in it. */
  readonly onlySomeReasons: boolean
  readonly indirect: boolean
}

const URI = contextTag(6, false)

/** URLs of a DistributionPointName. A name relative to the issuer's has none. */
function nameUrls(element: DerElement, what: string): string[] {
  const name = derExplicit(element, what)
  if (name.tag === contextTag(1, true)) return []
  if (name.tag !== contextTag(0, true)) throw malformed(what, "a distribution point's name of an unknown kind")
  return derChildren(name, what)
    .filter(({ tag }) => tag === URI)
    .map((uri) => derAscii(uri, what))
}

/**
 * Read cRLDistributionPoints of a certificate, or freshestCRL of a list, which has the same form.
 *
 * @param value - DER of the extension, untrusted.
 * @param what - name of the document for errors.
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 *
 * Spec: RFC 5280 sections 4.2.1.13 and 5.2.6.
 */
export function parseDistributionPoints(value: Uint8Array, what: string): readonly DistributionPoint[] {
  return derSequence(parseDer(value, what), what).map((point) => {
    const parts = tagged(
      derSequence(point, what),
      [contextTag(0, true), contextTag(1, false), contextTag(2, true)],
      what,
    )
    const [name, reasons, issuer] = parts
    return {
      urls: name === undefined ? [] : nameUrls(name, what),
      someReasons: reasons !== undefined,
      otherIssuer: issuer !== undefined,
    }
  })
}

/**
 * Read issuingDistributionPoint of a list.
 *
 * @param value - DER of the extension, untrusted: it is read before the list's signature is known to be good.
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 */
export function parseIssuingDistributionPoint(value: Uint8Array, what: string): IssuingDistributionPoint {
  const members = derSequence(parseDer(value, what), what)
  const tags = [contextTag(0, true), ...[1, 2, 3, 4, 5].map((number) => contextTag(number, false))]
  const [name, user, ca, reasons, indirect, attribute] = tagged(members, tags, what)
  const flag = (element: DerElement | undefined): boolean =>
    element !== undefined && derBoolean(retagDer(element, DER_TAG.boolean), what)
  // Only its form matters: a list of some reasons is of no use, whatever they are.
  if (reasons !== undefined) derNamedBits(retagDer(reasons, DER_TAG.bitString), what)
  return {
    ...(name === undefined ? {} : { urls: nameUrls(name, what) }),
    onlyUserCertificates: flag(user),
    onlyCaCertificates: flag(ca),
    onlyAttributeCertificates: flag(attribute),
    onlySomeReasons: reasons !== undefined,
    indirect: flag(indirect),
  }
}

/** Members by their tags, which come in this order, each at most once. */
function tagged(members: readonly DerElement[], tags: readonly number[], what: string): (DerElement | undefined)[] {
  const rest = [...members]
  const found = tags.map((tag) => (rest[0]?.tag === tag ? rest.shift() : undefined))
  if (rest.length > 0) throw malformed(what, "a distribution point with members of unknown kind or order")
  return found
}
