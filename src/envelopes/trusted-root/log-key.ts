import { DER_TAG, encodeDer, encodeDerOid } from "../../codec/der.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import type { JsonValue } from "../../core/json-value.ts"
import type { KeyType, PublicKey } from "../../core/ports.ts"
import { publicKeyFromSpki } from "../../crypto/public-key.ts"

interface KeyRow {
  readonly name: string
  /** Of the enumeration `PublicKeyDetails`. */
  readonly number: number
  readonly type: KeyType
  readonly bits?: number
}

/** Deprecated name of an RSA key whose bytes are PKCS#1 instead of a SubjectPublicKeyInfo. */
const PKCS1 = { name: "PKCS1_RSA_PKCS1V5", number: 1 } as const

/** Keys that logs may have. Spec: sigstore/sigstore-go `pkg/root/trusted_root.go`. */
const ROWS: readonly KeyRow[] = [
  { name: "PKIX_ECDSA_P256_SHA_256", number: 5, type: "ecdsa-p256" },
  { name: "PKIX_ED25519", number: 7, type: "ed25519" },
  { name: "PKIX_RSA_PKCS1V15_2048_SHA256", number: 9, type: "rsa", bits: 2048 },
  { name: "PKIX_RSA_PKCS1V15_3072_SHA256", number: 10, type: "rsa", bits: 3072 },
  { name: "PKIX_RSA_PKCS1V15_4096_SHA256", number: 11, type: "rsa", bits: 4096 },
  { name: "PKIX_ECDSA_P384_SHA_384", number: 12, type: "ecdsa-p384" },
  { name: "PKIX_ECDSA_P521_SHA_512", number: 13, type: "ecdsa-p521" },
]

/** A log's key and the protobuf name that fixes its algorithm. */
export interface LogKey {
  readonly key: PublicKey
  readonly keyDetails: string
}

/**
 * Read a log's key.
 *
 * @param details - name or number of `PublicKeyDetails`.
 * @param rawBytes - DER; PKCS#1 for the deprecated `PKCS1_RSA_PKCS1V5`, which comes back under the name that the same key
 *   has as a SubjectPublicKeyInfo.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE` for a key of another kind than its name says.
 */
export function readLogKey(details: JsonValue | undefined, rawBytes: Uint8Array, path: string): LogKey {
  if (details === PKCS1.name || details === PKCS1.number) return logKeyOf(publicKeyFromSpki(spkiOf(rawBytes)), path)
  const row = ROWS.find(({ name, number }) => name === details || number === details)
  if (row === undefined) {
    throw malformed(
      `${path}.keyDetails`,
      `unsupported tlog public key type: ${quoted(JSON.stringify(details ?? null))}`,
    )
  }
  const key = publicKeyFromSpki(rawBytes)
  // SECURITY: the name chooses the algorithm, so that it must be one of this very key.
  if (key.type !== row.type || (row.bits !== undefined && row.bits !== key.bits)) {
    throw malformed(`${path}.rawBytes`, `saw a key of type ${key.type} (${key.bits} bits), expected ${row.name}`)
  }
  return { key, keyDetails: row.name }
}

/** A key that somebody named as a log's. @throws {ToolError} `E_FORMAT_MALFORMED` for RSA keys of other sizes. */
export function logKeyOf(key: PublicKey, path: string): LogKey {
  const row = ROWS.find(({ type, bits }) => type === key.type && (bits === undefined || bits === key.bits))
  if (row === undefined) throw malformed(path, `an RSA key of ${key.bits} bits, expected 2048, 3072 or 4096`)
  return { key, keyDetails: row.name }
}

function spkiOf(pkcs1: Uint8Array): Uint8Array {
  const algorithm = encodeDer(DER_TAG.sequence, encodeDerOid("1.2.840.113549.1.1.1"), encodeDer(DER_TAG.null))
  return encodeDer(DER_TAG.sequence, algorithm, encodeDer(DER_TAG.bitString, Uint8Array.of(0), pkcs1))
}
