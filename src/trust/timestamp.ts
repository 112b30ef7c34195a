import type { ErrorCode } from "../core/error-catalogue.ts"
import { ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import { digestOf } from "../crypto/hash.ts"
import type { TstInfo } from "../crypto/rfc3161/tst-info.ts"
import { parseTokenCms, parseTokenInfo, type TimestampTokenCms } from "../crypto/rfc3161/token.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import { type SignerFault, verifySigner } from "./timestamp-signer.ts"
import { chainFault } from "./x509/chain-rules.ts"

/** What a timestamp is judged by. */
export interface TimestampQuestion {
  /** TimeStampToken, DER or BER; untrusted. */
  readonly token: Uint8Array
  /** The bytes that were stamped, such as a raw signature. */
  readonly message: Uint8Array
  /** Roots of the timestamp authorities that are trusted. */
  readonly roots: readonly Certificate[]
  /** Certificates beside those in the token, to find the signer among and to build the path with; untrusted. */
  readonly intermediates?: readonly Certificate[]
  /** Milliseconds since the epoch when the authority's path must be valid. Default: the time of the token. */
  readonly at?: number
}

/** Why a timestamp does not hold. */
export interface TimestampFault {
  /** `E_TSA_UNTRUSTED`, `E_LIMIT_EXCEEDED`, else `E_TSA_INVALID`. */
  readonly code: ErrorCode
  /** Upstream's text when verifying a signature. */
  readonly message: string
  /** Upstream's text when asking for a timestamp: without the words that `message` begins with. */
  readonly detail: string
}

/** A timestamp that holds. Whether a certificate of `chain` was revoked is still to be asked. */
export interface TimestampEvidence {
  /** Milliseconds since the epoch: the whole range the time lies in, rounded outwards. */
  readonly earliest: number
  readonly latest: number
  /** Milliseconds since the epoch; what is finer is dropped. */
  readonly genTime: number
  /** Milliseconds; may have a fraction. */
  readonly accuracy: number
  /** Of the authority, leaf first, root last. */
  readonly chain: readonly Certificate[]
  readonly info: TstInfo
}

export type TimestampJudgement = TimestampEvidence | { readonly fault: TimestampFault }

/** The words before a detail, by what was being done. */
const WORDS = {
  parse: "failed to parse timestamp countersignature with error",
  info: "failed to get the timestamp TSTInfo with error",
  imprint: "failed to get timestamp from timestamp countersignature with error",
  verify: "failed to verify the timestamp countersignature with error",
  chain: "failed to validate the timestamping certificate chain with error",
} as const

/** ETSI EN 319 421 baseline policy: one second where no accuracy is given. */
const BASELINE_POLICY = "0.4.0.2023.1.1"

function fault(
  doing: keyof typeof WORDS,
  detail: string,
  code: ErrorCode = "E_TSA_INVALID",
): { readonly fault: TimestampFault } {
  return { fault: { code, message: `${WORDS[doing]}: ${detail}`, detail } }
}

/**
 * Judge an RFC 3161 timestamp token by the rules of the Notary Project.
 *
 * Certificates in the token are used to build the path and are never trusted by themselves. The network is not asked:
 * whether the authority's certificates were revoked is the caller's question.
 *
 * @returns the range of time in which the message existed, or the first fault, in upstream's order and words.
 *
 * Spec: RFC 3161 2.4.2; notaryproject/specifications `specs/trust-store-trust-policy.md`; tspclient-go `token.go`.
 */
export function judgeTimestamp(question: TimestampQuestion): TimestampJudgement {
  const read = readTimestamp(question)
  if ("fault" in read) return read
  const { cms, info } = read
  const signed = verifyToken(cms, info, question)
  if ("fault" in signed) return fault("verify", signed.fault.detail, signed.fault.code)
  const broken = chainFault(signed.chain, "timestamping")
  if (broken !== undefined) {
    return fault("chain", broken.message, broken.code === "E_LIMIT_EXCEEDED" ? broken.code : "E_TSA_INVALID")
  }
  return { ...timeRange(info), chain: signed.chain, info }
}

/** A token that is about a message; who made it is not looked at. */
export interface ReadTimestamp {
  readonly cms: TimestampTokenCms
  readonly info: TstInfo
}

/** Decode a token and compare it with what was stamped, for display and as the first steps of {@link judgeTimestamp}. */
export function readTimestamp({
  token,
  message,
}: Pick<TimestampQuestion, "token" | "message">): ReadTimestamp | { readonly fault: TimestampFault } {
  const cms = attempt("parse", () => parseTokenCms(token))
  if ("fault" in cms) return cms
  const info = attempt("info", () => parseTokenInfo(cms))
  if ("fault" in info) return info
  const mismatch = infoProblem(info, message)
  return mismatch === undefined ? { cms, info } : fault("imprint", `invalid TSTInfo: ${mismatch}`)
}

function attempt<T extends object>(doing: keyof typeof WORDS, parse: () => T): T | { readonly fault: TimestampFault } {
  try {
    return parse()
  } catch (error) {
    if (error instanceof ToolError) return fault(doing, error.message, error.code)
    throw error
  }
}

/** What the token says, against what was stamped. */
function infoProblem(info: TstInfo, message: Uint8Array): string | undefined {
  const { version, imprint, criticalExtensions } = info
  if (version !== 1n) return `timestamp token info version must be 1, but got ${version}`
  const { hash, oid } = imprint.algorithm
  if (hash === undefined) return `unrecognized hash algorithm: ${oid}`
  const expected = digestOf(hash, message)
  if (expected.length !== imprint.digest.length || expected.some((byte, at) => byte !== imprint.digest[at])) {
    return "mismatched message"
  }
  // DEVIATION: upstream takes no notice of extensions; what is critical and not understood may change the meaning.
  const [critical] = criticalExtensions
  return critical === undefined ? undefined : `critical extension ${critical} is not understood`
}

/** The path of the first signer that holds; else the fault of the last one. */
function verifyToken(
  cms: TimestampTokenCms,
  info: TstInfo,
  question: TimestampQuestion,
): { readonly chain: readonly Certificate[] } | { readonly fault: SignerFault } {
  const { roots, intermediates = [], at = info.genTime } = question
  const budget = { signatures: limits.pathCandidates }
  let last: SignerFault = { code: "E_TSA_INVALID", detail: "failed to verify signed token: signerInfo not found" }
  for (const signer of cms.signerInfos) {
    const verified = verifySigner(cms, signer, { roots, intermediates, at, budget })
    if ("chain" in verified) return verified
    last = verified.fault
  }
  return { fault: last }
}

/**
 * The range of time that a token vouches for; for display of tokens that were not judged too.
 *
 * @returns milliseconds, rounded outwards.
 */
export function timeRange(info: TstInfo): Pick<TimestampEvidence, "earliest" | "latest" | "genTime" | "accuracy"> {
  const { seconds, millis, micros } = info.accuracy ?? { seconds: 0, millis: 0, micros: 0 }
  const stated = (BigInt(seconds) * 1_000_000n + BigInt(millis) * 1000n + BigInt(micros)) * 1000n
  const nanos = stated === 0n && info.policy === BASELINE_POLICY ? 1_000_000_000n : stated
  return {
    earliest: floorMs(info.genTimeNanos - nanos),
    latest: -floorMs(-(info.genTimeNanos + nanos)),
    genTime: info.genTime,
    accuracy: Number(nanos / 1000n) / 1000,
  }
}

function floorMs(nanos: bigint): number {
  const ms = nanos / 1_000_000n
  return Number(nanos % 1_000_000n < 0n ? ms - 1n : ms)
}
