import type { Descriptor } from "../core/descriptor.ts"
import { catalogue, type ErrorCode } from "../core/error-catalogue.ts"
import { ToolError } from "../core/errors.ts"
import type { OtherReferrer, Subject } from "../core/ports.ts"
import type { ArtifactReport, Decision, Finding, SignatureReport, StoreReport } from "../core/report.ts"
import type { VerifiedSignature } from "../core/verified.ts"
import type { TrustPolicy } from "../policy/model.ts"
import type { PolicyResult } from "../policy/evaluate.ts"
import { identityWords } from "./identity-words.ts"
import type { VerifyRequest } from "./requests.ts"

/** Everything found about one subject, and what the policy says of it. */
export interface Gathered {
  readonly result: PolicyResult
  readonly request: Pick<VerifyRequest, "kind"> & { readonly predicateType?: string }
  /** Formats that satisfy. */
  readonly accepted: readonly string[]
  readonly stores: readonly StoreReport[]
  readonly others: readonly OtherReferrer[]
  readonly signatures: readonly SignatureReport[]
  readonly verified: readonly VerifiedSignature[]
}

/**
 * How far a signature came before it failed; the furthest one explains the answer. Codes that are not here count as
 * {@link UNRANKED}: a code of a new check gets its place by the order of the checks.
 */
const PROGRESS: Partial<Record<ErrorCode, number>> = {
  E_CERT_REVOKED: 10,
  E_TIME_MISSING: 9,
  E_TSA_INVALID: 9,
  E_TSA_UNTRUSTED: 9,
  E_CERT_EXPIRED: 9,
  E_CERT_NOT_YET_VALID: 9,
  E_SIG_EXPIRED: 8,
  E_CERT_IDENTITY: 7,
  E_SIG_THRESHOLD: 6,
  E_TLOG_MISSING: 6,
  E_TLOG_PROOF: 6,
  E_TLOG_KEY_UNKNOWN: 6,
  E_TLOG_ENTRY_MISMATCH: 6,
  E_CERT_SCT: 6,
  E_SIG_ANNOTATION: 5,
  E_SIG_SUBJECT_MISMATCH: 4,
  E_SIG_UNTRUSTED: 3,
  E_CERT_UNTRUSTED: 3,
  E_CERT_CHAIN: 2,
  E_CERT_USAGE: 2,
  E_SIG_INVALID: 2,
  E_SIG_OTHER_FORMAT: 0,
}
const UNRANKED = 1

/**
 * Turn the policy's result into the answer about one artifact, keeping unsigned, untrusted and unknown apart.
 *
 * @returns the report and, unless allowed, the error it stands for.
 */
export function decide(
  artifact: string,
  subject: Subject,
  gathered: Gathered,
): { readonly report: ArtifactReport; readonly error: ToolError | undefined } {
  const error = gathered.result.verdict === "allow" ? undefined : explainRefusal(artifact, gathered)
  const state = error === undefined ? "verified" : stateOf(error)
  const decision: Decision = {
    verdict: gathered.result.verdict,
    result: gathered.result.result,
    rule: gathered.result.decisive.rule.name,
    ...(error === undefined ? {} : { code: error.code }),
    reasons: error === undefined ? reasonsToAllow(gathered) : [error.message],
  }
  const report: ArtifactReport = {
    artifact,
    subject: { mediaType: subject.mediaType ?? "", digest: subject.digest, size: subject.size ?? -1 },
    state,
    decision,
    signatures: gathered.signatures,
    stores: gathered.stores,
    children: [],
  }
  return { report, error }
}

/**
 * The report about an artifact, or about evidence, that could not even be judged.
 *
 * What breaks a rule for good is a definite no. Of an artifact that does not exist nobody says that it is not trusted.
 */
