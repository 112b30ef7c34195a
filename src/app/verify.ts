import { asToolError, ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import type { ContentStore, OtherReferrer, SignatureStore, StoreAnswer, Subject } from "../core/ports.ts"
import type { ArtifactReport, StoreReport } from "../core/report.ts"
import type { VerifiedSignature } from "../core/verified.ts"
import { loadPrehashFor } from "../crypto/prehash.ts"
import { formats, wantedTypes } from "../formats/index.ts"
import { evaluatePolicy, type PolicyResult } from "../policy/evaluate.ts"
import type { TrustPolicy } from "../policy/model.ts"
import { askAll, askInTurn, type Question } from "./collect.ts"
import { certifiedTrust } from "./certified-trust.ts"
import { SubjectEvaluation, type Evaluation } from "./evaluate.ts"
import { mapBounded } from "./map-bounded.ts"
import { policyOfRequest } from "./request-policy.ts"
import type { AppContext, FormatName, Target, VerifyRequest, VerifyResult } from "./requests.ts"
import { sigstoreTrust } from "./sigstore-trust.ts"
import { descendants, knownSubject, openTarget, type OpenTarget } from "./subjects.ts"
import { asksForNothing, decide, exempted, unresolvable, withChildren, type Gathered } from "./verdict.ts"

/** One artifact's answer. */
interface Answer {
  readonly report: ArtifactReport
  readonly verified: readonly VerifiedSignature[]
  readonly error: ToolError | undefined
}

/**
 * Verify the signatures or attestations of artifacts.
 *
 * Places are asked one after another and the reading stops as soon as the policy is satisfied; whatever does not satisfy
 * it has been looked for everywhere before the answer is no. Failing to read is `unknown`, never "not signed".
 *
 * @returns one report per target in input order; negative answers are values, not exceptions.
 * @throws {ToolError} `E_TRUST_MISSING` without keys, identities, certificates and policy, or without the
 *   trusted root that they need; `E_USAGE` without targets or formats.
 *
 * Security: what is returned as verified was built from the bytes that were checked.
 */
export async function verifyArtifacts(app: AppContext, request: VerifyRequest): Promise<VerifyResult> {
  const evaluation = await prepare(app, request)
  await loadPrehashFor(request.keys.map(({ key }) => key))
  const task = app.progress.start("verifying", request.targets.length)
  const answers = await mapBounded(request.targets, request.parallel ?? limits.parallelArtifacts, async (target) => {
    const answer = await verifyTarget(app, request, evaluation, target)
    task.advance(1)
    return answer
  })
  task.done()
  for (const { report } of answers) {
    app.logger.info("verify.decision", {
      artifact: report.artifact,
      state: report.state,
      verdict: report.decision.verdict,
      rule: report.decision.rule,
    })
  }
  return {
    report: { apiVersion: "countersign.dev/v1", kind: "VerificationReport", artifacts: answers.map((a) => a.report) },
    verified: answers.map((a) => a.verified),
    errors: answers.map((a) => a.error),
  }
}

async function prepare(app: AppContext, request: VerifyRequest): Promise<Evaluation> {
  if (request.targets.length === 0) throw new ToolError("E_USAGE", { what: "no artifact was named" })
  if (request.formats.length === 0) throw new ToolError("E_USAGE", { what: "no signature format was named" })
  const policy = request.policy ?? policyOfRequest(request)
  return {
    policy,
    keys: request.keys,
    ...(await certifiedTrust(app, policy, request)),
    ...(await sigstoreTrust(app, policy, request)),
    hash: request.hash,
    checkClaims: request.checkClaims,
    anyPredicate: request.anyPredicate ?? false,
    maxSignatures: request.maxSignatures ?? limits.signaturesEvaluated,
  }
}

async function verifyTarget(
  app: AppContext,
  request: VerifyRequest,
  evaluation: Evaluation,
  target: Target,
): Promise<Answer> {
  try {
    const open = openTarget(app, target, request.signatureRepository)
    if (asksForNothing(evaluation.policy)) return await exempt(open, evaluation.policy, target.text)
    // SECURITY: a tag is resolved once; everything after uses the digest.
    const subject = knownSubject(open) ?? (await open.content.resolve(open.reference))
    const answer = await verifySubject(app, request, evaluation, open, subject, target.text)
    return request.recursive ? await verifyBelow(app, request, evaluation, open, subject, answer) : answer
  } catch (thrown) {
    const error = asToolError(thrown)
    return { report: unresolvable(target.text, error), verified: [], error }
  }
}

/** The answer under such a policy; the artifact must exist all the same. */
async function exempt(open: OpenTarget, policy: TrustPolicy, artifact: string): Promise<Answer> {
  const subject = await open.content.resolve(open.reference)
  return { report: exempted(artifact, subject, policy), verified: [], error: undefined }
}

/** Every child of an index must pass as well. */
async function verifyBelow(
  app: AppContext,
  request: VerifyRequest,
  evaluation: Evaluation,
  open: OpenTarget,
  subject: Subject,
  answer: Answer,
): Promise<Answer> {
  const below = await descendants(open.content, await open.content.resolve(subject.digest))
  const children = await mapBounded(below, limits.perHost, (child) =>
    verifySubject(app, request, evaluation, open, child, `${open.content.name}@${child.digest}`),
  )
  const error = answer.error ?? children.find((child) => child.error !== undefined)?.error
  const report = withChildren(
    answer.report,
    children.map((child) => child.report),
  )
  const verified = error === undefined ? [...answer.verified, ...children.flatMap((child) => child.verified)] : []
  return { report, verified, error }
}

async function verifySubject(
  app: AppContext,
  request: VerifyRequest,
  evaluation: Evaluation,
  open: OpenTarget,
  subject: Subject,
  name: string,
): Promise<Answer> {
  const gathered = await gather(app, request, evaluation, open, subject)
  const nothingFound = gathered.signatures.length === 0 && gathered.others.length === 0
  if (nothingFound && gathered.stores.every((store) => store.outcome !== "failed")) {
    // "Not signed" is said only of an artifact that exists.
    await open.content.resolve(subject.digest)
  }
  const { report, error } = decide(name, subject, gathered)
  return { report, verified: error === undefined ? gathered.verified : [], error }
}

async function gather(
  app: AppContext,
  request: VerifyRequest,
  evaluation: Evaluation,
  open: OpenTarget,
  subject: Subject,
): Promise<Gathered> {
  const whole = wholeSubject(evaluation, open, subject)
  const evaluated = new SubjectEvaluation(evaluation, subject, whole)
  const stores: StoreReport[] = []
  const others: OtherReferrer[] = []
  const take = (answer: StoreAnswer): PolicyResult => {
    stores.push(answer.report)
    others.push(...answer.others)
    if (answer.report.outcome === "failed") evaluated.incomplete = true
    return evaluatePolicy(evaluation.policy, evaluated.facts())
  }
  const question: Question = {
    subject,
    wanted: wantedTypes([request.kind]),
    attachmentBytes: request.attachmentBytes ?? limits.attachmentBytes,
    take: async (raw, store) => {
      const done = request.firstOnly === true && evaluatePolicy(evaluation.policy, evaluated.facts()).result === "pass"
      if (!done) await evaluated.add(raw, { whole: store.kind === "referrers-api" })
    },
  }
  const places = storesInOrder(app, request, open)
  let result: PolicyResult | undefined
  if (request.everything) {
    for (const answer of await askAll(places, question)) result = take(answer)
  } else {
    for await (const answer of askInTurn(places, question)) {
      result = take(answer)
      if (result.result === "pass") break
    }
  }
  result ??= evaluatePolicy(evaluation.policy, evaluated.facts())
  return {
    result,
    request,
    accepted: [...new Set(evaluation.policy.authorities.flatMap((authority) => authority.formats))],
    stores,
    others,
    signatures: evaluated.reports,
    verified: evaluated.verified,
  }
}

/**
 * The subject with its media type and size, which certificates sign too and a digest does not say; asked for once.
 *
 * Where there is a referrers API the registry is always asked, and a verification by digest makes four requests. Where
 * signatures are listed by a tag that would be a fifth, made where the digest does not settle it ({@link isSettled}).
 */
function wholeSubject(evaluation: Evaluation, open: OpenTarget, subject: Subject): () => Promise<Subject> {
  let asked: Promise<Subject> | undefined
  const complete = evaluation.certified === undefined || (subject.mediaType !== undefined && subject.size !== undefined)
  return () => (asked ??= complete ? Promise.resolve(subject) : open.content.resolve(subject.digest))
}

/** Places of the formats asked for first; then the others, to be able to say what the artifact is signed with. */
function storesInOrder(app: AppContext, request: VerifyRequest, open: OpenTarget): readonly SignatureStore[] {
  const options = {
    kind: request.kind,
    attachmentBytes: request.attachmentBytes ?? limits.attachmentBytes,
    ...(request.tagPrefix === undefined ? {} : { tagPrefix: request.tagPrefix }),
    ...(request.maxSignatures === undefined ? {} : { maxSignatures: request.maxSignatures }),
  }
  const repositories = signatureRepositories(app, request, open)
  const asked = repositories.flatMap((where) => app.stores.signatures(where, { ...options, formats: request.formats }))
  const known = new Set(asked.map((store) => store.kind))
  const all = repositories.flatMap((where) =>
    app.stores.signatures(where, { ...options, formats: formats.map((f): FormatName => f.id) }),
  )
  return [...asked, ...all.filter((store) => !known.has(store.kind))]
}

/**
 * Where signatures are looked for: the repository named for them as it stands, then the one below it that has the
 * artifact's last name.
 *
 * DEVIATION: cosign's documents describe the second place, its releases write to and read from the first alone. Spec:
 * cosign `README.md` "Specifying Registry".
 */
function signatureRepositories(app: AppContext, request: VerifyRequest, open: OpenTarget): readonly ContentStore[] {
  if (request.signatureRepository === undefined || open.target.kind !== "registry") return [open.signatures]
  const name = open.target.reference.repository.split("/").at(-1) ?? ""
  return [open.signatures, app.stores.repository(`${request.signatureRepository}/${name}`)]
}
