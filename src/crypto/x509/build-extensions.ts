/** Extensions to put into certificates. Spec: RFC 5280 section 4.2. */
import {
  DER_TAG,
  derBitString,
  derSequence,
  encodeDer,
  encodeDerInteger,
  encodeDerOid,
  parseDer,
} from "../../codec/der.ts"
import { contextTag } from "../../codec/der-values.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import { ToolError } from "../../core/errors.ts"
import { digestOf } from "../hash.ts"
import type { ExtensionSpec } from "./build-certificate.ts"
import type { KeyUsage } from "./certificate.ts"
import { ACCESS_OCSP, EXTENSION, KEY_USAGES } from "./extensions.ts"

/** keyUsage, critical. */
export function keyUsageExtension(usages: readonly KeyUsage[]): ExtensionSpec {
  const bits = usages.map((usage) => KEY_USAGES.indexOf(usage))
  const highest = Math.max(0, ...bits)
  const bytes = new Uint8Array((highest >> 3) + 1)
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  // DER has no zero bits at the end of a list of named bits.
  const value = encodeDer(DER_TAG.bitString, Uint8Array.of(7 - (highest & 7)), bytes)
  return { oid: EXTENSION.keyUsage, critical: true, value }
}

/** basicConstraints, critical. @param pathLength - certificates of authorities allowed below; absent = any number. */
export function basicConstraintsExtension(ca: boolean, pathLength?: number): ExtensionSpec {
  const flag = ca ? [encodeDer(DER_TAG.boolean, Uint8Array.of(0xff))] : []
  const length = pathLength === undefined ? [] : [encodeDerInteger(BigInt(pathLength))]
  return { oid: EXTENSION.basicConstraints, critical: true, value: encodeDer(DER_TAG.sequence, ...flag, ...length) }
}

/** extKeyUsage. @param usages - dotted object identifiers. */
export function extendedKeyUsageExtension(usages: readonly string[], critical = false): ExtensionSpec {
  const value = encodeDer(DER_TAG.sequence, ...usages.map(encodeDerOid))
  return { oid: EXTENSION.extendedKeyUsage, critical, value }
}

function uri(url: string): Uint8Array {
  return encodeDer(contextTag(6, false), encodeUtf8(url))
}

/** authorityInfoAccess with OCSP responders in order. */
export function ocspExtension(urls: readonly string[]): ExtensionSpec {
  const items = urls.map((url) => encodeDer(DER_TAG.sequence, encodeDerOid(ACCESS_OCSP), uri(url)))
  return { oid: EXTENSION.authorityInfoAccess, critical: false, value: encodeDer(DER_TAG.sequence, ...items) }
}

/** cRLDistributionPoints, one point for each URL. */
export function crlExtension(urls: readonly string[]): ExtensionSpec {
  const points = urls.map((url) =>
    encodeDer(DER_TAG.sequence, encodeDer(contextTag(0, true), encodeDer(contextTag(0, true), uri(url)))),
  )
  return { oid: EXTENSION.crlDistributionPoints, critical: false, value: encodeDer(DER_TAG.sequence, ...points) }
}

const NAME_TAGS: ReadonlyMap<string, number> = new Map([
  ["email", 1],
  ["DNS", 2],
  ["URI", 6],
])

/** subjectAltName. @param names - `DNS:…`, `email:…` or `URI:…`. @throws {ToolError} `E_USAGE` for other kinds. */
export function alternativeNamesExtension(names: readonly string[], critical = false): ExtensionSpec {
  const items = names.map((name) => {
    const [kind = ""] = name.split(":", 1)
    const tag = NAME_TAGS.get(kind)
    if (tag === undefined) {
      throw new ToolError("E_USAGE", {
        what: `unknown kind of alternative name ${JSON.stringify(kind)}`,
        why: "expected DNS, email or URI",
      })
    }
    return encodeDer(contextTag(tag, false), encodeUtf8(name.slice(kind.length + 1)))
  })
  return { oid: EXTENSION.alternativeNames, critical, value: encodeDer(DER_TAG.sequence, ...items) }
}

/** Identifier of a key: the first 20 bytes of the SHA-256 of its bits. Spec: RFC 7093 section 2, method 1. */
function keyIdentifier(spki: Uint8Array): Uint8Array {
  const bits = derBitString(derSequence(parseDer(spki, "public key"), "public key")[1], "public key")
  return digestOf("sha256", bits).subarray(0, 20)
}

/** subjectKeyIdentifier of the holder's key. @param spki - SubjectPublicKeyInfo DER. */
export function subjectKeyExtension(spki: Uint8Array): ExtensionSpec {
  const value = encodeDer(DER_TAG.octetString, keyIdentifier(spki))
  return { oid: EXTENSION.subjectKeyIdentifier, critical: false, value }
}

/** authorityKeyIdentifier of the issuer's key, as {@link subjectKeyExtension} names it. */
export function authorityKeyExtension(spki: Uint8Array): ExtensionSpec {
  const value = encodeDer(DER_TAG.sequence, encodeDer(contextTag(0, false), keyIdentifier(spki)))
  return { oid: EXTENSION.authorityKeyIdentifier, critical: false, value }
}
