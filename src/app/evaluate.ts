import { copied } from "../codec/preview.ts"
import type { ArtifactContent, BindSubject, Candidate, ClaimRoom, Wanted } from "../core/candidate.ts"
import { catalogue } from "../core/error-catalogue.ts"
import { asToolError } from "../core/errors.ts"
import type { JsonValue } from "../core/json-value.ts"
import { limits } from "../core/limits.ts"
import { MANIFEST_ACCEPT } from "../core/media-types.ts"
import type { RawSignature, Subject } from "../core/ports.ts"
import type { Finding, SignatureReport } from "../core/report.ts"
import type { VerifiedContent, VerifiedSignature } from "../core/verified.ts"
import { formats } from "../formats/index.ts"
import type { AuthorityFacts } from "../policy/evaluate.ts"
import type { Authority, KeyAuthority, SigstoreAuthority, TrustPolicy } from "../policy/model.ts"
import { evaluateKeys } from "../trust/keyed.ts"
import type { CertifiedTrust } from "./evaluate-certified.ts"
import { judgeSigstore, type SigstoreTrust } from "./evaluate-sigstore.ts"
import type { Judgement } from "./judgement.ts"
import type { NamedKey, VerifyRequest } from "./requests.ts"
import { holdsEvidence } from "./holds-evidence.ts"
import { asksForWitnesses } from "./sigstore-trust.ts"

/** What does not change while the signatures of one command are evaluated. */
export interface Evaluation {
  readonly policy: TrustPolicy
  readonly keys: readonly NamedKey[]
  /** There when an authority of the policy trusts certificates. */
  readonly certified?: CertifiedTrust
  /** There when an authority asks for identities, log entries or timestamps of Sigstore. */
  readonly sigstore?: SigstoreTrust
  readonly hash?: VerifyRequest["hash"]
  readonly checkClaims: boolean
  readonly anyPredicate: boolean
  /** Signatures evaluated per subject. */
  readonly maxSignatures: number
}

/** One signature document after evaluation. */
export interface Evaluated {
  readonly report: SignatureReport
  /** Authorities that only something unknown kept from being satisfied. */
  readonly undecided?: readonly string[]
  /** Set when at least one authority is satisfied. */
  readonly verified?: VerifiedSignature
}

/** Collects evaluated signatures of one subject and what they mean for each authority. */
export class SubjectEvaluation {
  readonly #evaluation: Evaluation
  #subject: Subject
  readonly #whole: (() => Promise<Subject>) | undefined
  readonly #seen = new Set<string>()
  readonly #room = claimRoom()
  readonly #signers = new Map<string, string[]>()
  readonly #undecided = new Set<string>()
  readonly reports: SignatureReport[] = []
  readonly verified: VerifiedSignature[] = []
  /** True once something could not be read or was left out by a limit. */
  incomplete = false

  /** @param whole - the subject with its media type and size; a request. Absent: `subject` is all there is. */
  constructor(evaluation: Evaluation, subject: Subject, whole?: () => Promise<Subject>) {
    this.#evaluation = evaluation
    this.#subject = subject
    this.#whole = whole
  }

  /**
   * Evaluate one document unless the same document was evaluated already (it may lie in several places).
   *
   * @param asked - `whole`: hold it against the whole subject in any case.
   */
  async add(raw: RawSignature, asked: { readonly whole: boolean } = { whole: false }): Promise<void> {
    const key = `${raw.descriptor.digest} ${raw.mediaType} ${JSON.stringify(raw.annotations)}`
    if (this.#seen.has(key)) return
    if (this.#seen.size >= this.#evaluation.maxSignatures) {
      this.incomplete = true
      return
    }
    this.#seen.add(key)
    for (const candidate of await parseDocument(raw)) {
      if (this.#whole !== undefined && (asked.whole || ("describes" in candidate && !isSettled(candidate)))) {
        this.#subject = await this.#whole()
      }
      this.take(
        "report" in candidate
          ? candidate
          : await evaluateCandidate(this.#evaluation, this.#subject, candidate, undefined, this.#room),
      )
    }
  }

  /** Facts for the policy engine. */
  facts(): ReadonlyMap<string, AuthorityFacts> {
    return new Map(
      this.#evaluation.policy.authorities.map((authority) => [
        authority.name,
        {
          signers: this.#signers.get(authority.name) ?? [],
          incomplete: this.incomplete || this.#undecided.has(authority.name),
        },
      ]),
    )
  }

