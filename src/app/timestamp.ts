import { bytesToBigint } from "../codec/der.ts"
import { goQuote } from "../codec/go-quote.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import type { Clock, Randomness } from "../core/ports.ts"
import { printable } from "../core/printable.ts"
import type { TimestampService } from "../core/service-ports.ts"
import type { MessageHash } from "../crypto/cms/digest-algorithm.ts"
import { digestOf } from "../crypto/hash.ts"
import { buildTimestampRequest, encodeImprint } from "../crypto/rfc3161/request.ts"
import { parseTimestampResponse, type TimestampResponse } from "../crypto/rfc3161/response.ts"
import { parseTimestampToken, type TimestampToken } from "../crypto/rfc3161/token.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import { signingCertificate } from "../trust/timestamp-signer.ts"
import { judgeTimestamp } from "../trust/timestamp.ts"

/** The world as asking for a timestamp needs it. */
export interface TimestampPorts {
  readonly timestamps: TimestampService
  readonly clock: Clock
  readonly randomness: Randomness
}

/** What was found out about the revocation of a chain, as far as it decides. */
export interface RevocationFindings {
  /** The certificate that was revoked, or that nothing could be found out about; absent when all are good. */
  readonly decisive?:
    { readonly status: string; readonly subject: string; readonly why?: string | undefined } | undefined
}

/** What is to be stamped, and by whom. */
export interface TimestampOrder {
  readonly url: string
  /** The root that the authority's chain must end in. */
  readonly root: Certificate
  /** Hash of the signature's algorithm. */
  readonly hash: MessageHash
  /** Raw signature bytes. */
  readonly signature: Uint8Array
  /** Asks whether a certificate of the authority's chain was revoked. @param chain - leaf first, root last; trusted. */
  readonly checkRevocation: (chain: readonly Certificate[]) => Promise<RevocationFindings>
  readonly signal?: AbortSignal
}

/** Nothing was signed yet, so no trust store is at fault. */
const OTHER_ROOT = [
  "give the root that this authority's operator publishes (`--timestamp-root`): its chain ends in another than the file's",
]

/** Bytes of a nonce; its first bit is zero, so it is below 2^159. */
const NONCE_BYTES = 20

/** Texts of PKIStatus and of the bits of PKIFailureInfo; spec: RFC 3161 2.4.2, tspclient-go `pki`. */
const STATUS: ReadonlyMap<bigint, string> = new Map([
  [2n, "rejected"],
  [3n, "the request body part has not yet been processed, expect to hear more later"],
  [4n, "warning: a revocation is imminent"],
  [5n, "a revocation has occurred"],
])
const FAILURES: ReadonlyMap<number, string> = new Map([
  [0, "unrecognized or unsupported Algorithm Identifier"],
  [2, "transaction not permitted or supported"],
  [5, "the data submitted has the wrong format"],
  [14, "the TSA's time source is not available"],
  [15, "the requested TSA policy is not supported by the TSA"],
  [16, "the requested extension is not supported by the TSA"],
  [17, "the additional information requested could not be understood or is not available"],
  [25, "the request cannot be handled due to system failure"],
])

/**
 * Have a signature stamped by a timestamp authority.
 *
 * The answer is checked against the request, the token's signature and chain against `root`, and the chain's
 * certificates for revocation, before anything is returned.
 *
 * @returns the TimeStampToken as received: DER or BER of its ContentInfo.
 * @throws {ToolError} `E_TSA_INVALID`, `E_TSA_UNTRUSTED`, `E_CERT_REVOKED`, `E_CERT_REVOCATION_UNKNOWN`,
 *   `E_LIMIT_EXCEEDED`, `E_NET_*`; `what` is `timestamp: ` and upstream's text.
 *
 * Spec: RFC 3161 2.4.1 and 2.4.2; notation-core-go `internal/timestamp`, tspclient-go `response.go`.
 */
export async function timestampSignature(ports: TimestampPorts, order: TimestampOrder): Promise<Uint8Array> {
  try {
    return await stamp(ports, order)
  } catch (thrown) {
    const error = asToolError(thrown)
    const { why, next, details, kind } = error
    const what = `timestamp: ${error.what}`
    throw new ToolError(error.code, { what, ...(why === undefined ? {} : { why }), next, details, kind, cause: error })
  }
}

