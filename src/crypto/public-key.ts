import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto"
import { encodeBase64 } from "../codec/base64.ts"
import {
  DER_TAG,
  derBitString,
  type DerElement,
  derInteger,
  derOid,
  derSequence,
  encodeDer,
  encodeDerOid,
  expectDer,
  parseDer,
} from "../codec/der.ts"
import { equalBytes } from "../codec/equal-bytes.ts"
import { encodePem, firstPem } from "../codec/pem.ts"
import { decodeUtf8 } from "../codec/utf8.ts"
import { limits } from "../core/limits.ts"
import type { KeyType, PublicKey } from "../core/ports.ts"
import { malformed, tooLarge } from "../codec/malformed.ts"
import { digestOf, plain } from "./hash.ts"
import { keyType } from "./key-error.ts"

/** What {@link parsePublicKey} accepts besides public keys. */
export interface PublicKeyOptions {
  /** Take the key out of an X.509 certificate. Nothing else of the certificate is looked at. */
  readonly certificate?: boolean
  /** Name for errors. Default `public key`. */
  readonly what?: string
}

/** Object identifiers of the algorithms and curves used here. */
export const OID = {
  rsa: "1.2.840.113549.1.1.1",
  ec: "1.2.840.10045.2.1",
  ed25519: "1.3.101.112",
  p256: "1.2.840.10045.3.1.7",
  p384: "1.3.132.0.34",
  p521: "1.3.132.0.35",
} as const

const CURVES: ReadonlyMap<string, { readonly type: KeyType; readonly bits: number }> = new Map([
  [OID.p256, { type: "ecdsa-p256", bits: 256 }],
  [OID.p384, { type: "ecdsa-p384", bits: 384 }],
  [OID.p521, { type: "ecdsa-p521", bits: 521 }],
])
const UNSUPPORTED = "public key cannot be used"
const RSA_BITS = { min: 2048, max: 8192 } as const
/** Go's `crypto/rsa` refuses larger ones. */
const RSA_EXPONENT_MAX = 2n ** 31n - 1n

/**
 * The y coordinates of the points of small order, little-endian without the sign bit, canonical or not.
 * SECURITY: such a key verifies signatures that nobody made.
 */
const SMALL_ORDER: readonly bigint[] = (() => {
  const p = 2n ** 255n - 19n
  const y = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n
  return [0n, 1n, p - 1n, p, p + 1n, y, p - y]
})()

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

function checkEd25519(point: Uint8Array): void {
  if (point.length !== 32) throw malformed("public key", `Ed25519 key of ${point.length} bytes, expected 32`)
  const y = littleEndian(point) & (2n ** 255n - 1n)
  if (SMALL_ORDER.includes(y)) throw keyType(UNSUPPORTED, "the Ed25519 key is a point of small order")
}

/** Bits of an RSA public key. @param der - PKCS#1 RSAPublicKey. */
function checkRsa(der: Uint8Array): number {
  const [modulus, exponent, ...rest] = derSequence(parseDer(der, "RSA public key"), "RSA public key")
  const n = derInteger(modulus, "RSA modulus")
  const e = derInteger(exponent, "RSA exponent")
  if (rest.length > 0) throw malformed("RSA public key", "more than a modulus and an exponent")
  if (n <= 0n) throw malformed("RSA public key", "the modulus is not positive")
  const bits = n.toString(2).length
  if (bits < RSA_BITS.min || bits > RSA_BITS.max) {
    throw keyType(UNSUPPORTED, `an RSA key of ${bits} bits, expected ${RSA_BITS.min} to ${RSA_BITS.max}`)
  }
  if (n % 2n === 0n) throw keyType(UNSUPPORTED, "the RSA modulus is even")
  if (e < 3n || e % 2n === 0n || e > RSA_EXPONENT_MAX) {
    throw keyType(UNSUPPORTED, "the RSA exponent is even, below 3 or above 2^31-1")
  }
  return bits
}

function checkPoint(point: Uint8Array, bits: number): void {
  const size = Math.ceil(bits / 8)
  if (point[0] !== 4 || point.length !== 1 + 2 * size) {
    throw malformed("public key", `EC point of ${point.length} bytes, expected an uncompressed one of ${1 + 2 * size}`)
  }
}

