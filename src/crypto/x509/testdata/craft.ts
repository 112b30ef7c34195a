import { DER_TAG, encodeDer, encodeDerInteger, encodeDerOid } from "../../../codec/der.ts"
import { contextTag } from "../../../codec/der-values.ts"
import { decodeHex } from "../../../codec/hex.ts"
import { ToolError } from "../../../core/errors.ts"
import type { SigningKey } from "../../../core/ports.ts"
import { buildCertificate, encodeName } from "../build-certificate.ts"
import {
  alternativeNamesExtension,
  basicConstraintsExtension,
  crlExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
  ocspExtension,
  subjectKeyExtension,
} from "../build-extensions.ts"
import { EKU } from "../extensions.ts"

/** Bytes of hexadecimal, which may have spaces. */
export const hex = (text: string): Uint8Array => decodeHex(text.replaceAll(" ", ""), { max: 65536, what: "test" })

/** A SEQUENCE. */
export const seq = (...parts: readonly Uint8Array[]): Uint8Array => encodeDer(DER_TAG.sequence, ...parts)

/** A BIT STRING of whole bytes. */
export const bits = (bytes: Uint8Array): Uint8Array => encodeDer(DER_TAG.bitString, Uint8Array.of(0), bytes)

/** Code of the error that is thrown, or `accepted`. */
export function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

const NAME = encodeName([["CN", "test"]])
const ECDSA = seq(encodeDerOid("1.2.840.10045.4.3.2"))
const VALIDITY = hex("301e 170d 3236303130313030303030305a 170d 3336303130313030303030305a")
const VERSION_3 = encodeDer(contextTag(0, true), encodeDerInteger(2n))

/** One extension. */
export function extensionBytes(oid: string, value: Uint8Array, flag: Uint8Array = new Uint8Array(0)): Uint8Array {
  return seq(encodeDerOid(oid), flag, encodeDer(DER_TAG.octetString, value))
}

/** The member that holds extensions. */
export function extensionsOf(...items: readonly Uint8Array[]): Uint8Array {
  return encodeDer(contextTag(3, true), seq(...items))
}

/** What is other than usual in {@link craft}. */
export interface Parts {
  readonly version?: Uint8Array
  readonly serial?: Uint8Array
  readonly inner?: Uint8Array
  readonly outer?: Uint8Array
  readonly validity?: Uint8Array
  readonly subject?: Uint8Array
  readonly spki?: Uint8Array
  readonly tail?: readonly Uint8Array[]
  readonly behind?: readonly Uint8Array[]
}

/** A certificate put together freely; its signature is none. */
export function craft(key: SigningKey, parts: Parts): Uint8Array {
  const inner = parts.inner ?? ECDSA
  const tbs = seq(
    parts.version ?? VERSION_3,
    parts.serial ?? encodeDerInteger(1n),
    inner,
    NAME,
    parts.validity ?? VALIDITY,
    parts.subject ?? NAME,
    parts.spki ?? key.publicKey.spki,
    ...(parts.tail ?? []),
  )
  return seq(tbs, parts.outer ?? inner, bits(Uint8Array.of(1)), ...(parts.behind ?? []))
}

/** A self-signed certificate with all extensions this program reads. */
export function wellMade(key: SigningKey): Promise<Uint8Array> {
  return buildCertificate({
    subject: NAME,
    issuer: NAME,
    serial: 1n,
    notBefore: 0,
    notAfter: 1e12,
    publicKey: key.publicKey.spki,
    extensions: [
      basicConstraintsExtension(true, 1),
      keyUsageExtension(["keyCertSign"]),
      extendedKeyUsageExtension([EKU.codeSigning]),
      alternativeNamesExtension(["DNS:a.example"]),
      ocspExtension(["http://ocsp.example"]),
      crlExtension(["http://crl.example"]),
      subjectKeyExtension(key.publicKey.spki),
    ],
    signWith: key,
    scheme: { scheme: "ecdsa", hash: "sha256" },
  })
}
