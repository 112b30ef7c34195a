import {
  bytesToBigint,
  DER_TAG,
  derBitString,
  type DerElement,
  derInteger,
  derOid,
  derSequence,
  parseDer,
} from "../../codec/der.ts"
import { ToolError } from "../../core/errors.ts"
import type { PublicKey } from "../../core/ports.ts"
import { keyType } from "../key-error.ts"
import { OID, publicKeyFromSpki } from "../public-key.ts"
import { algorithmIdentifier } from "./signature-algorithm.ts"

/** The key of a certificate. */
export interface CertificateKey {
  /** Absent for kinds and sizes this program does not know. */
  readonly publicKey?: PublicKey
  /** `rsa 1024`, `ec 1.3.132.0.33`, or the object identifier of other kinds. */
  readonly description: string
}

const WHAT = "certificate's public key"

function rsaBits(bits: DerElement | undefined): number {
  const [modulus] = derSequence(parseDer(derBitString(bits, WHAT), WHAT), WHAT)
  const n = derInteger(modulus, WHAT)
  if (n <= 0n) throw keyType(`${WHAT} cannot be used`, "the RSA modulus is not positive")
  const { contents } = modulus ?? { contents: new Uint8Array(0) }
  const start = contents[0] === 0 ? 1 : 0
  return (contents.length - start - 1) * 8 + bytesToBigint(contents.subarray(start, start + 1)).toString(2).length
}

function describe(spki: DerElement): string {
  const [algorithm, bits, ...rest] = derSequence(spki, WHAT)
  if (bits === undefined || rest.length > 0) throw keyType(`${WHAT} cannot be used`, "not exactly algorithm and key")
  const [oid, parameters] = algorithmIdentifier(algorithm, WHAT)
  if (oid === OID.rsa) return `rsa ${rsaBits(bits)}`
  if (oid !== OID.ec) return oid
  if (parameters?.tag !== DER_TAG.oid) {
    // SECURITY: a curve of the sender's own making can have somebody else's public point (CVE-2020-0601).
    throw keyType(`${WHAT} cannot be used`, "an elliptic curve by explicit parameters, expected one by name")
  }
  return `ec ${derOid(parameters, WHAT)}`
}

/**
 * The key of a certificate.
 *
 * @param spki - SubjectPublicKeyInfo, untrusted.
 * @throws {ToolError} `E_KEY_TYPE` for keys that are malformed: explicit curve parameters, points off the curve or not
 *   uncompressed, RSA without NULL parameters. Unknown kinds, curves and sizes only have no `publicKey`.
 */
export function certificateKey(spki: DerElement): CertificateKey {
  try {
    const description = describe(spki)
    try {
      return { publicKey: publicKeyFromSpki(spki.raw), description }
    } catch (error) {
      if (error instanceof ToolError && error.code === "E_KEY_TYPE") return { description }
      throw error
    }
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== "E_FORMAT_MALFORMED") throw error
    throw keyType(`${WHAT} cannot be used`, error.why ?? error.what)
  }
}