function classify(spki: Uint8Array): { readonly type: KeyType; readonly bits: number } {
  const what = "public key"
  const [algorithm, keyBits, ...rest] = derSequence(parseDer(spki, what), what)
  if (rest.length > 0) throw malformed(what, "SubjectPublicKeyInfo has more than two members")
  const [oid, parameters, ...more] = derSequence(algorithm, what)
  if (more.length > 0) throw malformed(what, "AlgorithmIdentifier has more than two members")
  const key = derBitString(keyBits, what)
  const name = derOid(oid, what)
  if (name === OID.ec) {
    const curve = parameters?.tag === DER_TAG.oid ? derOid(parameters, what) : "explicit parameters"
    const known = CURVES.get(curve)
    if (known === undefined) throw keyType(UNSUPPORTED, `unknown curve ${curve}, expected P-256, P-384 or P-521`)
    checkPoint(key, known.bits)
    return known
  }
  if (name === OID.rsa) {
    if (expectDer(parameters, DER_TAG.null, what).contents.length > 0) throw malformed(what, "NULL with content")
    return { type: "rsa", bits: checkRsa(key) }
  }
  if (name === OID.ed25519) {
    if (parameters !== undefined) throw malformed(what, "Ed25519 with parameters")
    checkEd25519(key)
    return { type: "ed25519", bits: 256 }
  }
  throw keyType(UNSUPPORTED, `unknown key algorithm ${name}, expected ECDSA, RSA or Ed25519`)
}

const keyObjects = new WeakMap<PublicKey, KeyObject>()
const SPKI = { format: "der", type: "spki" } as const

/**
 * Read SubjectPublicKeyInfo DER.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED` when not exact DER of a key; `E_KEY_TYPE` for other algorithms, unknown
 * curves, RSA outside 2048 to 8192 bits or with a weak exponent, and points of small order.
 *
 * Spec: RFC 5280 4.1.2.7, RFC 5480 2.1.1, RFC 8410 section 4.
 */
export function publicKeyFromSpki(spki: Uint8Array): PublicKey {
  // SECURITY: a copy of our own, so that what was classified cannot change under it.
  const bytes = new Uint8Array(spki)
  const { type, bits } = classify(bytes)
  let object: KeyObject
  try {
    // As PEM: of DER, Node finds out by errors thrown and caught what it is, which takes longer than reading the key.
    object = createPublicKey(encodePem("PUBLIC KEY", bytes))
  } catch (cause) {
    throw malformed("public key", "the point is not on the curve or the key is inconsistent", cause)
  }
  // Of curves exactly one encoding is let through, so that it need not be made again, which takes longer than a signature.
  const key: PublicKey = { type, bits, spki: type === "rsa" ? plain(object.export(SPKI)) : bytes }
  keyObjects.set(key, object)
  return key
}

/** The public half of a key of Node. @throws {ToolError} like {@link publicKeyFromSpki}. */
export function publicKeyOf(key: KeyObject): PublicKey {
  const half = key.type === "private" ? createPublicKey(key) : key
  return publicKeyFromSpki(plain(half.export({ format: "der", type: "spki" })))
}

/** Node's form of a key, made once per object. @throws {ToolError} like {@link publicKeyFromSpki}. */
export function keyObjectOf(key: PublicKey): KeyObject {
  const cached = keyObjects.get(key)
  if (cached !== undefined) return cached
  const checked = publicKeyFromSpki(key.spki)
  // SECURITY: the type chooses the algorithm, so it must be the type of these very bytes.
  if (checked.type !== key.type) throw keyType(UNSUPPORTED, `key said to be ${key.type} is ${checked.type}`)
  const object = keyObjects.get(checked)
  if (object === undefined) throw keyType(UNSUPPORTED, "no usable key")
  keyObjects.set(key, object)
  return object
}

function spkiOfPkcs1(pkcs1: Uint8Array): Uint8Array {
  checkRsa(pkcs1)
  const algorithm = encodeDer(DER_TAG.sequence, encodeDerOid(OID.rsa), encodeDer(DER_TAG.null))
  return encodeDer(DER_TAG.sequence, algorithm, encodeDer(DER_TAG.bitString, Uint8Array.of(0), pkcs1))
}