  /** Take over a judged signature. */
  take({ report, verified, undecided = [] }: Evaluated): void {
    this.reports.push(report)
    for (const authority of undecided) this.#undecided.add(authority)
    if (verified === undefined) return
    this.verified.push(verified)
    for (const authority of report.satisfies) {
      const signers = this.#signers.get(authority) ?? []
      signers.push(report.signer?.fingerprint ?? "")
      this.#signers.set(authority, signers)
    }
  }
}

/**
 * Whether the digest alone tells that a signed descriptor is the subject's: it names a manifest, as the manifest beside it
 * does. The signer then vouched for these very bytes as this kind of manifest, and a size cannot differ between equal bytes.
 *
 * SECURITY: the manifest beside it is anybody's and only makes us ask. A signed descriptor of another kind may be a file's: the
 * signature of a file that holds a manifest is none of the artifact.
 */
function isSettled({ describes, raw }: Candidate): boolean {
  if (describes === undefined) return true
  const { mediaType, size } = describes
  return MANIFEST_ACCEPT.includes(mediaType) && raw.subject?.mediaType === mediaType && raw.subject.size === size
}

/** Parse with the format of the media type. Never throws for bad content: that is a report already. */
async function parseDocument(raw: RawSignature): Promise<readonly (Candidate | Evaluated)[]> {
  const format = formats.find((candidate) => candidate.accepts(raw))
  if (format === undefined) return [{ report: unreadable(raw, "unrecognised", "unrecognised", []) }]
  try {
    return (await format.load()).parse(raw)
  } catch (thrown) {
    const error = asToolError(thrown)
    const finding: Finding = { check: "format.parse", outcome: "failed", code: error.code, observed: error.message }
    return [{ report: unreadable(raw, format.id, "malformed", [finding]) }]
  }
}

/**
 * Judge one candidate against every authority of the policy.
 *
 * @param artifact - digests (and bytes) of the signed artifact, where the signature covers the artifact itself.
 * @param room - of the claims in the report, when the signature verifies; others get little.
 */
export async function evaluateCandidate(
  evaluation: Evaluation,
  subject: BindSubject,
  candidate: Candidate,
  artifact?: ArtifactContent,
  room: ClaimRoom = claimRoom(),
): Promise<Evaluated> {
  const keyed = keyedJudgement(evaluation, candidate, artifact)
  const witnessed = witnessedJudgement(evaluation, candidate, artifact)
  const satisfies: string[] = []
  const undecided: string[] = []
  let shown: Judgement | undefined
  let content: VerifiedContent | undefined
  for (const authority of evaluation.policy.authorities) {
    const wanted = wantedBy(authority, evaluation)
    const judged = await judge(evaluation, subject, { candidate, authority, keyed, witnessed }, wanted)
    const hinders = judged.findings.filter((finding) => !allows(finding))
    const passed = isSigner(authority, judged) && hinders.length === 0
    if (passed) satisfies.push(authority.name)
    else if (hinders.length > 0 && hinders.every(isOpen)) undecided.push(authority.name)
    if (passed) content ??= candidate.content(subject, wanted, artifact)
    if (shown === undefined || (passed ? satisfies.length === 1 : isCloser(judged, shown, satisfies))) shown = judged
  }
  const claims = candidate.claims(content === undefined ? claimRoom(limits.untrustedClaimValues) : room)
  const state = satisfies.length > 0 ? "verified" : undecided.length > 0 ? "unknown" : "untrusted"
  const seen = state === "verified" ? undefined : await evidenceOf(candidate)
  const report = { ...candidateReport(candidate, shown ?? keyed(), { satisfies, state }, content, claims), ...seen }
  return { report, undecided, ...(content === undefined ? {} : { verified: { report, content } }) }
}

/** A finding that the world kept open: neither a yes nor a no. */
function isOpen({ check, outcome, code }: Finding): boolean {
  if (outcome !== "unknown" || code === undefined) return false
  // A plugin that is not installed would have known.
  return catalogue[code].kind === "unknown" || check === "plugin"
}

/** What does not keep a signature from counting. */
function allows(finding: Finding): boolean {
  return finding.outcome === "passed" || finding.outcome === "skipped" || finding.logged === true
}

/** An authority that accepts the format, or that knows who signed, explains a refusal better than one that does not. */
function isCloser(judged: Judgement, shown: Judgement, satisfies: readonly string[]): boolean {
  const near = ({ findings, signer }: Judgement): number =>
    findings.some((finding) => finding.check === "format.accepted" && finding.outcome === "passed")
      ? 1 + Number(signer !== undefined)
      : 0
  return satisfies.length === 0 && near(judged) > near(shown)
}

