import { copied } from "../codec/preview.ts"
import type { ArtifactContent, BindSubject, Candidate, ClaimRoom, Wanted } from "../core/candidate.ts"
import { asToolError } from "../core/errors.ts"
import type { JsonValue } from "../core/json-value.ts"
import { limits } from "../core/limits.ts"
import type { RawSignature, Subject } from "../core/ports.ts"
import type { Finding, SignatureReport, SignerIdentity } from "../core/report.ts"
import type { VerifiedContent, VerifiedSignature } from "../core/verified.ts"
import { formats } from "../formats/index.ts"
import type { AuthorityFacts } from "../policy/evaluate.ts"
import type { Authority, TrustPolicy } from "../policy/model.ts"
import { evaluateKeys } from "../trust/keyed.ts"
import type { NamedKey, VerifyRequest } from "./requests.ts"

/** What does not change while the signatures of one command are evaluated. */
export interface Evaluation {
  readonly policy: TrustPolicy
  readonly keys: readonly NamedKey[]
  readonly hash?: VerifyRequest["hash"]
  readonly checkClaims: boolean
  readonly anyPredicate: boolean
}

/** One signature document after evaluation. */
export interface Evaluated {
  readonly report: SignatureReport
  /** Set when at least one authority is satisfied. */
  readonly verified?: VerifiedSignature
}

/** Collects evaluated signatures of one subject and what they mean for each authority. */
export class SubjectEvaluation {
  readonly #evaluation: Evaluation
  readonly #subject: Subject
  readonly #seen = new Set<string>()
  readonly #room = claimRoom()
  readonly #signers = new Map<string, string[]>()
  readonly reports: SignatureReport[] = []
  readonly verified: VerifiedSignature[] = []
  /** True once something could not be read or was left out by a limit. */
  incomplete = false

  constructor(evaluation: Evaluation, subject: Subject) {
    this.#evaluation = evaluation
    this.#subject = subject
  }