export function unresolvable(artifact: string, error: ToolError): ArtifactReport {
  const refused = error.kind === "negative" && error.code !== "E_REF_TAG_NOT_FOUND"
  const result = refused ? "fail" : "error"
  return {
    artifact,
    state: refused ? "untrusted" : "unknown",
    decision: { verdict: "deny", result, rule: "", code: error.code, reasons: [error.message] },
    signatures: [],
    stores: [],
    children: [],
  }
}

/** A policy that is satisfied without any signature. */
export function asksForNothing({ authorities, rules }: TrustPolicy): boolean {
  const passes = ({ require }: TrustPolicy["rules"][number]): boolean =>
    typeof require === "object" && "static" in require && require.static === "pass"
  return authorities.length === 0 && rules.length > 0 && rules.every(passes)
}

/** The report about an artifact whose policy asks for no signature. */
export function exempted(artifact: string, subject: Descriptor | undefined, policy: TrustPolicy): ArtifactReport {
  const rule = policy.rules[0]?.name ?? ""
  return {
    artifact,
    ...(subject === undefined ? {} : { subject }),
    state: "exempt",
    decision: { verdict: "allow", result: "pass", rule, reasons: ["the policy asks for no signature"] },
    signatures: [],
    stores: [],
    children: [],
  }
}

/** An index passes only when its children do; the first child that does not decides. */
export function withChildren(report: ArtifactReport, children: readonly ArtifactReport[]): ArtifactReport {
  const failing = children.find((child) => child.state !== "verified" && child.state !== "exempt")
  if (report.state !== "verified" || failing === undefined) return { ...report, children }
  const reasons = failing.decision.reasons.map((reason) => `${failing.artifact}: ${reason}`)
  return { ...report, state: failing.state, decision: { ...failing.decision, reasons }, children }
}

function reasonsToAllow(gathered: Gathered): readonly string[] {
  return gathered.signatures
    .filter((signature) => signature.state === "verified")
    .map((signature) => `${signature.format} ${signature.kind} by ${signature.signer?.name ?? "an unnamed key"}`)
}

function stateOf(error: ToolError): ArtifactReport["state"] {
  if (error.code === "E_SIG_NONE" || error.code === "E_SIG_OTHER_FORMAT") return "unsigned"
  return error.kind === "unknown" ? "unknown" : "untrusted"
}

function explainRefusal(artifact: string, gathered: Gathered): ToolError {
  if (gathered.result.result === "error") return couldNotFindOut(artifact, gathered)
  const asked = gathered.signatures.filter((signature) => isOfKind(signature, gathered))
  if (asked.length === 0) return nothingOfThatKind(artifact, gathered)
  const inFormat = asked.filter((s) => s.state === "malformed" || gathered.accepted.includes(s.format))
  if (inFormat.length === 0) return otherFormat(artifact, gathered, formatsOf(asked))
  return untrusted(artifact, inFormat)
}

/** Malformed documents count: nobody knows what they would have been. */
function isOfKind(signature: SignatureReport, gathered: Gathered): boolean {
  if (signature.state === "malformed") return true
  if (signature.kind !== gathered.request.kind) return false
  return !signature.findings.some((finding) => finding.check === "predicate.type" && finding.outcome === "failed")
}

function couldNotFindOut(artifact: string, gathered: Gathered): ToolError {
  const failures = gathered.stores.flatMap((store) =>
    store.error === undefined ? [] : [{ where: store.store, code: store.error.code, message: store.error.message }],
  )
  const unread = gathered.others.flatMap((other) => (other.error === undefined ? [] : [other.error]))
  const open = gathered.signatures.flatMap((signature) =>
    signature.state === "unknown" ? openQuestion(signature) : [],
  )
  const [failure] = [...failures, ...unread, ...open]
  return new ToolError(failure?.code ?? "E_LIMIT_EXCEEDED", {
    what:
      failures.length + unread.length === 0 && open.length > 0
        ? `could not find out whether the signature on ${artifact} may be trusted`
        : `could not find out whether ${artifact} is signed`,
    why: failure?.message ?? "there are more signatures than are evaluated",
    // Whatever kept us from reading: the question stays open.
    kind: "unknown",
    details: { failures: failures.map(({ where, code, message }) => ({ where, code, message })) },
  })
}

