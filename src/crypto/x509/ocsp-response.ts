import {
  DER_TAG,
  derBitString,
  type DerElement,
  derOctetString,
  derOid,
  derSequence,
  expectDer,
  parseDer,
} from "../../codec/der.ts"
import { contextTag, DER_STRING, derExplicit, derTime } from "../../codec/der-values.ts"
import { malformed, tooLarge } from "../../codec/malformed.ts"
import { limits } from "../../core/limits.ts"
import type { Extension } from "./certificate.ts"
import { parseExtensions } from "./extensions.ts"
import { type CertId, parseCertId } from "./ocsp-request.ts"

const WHAT = "OCSP response"
const BASIC = "1.3.6.1.5.5.7.48.1.1"
const ENUMERATED = 0x0a

/** Statuses and certificates in one response. */
const MOST_STATUSES = 64
const MOST_CERTIFICATES = 10

/** What a responder says about the exchange. */
export type OcspResponseStatus =
  "successful" | "malformedRequest" | "internalError" | "tryLater" | "sigRequired" | "unauthorized"

const STATUSES: ReadonlyMap<number, OcspResponseStatus> = new Map([
  [0, "successful"],
  [1, "malformedRequest"],
  [2, "internalError"],
  [3, "tryLater"],
  [5, "sigRequired"],
  [6, "unauthorized"],
])

/** What a response says about one certificate. */
export interface SingleResponse {
  readonly id: CertId
  readonly status: "good" | "revoked" | "unknown"
  /** Milliseconds since the epoch; with `revoked` only. */
  readonly revokedAt?: number
  /** CRLReason; absent = unspecified. */
  readonly reason?: number
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number
  readonly nextUpdate?: number
  readonly extensions: ReadonlyMap<string, Extension>
}

/** A BasicOCSPResponse, decoded and not verified. All bytes view the document. */
export interface BasicOcspResponse {
  /** DER of the ResponseData: the bytes under the signature. */
  readonly tbs: Uint8Array
  /** How the responder names itself: DER of its name, or SHA-1 of its key. */
  readonly responder: { readonly name: Uint8Array } | { readonly keyHash: Uint8Array }
  readonly producedAt: number
  readonly responses: readonly SingleResponse[]
  readonly extensions: ReadonlyMap<string, Extension>
  /** DER of the signature's AlgorithmIdentifier. */
  readonly signatureAlgorithm: DerElement
  readonly signature: Uint8Array
  /** DER of the certificates that came along. */
  readonly certificates: readonly Uint8Array[]
}

/** An OCSPResponse; `basic` is there when the status is `successful`. */
export interface OcspResponse {
  readonly status: OcspResponseStatus
  readonly basic?: BasicOcspResponse
}

/**
 * Read an OCSPResponse.
 *
 * @param bytes - untrusted DER, at most 20480 bytes.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 6960 section 4.2.1.
 */
export function parseOcspResponse(bytes: Uint8Array): OcspResponse {
  if (bytes.length > limits.ocspBytes) throw tooLarge(WHAT, bytes.length, limits.ocspBytes, "bytes")
  const [statusElement, wrapped, ...rest] = derSequence(parseDer(bytes, WHAT), WHAT)
  const code = expectDer(statusElement, ENUMERATED, WHAT).contents
  const status = code.length === 1 ? STATUSES.get(code[0] ?? 255) : undefined
  if (status === undefined || rest.length > 0) throw malformed(WHAT, "a status that is not known")
  if (status !== "successful") {
    if (wrapped !== undefined) throw malformed(WHAT, `the status ${status} and a response all the same`)
    return { status }
  }
  const [type, octets, ...more] = derSequence(derExplicit(expectDer(wrapped, contextTag(0, true), WHAT), WHAT), WHAT)
  const kind = derOid(type, WHAT)
  if (kind !== BASIC || more.length > 0) throw malformed(WHAT, `responses of type ${kind}, expected ${BASIC}`)
  return { status, basic: parseBasic(derOctetString(octets, WHAT)) }
}

