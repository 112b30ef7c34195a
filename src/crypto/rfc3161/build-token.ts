import { DER_TAG, encodeDer, encodeDerInteger, encodeDerOid } from "../../codec/der.ts"
import { contextTag, DER_STRING } from "../../codec/der-values.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import { ToolError } from "../../core/errors.ts"
import type { SignatureScheme, SigningKey } from "../../core/ports.ts"
import { encodeDigestAlgorithm, type MessageHash } from "../cms/digest-algorithm.ts"
import { CMS_OID } from "../cms/object-ids.ts"
import { encodeDerSetOf, type IssuerAndSerial } from "../cms/signed-data.ts"
import { encodeSignerAlgorithm } from "../cms/signer-algorithm.ts"
import { digestOf } from "../hash.ts"
import { hashOf, schemeName } from "../schemes.ts"
import { encodeSigningCertificateV2 } from "./signing-certificate.ts"
import type { Accuracy } from "./tst-info.ts"

/** What a token shall say. */
export interface TstInfoInit {
  /** Default 1. */
  readonly version?: number
  /** Dotted. */
  readonly policy: string
  /** MessageImprint, DER: the one of the request, byte for byte. */
  readonly imprint: Uint8Array
  readonly serial: bigint
  /** Milliseconds since the epoch. */
  readonly genTime: number
  readonly accuracy?: Accuracy
  readonly nonce?: bigint
  /** DER of further extensions, each a SEQUENCE. */
  readonly extensions?: readonly Uint8Array[]
}

/** An attribute to be signed. */
export interface CmsAttribute {
  /** Dotted. */
  readonly type: string
  /** DER. */
  readonly value: Uint8Array
}

/** What a SignedData is made of. */
export interface TokenParts {
  /** DER of the TSTInfo. */
  readonly content: Uint8Array
  /** eContentType; default id-ct-TSTInfo. */
  readonly contentType?: string
  /** DER, in order; none leaves the field out. */
  readonly certificates: readonly Uint8Array[]
  readonly signer: IssuerAndSerial
  readonly attributes: readonly CmsAttribute[]
  readonly scheme: SignatureScheme
}

/** GeneralizedTime with milliseconds where there are any. */
function generalizedTime(at: number): Uint8Array {
  const [seconds = "", fraction = ""] = new Date(at)
    .toISOString()
    .replaceAll(/[-:TZ]/g, "")
    .split(".")
  const decimals = fraction.replace(/0+$/, "")
  return encodeDer(DER_STRING.generalizedTime, encodeUtf8(`${seconds}${decimals === "" ? "" : `.${decimals}`}Z`))
}

/** Non-negative INTEGER under an implicit tag. */
function implicitInteger(tag: number, value: number): Uint8Array {
  const der = encodeDerInteger(BigInt(value))
  der[0] = tag
  return der
}

function encodeAccuracy({ seconds, millis, micros }: Accuracy): Uint8Array {
  const parts = [
    seconds === 0 ? [] : [encodeDerInteger(BigInt(seconds))],
    millis === 0 ? [] : [implicitInteger(contextTag(0, false), millis)],
    micros === 0 ? [] : [implicitInteger(contextTag(1, false), micros)],
  ]
  return encodeDer(DER_TAG.sequence, ...parts.flat())
}

/** A TSTInfo. @returns DER. Spec: RFC 3161 2.4.2. */
export function encodeTstInfo(info: TstInfoInit): Uint8Array {
  const { accuracy, nonce, extensions = [] } = info
  return encodeDer(
    DER_TAG.sequence,
    encodeDerInteger(BigInt(info.version ?? 1)),
    encodeDerOid(info.policy),
    info.imprint,
    encodeDerInteger(info.serial),
    generalizedTime(info.genTime),
    ...(accuracy === undefined ? [] : [encodeAccuracy(accuracy)]),
    ...(nonce === undefined ? [] : [encodeDerInteger(nonce)]),
    ...(extensions.length === 0 ? [] : [encodeDer(contextTag(1, true), ...extensions)]),
  )
}

