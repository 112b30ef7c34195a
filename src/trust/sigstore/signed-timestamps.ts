import { encodeHex } from "../../codec/hex.ts"
import type { ErrorCode } from "../../core/error-catalogue.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { TrustedAuthority } from "../../core/sigstore.ts"
import { CMS_OID } from "../../crypto/cms/object-ids.ts"
import type { SignerInfo } from "../../crypto/cms/signed-data.ts"
import { digestOf } from "../../crypto/hash.ts"
import { parseTimestampResponse } from "../../crypto/rfc3161/response.ts"
import type { TimestampTokenCms } from "../../crypto/rfc3161/token.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { type ReadTimestamp, readTimestamp } from "../timestamp.ts"
import { signingCertificate, verifySignerAs } from "../timestamp-signer.ts"
import { authorityCertificates, windowContains } from "./certificate-path.ts"

/** A timestamp that a trusted authority made. */
export interface VerifiedTimestamp {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly authority: TrustedAuthority
  /** The authority's `uri`, else the name of its root. */
  readonly name: string
}

/** Why a timestamp does not count. */
export interface TimestampFailure {
  readonly code: ErrorCode
  readonly message: string
}

/** What timestamps are judged by. */
export interface TimestampsQuestion {
  /** DER `TimeStampResp`s; untrusted. */
  readonly timestamps: readonly Uint8Array[]
  /** The bytes that must be stamped. */
  readonly stamped: Uint8Array
  readonly authorities: readonly TrustedAuthority[]
}

/** Outcome of {@link judgeTimestamps}. */
export interface TimestampsJudgement {
  /** Every one that holds: its time is a time of the signature. */
  readonly verified: readonly VerifiedTimestamp[]
  /** How many authorities they are of that have nothing in common. */
  readonly distinct: number
  readonly failures: readonly TimestampFailure[]
}

/**
 * Judge RFC 3161 timestamps by Sigstore's rules: granted, about these bytes, signed by the one signer it names, whose
 * certificate (in the token, or the trusted root's) leads to the authority's root at the time of the timestamp, and within the
 * window in which the authority is trusted.
 *
 * SECURITY: authorities are counted by their certificates. Two rows of a trusted root with the same URI, root key or signer are
 * one authority, however many timestamps it made.
 *
 * @throws {ToolError} `E_LIMIT_EXCEEDED` for more than 32, before any of them is looked at.
 *
 * Spec: sigstore/timestamp-authority `pkg/verification/verify.go`; sigstore-go `pkg/verify/tsa.go`; RFC 3161 2.4.2.
 */
export function judgeTimestamps({ timestamps, stamped, authorities }: TimestampsQuestion): TimestampsJudgement {
  if (timestamps.length > limits.timestamps) {
    throw new ToolError("E_LIMIT_EXCEEDED", {
      what: "too many signed timestamps",
      why: `too many signed timestamps: ${timestamps.length} > ${limits.timestamps}`,
    })
  }
  const verified: VerifiedTimestamp[] = []
  const failures: TimestampFailure[] = []
  const counted = new Set<string>()
  let distinct = 0
  for (const response of timestamps) {
    const found = verifyByAny(response, stamped, authorities)
    if ("message" in found) {
      failures.push(found)
      continue
    }
    const { timestamp, marks } = found
    verified.push(timestamp)
    if (!marks.some((mark) => counted.has(mark))) distinct++
    for (const mark of marks) counted.add(mark)
  }
  return { verified, distinct, failures }
}

interface Found {
  readonly timestamp: VerifiedTimestamp
  /** What an authority may share with another row that is the same one. */
  readonly marks: readonly string[]
}

function verifyByAny(
  response: Uint8Array,
  stamped: Uint8Array,
  authorities: readonly TrustedAuthority[],
): Found | TimestampFailure {
  const read = readResponse(response, stamped)
  if ("message" in read) return read
  let last: TimestampFailure = { code: "E_TSA_UNTRUSTED", message: "the trusted root has no timestamp authority" }
  for (const authority of authorities) {
    const found = verifyBy(read, authority)
    if (!("message" in found)) return found
    // That the timestamp is of another authority is the least interesting thing about it.
    if (last.code === "E_TSA_UNTRUSTED") last = found
  }
  return last
}