function parseBasic(bytes: Uint8Array): BasicOcspResponse {
  const [data, signatureAlgorithm, signature, wrapped, ...rest] = derSequence(parseDer(bytes, WHAT), WHAT)
  if (data === undefined || signatureAlgorithm === undefined || rest.length > 0) {
    throw malformed(WHAT, "a basic response of another shape")
  }
  const certificates =
    wrapped === undefined
      ? []
      : derSequence(derExplicit(expectDer(wrapped, contextTag(0, true), WHAT), WHAT), WHAT).map(({ raw }) => raw)
  if (certificates.length > MOST_CERTIFICATES) {
    throw tooLarge(`the certificates of an ${WHAT}`, certificates.length, MOST_CERTIFICATES, "certificates")
  }
  return {
    ...parseData(data),
    tbs: data.raw,
    signatureAlgorithm: expectDer(signatureAlgorithm, DER_TAG.sequence, WHAT),
    signature: derBitString(signature, WHAT),
    certificates,
  }
}

function parseData(
  element: DerElement,
): Pick<BasicOcspResponse, "responder" | "producedAt" | "responses" | "extensions"> {
  const [responder, producedAt, list, extensions, ...rest] = derSequence(element, WHAT)
  // A version would be here under [0]; the only one there is, 1, is left out in DER.
  if (responder?.tag === contextTag(0, true)) throw malformed(WHAT, "a version, which DER leaves out")
  if (rest.length > 0) throw malformed(WHAT, "more members than a response has")
  const responses = derSequence(list, WHAT).map(parseSingle)
  if (responses.length === 0 || responses.length > MOST_STATUSES) {
    throw malformed(WHAT, `${responses.length} statuses, expected 1 to ${MOST_STATUSES}`)
  }
  return {
    responder: parseResponder(responder),
    producedAt: time(producedAt),
    responses,
    extensions: parseWrappedExtensions(extensions),
  }
}

function parseResponder(element: DerElement | undefined): BasicOcspResponse["responder"] {
  if (element?.tag === contextTag(1, true)) {
    return { name: expectDer(derExplicit(element, WHAT), DER_TAG.sequence, WHAT).raw }
  }
  const key = derExplicit(expectDer(element, contextTag(2, true), WHAT), WHAT)
  return { keyHash: derOctetString(key, WHAT) }
}

function parseSingle(element: DerElement): SingleResponse {
  const [id, status, thisUpdate, ...rest] = derSequence(element, WHAT)
  const next = rest[0]?.tag === contextTag(0, true) ? rest.shift() : undefined
  const extensions = rest.shift()
  if (rest.length > 0) throw malformed(WHAT, "more members than a status has")
  return {
    id: parseCertId(id, WHAT),
    ...parseStatus(status),
    thisUpdate: time(thisUpdate),
    ...(next === undefined ? {} : { nextUpdate: time(derExplicit(next, WHAT)) }),
    extensions: parseWrappedExtensions(extensions),
  }
}

function parseWrappedExtensions(element: DerElement | undefined): ReadonlyMap<string, Extension> {
  if (element === undefined) return new Map()
  return parseExtensions(derExplicit(expectDer(element, contextTag(1, true), WHAT), WHAT), WHAT)
}

function parseStatus(element: DerElement | undefined): Pick<SingleResponse, "status" | "revokedAt" | "reason"> {
  if (element?.tag === contextTag(1, true)) {
    const [at, reason, ...rest] = derSequence({ ...element, tag: DER_TAG.sequence }, WHAT)
    if (rest.length > 0) throw malformed(WHAT, "more members than a revocation has")
    return { status: "revoked", revokedAt: time(at), ...(reason === undefined ? {} : { reason: reasonOf(reason) }) }
  }
  const status = new Map([
    [contextTag(0, false), "good" as const],
    [contextTag(2, false), "unknown" as const],
  ]).get(element?.tag ?? -1)
  if (status === undefined || element?.contents.length !== 0)
    throw malformed(WHAT, "a certificate status of another shape")
  return { status }
}

function reasonOf(element: DerElement): number {
  const { contents } = expectDer(derExplicit(expectDer(element, contextTag(0, true), WHAT), WHAT), ENUMERATED, WHAT)
  const [code = 255] = contents
  if (contents.length !== 1 || code > 10 || code === 7) throw malformed(WHAT, "a reason code that is not known")
  return code
}

/** OCSP has GeneralizedTime only. */
function time(element: DerElement | undefined): number {
  return derTime(expectDer(element, DER_STRING.generalizedTime, WHAT), WHAT)
}
