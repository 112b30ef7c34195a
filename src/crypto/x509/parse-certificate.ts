import {
  DER_TAG,
  derBitString,
  type DerElement,
  derInteger,
  derSequence,
  expectDer,
  parseDer,
} from "../../codec/der.ts"
import { contextTag, derExplicit, derNamedBits, derTime, retagDer } from "../../codec/der-values.ts"
import { equalBytes } from "../../codec/equal-bytes.ts"
import { encodeHex } from "../../codec/hex.ts"
import { malformed, tooLarge } from "../../codec/malformed.ts"
import { limits } from "../../core/limits.ts"
import { digestOf } from "../hash.ts"
import { certificateKey } from "./certificate-key.ts"
import type { Certificate, Extension } from "./certificate.ts"
import { extensionFields, parseExtensions } from "./extensions.ts"
import { parseName } from "./name.ts"
import { signatureAlgorithm } from "./signature-algorithm.ts"

const WHAT = "certificate"
/** Parsed certificates kept, the one used last at the end. */
const CACHED = 256
const cache = new Map<string, Certificate>()

/** Takes the next member if it has the tag. */
function optional(members: DerElement[], tag: number): DerElement | undefined {
  return members[0]?.tag === tag ? members.shift() : undefined
}

function parseVersion(members: DerElement[]): 1 | 2 | 3 {
  const explicit = optional(members, contextTag(0, true))
  if (explicit === undefined) return 1
  const version = derInteger(derExplicit(explicit, WHAT), WHAT)
  if (version === 1n) return 2
  if (version === 2n) return 3
  throw malformed(WHAT, `version number ${version}, expected 1 or 2, or none for version 1`)
}

function parseSerial(element: DerElement | undefined): bigint {
  const serial = derInteger(element, WHAT)
  if (serial < 0n) throw malformed(WHAT, "the serial number is negative")
  return serial
}

function parseTail(members: DerElement[], version: 1 | 2 | 3): ReadonlyMap<string, Extension> {
  if (version >= 2) {
    for (const tag of [contextTag(1, false), contextTag(2, false)]) {
      const identifier = optional(members, tag)
      if (identifier !== undefined) derNamedBits(retagDer(identifier, DER_TAG.bitString), WHAT)
    }
  }
  const explicit = version === 3 ? optional(members, contextTag(3, true)) : undefined
  const left = members[0]
  if (left !== undefined) {
    throw malformed(WHAT, `tag 0x${left.tag.toString(16)} where a certificate of version ${version} ends`)
  }
  return explicit === undefined ? new Map() : parseExtensions(derExplicit(explicit, WHAT), WHAT)
}

function parse(der: Uint8Array, thumbprint: string): Certificate {
  const [body, outer, bits, ...rest] = derSequence(parseDer(der, WHAT), WHAT)
  if (rest.length > 0) throw malformed(WHAT, `${rest.length + 3} members, expected 3`)
  const tbs = expectDer(body, DER_TAG.sequence, WHAT)
  const members = derSequence(tbs, WHAT)
  const version = parseVersion(members)
  const serial = parseSerial(members.shift())
  const inner = members.shift()
  // The inner one is signed, the outer one is not: what chooses the algorithm must be signed.
  if (inner === undefined || outer === undefined || !equalBytes(inner.raw, outer.raw))
    throw malformed(WHAT, "signature algorithms inside and outside differ")
  const algorithm = signatureAlgorithm(inner, WHAT)
  const issuer = parseName(members.shift(), WHAT)
  const [from, until, ...times] = derSequence(members.shift(), WHAT)
  if (times.length > 0) throw malformed(WHAT, "more than two times of validity")
  const notBefore = derTime(from, WHAT)
  const notAfter = derTime(until, WHAT)
  const subject = parseName(members.shift(), WHAT)
  const spki = expectDer(members.shift(), DER_TAG.sequence, WHAT)
  const key = certificateKey(spki)
  const extensions = parseTail(members, version)
  return {
    raw: der,
    tbs: tbs.raw,
    thumbprint,
    version,
    serial,
    issuer,
    subject,
    notBefore,
    notAfter,
    spki: spki.raw,
    ...(key.publicKey === undefined ? {} : { publicKey: key.publicKey }),
    keyDescription: key.description,
    signatureOid: algorithm.oid,
    signatureName: algorithm.name,
    ...(algorithm.scheme === undefined ? {} : { signatureScheme: algorithm.scheme }),
    signature: derBitString(bits, WHAT),
    extensions,
    ...extensionFields(extensions),
  }
}

/**
 * Read an X.509 certificate. Nothing about it is verified.
 *
 * Keys and signature algorithms that are not known do not make it fail: the certificate has no `publicKey` or no
 * `signatureScheme` then, and nothing verifies with it. The same certificate gives the same object while it is among
 * the last ones used.
 *
 * @param der - untrusted; at most 64 KiB, nothing behind the certificate. Copied.
 * @throws {ToolError} `E_FORMAT_MALFORMED` when not strict DER of a certificate, for extensions that come twice and known
 *   ones that do not hold what they should; `E_KEY_TYPE` for a malformed key; `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 5280 section 4.1.
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > limits.certificateBytes) throw tooLarge(WHAT, der.length, limits.certificateBytes, "bytes")
  // SECURITY: a copy of our own, so that what the thumbprint names cannot change under it.
  const bytes = new Uint8Array(der)
  const thumbprint = encodeHex(digestOf("sha256", bytes))
  const known = cache.get(thumbprint)
  const certificate = known ?? parse(bytes, thumbprint)
  if (known !== undefined) cache.delete(thumbprint)
  else if (cache.size >= CACHED) cache.delete(cache.keys().next().value ?? "")
  cache.set(thumbprint, certificate)
  return certificate
}
