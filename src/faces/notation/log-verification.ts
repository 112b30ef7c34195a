import { VALIDATION_OF } from "../../core/certified.ts"
import type { ToolError } from "../../core/errors.ts"
import type { ArtifactReport, Finding, SignatureReport } from "../../core/report.ts"
import type { PolicyStatement } from "../../policy/notation/document.ts"
import type { FaceInvocation } from "./face-invocation.ts"
import { isDecisive, isNotation, malformedOf } from "./verification-failure.ts"

/** A verification that has ended, whatever its answer. */
export interface Ended {
  /** As messages name the artifact; absent for files. */
  readonly name?: string
  readonly statement: PolicyStatement
  readonly report: ArtifactReport | undefined
  readonly error: ToolError | undefined
}

/** What notation says before each step of a verification, by check. */
const STEPS: Readonly<Record<string, string>> = {
  "certificate.trusted": "Validating cert chain",
  "signer.identity": "Validating trust identity",
  "signature.expiry": "Validating expiry",
  timestamp: "Validating authentic timestamp",
  revocation: "Validating revocation",
}

/**
 * Log what was done, in notation's words.
 *
 * DEVIATION: notation logs each step when it takes it; here all follow when the answer is known.
 */
export async function logVerification(invocation: FaceInvocation, ended: Ended): Promise<void> {
  const { log } = invocation
  const { report, error } = ended
  for (const signature of (report?.signatures ?? []).filter(isNotation))
    await logSignature(invocation, ended, signature)
  for (const { reference, reason } of error === undefined ? [] : malformedOf(error)) {
    await logFailure(invocation, reference, "integrity", reason)
  }
  const artifact = `artifact ${report?.subject?.digest ?? ""}`
  if (error !== undefined) {
    await log("debug", `Signature verification failed for all the signatures associated with ${artifact}`)
  } else if (report?.state === "verified") await log("debug", `Signature verification succeeded for ${artifact}`)
}

async function logSignature(
  invocation: FaceInvocation,
  { name, statement, report }: Ended,
  { findings, format, location: { reference }, time }: SignatureReport,
): Promise<void> {
  const { log } = invocation
  const type = format === "notation-cose" ? "application/cose" : "application/jose+json"
  const against = `against artifact ${report?.subject?.digest ?? ""} referenced as ${name ?? ""}`
  if (name !== undefined) await log("info", `Processing signature with digest: ${reference}`)
  await log(
    "debug",
    name === undefined
      ? `Verify signature of media type ${type}`
      : `Verify signature ${against} in signature media type ${type}`,
  )
  await log("info", `Trust policy configuration: ${policyText(statement)}`)
  const ended = findings.findIndex((finding) => finding.check === "plugin" && isDecisive(finding))
  // What is judged beside a plugin that cannot be asked is ours alone.
  for (const finding of ended < 0 ? findings : findings.slice(0, ended + 1)) {
    const step = STEPS[finding.check]
    if (step !== undefined) await log("debug", step)
    if (finding.check === "timestamp") await logTimestamp(invocation, statement, finding, time)
    const validation = VALIDATION_OF[finding.check] ?? finding.check
    if (finding.logged === true) {
      await log("warning", `${validation} validation failed. Failure reason: ${finding.observed ?? ""}`)
    } else if (isDecisive(finding)) await logFailure(invocation, reference, validation, finding.observed ?? "")
  }
}

async function logTimestamp(
  { log }: FaceInvocation,
  { stores, verifyTimestamp }: PolicyStatement,
  { outcome }: Finding,
  time: SignatureReport["time"],
): Promise<void> {
  const disabled = "Timestamp verification disabled: "
  if (stores.every(({ type }) => type !== "tsa")) {
    await log("info", `${disabled}no tsa trust store is configured in trust policy`)
  } else if (verifyTimestamp === "afterCertExpiry" && outcome === "passed" && time?.source !== "timestamp") {
    await log("info", `${disabled}verifyTimestamp is set to "afterCertExpiry" and signing cert chain unexpired`)
  } else {
    await log("debug", "Performing timestamp verification...")
    if (outcome === "passed") await log("debug", "Timestamp verification: Success")
  }
}

async function logFailure({ log }: FaceInvocation, which: string, validation: string, reason: string): Promise<void> {
  await log("error", `${validation} validation failed. Failure reason: ${reason}`)
  await log("warning", `Signature ${which} failed verification with error: ${reason}`)
}

/** As Go prints the part of a statement that decides how strict a verification is. */
function policyText({ name, levelName, stores, identities }: PolicyStatement): string {
  const named = stores.map((store) => `${store.type}:${store.name}`).join(" ")
  const trusted = identities.map(({ text }) => text).join(" ")
  const level = `SignatureVerification:{VerificationLevel:${levelName}}`
  return `&{Name:${name} ${level} TrustStores:[${named}] TrustedIdentities:[${trusted}]}`
}
