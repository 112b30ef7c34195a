import { concatBytes } from "../../codec/concat-bytes.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { PublicKey } from "../../core/ports.ts"
import { digestOf } from "../hash.ts"
import { rawPublicKey } from "../public-key.ts"

const ED25519 = Uint8Array.of(1)
const RSA = concatBytes([Uint8Array.of(0xff), encodeUtf8("PKIX-RSA-PKCS#1v1.5")])

/**
 * Id of a log's key as version 1 logs and certificate transparency have it: SHA-256 of the SubjectPublicKeyInfo.
 *
 * Spec: RFC 6962 3.2.
 */
export function logKeyId(key: PublicKey): Uint8Array {
  return digestOf("sha256", key.spki)
}

/**
 * Id of a key that signs notes in a name, not cut: 32 bytes. ECDSA keys have the same id in every name.
 *
 * @param name - of the signer; a version 2 log's host name.
 *
 * Spec: C2SP signed-note.md, sigstore/rekor-tiles `pkg/note/note.go` for RSA.
 */
export function noteKeyId(key: PublicKey, name: string): Uint8Array {
  const named = encodeUtf8(`${name}\n`, "name of a note's signer")
  if (key.type === "ed25519") return digestOf("sha256", concatBytes([named, ED25519, rawPublicKey(key)]))
  if (key.type === "rsa") return digestOf("sha256", concatBytes([named, RSA, key.spki]))
  return logKeyId(key)
}
