import { DER_TAG, encodeDer, encodeDerInteger } from "../../codec/der.ts"
import { contextTag, DER_STRING } from "../../codec/der-values.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { SignatureScheme, SigningKey } from "../../core/ports.ts"
import type { RevokedEntry } from "../../core/revocation.ts"
import { encodeExtension, encodeTime, type ExtensionSpec } from "./build-certificate.ts"
import { encodeSignedInteger } from "./ocsp-integer.ts"
import { encodeSignatureAlgorithm } from "./signature-algorithm.ts"

/** What {@link buildCertificateList} puts together. */
export interface CertificateListSpec {
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array
  /** Milliseconds since the epoch; cut to whole seconds. */
  readonly thisUpdate: number
  readonly nextUpdate?: number
  readonly entries: readonly RevokedEntry[]
  readonly extensions: readonly ExtensionSpec[]
  readonly signWith: SigningKey
  readonly scheme: SignatureScheme
}

/** cRLNumber. */
export function crlNumberExtension(number: bigint): ExtensionSpec {
  return { oid: "2.5.29.20", critical: false, value: encodeDerInteger(number) }
}

/** deltaCRLIndicator, critical. @param base - number of the oldest list the delta can be used with. */
export function deltaIndicatorExtension(base: bigint): ExtensionSpec {
  return { oid: "2.5.29.27", critical: true, value: encodeDerInteger(base) }
}

/** freshestCRL: one point with all URLs. */
export function freshestCrlExtension(urls: readonly string[]): ExtensionSpec {
  return {
    oid: "2.5.29.46",
    critical: false,
    value: encodeDer(DER_TAG.sequence, encodeDer(DER_TAG.sequence, point(urls))),
  }
}

/** What a list may say that it covers; RFC 5280 section 5.2.5. */
export interface IssuingPointSpec {
  readonly urls?: readonly string[]
  readonly onlyUserCertificates?: boolean
  readonly onlyCaCertificates?: boolean
  /** Bytes of the ReasonFlags BIT STRING. */
  readonly onlySomeReasons?: Uint8Array
  readonly indirect?: boolean
}

/** issuingDistributionPoint, critical. */
export function issuingPointExtension(spec: IssuingPointSpec): ExtensionSpec {
  const flag = (number: number, value: boolean | undefined): Uint8Array[] =>
    value === true ? [encodeDer(contextTag(number, false), Uint8Array.of(0xff))] : []
  const { onlySomeReasons: reasons } = spec
  const value = encodeDer(
    DER_TAG.sequence,
    ...(spec.urls === undefined ? [] : [point(spec.urls)]),
    ...flag(1, spec.onlyUserCertificates),
    ...flag(2, spec.onlyCaCertificates),
    ...(reasons === undefined ? [] : [encodeDer(contextTag(3, false), reasons)]),
    ...flag(4, spec.indirect),
  )
  return { oid: "2.5.29.28", critical: true, value }
}

function point(urls: readonly string[]): Uint8Array {
  const names = urls.map((url) => encodeDer(contextTag(6, false), encodeUtf8(url)))
  return encodeDer(contextTag(0, true), encodeDer(contextTag(0, true), ...names))
}

function encodeEntry({ serial, revokedAt, reason, invalidityDate }: RevokedEntry): Uint8Array {
  const extensions: ExtensionSpec[] = []
  if (reason !== undefined) {
    extensions.push({ oid: "2.5.29.21", critical: false, value: encodeDer(0x0a, Uint8Array.of(reason)) })
  }
  if (invalidityDate !== undefined) {
    extensions.push({ oid: "2.5.29.24", critical: false, value: generalizedTime(invalidityDate) })
  }
  const parts = [encodeSignedInteger(serial), encodeTime(revokedAt)]
  if (extensions.length > 0) parts.push(encodeDer(DER_TAG.sequence, ...extensions.map(encodeExtension)))
  return encodeDer(DER_TAG.sequence, ...parts)
}

/** GeneralizedTime in whole seconds. */
export function generalizedTime(at: number): Uint8Array {
  const digits = new Date(at)
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/[-T:]/g, "")
  return encodeDer(DER_STRING.generalizedTime, encodeUtf8(`${digits}Z`))
}

/**
 * Make a revocation list of version 2.
 *
 * @returns DER.
 * @throws {ToolError} `E_KEY_TYPE` when the key cannot do the scheme.
 *
 * Spec: RFC 5280 section 5.1.
 */
export async function buildCertificateList(spec: CertificateListSpec): Promise<Uint8Array> {
  const algorithm = encodeSignatureAlgorithm(spec.scheme)
  const tbs = encodeDer(
    DER_TAG.sequence,
    encodeDerInteger(1n),
    algorithm,
    spec.issuer,
    encodeTime(spec.thisUpdate),
    ...(spec.nextUpdate === undefined ? [] : [encodeTime(spec.nextUpdate)]),
    ...(spec.entries.length === 0 ? [] : [encodeDer(DER_TAG.sequence, ...spec.entries.map(encodeEntry))]),
    ...(spec.extensions.length === 0
      ? []
      : [encodeDer(contextTag(0, true), encodeDer(DER_TAG.sequence, ...spec.extensions.map(encodeExtension)))]),
  )
  const signature = await spec.signWith.sign(tbs, spec.scheme)
  return encodeDer(DER_TAG.sequence, tbs, algorithm, encodeDer(DER_TAG.bitString, Uint8Array.of(0), signature))
}
