import type { BindSubject, Wanted } from "../../core/candidate.ts"
import { digestAlgorithm, digestHex, type Digest } from "../../core/digest.ts"
import type { Finding } from "../../core/report.ts"
import type { StatementSubject } from "../../core/statement-subject.ts"
import { SIGN_PREDICATE } from "./media-types.ts"
import type { Statement } from "./statement.ts"

/**
 * Whether a statement is about the subject and says what is wanted.
 *
 * A subject of the statement matches when it has a digest of ours under the same algorithm's name and no other value
 * under the name of any algorithm whose digest we know.
 *
 * @param bundle - whether it came in a Sigstore bundle, where signatures are statements too.
 */
export function bindStatement(
  statement: Statement,
  subject: BindSubject,
  wanted: Wanted,
  bundle: boolean,
): readonly Finding[] {
  const predicate = predicateFinding(statement, wanted, bundle)
  if (wanted.checkClaims === false) return [{ check: "subject.digest", outcome: "skipped" }, ...predicate]
  const matching = matchingSubjects(statement, subject)
  const digest: Finding =
    matching.length > 0
      ? { check: "subject.digest", outcome: "passed", expected: subject.digest, observed: subject.digest }
      : {
          check: "subject.digest",
          outcome: "failed",
          expected: subject.digest,
          observed: describe(statement.subjects),
          code: "E_SIG_SUBJECT_MISMATCH",
        }
  return [digest, ...annotationFindings(matching, wanted.annotations), ...predicate]
}

/**
 * The entry of the statement that {@link bindStatement} found to be about the subject.
 *
 * SECURITY: what is shown as signed for an artifact comes from this entry alone. A statement may be about many, and what
 * it says about another one was never signed for this one.
 *
 * @returns of several entries the first with all annotations wanted; `undefined` when claims are not checked.
 */
export function boundSubject(statement: Statement, subject: BindSubject, wanted: Wanted): StatementSubject | undefined {
  if (wanted.checkClaims === false) return undefined
  return matchingSubjects(statement, subject).find(({ annotations }) => hasAnnotations(annotations, wanted.annotations))
}

function matchingSubjects(statement: Statement, subject: BindSubject): readonly StatementSubject[] {
  return statement.subjects.filter((entry) => matches(entry, subject))
}

function matches(entry: StatementSubject, subject: BindSubject): boolean {
  let equal = false
  for (const digest of [subject.digest, ...(subject.others ?? [])]) {
    const signed = ownDigest(entry, digest)
    if (signed === undefined) continue
    if (signed !== digestHex(digest)) return false
    equal = true
  }
  return equal
}

function ownDigest(entry: StatementSubject, digest: Digest): string | undefined {
  const algorithm = digestAlgorithm(digest)
  return Object.hasOwn(entry.digest, algorithm) ? entry.digest[algorithm] : undefined
}

function describe(subjects: readonly StatementSubject[]): string {
  const shown = subjects.slice(0, 3).map(({ digest }) =>
    Object.entries(digest)
      .slice(0, 3)
      .map(([algorithm, hex]) => `${algorithm}:${hex}`.slice(0, 140))
      .join(","),
  )
  return `${shown.join(", ")}${subjects.length > 3 ? ` and ${subjects.length - 3} more` : ""}`
}

function annotationFindings(
  matching: readonly StatementSubject[],
  wanted: Readonly<Record<string, string>>,
): readonly Finding[] {
  if (Object.keys(wanted).length === 0) return []
  const holds = matching.some(({ annotations }) => hasAnnotations(annotations, wanted))
  const observed = matching[0]?.annotations ?? {}
  return [annotationFinding(holds, wanted, observed)]
}

/** Whether every wanted annotation is there as a string with exactly that value. */
export function hasAnnotations(
  signed: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(signed, key) && signed[key] === value)
}

/** The finding about annotations; only wanted keys are shown. */
export function annotationFinding(
  holds: boolean,
  wanted: Readonly<Record<string, string>>,
  signed: Readonly<Record<string, unknown>>,
): Finding {
  const expected = Object.entries(wanted)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ")
  if (holds) return { check: "subject.annotations", outcome: "passed", expected, observed: expected }
  const seen = Object.keys(wanted).map((key) => {
    if (!Object.hasOwn(signed, key)) return `${key} is not signed`
    const value = signed[key]
    return `${key}=${typeof value === "string" ? value : "(not a string)"}`
  })
  const observed = seen.join(", ").slice(0, 500)
  return { check: "subject.annotations", outcome: "failed", expected, observed, code: "E_SIG_ANNOTATION" }
}

function predicateFinding(statement: Statement, wanted: Wanted, bundle: boolean): readonly Finding[] {
  const observed = statement.predicateType
  // SECURITY: without these two any attestation over the artifact would pass for a signature. Outside bundles a
  // signature is never a statement.
  if (wanted.kind === "signature" && !bundle) {
    return [{ check: "predicate.type", outcome: "failed", expected: "no statement", observed, code: "E_SIG_UNTRUSTED" }]
  }
  const signature = wanted.kind === "signature" && wanted.anyPredicate !== true
  const expected = wanted.predicateType ?? (signature ? SIGN_PREDICATE : undefined)
  if (expected === undefined) {
    if (wanted.kind === "signature" || observed !== SIGN_PREDICATE) return []
    // The statement of a plain signature attests nothing, unless it is asked for by its type.
    return [
      { check: "predicate.type", outcome: "failed", expected: "an attestation", observed, code: "E_SIG_UNTRUSTED" },
    ]
  }
  if (observed === expected) return [{ check: "predicate.type", outcome: "passed", expected, observed }]
  return [{ check: "predicate.type", outcome: "failed", expected, observed, code: "E_SIG_UNTRUSTED" }]
}

/** What a signature without statement lacks for somebody who wants a statement. */
export function missingStatement(wanted: Wanted): readonly Finding[] {
  if (wanted.kind === "signature" && wanted.predicateType === undefined) return []
  const expected = wanted.predicateType ?? "a statement"
  const observed = "a signature without statement"
  return [{ check: "predicate.type", outcome: "failed", expected, observed, code: "E_SIG_UNTRUSTED" }]
}
