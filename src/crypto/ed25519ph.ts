import { eddsa } from "@noble/curves/abstract/edwards.js"
import { ed25519 } from "@noble/curves/ed25519.js"
import { encodeUtf8 } from "../codec/utf8.ts"
import { digestOf } from "./hash.ts"

const PREFIX = encodeUtf8("SigEd25519 no Ed25519 collisions")

/** RFC 8032 section 2: dom2(1, ""). */
function dom2(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(PREFIX.length + 2 + data.length)
  out.set(PREFIX)
  out[PREFIX.length] = 1
  out.set(data, PREFIX.length + 2)
  return out
}

function clamp(bytes: Uint8Array): Uint8Array {
  bytes[0] = (bytes[0] ?? 0) & 248
  bytes[31] = ((bytes[31] ?? 0) & 127) | 64
  return bytes
}

/** Ed25519ph whose message is the SHA-512 value itself, so that large files are hashed in a stream. */
const overDigest = eddsa(ed25519.Point, (bytes: Uint8Array) => digestOf("sha512", bytes), {
  adjustScalarBytes: clamp,
  domain: dom2,
  prehash: (digest: Uint8Array) => digest,
  zip215: false,
})

/** Check an Ed25519ph signature. @param digest - SHA-512 of the message. @param key - 32 raw bytes. */
export function verifyEd25519ph(key: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false
  return overDigest.verify(signature, digest, key)
}

/** Make an Ed25519ph signature. @param seed - 32 raw bytes of the private key. @param digest - SHA-512 of the message. */
export function signEd25519ph(seed: Uint8Array, digest: Uint8Array): Uint8Array {
  return overDigest.sign(digest, seed)
}
