import {
  DER_TAG,
  type DerElement,
  derInteger,
  derOctetString,
  derSequence,
  encodeDer,
  encodeDerInteger,
  expectDer,
} from "../../codec/der.ts"
import { contextTag, derExplicit } from "../../codec/der-values.ts"
import { malformed } from "../../codec/malformed.ts"
import { type DigestAlgorithm, digestAlgorithm } from "../cms/digest-algorithm.ts"
import type { IssuerAndSerial } from "../cms/signed-data.ts"

/** Whose key made the signature, said under the signature. */
export interface EssCertificateId {
  /** Absent: SHA-256. */
  readonly algorithm?: DigestAlgorithm
  /** Raw hash of the certificate's DER. */
  readonly digest: Uint8Array
  readonly issuerSerial?: IssuerAndSerial
}

const WHAT = "SigningCertificateV2"

/**
 * The first certificate that a SigningCertificateV2 attribute names: the signer's.
 *
 * @param element - the attribute's value, untrusted.
 * @returns `undefined` when it names none.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, also for issuers that are no directory name.
 *
 * Spec: RFC 5035 sections 3 and 4.
 */
export function parseSigningCertificateV2(element: DerElement): EssCertificateId | undefined {
  const [certificates, policies, ...rest] = derSequence(element, WHAT)
  if (policies !== undefined) expectDer(policies, DER_TAG.sequence, WHAT)
  if (rest.length > 0) throw malformed(WHAT, "more than two members")
  const [first] = derSequence(certificates, WHAT)
  if (first === undefined) return undefined
  const left = derSequence(first, WHAT)
  const algorithm = left[0]?.tag === DER_TAG.sequence ? left.shift() : undefined
  const [digest, issuerSerial, ...others] = left
  if (others.length > 0) throw malformed(WHAT, "ESSCertIDv2 has more than three members")
  return {
    ...(algorithm === undefined ? {} : { algorithm: digestAlgorithm(algorithm, WHAT) }),
    digest: derOctetString(digest, WHAT),
    ...(issuerSerial === undefined ? {} : { issuerSerial: parseIssuerSerial(issuerSerial) }),
  }
}

function parseIssuerSerial(element: DerElement): IssuerAndSerial {
  const [names, serial, ...rest] = derSequence(element, WHAT)
  const [name, ...others] = derSequence(names, WHAT)
  if (rest.length > 0 || others.length > 0) throw malformed(WHAT, "IssuerSerial with more than one issuer or serial")
  const directory = derExplicit(expectDer(name, contextTag(4, true), WHAT), WHAT)
  return { issuer: expectDer(directory, DER_TAG.sequence, WHAT).raw, serial: derInteger(serial, WHAT) }
}

/** Value of a SigningCertificateV2 attribute with one certificate and SHA-256. @returns DER. */
export function encodeSigningCertificateV2(digest: Uint8Array, signer: IssuerAndSerial): Uint8Array {
  const issuerSerial = encodeDer(
    DER_TAG.sequence,
    encodeDer(DER_TAG.sequence, encodeDer(contextTag(4, true), signer.issuer)),
    encodeDerInteger(signer.serial),
  )
  const id = encodeDer(DER_TAG.sequence, encodeDer(DER_TAG.octetString, digest), issuerSerial)
  return encodeDer(DER_TAG.sequence, encodeDer(DER_TAG.sequence, id))
}
