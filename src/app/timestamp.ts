import { bytesToBigint } from "../codec/der.ts"
import { goQuote } from "../codec/go-quote.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import type { Clock, Randomness } from "../core/ports.ts"
import type { TimestampService } from "../core/service-ports.ts"
import type { MessageHash } from "../crypto/cms/digest-algorithm.ts"
import { digestOf } from "../crypto/hash.ts"
import { buildTimestampRequest, encodeImprint } from "../crypto/rfc3161/request.ts"
import type { TimestampToken } from "../crypto/rfc3161/token.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import { signingCertificate } from "../trust/timestamp-signer.ts"
import { judgeTimestamp } from "../trust/timestamp.ts"
import { checkImprint, grantedToken, invalidAnswer, readAnswer, readToken } from "./timestamp-answer.ts"

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
  checkToken(readToken(token), { imprint: encodeImprint(hash, digest), nonce })
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

/** That a token answers this request. */
function checkToken(
  { cms, info }: TimestampToken,
  asked: { readonly imprint: Uint8Array; readonly nonce: bigint },
): void {
  checkImprint(info, asked.imprint)
  if (info.nonce !== asked.nonce) {
    throw invalidAnswer(`nonce in response ${info.nonce ?? "<nil>"} does not match nonce in request ${asked.nonce}`)
  }
  if (cms.signerInfos.some((signer) => typeof signingCertificate(cms, signer) !== "string")) return
  throw invalidAnswer("certReq is True in request, but did not find any TSA signing certificate in the response")
}
