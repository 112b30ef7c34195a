import type { PublicKey, SignatureScheme } from "../core/ports.ts"

/** How the Notary Project signs with a key: one row per kind and size. */
export interface KeySpec {
  /** Name in the plugin protocol, such as `RSA-2048`. */
  readonly name: string
  readonly hash: "sha256" | "sha384" | "sha512"
  /** `SHA-256` and so on, as the plugin protocol writes it. */
  readonly hashName: string
  /** Signing algorithm in the plugin protocol and in `inspect`. */
  readonly algorithm: string
  /** `alg` of JWS (RFC 7518). */
  readonly jws: string
  /** `alg` of COSE (RFC 9053). */
  readonly cose: number
  readonly scheme: SignatureScheme
  /** Bytes of a raw `r || s` signature; absent for RSA. */
  readonly rawBytes?: number
}

const SIZES = [
  { hash: "sha256", rsa: 2048, curve: 256, jws: "256", rsaCose: -37, ecCose: -7, ecBytes: 64 },
  { hash: "sha384", rsa: 3072, curve: 384, jws: "384", rsaCose: -38, ecCose: -35, ecBytes: 96 },
  { hash: "sha512", rsa: 4096, curve: 521, jws: "512", rsaCose: -39, ecCose: -36, ecBytes: 132 },
] as const

const rows: readonly (KeySpec & { readonly type: PublicKey["type"]; readonly bits?: number })[] = SIZES.flatMap(
  ({ hash, rsa, curve, jws, rsaCose, ecCose, ecBytes }) => {
    const hashName = `SHA-${jws}`
    const shared = { hash, hashName }
    return [
      {
        ...shared,
        type: "rsa",
        bits: rsa,
        name: `RSA-${rsa}`,
        algorithm: `RSASSA-PSS-${hashName}`,
        jws: `PS${jws}`,
        cose: rsaCose,
        scheme: { scheme: "rsa-pss", hash },
      },
      {
        ...shared,
        type: `ecdsa-p${curve}`,
        name: `EC-${curve}`,
        algorithm: `ECDSA-${hashName}`,
        jws: `ES${jws}`,
        cose: ecCose,
        scheme: { scheme: "ecdsa", hash },
        rawBytes: ecBytes,
      },
    ] as const
  },
)

/** Every row. */
export const keySpecs: readonly KeySpec[] = rows

/**
 * How a key signs; `undefined` for kinds and sizes the Notary Project does not use.
 *
 * SECURITY: chosen by the key alone; what an envelope says must agree.
 *
 * Spec: notaryproject/specifications `specs/signature-specification.md`, "Algorithm Selection".
 */
export function keySpecOf(key: Pick<PublicKey, "type" | "bits">): KeySpec | undefined {
  // RSA is measured in whole bytes of its modulus, as Go does.
  const bits = Math.ceil(key.bits / 8) * 8
  return rows.find((row) => row.type === key.type && (row.bits === undefined || row.bits === bits))
}

/** Row by its name in the plugin protocol. */
export function keySpecByName(name: string): KeySpec | undefined {
  return rows.find((row) => row.name === name)
}
