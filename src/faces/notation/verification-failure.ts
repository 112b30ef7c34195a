import { goQuote } from "../../codec/go-quote.ts"
import type { FormatName } from "../../app/requests.ts"
import { VALIDATION_OF } from "../../core/certified.ts"
import type { ToolError } from "../../core/errors.ts"
import { printable } from "../../core/printable.ts"
import type { ArtifactReport, Finding, SignatureReport } from "../../core/report.ts"
import { faceError } from "./face-error.ts"
import type { FaceInvocation } from "./face-invocation.ts"

/** Formats of the family. */
export const NOTATION_FORMATS: readonly FormatName[] = ["notation", "notation-cose"]

/** A verification that did not end in a yes. */
export interface Failure {
  /** As messages name the artifact. */
  readonly name: string
  readonly report: ArtifactReport | undefined
  readonly error: ToolError | undefined
  readonly maxSignatures?: number
}

/** A policy without a store of the type that the signature's scheme asks for is no fault of a store. */
const NO_STORE_OF_TYPE = "no trusted certificates are found to verify authenticity"
const ADD_HINT = "Use command 'notation cert add' to create and add trusted certificates to the trust store"

/**
 * The last line of a failed verification, in notation's words.
 *
 * DEVIATION: notation shows the reasons with `--debug` alone; here each signature's reason stands on stderr before it.
 */
export async function verificationFailure(invocation: FaceInvocation, failure: Failure): Promise<ToolError> {
  const { name, report, error, maxSignatures } = failure
  const code = error?.code ?? "E_SIG_UNTRUSTED"
  const signatures = (report?.signatures ?? []).filter(isNotation)
  if (signatures.length === 0 && error !== undefined) {
    if (await printMalformed(invocation, error)) return allFailed(name, error)
    if (error.code === "E_SIG_NONE" || error.code === "E_SIG_OTHER_FORMAT") {
      const why = `no signature is associated with ${goQuote(name)}, make sure the artifact was signed successfully`
      return faceError(`signature verification failed: ${why}`, code, error)
    }
    if (error.code === "E_REF_TAG_NOT_FOUND") {
      return faceError(`failed to get manifest descriptor: ${name}: not found`, code, error)
    }
    return faceError(`signature verification failed: ${printable(error.message)}`, code, error)
  }
  const store = storeProblem(signatures)
  if (store !== undefined) return faceError(store, code, error)
  await printReasons(invocation, signatures)
  if (maxSignatures !== undefined && signatures.length >= maxSignatures) {
    await invocation.world.stderr.write(
      `signature evaluation stopped. The configured limit of ${maxSignatures} signatures to verify per artifact exceeded\n`,
    )
  } else if (error?.kind === "unknown" && report?.stores.some(({ outcome }) => outcome === "failed") === true) {
    // There may be more signatures: "all" would say too much.
    return faceError(`signature verification failed: ${printable(error.message)}`, code, error)
  }
  return allFailed(name, error)
}

function allFailed(name: string, error: ToolError | undefined): ToolError {
  const sentence = `signature verification failed for all the signatures associated with ${name}`
  return faceError(sentence, error?.code ?? "E_SIG_UNTRUSTED", error)
}

/** Manifests of signatures that hold none: to notation they are signatures, which fail. */
async function printMalformed({ world }: FaceInvocation, error: ToolError): Promise<boolean> {
  const malformed = malformedOf(error)
  for (const { reference, reason } of malformed) {
    await world.stderr.write(`${printable(`signature ${reference}: integrity: ${reason}`)}\n`)
  }
  return malformed.length > 0
}

/** Manifests of signatures that hold no signature, with notation's reason. */
export function malformedOf({ details: { malformed } }: ToolError): readonly { reference: string; reason: string }[] {
  if (!Array.isArray(malformed)) return []
  return (malformed as readonly { readonly reference: string; readonly message: string }[]).map((one) => ({
    reference: one.reference,
    reason: `unable to parse the digital signature, error : ${one.message}`,
  }))
}

export function isNotation({ format, state }: SignatureReport): boolean {
  return state === "malformed" || NOTATION_FORMATS.some((name) => name === format)
}

/** Trust stores that cannot be used are the user's to mend, so they are named instead of the signatures. */
export function storeProblem(signatures: readonly SignatureReport[]): string | undefined {
  const finding = signatures
    // A signature whose plugin cannot be asked has ended before.
    .flatMap(({ findings }) => findings.find(isDecisive) ?? [])
    .find(
      ({ check, code, outcome, logged, observed }) =>
        check === "certificate.trusted" &&
        outcome === "failed" &&
        logged !== true &&
        (code === "E_TRUST_MISSING" || code === "E_TRUST_MALFORMED") &&
        observed !== NO_STORE_OF_TYPE,
    )
  const text = finding?.observed
  if (finding === undefined || text === undefined) return undefined
  if (finding.code === "E_TRUST_MISSING" && /^(?:the trust store|no x509 certificates)/.test(text)) {
    return `${text}. ${ADD_HINT}`
  }
  return finding.detail === undefined ? text : `${text}. ${finding.detail}`
}

/** One line for each signature: what ended its verification. */
export async function printReasons({ world }: FaceInvocation, signatures: readonly SignatureReport[]): Promise<void> {
  for (const { location, findings } of signatures) {
    const ended = findings.find(isDecisive)
    if (ended === undefined) continue
    const which = location.reference === "" ? "signature" : `signature ${location.reference}`
    await world.stderr.write(`${printable(`${which}: ${reasonOf(ended)}`)}\n`)
  }
}

export function isDecisive({ outcome, logged }: Finding): boolean {
  return (outcome === "failed" || outcome === "unknown") && logged !== true
}

function reasonOf({ check, observed = "", detail }: Finding): string {
  const validation = VALIDATION_OF[check] ?? check
  return `${validation}: ${observed}${detail === undefined ? "" : ` (${detail})`}`
}
