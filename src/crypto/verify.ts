import { constants, type KeyObject, publicDecrypt, timingSafeEqual, verify } from "node:crypto"
import { ToolError } from "../core/errors.ts"
import type { PublicKey, SignatureScheme } from "../core/ports.ts"
import type { EcdsaKeyType } from "./ecdsa.ts"
import { isEcdsaSignature } from "./ecdsa-signature.ts"
import { digestOf, HASH_LENGTH } from "./hash.ts"
import { prehash } from "./prehash.ts"
import { keyObjectOf, modulusBytes, rawPublicKey } from "./public-key.ts"
import { checkPss, emsaPkcs1 } from "./rsa-padding.ts"
import { hashOf, requireScheme, schemeName } from "./schemes.ts"

interface RsaKey {
  readonly key: KeyObject
  readonly padding: number
  readonly saltLength?: number
}

/** The key alone where it needs no options: what goes around it is told from a key by errors thrown and caught. */
function verifyKey(key: PublicKey, scheme: SignatureScheme): KeyObject | RsaKey {
  const object = keyObjectOf(key)
  switch (scheme.scheme) {
    case "rsa-pkcs1":
      return { key: object, padding: constants.RSA_PKCS1_PADDING }
    case "rsa-pss":
      return {
        key: object,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: scheme.salt === "any" ? constants.RSA_PSS_SALTLEN_AUTO : HASH_LENGTH[scheme.hash],
      }
    // Signatures of elliptic curves are DER unless something else is said.
    case "ecdsa":
    case "ed25519":
    case "ed25519ph":
      return object
  }
}

/** Whether the bytes have the one form a signature of the scheme has; keeps lenient parsers below from deciding. */
function wellFormed(key: PublicKey, scheme: SignatureScheme, signature: Uint8Array): boolean {
  switch (scheme.scheme) {
    case "ecdsa":
      return isEcdsaSignature(signature)
    case "rsa-pkcs1":
    case "rsa-pss":
      return signature.length === modulusBytes(key)
    case "ed25519":
    case "ed25519ph":
      return signature.length === 64
  }
}

/**
 * Check a signature over a whole message.
 *
 * @param scheme - from key and policy, never from the message; must be one of the key's.
 * @param message - exact bytes that were signed.
 * @param signature - raw bytes; ASN.1 DER for ECDSA, as long as the modulus for RSA, 64 bytes for Ed25519.
 * @returns false for every signature that does not hold, however malformed.
 * @throws {ToolError} `E_KEY_TYPE` when key and scheme do not fit, `E_INTERNAL` for Ed25519ph before `loadPrehash`.
 *
 * Spec: FIPS 186-5 sections 5.4 and 6.4, RFC 8017 8.1.2 and 8.2.2, RFC 8032 5.1.7.
 */
export function verifySignature(
  key: PublicKey,
  scheme: SignatureScheme,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  requireScheme(key, scheme)
  if (!wellFormed(key, scheme, signature)) return false
  if (scheme.scheme === "ed25519ph") {
    return prehash().verifyEd25519ph(rawPublicKey(key), digestOf("sha512", message), signature)
  }
  return verify(hashOf(scheme) ?? null, message, verifyKey(key, scheme), signature)
}

/** The signature raised to the public exponent; `undefined` when it is not below the modulus. */
function rsaRaw(key: PublicKey, signature: Uint8Array): Uint8Array | undefined {
  try {
    return publicDecrypt({ key: keyObjectOf(key), padding: constants.RSA_NO_PADDING }, signature)
  } catch (error) {
    if (error instanceof ToolError) throw error
    return undefined
  }
}

/**
 * Check a signature over a message of which only the hash value is known.
 *
 * @param digest - hash of the message with the scheme's hash; SHA-512 for `ed25519ph`.
 * @throws {ToolError} `E_KEY_TYPE` when key and scheme do not fit, for pure Ed25519, and for a digest of wrong length;
 *   `E_INTERNAL` for elliptic curves before `loadPrehash`.
 */
export function verifyDigest(
  key: PublicKey,
  scheme: SignatureScheme,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  requireScheme(key, scheme)
  requireDigest(scheme, digest)
  if (!wellFormed(key, scheme, signature)) return false
  switch (scheme.scheme) {
    case "ecdsa":
      return prehash().verifyEcdsaDigest(key.type as EcdsaKeyType, rawPublicKey(key), digest, signature)
    case "rsa-pkcs1": {
      const encoded = rsaRaw(key, signature)
      return encoded !== undefined && timingSafeEqual(encoded, emsaPkcs1(scheme.hash, digest, modulusBytes(key)))
    }
    case "rsa-pss": {
      const encoded = rsaRaw(key, signature)
      return encoded !== undefined && checkPss(scheme.hash, digest, encoded, key.bits, scheme.salt)
    }
    case "ed25519ph":
      return prehash().verifyEd25519ph(rawPublicKey(key), digest, signature)
    case "ed25519":
      return false
  }
}

/**
 * Refuse a hash value that cannot be the scheme's.
 *
 * @throws {ToolError} `E_KEY_TYPE`: a digest of another length would be truncated or padded silently.
 */
export function requireDigest(scheme: SignatureScheme, digest: Uint8Array): void {
  const hash = hashOf(scheme)
  if (hash === undefined) throw pureEd25519()
  if (digest.length !== HASH_LENGTH[hash]) {
    throw new ToolError("E_KEY_TYPE", {
      what: "digest and signature algorithm do not fit",
      why: `a digest of ${digest.length} bytes for ${schemeName(scheme)}, expected ${HASH_LENGTH[hash]}`,
      next: ["hash the content with the algorithm of the signature"],
    })
  }
}

function pureEd25519(): ToolError {
  return new ToolError("E_KEY_TYPE", {
    what: "pure Ed25519 needs the whole message",
    why: "only a digest is at hand, expected the message or the scheme ed25519ph",
    next: ["use an ECDSA or RSA key for content that is only known by digest"],
  })
}