/** Keys are tried once for all authorities, when the first one asks. */
function keyedJudgement(
  { keys, hash }: Evaluation,
  candidate: Candidate,
  artifact: ArtifactContent | undefined,
): () => Judgement {
  let judged: Judgement | undefined
  const options = { ...(hash === undefined ? {} : { hash }), ...(artifact === undefined ? {} : { artifact }) }
  return () => (judged ??= keys.length === 0 ? { findings: [] } : evaluateKeys(candidate, keys, options))
}

/** Log entries and timestamps are judged once for all authorities that ask for the same. */
function witnessedJudgement(
  { keys, hash, sigstore }: Evaluation,
  candidate: Candidate,
  artifact: ArtifactContent | undefined,
): Cases["witnessed"] {
  const known = new Map<string, Promise<Judgement>>()
  return (authority) => {
    // SECURITY: an authority that asks for more than can be looked at is never satisfied.
    if (sigstore === undefined) return Promise.resolve({ findings: [] })
    const { family, witnesses } = authority
    const key = family === "cosign" ? JSON.stringify([family, witnesses]) : authority.name
    const judged =
      known.get(key) ??
      judgeSigstore(sigstore, {
        candidate,
        authority,
        keys,
        ...(hash === undefined ? {} : { hash }),
        ...(artifact === undefined ? {} : { artifact }),
      })
    known.set(key, judged)
    return judged
  }
}

/** A candidate before one authority, and what its keys and witnesses are worth. */
interface Cases {
  readonly candidate: Candidate
  readonly authority: Authority
  readonly keyed: () => Judgement
  readonly witnessed: (authority: KeyAuthority | SigstoreAuthority) => Promise<Judgement>
}

async function judge(
  evaluation: Evaluation,
  subject: BindSubject,
  { candidate, authority, keyed, witnessed }: Cases,
  wanted: Wanted,
): Promise<Judgement> {
  const format = formatFinding(candidate, authority)
  switch (authority.family) {
    case "cosign": {
      const alone = !asksForWitnesses(authority.witnesses)
      const { findings, ...who } = alone ? keyed() : await witnessed(authority)
      const binding = candidate.bind(subject, wanted)
      return { findings: [...findings, ...binding, format, ...(alone ? [entriesLeftOut(candidate)] : [])], ...who }
    }
    case "sigstore": {
      if (format.outcome !== "passed") return { findings: [format] }
      const { findings, ...who } = await witnessed(authority)
      return { findings: [...findings, ...candidate.bind(subject, wanted), format], ...who }
    }
    case "notation": {
      const { certified } = evaluation
      if (format.outcome !== "passed" || certified === undefined) return { findings: [format] }
      const judged = await certified.judge(certified, subject, candidate, authority, wanted)
      return { ...judged, findings: [...judged.findings, format] }
    }
  }
}

/** Whether the signer found is one the authority names; certificate holders are judged by their findings. */
function isSigner(authority: Authority, { signer }: Judgement): boolean {
  if (signer === undefined) return false
  switch (authority.family) {
    case "cosign":
      return authority.keys.includes(signer.name)
    case "sigstore":
      return signer.kind === "keyless"
    case "notation":
      return signer.kind === "certificate"
  }
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

function formatFinding(candidate: Candidate, authority: Authority): Finding {
  const accepted = authority.formats.includes(candidate.format)
  const texts = { expected: authority.formats.join(" or "), observed: candidate.format }
  if (accepted) return { check: "format.accepted", outcome: "passed", ...texts }
  return { check: "format.accepted", outcome: "failed", code: "E_SIG_OTHER_FORMAT", ...texts }
}

function entriesLeftOut({ notEvaluated }: Candidate): Finding {
  const observed = notEvaluated.length === 0 ? "no log entry" : `${notEvaluated.join(", ")}, not evaluated`
  return { check: "log.entry", outcome: "skipped", observed }
}

function candidateReport(
  candidate: Candidate,
  { findings, signer, time, witnesses = [], notEvaluated = candidate.notEvaluated }: Judgement,
  { satisfies, state }: Pick<SignatureReport, "satisfies" | "state">,
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
    ...(time === undefined ? {} : { time }),
    ...(witnesses.length === 0 ? {} : { witnesses }),
    notEvaluated,
    state,
    findings: findings.map(detached),
    satisfies,
  }
}

/** What lies beside a signature that is not verified; code to read it is loaded when there is something. */
async function evidenceOf(candidate: Candidate): Promise<Pick<SignatureReport, "evidence">> {
  // What a Notary Project envelope holds is judged by its own rules and shown by its findings.
  if (candidate.attributes !== undefined || !holdsEvidence(candidate)) return {}
  const { seenEvidence } = await import("./seen-evidence.ts")
  return { evidence: seenEvidence(candidate) }
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
