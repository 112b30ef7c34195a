import { constants, privateEncrypt, randomBytes, sign } from "node:crypto"
import { decodeBase64 } from "../codec/base64.ts"
import type { SigningKey, SignatureScheme, PublicKey } from "../core/ports.ts"
import type { EcdsaKeyType } from "./ecdsa.ts"
import { digestOf, HASH_LENGTH, plain } from "./hash.ts"
import { keyType } from "./key-error.ts"
import { loadPrehash, prehash } from "./prehash.ts"
import type { PrivateKey } from "./private-key.ts"
import { modulusBytes, publicKeyOf } from "./public-key.ts"
import { emsaPkcs1, emsaPss } from "./rsa-padding.ts"
import { allowedSchemes, hashOf, requireScheme } from "./schemes.ts"
import { requireDigest } from "./verify.ts"

/** Private scalar or seed. The caller wipes it. */
function secretOf(key: PrivateKey): Uint8Array {
  const { d } = key.export({ format: "jwk" })
  if (d === undefined) throw keyType("private key cannot be used", "it has no private part")
  return decodeBase64(d, { alphabet: "url", padding: "forbidden", max: 66, what: "private key" })
}

function paddingOf(scheme: SignatureScheme): { padding?: number; saltLength?: number; dsaEncoding?: "der" } {
  switch (scheme.scheme) {
    case "rsa-pkcs1":
      return { padding: constants.RSA_PKCS1_PADDING }
    case "rsa-pss":
      // Node's default is the longest salt, which verifiers that expect the hash's length refuse.
      return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: HASH_LENGTH[scheme.hash] }
    case "ecdsa":
      return { dsaEncoding: "der" }
    case "ed25519":
    case "ed25519ph":
      return {}
  }
}

function signMessage(key: PrivateKey, message: Uint8Array, scheme: SignatureScheme): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    sign(hashOf(scheme) ?? null, message, { key, ...paddingOf(scheme) }, (error, signature) => {
      if (error === null) resolve(plain(signature))
      else reject(error)
    })
  })
}

function signDigestWith(key: PrivateKey, half: PublicKey, digest: Uint8Array, scheme: SignatureScheme): Uint8Array {
  switch (scheme.scheme) {
    case "rsa-pkcs1": {
      const encoded = emsaPkcs1(scheme.hash, digest, modulusBytes(half))
      return plain(privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded))
    }
    case "rsa-pss": {
      const salt = plain(randomBytes(HASH_LENGTH[scheme.hash]))
      const encoded = emsaPss(scheme.hash, digest, salt, half.bits)
      return plain(privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded))
    }
    case "ecdsa":
    case "ed25519ph":
    case "ed25519": {
      const secret = secretOf(key)
      try {
        return scheme.scheme === "ecdsa"
          ? prehash().signEcdsaDigest(half.type as EcdsaKeyType, secret, digest)
          : prehash().signEd25519ph(secret, digest)
      } finally {
        secret.fill(0)
      }
    }
  }
}

/**
 * The capability to sign with a private key in memory.
 *
 * Whole messages are signed by OpenSSL. Digests are signed by `@noble/curves` for ECDSA and Ed25519ph, because Node
 * offers no signature over a digest, and by raw RSA of OpenSSL.
 *
 * @throws {ToolError} `E_KEY_TYPE` for kinds of keys that are not supported.
 */
export function localSigningKey(key: PrivateKey): SigningKey {
  const half = publicKeyOf(key)
  return {
    publicKey: half,
    schemes: allowedSchemes(half.type),
    async sign(message, scheme) {
      requireScheme(half, scheme)
      if (scheme.scheme === "ed25519ph") {
        await loadPrehash()
        return signDigestWith(key, half, digestOf("sha512", message), scheme)
      }
      return signMessage(key, message, scheme)
    },
    async signDigest(digest, scheme) {
      requireScheme(half, scheme)
      requireDigest(scheme, digest)
      if (half.type !== "rsa") await loadPrehash()
      return signDigestWith(key, half, digest, scheme)
    },
  }
}
