import type { HashAlgorithm, KeyType, PublicKey, SignatureScheme } from "../core/ports.ts"
import { keyType } from "./key-error.ts"

const ECDSA_HASH: Readonly<Record<"ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521", HashAlgorithm>> = {
  "ecdsa-p256": "sha256",
  "ecdsa-p384": "sha384",
  "ecdsa-p521": "sha512",
}
const HASHES: readonly HashAlgorithm[] = ["sha256", "sha384", "sha512", "sha224"]

/** One row of the algorithm table. */
export interface AlgorithmEntry {
  /** Name of cosign's `--signing-algorithm`. */
  readonly name: string
  /** Name and number in `sigstore_common.proto`, `PublicKeyDetails`. */
  readonly keyDetails: string
  readonly number: number
  readonly keyType: KeyType
  /** RSA modulus length. */
  readonly bits?: number
  readonly scheme: SignatureScheme
  /** Read, never offered for new signatures. */
  readonly deprecated?: boolean
}

function rsaRows(scheme: "rsa-pkcs1" | "rsa-pss", first: number): AlgorithmEntry[] {
  const [name, details] = scheme === "rsa-pkcs1" ? ["pkcs1", "PKCS1V15"] : ["pss", "PSS"]
  return [2048, 3072, 4096].map((bits, i) => ({
    name: `rsa-sign-${name}-${bits}-sha256`,
    keyDetails: `PKIX_RSA_${details}_${bits}_SHA256`,
    number: first + i,
    keyType: "rsa",
    bits,
    scheme: { scheme, hash: "sha256" },
  }))
}

function ecdsaRow(curve: 256 | 384 | 521, hash: HashAlgorithm, number: number, deprecated = false): AlgorithmEntry {
  const size = hash.slice(3)
  return {
    name: `ecdsa-sha2-${size}-nistp${curve}`,
    keyDetails: `PKIX_ECDSA_P${curve}_SHA_${size}`,
    number,
    keyType: `ecdsa-p${curve}`,
    scheme: { scheme: "ecdsa", hash },
    ...(deprecated ? { deprecated } : {}),
  }
}

/**
 * Signature algorithms by their names in flags and in protobuf documents.
 *
 * Spec: sigstore/sigstore `pkg/signature/algorithm_registry.go`.
 */
export const algorithms: readonly AlgorithmEntry[] = [
  ecdsaRow(256, "sha256", 5),
  ecdsaRow(384, "sha384", 12),
  ecdsaRow(521, "sha512", 13),
  ecdsaRow(384, "sha256", 19, true),
  ecdsaRow(521, "sha256", 20, true),
  ...rsaRows("rsa-pkcs1", 9),
  ...rsaRows("rsa-pss", 16),
  { name: "ed25519", keyDetails: "PKIX_ED25519", number: 7, keyType: "ed25519", scheme: { scheme: "ed25519" } },
  { name: "ed25519-ph", keyDetails: "PKIX_ED25519_PH", number: 8, keyType: "ed25519", scheme: { scheme: "ed25519ph" } },
]

/** Row of a name of `--signing-algorithm`; `undefined` when there is none. */
export function algorithmByName(name: string): AlgorithmEntry | undefined {
  return algorithms.find((row) => row.name === name)
}

/** Protobuf name for a key used with a scheme; `undefined` when the registry has none. */
export function keyDetailsOf(key: PublicKey, scheme: SignatureScheme): string | undefined {
  const row = algorithms.find(
    (item) =>
      item.keyType === key.type &&
      (item.bits === undefined || item.bits === key.bits) &&
      sameScheme(item.scheme, scheme),
  )
  return row?.keyDetails
}

/** Hash of a scheme; `undefined` for pure Ed25519. Ed25519ph hashes with SHA-512. */
export function hashOf(scheme: SignatureScheme): HashAlgorithm | undefined {
  if (scheme.scheme === "ed25519") return undefined
  return scheme.scheme === "ed25519ph" ? "sha512" : scheme.hash
}

/** Whether two schemes are the same. */
export function sameScheme(a: SignatureScheme, b: SignatureScheme): boolean {
  return a.scheme === b.scheme && hashOf(a) === hashOf(b)
}

/** Short name such as `ecdsa-sha256`, for reports. */
export function schemeName(scheme: SignatureScheme): string {
  return "hash" in scheme ? `${scheme.scheme}-${scheme.hash}` : scheme.scheme
}

/**
 * Schemes a key may be used with, preferred first: ECDSA with the hash of its curve, RSA with PKCS#1 v1.5 and SHA-256,
 * pure Ed25519.
 */
export function allowedSchemes(type: KeyType): readonly SignatureScheme[] {
  if (type === "ed25519") return [{ scheme: "ed25519" }, { scheme: "ed25519ph" }]
  if (type === "rsa") {
    return (["rsa-pkcs1", "rsa-pss"] as const).flatMap((scheme) => HASHES.map((hash) => ({ scheme, hash })))
  }
  const preferred = ECDSA_HASH[type]
  return [preferred, ...HASHES.filter((hash) => hash !== preferred)].map((hash) => ({ scheme: "ecdsa", hash }))
}

/** The scheme a key is used with when nobody says otherwise. */
export function defaultScheme(key: PublicKey): SignatureScheme {
  if (key.type === "ed25519") return { scheme: "ed25519" }
  if (key.type === "rsa") return { scheme: "rsa-pkcs1", hash: "sha256" }
  return { scheme: "ecdsa", hash: ECDSA_HASH[key.type] }
}

/**
 * The default scheme of a key with another hash. Ed25519 stays pure, whatever the hash.
 */
export function schemeWithHash(key: PublicKey, hash: HashAlgorithm): SignatureScheme {
  const scheme = defaultScheme(key)
  return "hash" in scheme ? { scheme: scheme.scheme, hash } : scheme
}

/** Whether the key may be used with the scheme. */
function schemeAllowed(key: PublicKey, scheme: SignatureScheme): boolean {
  return allowedSchemes(key.type).some((item) => sameScheme(item, scheme))
}

/**
 * Refuse a scheme that is not the key's.
 *
 * @throws {ToolError} `E_KEY_TYPE`. SECURITY: an algorithm comes from key and policy; a mismatch is never tried.
 */
export function requireScheme(key: PublicKey, scheme: SignatureScheme): void {
  if (schemeAllowed(key, scheme)) return
  throw keyType("key and signature algorithm do not fit", `${schemeName(scheme)} asked of a key of type ${key.type}`)
}
