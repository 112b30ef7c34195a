import type { SignatureScheme } from "../../core/ports.ts"
import type { TrustedLog } from "../../core/sigstore.ts"
import { algorithms } from "../../crypto/schemes.ts"

/**
 * How a log signs, by the name that fixes it.
 *
 * @param form - version 1 logs hash with SHA-256 for every curve.
 * @returns `undefined` for a name that is not the key's or not known.
 */
export function logScheme({ key, keyDetails }: TrustedLog, form: "v1" | "v2"): SignatureScheme | undefined {
  const row = algorithms.find(
    (item) =>
      item.keyDetails === keyDetails &&
      item.keyType === key.type &&
      (item.bits === undefined || item.bits === key.bits),
  )
  if (row?.scheme.scheme === "ecdsa" && form === "v1") return { scheme: "ecdsa", hash: "sha256" }
  return row?.scheme
}