function spkiOfCertificate(der: Uint8Array): Uint8Array {
  if (der.length > limits.certificateBytes) {
    throw tooLarge("certificate", der.length, limits.certificateBytes, "bytes")
  }
  parseDer(der, "certificate")
  try {
    return plain(new X509Certificate(der).publicKey.export({ format: "der", type: "spki" }))
  } catch (cause) {
    throw malformed("certificate", "not a readable X.509 certificate", cause)
  }
}

function fromPem(text: string, options: PublicKeyOptions, what: string): PublicKey {
  const block = firstPem(text, { what })
  if (block?.label === "PUBLIC KEY") return publicKeyFromSpki(block.bytes)
  if (block?.label === "RSA PUBLIC KEY") return publicKeyFromSpki(spkiOfPkcs1(block.bytes))
  if (block?.label === "CERTIFICATE" && options.certificate === true) {
    return publicKeyFromSpki(spkiOfCertificate(block.bytes))
  }
  const seen = block === undefined ? "no PEM block" : `a PEM block of type ${block.label}`
  throw keyType(`${what} cannot be used`, `saw ${seen}, expected PUBLIC KEY`, [
    "give the public key, such as the `.pub` file written next to the private key",
  ])
}

/** Whether the bytes look like PEM rather than DER. */
export function looksLikePem(bytes: Uint8Array): boolean {
  // Every DER key, certificate and PKCS#8 document is a SEQUENCE.
  return bytes[0] !== DER_TAG.sequence
}

/**
 * Read a public key: PEM `PUBLIC KEY` (PKIX) or `RSA PUBLIC KEY` (PKCS#1), or PKIX DER. The first PEM block counts.
 *
 * @param bytes - at most 1 MiB.
 * @throws {ToolError} `E_KEY_TYPE`, `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function parsePublicKey(bytes: Uint8Array, options: PublicKeyOptions = {}): PublicKey {
  const what = options.what ?? "public key"
  if (bytes.length > limits.keyFileBytes) throw tooLarge(what, bytes.length, limits.keyFileBytes, "bytes")
  if (bytes.length === 0) throw keyType(`${what} cannot be used`, "it is empty")
  if (looksLikePem(bytes)) return fromPem(decodeUtf8(bytes, what), options, what)
  return publicKeyFromSpki(options.certificate === true && isCertificate(bytes) ? spkiOfCertificate(bytes) : bytes)
}

/** A certificate's first member is a SEQUENCE whose first member is no OBJECT IDENTIFIER; that of a key is one. */
function isCertificate(der: Uint8Array): boolean {
  const first: DerElement | undefined = derSequence(parseDer(der, "certificate"), "certificate")[0]
  return first?.tag === DER_TAG.sequence && first.contents[0] !== DER_TAG.oid
}

/** `SHA256:` and the unpadded base64 SHA-256 of the SubjectPublicKeyInfo: how keys are shown to people. */
export function fingerprint(key: PublicKey): string {
  return `SHA256:${keyHint(key).replace(/=+$/, "")}`
}

/** Padded base64 SHA-256 of the SubjectPublicKeyInfo: the hint cosign 3 puts into bundles. */
export function keyHint(key: PublicKey): string {
  return encodeBase64(digestOf("sha256", key.spki))
}

/** Whether two keys are the same key. */
export function sameKey(a: PublicKey, b: PublicKey): boolean {
  return equalBytes(a.spki, b.spki)
}

/** Raw point or raw key inside the SubjectPublicKeyInfo. */
export function rawPublicKey(key: PublicKey): Uint8Array {
  return derBitString(derSequence(parseDer(key.spki, "public key"), "public key")[1], "public key")
}

/** RSA modulus length in bytes. */
export function modulusBytes(key: PublicKey): number {
  return Math.ceil(key.bits / 8)
}

/** PEM `PUBLIC KEY` of a key, as cosign and OpenSSL write it. */
export function publicKeyPem(key: PublicKey): string {
  return encodePem("PUBLIC KEY", key.spki)
}
