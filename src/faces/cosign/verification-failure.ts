import type { ToolError } from "../../core/errors.ts"
import { printable } from "../../core/printable.ts"
import type { ArtifactReport, Finding, SignatureReport } from "../../core/report.ts"
import { causeOf, type CauseContext } from "./causes.ts"
import { faceError, sentenceOf } from "./face-error.ts"

/** cosign's exit codes of `verify`. Spec: sigstore/cosign cmd/cosign/errors. */
const EXIT = { noSignatures: 10, tagNotFound: 11, noMatch: 12 } as const

/** What else decides about the words. */
export interface FailureContext extends CauseContext {
  /** With `--local-image`. COMPAT(cosign 2.5, 3.1): sentences of its own, and every failure is exit 1. */
  readonly local?: boolean
  /** `--type` as the user gave it. */
  readonly predicateType?: string
}

/** The error of `cosign verify` for one image that did not pass. */
export function signatureFailure(report: ArtifactReport, error: ToolError, context: FailureContext): ToolError {
  if (error.code === "E_REF_TAG_NOT_FOUND") {
    return faceError(`image tag not found: ${sentenceOf(error)}`, { code: error.code, exit: EXIT.tagNotFound })
  }
  if (error.code === "E_SIG_NONE" || error.code === "E_SIG_OTHER_FORMAT") {
    const hints = error.code === "E_SIG_NONE" ? [] : [sentenceOf(error)]
    if (context.local === true) {
      return faceError(`no signatures associated with the image saved in ${report.artifact}`, {
        code: error.code,
        hints,
      })
    }
    return faceError("no signatures found", { code: error.code, exit: EXIT.noSignatures, hints })
  }
  if (isUnanswered(report)) return error
  const judged = inFormatsAsked(report.signatures.filter((signature) => signature.state !== "verified"))
  const bundles = judged.some((signature) => signature.format === "cosign-v3")
  // COMPAT(cosign 3.1): with bundles every failure is exit 1 and speaks of attestations.
  const separator = bundles ? "\n" : "\n "
  return faceError(`no matching ${bundles ? "attestations" : "signatures"}: ${causes(judged, context, separator)}`, {
    code: error.code,
    exit: bundles || context.local === true ? 1 : EXIT.noMatch,
  })
}

/** The error of `cosign verify-attestation` for one image that did not pass. */
export function attestationFailure(report: ArtifactReport, error: ToolError, context: FailureContext): ToolError {
  if (error.code === "E_REF_TAG_NOT_FOUND" || isUnanswered(report)) return error
  // COMPAT(cosign 3.1): cosign 2.5 crashes here.
  if (context.local === true && report.signatures.length === 0) {
    return faceError("no attestations provided", { code: error.code })
  }
  const signatures = inFormatsAsked(report.signatures)
  const others = signatures.filter(mismatchesOnlyType)
  if (others.length > 0 && signatures.every((s) => mismatchesType(s))) {
    const found = others.map((signature) => typeOf(signature)).join(",")
    return faceError(
      `none of the attestations matched the predicate type: ${context.predicateType ?? ""}, found: ${found}`,
      { code: error.code },
    )
  }
  const ofType = signatures.filter((signature) => !mismatchesType(signature))
  const judged = ofType.length > 0 ? ofType : signatures
  const separator = judged.some((signature) => signature.format === "cosign-v3") ? "\n" : "\n "
  return faceError(`no matching attestations: ${causes(judged, context, separator)}`, { code: error.code })
}

/** Nothing is known of signatures, or not enough; or nobody got as far as looking. */
function isUnanswered({ state, subject }: ArtifactReport): boolean {
  return state === "unknown" || subject === undefined
}

/** COMPAT(cosign 3.1): causes of bundles stand at the start of their lines, others are indented by one. */
function causes(signatures: readonly SignatureReport[], context: FailureContext, separator: string): string {
  return signatures.map((signature) => causeOf(signature, context)).join(separator)
}

/** Without those in a format the command line did not ask for, which cosign would not even have looked at. */
function inFormatsAsked(signatures: readonly SignatureReport[]): readonly SignatureReport[] {
  const isOther = (finding: Finding): boolean => finding.check === "format.accepted" && finding.outcome === "failed"
  const asked = signatures.filter((signature) => !signature.findings.some(isOther))
  return asked.length > 0 ? asked : signatures
}

function mismatchesType(signature: SignatureReport): boolean {
  return signature.findings.some((finding) => finding.check === "predicate.type" && finding.outcome === "failed")
}

/** Good in every way but the type asked for. */
function mismatchesOnlyType(signature: SignatureReport): boolean {
  const failed = signature.findings.filter((finding) => finding.outcome === "failed" || finding.outcome === "unknown")
  return failed.length > 0 && failed.every((finding) => finding.check === "predicate.type")
}

function typeOf(signature: SignatureReport): string {
  return printable(signature.findings.find((finding) => finding.check === "predicate.type")?.observed ?? "")
}
