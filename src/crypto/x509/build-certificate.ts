import {
  DER_TAG,
  derSequence,
  encodeDer,
  encodeDerInteger,
  encodeDerOid,
  expectDer,
  parseDer,
} from "../../codec/der.ts"
import { contextTag, DER_STRING } from "../../codec/der-values.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import { ToolError } from "../../core/errors.ts"
import type { SigningKey, SignatureScheme } from "../../core/ports.ts"
import { attributeType } from "./name.ts"
import { encodeSignatureAlgorithm } from "./signature-algorithm.ts"

/** Attributes of a name in order, each its own relative name: `["CN", "test"]`, or a dotted type. */
export type NameParts = readonly (readonly [type: string, value: string])[]

/** An extension to put into a certificate. */
export interface ExtensionSpec {
  readonly oid: string
  readonly critical: boolean
  /** DER of the extension. */
  readonly value: Uint8Array
}

/** What {@link buildCertificate} puts together. */
export interface CertificateSpec {
  readonly subject: NameParts | Uint8Array
  /** As parts, or the DER of the issuing certificate's subject. */
  readonly issuer: NameParts | Uint8Array
  /** Positive. */
  readonly serial: bigint
  /** Milliseconds since the epoch; cut to whole seconds. */
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo DER of the holder. */
  readonly publicKey: Uint8Array
  readonly extensions: readonly ExtensionSpec[]
  /** The issuer's key. */
  readonly signWith: SigningKey
  readonly scheme: SignatureScheme
}

/** DER of a name. @throws {ToolError} `E_USAGE` for a type that is neither known nor dotted. */
export function encodeName(parts: NameParts): Uint8Array {
  const rdns = parts.map(([label, value]) => {
    const type = attributeType(label) ?? label
    if (!/^\d+(\.\d+)+$/.test(type)) {
      throw new ToolError("E_USAGE", {
        what: `unknown type of name attribute ${JSON.stringify(label)}`,
        why: "expected one such as CN, O or C, or an object identifier",
      })
    }
    const printable = /^[A-Za-z0-9'()+,\-./ :=?]*$/.test(value)
    const text = encodeDer(printable ? DER_STRING.printable : DER_STRING.utf8, encodeUtf8(value))
    return encodeDer(DER_TAG.set, encodeDer(DER_TAG.sequence, encodeDerOid(type), text))
  })
  return encodeDer(DER_TAG.sequence, ...rdns)
}

/** UTCTime up to 2049, GeneralizedTime from then on. Spec: RFC 5280 4.1.2.5. */
export function encodeTime(at: number): Uint8Array {
  const digits = new Date(at)
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/[-T:]/g, "")
  const utc = Number(digits.slice(0, 4)) >= 1950 && Number(digits.slice(0, 4)) < 2050
  const text = `${utc ? digits.slice(2) : digits}Z`
  return encodeDer(utc ? DER_STRING.utcTime : DER_STRING.generalizedTime, encodeUtf8(text))
}

/** DER of one Extension. */
export function encodeExtension({ oid, critical, value }: ExtensionSpec): Uint8Array {
  const flag = critical ? encodeDer(DER_TAG.boolean, Uint8Array.of(0xff)) : new Uint8Array(0)
  return encodeDer(DER_TAG.sequence, encodeDerOid(oid), flag, encodeDer(DER_TAG.octetString, value))
}

function nameOf(name: NameParts | Uint8Array): Uint8Array {
  if (!(name instanceof Uint8Array)) return encodeName(name)
  derSequence(parseDer(name, "name"), "name")
  return name
}

/**
 * Make a certificate of version 3.
 *
 * @returns DER.
 * @throws {ToolError} `E_KEY_TYPE` when the key cannot do the scheme, `E_USAGE` for a serial number that is not
 *   positive and for name attributes that are not known.
 *
 * Spec: RFC 5280 section 4.1.
 */
export async function buildCertificate(spec: CertificateSpec): Promise<Uint8Array> {
  if (spec.serial <= 0n) {
    throw new ToolError("E_USAGE", { what: "the serial number is not positive", why: `it is ${spec.serial}` })
  }
  const algorithm = encodeSignatureAlgorithm(spec.scheme)
  const extensions = encodeDer(DER_TAG.sequence, ...spec.extensions.map(encodeExtension))
  const tbs = encodeDer(
    DER_TAG.sequence,
    encodeDer(contextTag(0, true), encodeDerInteger(2n)),
    encodeDerInteger(spec.serial),
    algorithm,
    nameOf(spec.issuer),
    encodeDer(DER_TAG.sequence, encodeTime(spec.notBefore), encodeTime(spec.notAfter)),
    nameOf(spec.subject),
    expectDer(parseDer(spec.publicKey, "public key"), DER_TAG.sequence, "public key").raw,
    ...(spec.extensions.length === 0 ? [] : [encodeDer(contextTag(3, true), extensions)]),
  )
  const signature = await spec.signWith.sign(tbs, spec.scheme)
  return encodeDer(DER_TAG.sequence, tbs, algorithm, encodeDer(DER_TAG.bitString, Uint8Array.of(0), signature))
}