async function stamp(ports: TimestampPorts, order: TimestampOrder): Promise<Uint8Array> {
  const { url, root, hash, signature, signal } = order
  const digest = digestOf(hash, signature)
  const nonce = newNonce(ports.randomness)
  const answer = await ports.timestamps.ask(url, buildTimestampRequest({ hash, digest, nonce }), signal)
  const token = grantedToken(readAnswer(answer))
  checkToken(parseToken(token), { imprint: encodeImprint(hash, digest), nonce })
  const judged = judgeTimestamp({ token, message: signature, roots: [root], at: ports.clock.now() })
  if ("fault" in judged) {
    const { code, detail } = judged.fault
    throw new ToolError(code, { what: detail, next: code === "E_TSA_UNTRUSTED" ? OTHER_ROOT : [] })
  }
  const { decisive } = await order.checkRevocation(judged.chain)
  if (decisive !== undefined) throw notGood(decisive)
  return token
}

/** As upstream: what could not be found out ends the signing too. */
function notGood({ status, subject, why }: NonNullable<RevocationFindings["decisive"]>): ToolError {
  const name = `timestamping certificate with subject ${goQuote(subject)}`
  const because = why === undefined ? {} : { why }
  return status === "revoked"
    ? new ToolError("E_CERT_REVOKED", { what: `${name} is revoked`, ...because })
    : new ToolError("E_CERT_REVOCATION_UNKNOWN", { what: `${name} revocation status is unknown`, ...because })
}

function newNonce(randomness: Randomness): bigint {
  const bytes = Uint8Array.from(randomness.bytes(NONCE_BYTES))
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return bytesToBigint(bytes)
}

function invalidAnswer(detail: string, cause?: unknown): ToolError {
  const what = `invalid timestamping response: ${detail}`
  return new ToolError("E_TSA_INVALID", { what, ...(cause === undefined ? {} : { cause }) })
}

function readAnswer(bytes: Uint8Array): TimestampResponse {
  try {
    return parseTimestampResponse(bytes)
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code !== "E_FORMAT_MALFORMED") throw error
    throw invalidAnswer(error.message, error)
  }
}

function parseToken(token: Uint8Array): TimestampToken {
  try {
    return parseTimestampToken(token)
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code !== "E_TSA_INVALID") throw error
    throw invalidAnswer(error.message, error)
  }
}

/** The token of a granted answer. */
function grantedToken({ status, failures, texts, token }: TimestampResponse): Uint8Array {
  if (status !== 0n && status !== 1n) {
    const known = [...FAILURES].filter(([bit]) => failures.includes(bit)).map(([, text]) => text)
    const name = STATUS.get(status) ?? `unknown PKIStatus ${status}`
    const info = known.length === 0 ? "" : `. Failure info: ${known.join("; ")}`
    const error = invalidAnswer(`invalid response with status code ${status}: ${name}${info}`)
    const said = printable(texts.join("; ").slice(0, 200))
    if (said === "") throw error
    throw new ToolError(error.code, { what: error.what, why: `the authority says: ${said}` })
  }
  if (token === undefined) throw invalidAnswer("the request was granted and there is no token")
  return token
}

/** That a token answers this request. */
function checkToken(
  { cms, info }: TimestampToken,
  asked: { readonly imprint: Uint8Array; readonly nonce: bigint },
): void {
  if (info.version !== 1n) throw invalidAnswer(`timestamp token info version must be 1, but got ${info.version}`)
  const { raw } = info.imprint
  if (raw.length !== asked.imprint.length || raw.some((byte, at) => byte !== asked.imprint[at])) {
    throw invalidAnswer("message imprint in response does not match with request")
  }
  if (info.nonce !== asked.nonce) {
    throw invalidAnswer(`nonce in response ${info.nonce ?? "<nil>"} does not match nonce in request ${asked.nonce}`)
  }
  if (cms.signerInfos.some((signer) => typeof signingCertificate(cms, signer) !== "string")) return
  throw invalidAnswer("certReq is True in request, but did not find any TSA signing certificate in the response")
}
