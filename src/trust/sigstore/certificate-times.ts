import { goRfc3339 } from "../../codec/go-time.ts"
import { encodeHex } from "../../codec/hex.ts"
import type { ErrorCode } from "../../core/error-catalogue.ts"
import type { Finding } from "../../core/report.ts"
import type { TrustedAuthority, WitnessRule } from "../../core/sigstore.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { authorityPaths, type AuthorityPath, windowContains } from "./certificate-path.ts"
import type { EvidenceForm } from "./identity-rules.ts"
import type { VerifiedEntry } from "./log-entries.ts"
import type { SignerCertificates } from "./signer-certificate.ts"
import type { AcceptedTime } from "./witnesses.ts"

/** The last time that a date can hold, milliseconds. */
const LAST_TIME = 8_640_000_000_000_000

/** Outcome of {@link judgePaths}: `paths` is empty exactly when the finding failed. */
export interface PathsJudgement {
  readonly finding: Finding
  readonly paths: readonly AuthorityPath[]
}

/**
 * The certificate leads to a trusted authority at every time that is vouched for; if one fails, it does not count.
 *
 * @param times - at least one.
 */
export function judgePaths(
  { leaf, others }: SignerCertificates,
  authorities: readonly TrustedAuthority[],
  times: readonly AcceptedTime[],
  form: EvidenceForm,
): PathsJudgement {
  const paths: AuthorityPath[] = []
  const distinct = times.filter(({ at }, index) => times.findIndex((other) => other.at === at) === index)
  for (const time of distinct) {
    const found = authorityPaths(leaf, others, authorities, time.at)
    if ("code" in found) return { finding: pathFinding(leaf, found, time, form), paths: [] }
    paths.push(...found)
  }
  const [first] = paths
  const root = first?.chain.at(-1)?.subject.text ?? ""
  const when = distinct.map(({ at }) => new Date(at).toISOString()).join(", ")
  return {
    finding: { check: "certificate.trusted", outcome: "passed", observed: `issued under ${root}, valid at ${when}` },
    paths,
  }
}

/** Finding about a certificate that does not lead to a trusted authority at a time. */
export function pathFinding(
  leaf: Certificate,
  fault: { readonly code: ErrorCode; readonly detail: string },
  { at, source }: AcceptedTime,
  form: EvidenceForm,
): Finding {
  const window = windowText(leaf, at)
  const expired = source === "caller" && at > leaf.notAfter
  const unwarranted = "expected a signed timestamp to verify an expired certificate"
  const observed =
    form === "bundle"
      ? "failed to verify leaf certificate: leaf certificate verification failed"
      : expired
        ? unwarranted
        : window === undefined
          ? `cert verification failed: ${fault.detail}. Check your TUF root (see cosign initialize) or set a custom root with env var SIGSTORE_ROOT_FILE`
          : `checking expiry on certificate with ${source === "timestamp" ? "timestamp" : "bundle"}: ${window}`
  return {
    check: "certificate.trusted",
    outcome: "failed",
    code: expired ? "E_TIME_MISSING" : fault.code,
    expected: `a certificate that leads to a trusted authority at ${new Date(at).toISOString()}`,
    observed,
    detail: expired ? unwarranted : (window ?? fault.detail),
  }
}

/** How a certificate's validity misses a time, in cosign's words. */
function windowText({ notBefore, notAfter }: Certificate, at: number): string | undefined {
  if (at > notAfter) {
    return `certificate expired before observed time: ${goRfc3339(notAfter)} is before ${goRfc3339(at)}`
  }
  if (at < notBefore) {
    return `certificate was issued after observed time: ${goRfc3339(notBefore)} is after ${goRfc3339(at)}`
  }
  return undefined
}

/**
 * A log's time outside the certificate's validity refuses the signature, even where other times are asked for.
 *
 * A time that nobody promised is no time of the signature, and where there is another it must not contradict it all the same.
 *
 * @param vouched - somebody vouches for a time.
 *
 * Spec: sigstore-go `pkg/verify/tlog.go`.
 */
export function logTimeFault(
  leaf: Certificate,
  entries: readonly VerifiedEntry[],
  vouched: boolean,
): Finding | undefined {
  for (const { at: promised, entry } of entries) {
    const at = promised ?? (vouched ? statedTime(entry) : undefined)
    if (at === undefined || (at >= leaf.notBefore && at <= leaf.notAfter)) continue
    return {
      check: "log.entry",
      outcome: "failed",
      code: at < leaf.notBefore ? "E_CERT_NOT_YET_VALID" : "E_CERT_EXPIRED",
      expected: `a time between ${goRfc3339(leaf.notBefore)} and ${goRfc3339(leaf.notAfter)}`,
      observed: "failed to verify log inclusion: integrated time outside certificate validity",
      detail: `the log says ${goRfc3339(at)}`,
    }
  }
  return undefined
}

/** Milliseconds; as late as there are dates at most. */
function statedTime({ integratedTime }: VerifiedEntry["entry"]): number | undefined {
  return integratedTime === 0n ? undefined : Math.min(Number(integratedTime) * 1000, LAST_TIME)
}

/**
 * Logs that give no time (version 2) count only if they were trusted at a time that somebody else vouches for.
 *
 * SECURITY: otherwise a key that was taken out of use could go on vouching. DEVIATION: upstream looks at a log's window only
 * where the log gives a time.
 */
export function retiredLogFault(
  entries: readonly VerifiedEntry[],
  times: readonly AcceptedTime[],
  { logs: required }: WitnessRule,
): Finding | undefined {
  const timely = entries.filter(
    ({ at, log }) => at !== undefined || times.some((time) => windowContains(log.validFor, time.at)),
  )
  const distinct = new Set(timely.map(({ log }) => encodeHex(log.key.spki))).size
  if (times.length === 0 || distinct >= required) return undefined
  return {
    check: "log.entry",
    outcome: "failed",
    code: "E_TLOG_KEY_UNKNOWN",
    expected: `entries in ${required} trusted ${required === 1 ? "log" : "logs"}`,
    observed: `failed to verify log inclusion: not enough verified log entries from transparency log: ${distinct} < ${required}`,
    detail: "the log's key is not valid at any time of the signature",
  }
}