/** Hash that a signer's attributes are made with: the scheme's, SHA-512 for Ed25519 (RFC 8419 3.1). */
function signerHash(scheme: SignatureScheme): MessageHash {
  const hash = hashOf(scheme) ?? "sha512"
  if (hash === "sha224") throw unsuitable(scheme)
  return hash
}

function unsuitable(scheme: SignatureScheme): ToolError {
  return new ToolError("E_KEY_TYPE", {
    what: "the key cannot sign timestamps",
    why: `its scheme is ${schemeName(scheme)}, expected RSA or ECDSA with SHA-256, SHA-384 or SHA-512, or Ed25519`,
  })
}

/** The attributes of an RFC 3161 signer. @param certificate - DER of the signer's own. */
export function tokenAttributes(
  content: Uint8Array,
  certificate: Uint8Array,
  signer: IssuerAndSerial,
  scheme: SignatureScheme,
): readonly CmsAttribute[] {
  const digest = digestOf(signerHash(scheme), content)
  return [
    { type: CMS_OID.contentType, value: encodeDerOid(CMS_OID.tstInfo) },
    { type: CMS_OID.messageDigest, value: encodeDer(DER_TAG.octetString, digest) },
    {
      type: CMS_OID.signingCertificateV2,
      value: encodeSigningCertificateV2(digestOf("sha256", certificate), signer),
    },
  ]
}

/** DER of the SET OF attributes: the bytes under the signature. */
function attributeSet(attributes: readonly CmsAttribute[]): Uint8Array {
  return encodeDerSetOf(
    attributes.map(({ type, value }) => encodeDer(DER_TAG.sequence, encodeDerOid(type), encodeDer(DER_TAG.set, value))),
  )
}

/**
 * Sign a timestamp token.
 *
 * @returns DER of the ContentInfo.
 * @throws {ToolError} `E_KEY_TYPE` for schemes that CMS has no identifier for; what the key throws.
 *
 * Spec: RFC 5652 section 5, RFC 3161 2.4.2, RFC 5816.
 */
export async function signToken(parts: TokenParts, key: SigningKey): Promise<Uint8Array> {
  const algorithm = encodeSignerAlgorithm(parts.scheme)
  if (algorithm === undefined) throw unsuitable(parts.scheme)
  const signed = attributeSet(parts.attributes)
  return encodeToken(parts, algorithm, signed, await key.sign(signed, parts.scheme))
}

function encodeToken(parts: TokenParts, algorithm: Uint8Array, signed: Uint8Array, signature: Uint8Array): Uint8Array {
  const sequence = (...members: readonly Uint8Array[]): Uint8Array => encodeDer(DER_TAG.sequence, ...members)
  const digest = encodeDigestAlgorithm(signerHash(parts.scheme))
  const implicit = signed.slice()
  implicit[0] = contextTag(0, true)
  const signerInfo = sequence(
    encodeDerInteger(1n),
    sequence(parts.signer.issuer, encodeDerInteger(parts.signer.serial)),
    digest,
    ...(parts.attributes.length === 0 ? [] : [implicit]),
    algorithm,
    encodeDer(DER_TAG.octetString, signature),
  )
  const content = sequence(
    encodeDerOid(parts.contentType ?? CMS_OID.tstInfo),
    encodeDer(contextTag(0, true), encodeDer(DER_TAG.octetString, parts.content)),
  )
  const signedData = sequence(
    encodeDerInteger(3n),
    encodeDer(DER_TAG.set, digest),
    content,
    ...(parts.certificates.length === 0 ? [] : [encodeDer(contextTag(0, true), ...parts.certificates)]),
    encodeDer(DER_TAG.set, signerInfo),
  )
  return sequence(encodeDerOid(CMS_OID.signedData), encodeDer(contextTag(0, true), signedData))
}
