import { goQuote } from "../codec/go-quote.ts"
import { goRfc1123z } from "../codec/go-time.ts"
import type { ErrorCode } from "../core/error-catalogue.ts"
import type { SignedAttributes } from "../core/certified.ts"
import type { Finding, TimeEvidence } from "../core/report.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import { judgeTimestamp } from "./timestamp.ts"

/** Why a time does not fit a chain. */
interface TimeFault {
  readonly code: ErrorCode
  readonly message: string
}

/** What {@link judgeSigningTime} needs besides the signature. */
export interface SigningTimeOptions {
  /** Time of verification, milliseconds since the epoch. */
  readonly at: number
  /** Roots of the timestamp authorities that are trusted; absent = timestamps are not evaluated. */
  readonly timestampRoots?: readonly Certificate[]
}

/** Outcome of {@link judgeSigningTime}. */
export interface SigningTimeJudgement {
  readonly finding: Finding
  readonly time: TimeEvidence
  /** Chain of the timestamp authority, leaf first; whether it was revoked is still to be asked. */
  readonly timestampChain?: readonly Certificate[]
}

/**
 * Whether timestamps are evaluated under a policy.
 *
 * @param tsaStores - whether the policy names a store of type tsa.
 */
export function evaluatesTimestamp(
  chain: readonly Certificate[],
  tsaStores: boolean,
  verifyTimestamp: "always" | "afterCertExpiry",
  at: number,
): boolean {
  if (!tsaStores) return false
  return verifyTimestamp === "always" || chain.some(({ notAfter }) => at > notAfter)
}

/**
 * The signing certificates were valid when it counts: at a trusted timestamp where one is evaluated, at the time the
 * signing authority vouches for under its scheme, and now otherwise.
 *
 * @param signature - bytes of the signature as they stand in the envelope: what a timestamp covers.
 *
 * Spec: notaryproject/specifications `specs/trust-store-trust-policy.md`, "Authentic timestamp".
 */
export function judgeSigningTime(
  attributes: SignedAttributes,
  chain: readonly Certificate[],
  signature: Uint8Array,
  options: SigningTimeOptions,
): SigningTimeJudgement {
  if (attributes.signingScheme === "notary.x509.signingAuthority") return authorityTime(attributes, chain)
  const claimed: TimeEvidence = { at: attributes.signingTime.at, source: "claimed", verified: false }
  if (options.timestampRoots === undefined) return { finding: finding(validNow(chain, options.at)), time: claimed }
  const judged = timestamped(attributes, chain, signature, options.timestampRoots)
  if ("message" in judged) return { finding: finding(judged), time: claimed }
  return judged
}

function finding(fault: TimeFault | undefined, observed = "every certificate is valid now"): Finding {
  if (fault === undefined) return { check: "timestamp", outcome: "passed", observed }
  return { check: "timestamp", outcome: "failed", code: fault.code, observed: fault.message }
}

function validNow(chain: readonly Certificate[], at: number): TimeFault | undefined {
  for (const { subject, notBefore, notAfter } of chain) {
    const name = `verification time is ${at < notBefore ? "before" : "after"} certificate ${goQuote(subject.text)} validity period`
    if (at < notBefore) {
      return { code: "E_CERT_NOT_YET_VALID", message: `${name}, it will be valid from ${quotedTime(notBefore)}` }
    }
    if (at > notAfter) return { code: "E_CERT_EXPIRED", message: `${name}, it was expired at ${quotedTime(notAfter)}` }
  }
  return undefined
}

/** The signing authority vouches for its time with the signature itself. */
function authorityTime({ signingTime }: SignedAttributes, chain: readonly Certificate[]): SigningTimeJudgement {
  const { at } = signingTime
  const outside = chain.find(({ notBefore, notAfter }) => at < notBefore || at > notAfter)
  const fault: TimeFault | undefined =
    outside === undefined
      ? undefined
      : {
          code: at < outside.notBefore ? "E_CERT_NOT_YET_VALID" : "E_CERT_EXPIRED",
          message: `certificate ${goQuote(outside.subject.text)} was not valid when the digital signature was produced at ${quotedTime(at, signingTime.zone)}`,
        }
  return {
    finding: finding(
      fault,
      `every certificate was valid at ${new Date(at).toISOString()}, as the signing authority says`,
    ),
    time: { at, source: "claimed", verified: fault === undefined },
  }
}

function timestamped(
  { timestampToken }: SignedAttributes,
  chain: readonly Certificate[],
  signature: Uint8Array,
  roots: readonly Certificate[],
): SigningTimeJudgement | TimeFault {
  if (timestampToken === undefined) {
    return {
      code: "E_TIME_MISSING",
      message: "no timestamp countersignature was found in the signature envelope",
    }
  }
  const judged = judgeTimestamp({ token: timestampToken, message: signature, roots })
  if ("fault" in judged) return judged.fault
  const { earliest, latest, genTime } = judged
  for (const { subject, notBefore, notAfter } of chain) {
    const name = `certificate ${goQuote(subject.text)} validity period`
    if (earliest < notBefore) {
      const message = `timestamp can be before ${name}, it will be valid from ${quotedTime(notBefore)}`
      return { code: "E_CERT_NOT_YET_VALID", message }
    }
    if (latest > notAfter) {
      return {
        code: "E_CERT_EXPIRED",
        message: `timestamp can be after ${name}, it was expired at ${quotedTime(notAfter)}`,
      }
    }
  }
  const authority = judged.chain[0]?.subject.text ?? ""
  return {
    finding: finding(undefined, `${new Date(genTime).toISOString()} by ${authority}`),
    time: { at: genTime, source: "timestamp", verified: true },
    timestampChain: judged.chain,
  }
}

function quotedTime(at: number, zone?: string): string {
  return goQuote(goRfc1123z(at, zone))
}