/** Token of a granted response that is about the stamped bytes. */
function readResponse(response: Uint8Array, stamped: Uint8Array): ReadTimestamp | TimestampFailure {
  try {
    const { status, token } = parseTimestampResponse(response)
    if (status !== 0n) return invalid(`the timestamp was not granted, status ${status}`)
    if (token === undefined) return invalid("the answer holds no timestamp")
    const read = readTimestamp({ token, message: stamped })
    return "fault" in read ? { code: read.fault.code, message: read.fault.detail } : read
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    return { code: error.code === "E_LIMIT_EXCEEDED" ? error.code : "E_TSA_INVALID", message: error.message }
  }
}

function invalid(message: string): TimestampFailure {
  return { code: "E_TSA_INVALID", message }
}

function verifyBy({ cms, info }: ReadTimestamp, authority: TrustedAuthority): Found | TimestampFailure {
  const certificates = authorityCertificates(authority)
  const root = certificates.at(-1)
  const [signer, ...others] = cms.signerInfos
  if (root === undefined) return { code: "E_TSA_UNTRUSTED", message: "the authority has no certificate" }
  if (signer === undefined || others.length > 0) {
    return invalid(`the timestamp has ${cms.signerInfos.length} signers, expected exactly one`)
  }
  const leaf = namedCertificate(cms, signer, certificates)
  if (typeof leaf === "string") return { code: "E_TSA_UNTRUSTED", message: leaf }
  const [first] = certificates
  if (
    first !== undefined &&
    first !== root &&
    first.basicConstraints?.ca !== true &&
    first.thumbprint !== leaf.thumbprint
  ) {
    return {
      code: "E_TSA_UNTRUSTED",
      message: "certificate embedded in the TSR does not match the trusted TSA certificate",
    }
  }
  const signed = verifySignerAs(leaf, cms, signer, {
    roots: [root],
    intermediates: certificates.slice(0, -1),
    at: info.genTime,
    budget: { signatures: limits.pathCandidates },
  })
  if ("fault" in signed) return { code: signed.fault.code, message: signed.fault.detail }
  const at = info.genTime
  if (!windowContains(authority.validFor, at)) {
    const early = at < authority.validFor.start
    return {
      code: "E_TSA_UNTRUSTED",
      message: early ? "timestamp is before the validity period start" : "timestamp is after the validity period end",
    }
  }
  const name = authority.uri === "" ? root.subject.text : authority.uri
  return { timestamp: { at, authority, name }, marks: marksOf(authority, [leaf, root]) }
}

/**
 * The certificate that a signer names by issuer and serial number, in the token or among the authority's own. Where the signer
 * names it by hash as well (ESS), that must be it too.
 *
 * SECURITY: one certificate is looked up once; path, signature and usage are all judged on it.
 */
function namedCertificate(
  cms: TimestampTokenCms,
  signer: SignerInfo,
  trusted: readonly Certificate[],
): Certificate | string {
  if (signer.signedAttributes?.values.has(CMS_OID.signingCertificateV2) === true) {
    return signingCertificate(cms, signer, trusted)
  }
  const { signer: name } = signer
  if (name === undefined) return "the timestamp names its signer by a key identifier, expected issuer and serial number"
  const found = [...cms.parsed, ...trusted].find(
    ({ issuer, serial }) => serial === name.serial && encodeHex(issuer.raw) === encodeHex(name.issuer),
  )
  return found ?? "signing certificate not found in the timestamp token or the trusted root"
}

function marksOf({ uri }: TrustedAuthority, certificates: readonly Certificate[]): readonly string[] {
  const keys = certificates.map(({ spki }) => encodeHex(digestOf("sha256", spki)))
  return uri === "" ? keys : [...keys, `uri:${uri}`]
}