/** What kept a signature from being judged. */
function openQuestion({
  findings,
}: SignatureReport): readonly { readonly code: ErrorCode; readonly message: string }[] {
  return findings.flatMap((finding) => {
    if (finding.outcome !== "unknown" || finding.logged === true || finding.code === undefined) return []
    return [{ code: finding.code, message: describe(finding) }]
  })
}

function nothingOfThatKind(artifact: string, gathered: Gathered): ToolError {
  const { kind, predicateType } = gathered.request
  const elsewhere = [
    ...new Set([...formatsOf(gathered.signatures.filter((s) => s.kind === kind)), ...familiesOf(gathered)]),
  ]
  if (kind === "signature" && elsewhere.length > 0) return otherFormat(artifact, gathered, elsewhere)
  const what = predicateType === undefined ? kind : `${kind} of type ${predicateType}`
  const places = gathered.stores.map(
    (store) => `${store.store}${store.outcome === "unsupported" ? " (not supported)" : ""}`,
  )
  const found = gathered.signatures.map((s) => predicateOf(s)).filter((text) => text !== "")
  // A file's signature lies in no place: it was given.
  const looked = places.length === 0 ? [] : [`looked in ${places.join(", ")}`]
  const others = found.length === 0 ? [] : [`found ${[...new Set(found)].join(", ")}`]
  const malformed = malformedOf(gathered)
  const unusable = malformed.slice(0, 1).map(({ reference, message }) => `${reference} is malformed: ${message}`)
  const reasons = [...looked, ...others, ...unusable]
  return new ToolError("E_SIG_NONE", {
    what: `no ${what} found on ${artifact}`,
    ...(reasons.length === 0 ? {} : { why: reasons.join("; ") }),
    next: adviceFor(
      kind,
      found,
      gathered.signatures.some((signature) => signature.kind === "attestation"),
    ),
    details: { artifact, kind, ...(malformed.length === 0 ? {} : { malformed }) },
  })
}

/** What ought to hold a signature, and does not. */
function malformedOf({ others }: Gathered): { readonly reference: string; readonly message: string }[] {
  return others.flatMap(({ location: { reference }, error }) =>
    error?.code === "E_FORMAT_MALFORMED" ? [{ reference, message: error.message }] : [],
  )
}

/** @param types - predicate types that are there. */
function adviceFor(kind: VerifyRequest["kind"], types: readonly string[], attested: boolean): readonly string[] {
  if (kind === "attestation") {
    return ["attach it with `countersign attest`", "run `countersign list` to see the types that are there"]
  }
  const [type = ""] = types
  if (type === "" && !attested) return ["sign it with `countersign sign`"]
  // SECURITY: anybody may have written the type; only a word that no shell takes apart is offered to be copied.
  const flag = /^[A-Za-z0-9][\w:/.+-]{0,199}$/.test(type) ? `--attestation ${type}` : "--attestation TYPE"
  return [`to verify the attestation that is there, name its type: \`${flag}\``, "or sign it with `countersign sign`"]
}

function predicateOf(signature: SignatureReport): string {
  const finding = signature.findings.find((f) => f.check === "predicate.type")
  return finding?.observed ?? ""
}

/** Signatures of other families, told by their artifact type. */
function familiesOf(gathered: Gathered): readonly string[] {
  return gathered.others.flatMap((other) => (other.family === undefined ? [] : [other.family]))
}

function formatsOf(signatures: readonly SignatureReport[]): readonly string[] {
  return [...new Set(signatures.filter((s) => s.state !== "malformed").map((s) => s.format))]
}

function otherFormat(artifact: string, gathered: Gathered, found: readonly string[]): ToolError {
  return new ToolError("E_SIG_OTHER_FORMAT", {
    what: `${artifact} is signed, but not in a format that was asked for`,
    why: `found ${found.join(", ")}, expected ${gathered.accepted.join(" or ")}`,
    details: { artifact, found: [...found], expected: [...gathered.accepted] },
  })
}

