import { encodeBase64 } from "../../../../codec/base64.ts"
import { malformed, quoted } from "../../../../codec/malformed.ts"
import { protoFields, requiredBytes } from "../../../../codec/proto-json.ts"
import type { JsonObject, JsonValue } from "../../../../core/json-value.ts"
import { KIB, limits } from "../../../../core/limits.ts"
import type { HashAlgorithm, PublicKey, SignatureScheme } from "../../../../core/ports.ts"
import { publicKeyFromSpki } from "../../../../crypto/public-key.ts"
import { algorithms, type AlgorithmEntry, hashOf } from "../../../../crypto/schemes.ts"
import { parseCertificate } from "../../../../crypto/x509/parse-certificate.ts"
import { digestScheme } from "../entry-algorithms.ts"
import { keyOf } from "../log-verifier.ts"

/** The message `Verifier`: a key or certificate, and how it signs. */
export interface VerifierMessage {
  readonly key: PublicKey
  /** Algorithm of the key details; never pure Ed25519. */
  readonly scheme: SignatureScheme
  readonly hash: HashAlgorithm
  /** As it goes into the log. */
  readonly json: JsonObject
  /** Key or certificate as sent, DER. */
  readonly raw: Uint8Array
}

/** DER of a key. */
const KEY_BYTES = 16 * KIB

function algorithmOf(value: JsonValue | undefined, path: string): AlgorithmEntry {
  const row = algorithms.find(({ keyDetails, number }) => keyDetails === value || number === value)
  if (row !== undefined) return row
  throw malformed(path, `unknown signing algorithm ${typeof value === "string" ? quoted(value) : typeof value}`)
}

/**
 * Read the message `Verifier`.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`, `E_LIMIT_EXCEEDED`, also for algorithms that no digest can be
 *   signed with.
 *
 * Spec: sigstore/rekor-tiles `api/proto/rekor/v2/verifier.proto`, `pkg/types/verifier`.
 */
export function readVerifier(value: JsonValue | undefined, path: string): VerifierMessage {
  const fields = protoFields(value, path, ["publicKey", "x509Certificate", "keyDetails"])
  const certificate = fields.get("x509Certificate")
  const publicKey = fields.get("publicKey")
  if ((certificate === undefined) === (publicKey === undefined)) {
    throw malformed(path, "must contain either a public key or X.509 certificate")
  }
  const name = certificate === undefined ? "publicKey" : "x509Certificate"
  const max = certificate === undefined ? KEY_BYTES : limits.certificateBytes
  const where = `${path}.${name}`
  const message = protoFields(certificate ?? publicKey, where, ["rawBytes"])
  const raw = requiredBytes(message.get("rawBytes"), `${where}.rawBytes`, max)
  const key = certificate === undefined ? publicKeyFromSpki(raw) : keyOf(parseCertificate(raw))
  const row = algorithmOf(fields.get("keyDetails"), `${path}.keyDetails`)
  const hash = hashOf(row.scheme)
  if (hash === undefined) {
    throw malformed(
      path,
      `unsupported signing algorithm ${row.keyDetails} for hashedrekord: no associated digest algorithm`,
    )
  }
  const scheme = digestScheme(key, hash)
  const fits = row.keyType === key.type && (row.bits === undefined || row.bits === key.bits)
  if (!fits || row.deprecated === true || row.scheme.scheme !== scheme.scheme) {
    throw malformed(path, `unsupported entry algorithm: ${row.keyDetails} with a key of type ${key.type}`)
  }
  return { key, scheme, hash, raw, json: { keyDetails: row.keyDetails, [name]: { rawBytes: encodeBase64(raw) } } }
}