  /** Evaluate one document unless the same document was evaluated already (it may lie in several places). */
  add(raw: RawSignature): void {
    const key = `${raw.descriptor.digest} ${raw.mediaType} ${JSON.stringify(raw.annotations)}`
    if (this.#seen.has(key)) return
    if (this.#seen.size >= limits.signaturesEvaluated) {
      this.incomplete = true
      return
    }
    this.#seen.add(key)
    for (const evaluated of evaluateDocument(this.#evaluation, this.#subject, raw, this.#room)) this.take(evaluated)
  }

  /** Facts for the policy engine. */
  facts(): ReadonlyMap<string, AuthorityFacts> {
    return new Map(
      this.#evaluation.policy.authorities.map((authority) => [
        authority.name,
        { signers: this.#signers.get(authority.name) ?? [], incomplete: this.incomplete },
      ]),
    )
  }

  /** Take over a judged signature. */
  take({ report, verified }: Evaluated): void {
    this.reports.push(report)
    if (verified === undefined) return
    this.verified.push(verified)
    for (const authority of report.satisfies) {
      const signers = this.#signers.get(authority) ?? []
      signers.push(report.signer?.fingerprint ?? "")
      this.#signers.set(authority, signers)
    }
  }
}

/** Parse with the format of the media type, then judge every signature in the document. Never throws for bad content. */
function evaluateDocument(
  evaluation: Evaluation,
  subject: Subject,
  raw: RawSignature,
  room: ClaimRoom,
): readonly Evaluated[] {
  const format = formats.find((candidate) => candidate.accepts(raw))
  if (format === undefined) return [{ report: unreadable(raw, "unrecognised", "unrecognised", []) }]
  let candidates: readonly Candidate[]
  try {
    candidates = format.parse(raw)
  } catch (thrown) {
    const error = asToolError(thrown)
    const finding: Finding = { check: "format.parse", outcome: "failed", code: error.code, observed: error.message }
    return [{ report: unreadable(raw, format.id, "malformed", [finding]) }]
  }
  return candidates.map((candidate) => evaluateCandidate(evaluation, subject, candidate, undefined, room))
}

/**
 * Judge one candidate against every authority of the policy.
 *
 * @param artifact - digests (and bytes) of the signed artifact, where the signature covers the artifact itself.
 * @param room - of the claims in the report, when the signature verifies; others get little.
 */
export function evaluateCandidate(
  evaluation: Evaluation,
  subject: BindSubject,
  candidate: Candidate,
  artifact?: ArtifactContent,
  room: ClaimRoom = claimRoom(),
): Evaluated {
  const { policy, keys, hash } = evaluation
  const options = { ...(hash === undefined ? {} : { hash }), ...(artifact === undefined ? {} : { artifact }) }
  const { findings: keyFindings, signer } = evaluateKeys(candidate, keys, options)
  const satisfies: string[] = []
  let shown: readonly Finding[] | undefined
  let content: VerifiedContent | undefined
  for (const authority of policy.authorities) {
    const wanted = wantedBy(authority, evaluation)
    const findings = [...keyFindings, ...authorityFindings(subject, candidate, authority, wanted)]
    const named = signer !== undefined && authority.keys.includes(signer.name)
    const passed = named && findings.every((finding) => finding.outcome === "passed" || finding.outcome === "skipped")
    if (passed) satisfies.push(authority.name)
    if (passed) content ??= candidate.content(subject, wanted, artifact)
    if (shown === undefined || (passed && satisfies.length === 1)) shown = findings
  }
  const claims = candidate.claims(content === undefined ? claimRoom(limits.untrustedClaimValues) : room)
  const report = candidateReport(candidate, shown ?? keyFindings, signer, satisfies, content, claims)
  return content === undefined ? { report } : { report, verified: { report, content } }
}

/**
 * Room for claims in a report.
 *
 * SECURITY: what nobody trusts takes little of it; whoever may push could otherwise fill memory with documents of nothing
 * but brackets.
 */
export function claimRoom(values: number = limits.claimValues): ClaimRoom {
  return { values, characters: 64 * values }
}

/** Texts that keep no document in memory. */
function detached(finding: Finding): Finding {
  return finding.observed === undefined ? finding : { ...finding, observed: copied(finding.observed) }
}

function wantedBy(authority: Authority, evaluation: Evaluation): Wanted {
  return {
    kind: authority.kind,
    annotations: authority.annotations,
    checkClaims: evaluation.checkClaims,
    anyPredicate: evaluation.anyPredicate,
    ...(authority.predicateType === undefined ? {} : { predicateType: authority.predicateType }),
  }
}

/** Findings that depend on what an authority asks: format, subject, annotations, predicate, log. */
function authorityFindings(
  subject: BindSubject,
  candidate: Candidate,
  authority: Authority,
  wanted: Wanted,
): readonly Finding[] {
  return [...candidate.bind(subject, wanted), formatFinding(candidate, authority), ...logFindings(candidate, authority)]
}

function formatFinding(candidate: Candidate, authority: Authority): Finding {
  const accepted = authority.formats.includes(candidate.format)
  const texts = { expected: authority.formats.join(" or "), observed: candidate.format }
  if (accepted) return { check: "format.accepted", outcome: "passed", ...texts }
  return { check: "format.accepted", outcome: "failed", code: "E_SIG_OTHER_FORMAT", ...texts }
}

function logFindings(candidate: Candidate, authority: Authority): readonly Finding[] {
  const observed =
    candidate.notEvaluated.length === 0 ? "no log entry" : `${candidate.notEvaluated.join(", ")}, not evaluated`
  if (authority.tlog === "ignore") return [{ check: "log.entry", outcome: "skipped", observed }]
  // SECURITY: an entry that nobody evaluated is no entry.
  return [{ check: "log.entry", outcome: "failed", code: "E_TLOG_MISSING", expected: "a verified log entry", observed }]
}

function candidateReport(
  candidate: Candidate,
  findings: readonly Finding[],
  signer: SignerIdentity | undefined,
  satisfies: readonly string[],
  content: VerifiedContent | undefined,
  claims: JsonValue,
): SignatureReport {
  const { raw } = candidate
  const about = content?.kind === "statement" ? content.subject : undefined
  return {
    format: candidate.format,
    kind: candidate.kind,
    mediaType: raw.mediaType,
    location: raw.location,
    descriptor: raw.descriptor,
    claims,
    ...(about === undefined ? {} : { subject: about }),
    ...(signer === undefined ? {} : { signer }),
    notEvaluated: candidate.notEvaluated,
    state: satisfies.length > 0 ? "verified" : "untrusted",
    findings: findings.map(detached),
    satisfies,
  }
}

function unreadable(
  raw: RawSignature,
  format: string,
  state: "unrecognised" | "malformed",
  findings: readonly Finding[],
): SignatureReport {
  return {
    format,
    kind: "unrecognised",
    mediaType: raw.mediaType,
    location: raw.location,
    descriptor: raw.descriptor,
    claims: null,
    notEvaluated: [],
    state,
    findings,
    satisfies: [],
  }
}