function untrusted(artifact: string, signatures: readonly SignatureReport[]): ToolError {
  const failures = signatures.map((signature) => ({ signature, finding: firstFailure(signature) }))
  const [best] = failures.toSorted((a, b) => progressOf(b.finding) - progressOf(a.finding))
  const finding = best?.finding
  if (best !== undefined && finding !== undefined && isAboutAnotherFile(best.signature, finding)) {
    return aboutAnotherFile(artifact, best.signature, finding)
  }
  const others = signatures.length === 1 ? "" : ` (the closest of ${signatures.length})`
  // What one signature left open decided nothing here: the answer is no all the same.
  const code = finding?.code === undefined || leavesOpen(finding) ? "E_SIG_UNTRUSTED" : finding.code
  return new ToolError(code, {
    what: `signature found on ${artifact}, but not trusted`,
    why: `${best === undefined || finding === undefined ? "no rule is satisfied" : said(best.signature, finding)}${others}`,
    next: [
      ...(code === "E_TLOG_KEY_UNKNOWN" ? ANOTHER_INSTANCE : []),
      `run \`countersign explain ${artifact}\` with the same options to see every check`,
    ],
    details: { artifact, signatures: signatures.length },
  })
}

const ANOTHER_INSTANCE = [
  "if it was signed at another instance of Sigstore, give the trusted root of that one: `--trusted-root FILE`",
  "if the log is new, refresh what is trusted: `countersign trust update`",
]

/** A document that lies beside a file names the file it is about. */
function isAboutAnotherFile({ location }: SignatureReport, { check, outcome }: Finding): boolean {
  return location.store === "file" && check === "subject.digest" && outcome === "failed"
}

function aboutAnotherFile(artifact: string, { format }: SignatureReport, finding: Finding): ToolError {
  const document = format === "cosign-v3" ? "bundle" : "signature"
  return new ToolError("E_SIG_SUBJECT_MISMATCH", {
    what: `this ${document} is about another file than ${artifact}`,
    why: describe(finding),
    next: [
      `check that the file and the ${document} belong together`,
      `run \`countersign explain ${artifact}\` with the same options to see every check`,
    ],
    details: { artifact, signatures: 1 },
  })
}

function progressOf(finding: Finding | undefined): number {
  return finding?.code === undefined || leavesOpen(finding) ? 0 : (PROGRESS[finding.code] ?? UNRANKED)
}

function leavesOpen({ code, outcome }: Finding): boolean {
  return outcome === "unknown" && code !== undefined && catalogue[code].kind === "unknown"
}

/** A definite no explains more than what could not be found out. */
function firstFailure(signature: SignatureReport): Finding | undefined {
  const enforced = signature.findings.filter(({ logged }) => logged !== true)
  const failed = enforced.filter(({ outcome }) => outcome === "failed")
  // Whatever else fails of a document about another file says nothing of this one.
  const elsewhere = failed.find((finding) => isAboutAnotherFile(signature, finding))
  if (elsewhere !== undefined) return elsewhere
  const unlogged = failed.find(({ check }) => check === "log.entry")
  // Without its entry a signature has no time either: the entry explains more.
  if (unlogged !== undefined && failed[0]?.check === "timestamp") return unlogged
  return failed[0] ?? enforced.find(({ outcome }) => outcome === "unknown")
}

function said(signature: SignatureReport, finding: Finding): string {
  return identityWords(signature, finding) ?? describe(finding)
}

function describe(finding: Finding): string {
  const seen = finding.observed === undefined ? "" : ` saw ${finding.observed}`
  const wanted = finding.expected === undefined ? "" : `${seen === "" ? "" : ","} expected ${finding.expected}`
  const detail = finding.detail === undefined ? "" : ` (${finding.detail})`
  return `${finding.check}:${seen}${wanted}${detail}`
}
