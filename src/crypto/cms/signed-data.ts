import { berToDer } from "../../codec/ber.ts"
import {
  DER_TAG,
  type DerElement,
  derChildren,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  encodeDer,
  expectDer,
  parseDer,
} from "../../codec/der.ts"
import { contextTag, derExplicit, derSet } from "../../codec/der-values.ts"
import { malformed, tooLarge } from "../../codec/malformed.ts"
import { limits } from "../../core/limits.ts"
import { type DigestAlgorithm, digestAlgorithm } from "./digest-algorithm.ts"
import { CMS_OID } from "./object-ids.ts"
import { type SignerAlgorithm, signerAlgorithm } from "./signer-algorithm.ts"

/** Names a certificate by who issued it. */
export interface IssuerAndSerial {
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array
  readonly serial: bigint
}

/** Attributes under a signature. */
export interface SignedAttributeSet {
  /** What the signature covers: DER of the SET OF the attributes, sorted. */
  readonly message: Uint8Array
  /** Values by dotted type; a type occurs once. */
  readonly values: ReadonlyMap<string, readonly DerElement[]>
}

/** One signature of a SignedData. */
export interface SignerInfo {
  readonly version: bigint
  /** Absent when the signer is named by its key identifier. Not signed. */
  readonly signer?: IssuerAndSerial
  readonly digestAlgorithm: DigestAlgorithm
  readonly signedAttributes?: SignedAttributeSet
  readonly algorithm: SignerAlgorithm
  readonly signature: Uint8Array
}

/** A CMS SignedData, decoded; nothing of it is trusted. */
export interface SignedData {
  readonly version: bigint
  /** Dotted eContentType. */
  readonly contentType: string
  /** Octets of eContent; absent in detached signatures. */
  readonly content?: Uint8Array
  /** DER of each, in order; may be empty. */
  readonly certificates: readonly Uint8Array[]
  readonly signerInfos: readonly SignerInfo[]
}

/**
 * Read a ContentInfo with a SignedData, DER or BER.
 *
 * @param bytes - untrusted.
 * @param what - name of the document for errors.
 * @param max - bytes.
 * @returns the parts; certificates and attribute values are DER, whatever the encoding around them.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, also for certificates other than X.509 and for attributes given twice;
 *   `E_LIMIT_EXCEEDED` for more certificates or signers than the limits allow.
 *
 * Spec: RFC 5652 sections 3 and 5.
 */
export function parseSignedData(bytes: Uint8Array, what: string, max: number): SignedData {
  const [type, content, ...rest] = derSequence(parseDer(berToDer(bytes, what, max), what), what)
  if (derOid(type, what) !== CMS_OID.signedData) throw malformed(what, "cms: content type is not signed-data")
  const inner = derExplicit(expectDer(content, contextTag(0, true), what), what)
  if (rest.length > 0) throw malformed(what, "ContentInfo has more than two members")
  const [version, digests, encapsulated, ...others] = derSequence(inner, what)
  derSet(digests, what).forEach((element) => digestAlgorithm(element, what))
  const { certificates, signers } = optionalMembers(others, what)
  return {
    version: derInteger(version, what),
    ...encapsulatedContent(encapsulated, what),
    certificates,
    signerInfos: signers.map((element) => signerInfo(element, what)),
  }
}

/** `certificates`, `crls` and `signerInfos`, which come in this order. Revocation lists are not looked at. */
function optionalMembers(
  elements: readonly DerElement[],
  what: string,
): { readonly certificates: readonly Uint8Array[]; readonly signers: readonly DerElement[] } {
  const left = [...elements]
  const take = (tag: number): DerElement | undefined => (left[0]?.tag === tag ? left.shift() : undefined)
  const set = take(contextTag(0, true))
  take(contextTag(1, true))
  const signers = derSet(left.shift(), what)
  if (left.length > 0) throw malformed(what, `SignedData has ${left.length} members after signerInfos`)
  if (signers.length > limits.timestampSigners) {
    throw tooLarge(what, signers.length, limits.timestampSigners, "signers")
  }
  const found = set === undefined ? [] : derChildren(set, what)
  if (found.length > limits.chainCertificates) {
    throw tooLarge(what, found.length, limits.chainCertificates, "certificates")
  }
  return { certificates: found.map((element) => expectDer(element, DER_TAG.sequence, what).raw), signers }
}

function encapsulatedContent(
  element: DerElement | undefined,
  what: string,
): { readonly contentType: string; readonly content?: Uint8Array } {
  const [type, content, ...rest] = derSequence(element, what)
  if (rest.length > 0) throw malformed(what, "EncapsulatedContentInfo has more than two members")
  const contentType = derOid(type, what)
  if (content === undefined) return { contentType }
  const octets = derExplicit(expectDer(content, contextTag(0, true), what), what)
  return { contentType, content: derOctetString(octets, what) }
}

function signerInfo(element: DerElement, what: string): SignerInfo {
  const [version, sid, digest, ...left] = derSequence(element, what)
  const attributes = left[0]?.tag === contextTag(0, true) ? left.shift() : undefined
  const [algorithm, signature, unsigned, ...rest] = left
  if (unsigned !== undefined) expectDer(unsigned, contextTag(1, true), what)
  if (rest.length > 0) throw malformed(what, `SignerInfo has ${rest.length} members after unsignedAttrs`)
  const digests = digestAlgorithm(digest, what)
  return {
    version: derInteger(version, what),
    ...(sid?.tag === contextTag(0, false) ? {} : { signer: issuerAndSerial(sid, what) }),
    digestAlgorithm: digests,
    ...(attributes === undefined ? {} : { signedAttributes: attributeSet(attributes, what) }),
    algorithm: signerAlgorithm(algorithm, digests.hash, what),
    signature: derOctetString(signature, what),
  }
}

function issuerAndSerial(element: DerElement | undefined, what: string): IssuerAndSerial {
  const [issuer, serial, ...rest] = derSequence(element, what)
  if (rest.length > 0) throw malformed(what, "IssuerAndSerialNumber has more than two members")
  return { issuer: expectDer(issuer, DER_TAG.sequence, what).raw, serial: derInteger(serial, what) }
}

function attributeSet(element: DerElement, what: string): SignedAttributeSet {
  const values = new Map<string, readonly DerElement[]>()
  const children = derChildren(element, what)
  if (children.length === 0) throw malformed(what, "an empty set of signed attributes")
  for (const child of children) {
    const [type, set, ...rest] = derSequence(child, what)
    const name = derOid(type, what)
    if (rest.length > 0) throw malformed(what, `attribute ${name} has more than two members`)
    if (values.has(name)) throw malformed(what, `attribute ${name} is there twice`)
    values.set(name, derSet(set, what))
  }
  // RFC 5652 5.4: signed is the DER of the SET OF, whatever order and tag it was sent with.
  return { message: encodeDerSetOf(children.map((child) => child.raw)), values }
}

/** DER of a SET OF: members sorted by their encoding. @param members - DER of each. */
export function encodeDerSetOf(members: readonly Uint8Array[]): Uint8Array {
  return encodeDer(DER_TAG.set, ...[...members].sort(compareBytes))
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
