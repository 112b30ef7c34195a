import { ToolError } from "../../core/errors.ts"
import type { PublicKey } from "../../core/ports.ts"
import type { Finding } from "../../core/report.ts"
import type { SigstoreEvidence } from "../../core/sigstore.ts"
import { fingerprint, sameKey } from "../../crypto/public-key.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { evaluateKeys, type HoldingSignature } from "../keyed.ts"
import { logTimeFault, retiredLogFault } from "./certificate-times.ts"
import { checkIdentityRules } from "./identity-rules.ts"
import { identityOf, judgeCertificate, judgeHolder, judgeSct, judgeSignature, timesFor } from "./judge-certificate.ts"
import { judgeLogEntries, type LogQuestion, type VerifiedEntry } from "./log-entries.ts"
import type { SigstoreJudgement, SigstoreQuestion } from "./question.ts"
import { signedContent } from "./signed-content.ts"
import { signerCertificates } from "./signer-certificate.ts"
import {
  type AcceptedTime,
  acceptedTimes,
  earliest,
  judgeStamps,
  type StampsJudgement,
  tooMuchEvidence,
  witnessesOf,
} from "./witnesses.ts"

export type { SigstoreJudgement, SigstoreQuestion } from "./question.ts"

/**
 * Judge a Sigstore signature: its log entries, its times, its certificate or key, and whose it is. Pure; nothing is asked of
 * the network.
 *
 * For keys on elliptic curves and signatures over digests, `loadPrehash` must have been awaited.
 *
 * @returns findings in upstream's order. Whatever is wrong with the signature is a finding.
 * @throws {ToolError} `E_TRUST_MISSING` and `E_USAGE` for questions that cannot be asked: no key, no identity, patterns that
 *   are none.
 *
 * Spec: sigstore/sigstore-go `pkg/verify/signed_entity.go` for bundles; sigstore/cosign `pkg/cosign/verify.go`,
 *   verifyInternal, for the legacy form.
 */
export function evaluateSigstore(question: SigstoreQuestion): SigstoreJudgement {
  if (question.signer.kind === "identities") checkIdentityRules(question.signer.identities)
  const evidence = evidenceOf(question)
  const flood = tooMuchEvidence(evidence)
  if (flood !== undefined) return { findings: [flood], witnesses: [] }
  return question.signer.kind === "keys"
    ? byKeys(question, question.signer, evidence)
    : byIdentities(question, question.signer, evidence)
}

/** Whether nothing of the findings stands in a signature's way. */
function holds(findings: readonly Finding[]): boolean {
  return findings.every(({ outcome, logged }) => outcome === "passed" || outcome === "skipped" || logged === true)
}

function evidenceOf({ candidate: { evidence, format, signatures } }: SigstoreQuestion): SigstoreEvidence {
  if (evidence !== undefined) return evidence
  const stamped = signatures[0]?.bytes ?? new Uint8Array(0)
  return { form: format === "cosign-v3" ? "bundle" : "legacy", entries: [], timestamps: [], stamped }
}

/** What of a signer log entries must name. */
interface Signed {
  readonly held: HoldingSignature | undefined
  readonly verifier: LogQuestion["signed"]["verifier"] | undefined
}

function judgeLogs(
  question: SigstoreQuestion,
  evidence: SigstoreEvidence,
  { held, verifier }: Signed,
): { readonly findings: readonly Finding[]; readonly verified: readonly VerifiedEntry[] } {
  const { witnesses, candidate, root } = question
  const signature = held?.signature ?? candidate.signatures[0]?.bytes
  if (witnesses.logs === 0) return { findings: [], verified: [] }
  if (verifier === undefined || signature === undefined) {
    const observed = "there is no key that an entry could name"
    return { findings: [{ check: "log.entry", outcome: "failed", code: "E_TLOG_MISSING", observed }], verified: [] }
  }
  return judgeLogEntries({
    entries: evidence.entries,
    form: evidence.form,
    logs: root.tlogs,
    signed: { signature, verifier, content: signedContent(question, evidence, held) },
    required: witnesses.logs,
  })
}

function byKeys(
  question: SigstoreQuestion,
  { keys }: Extract<SigstoreQuestion["signer"], { kind: "keys" }>,
  evidence: SigstoreEvidence,
): SigstoreJudgement {
  const { candidate, root, witnesses, artifact, hash } = question
  const keyed = evaluateKeys(candidate, keys, {
    ...(hash === undefined ? {} : { hash }),
    ...(artifact === undefined ? {} : { artifact }),
  })
  const key = keyed.held?.key ?? keys[0]?.key
  const verifier = key === undefined ? undefined : { key }
  const foreign = foreignCertificate(question, keyed.held?.key)
  const logs = judgeLogs(question, evidence, { held: keyed.held, verifier })
  const stamps: StampsJudgement =
    witnesses.timestamps > 0 ? judgeStamps(evidence, root, witnesses) : { findings: [], verified: [] }
  const times = acceptedTimes(logs.verified, stamps.verified)
  const known = witnesses.timestamps > 0 ? times : timesOfEntries(question, evidence, logs.verified)
  const retired = holds(logs.findings) ? retiredLogFault(logs.verified, known, witnesses) : undefined
  const findings = inOrder(evidence, logs.findings.concat(retired ?? []), stamps.findings, [
    ...foreign,
    ...keyed.findings,
  ])
  const time = earliest(times)
  return {
    findings,
    ...(keyed.signer === undefined ? {} : { signer: keyed.signer }),
    ...(time === undefined ? {} : { time }),
    witnesses: witnessesOf(logs.verified, stamps.verified),
  }
}

/**
 * When the logs vouched, for signatures whose timestamps nobody asked about: as logs and timestamps say it; else now, since an
 * entry without any time may be as young as that.
 *
 * SECURITY: a log that gives no time is held against its window all the same. DEVIATION: upstream looks at no window then.
 */
function timesOfEntries(
  { root, witnesses, at }: SigstoreQuestion,
  evidence: SigstoreEvidence,
  verified: readonly VerifiedEntry[],
): readonly AcceptedTime[] {
  if (verified.every((entry) => entry.at !== undefined)) return []
  const stamps = judgeStamps(evidence, root, { ...witnesses, timestamps: 0 })
  const times = acceptedTimes(verified, stamps.verified)
  return times.length > 0 ? times : [{ at, source: "caller", by: "" }]
}

/** Upstream looks at log entries first in bundles, at timestamps first in the legacy form. */
function inOrder(
  { form }: SigstoreEvidence,
  logs: readonly Finding[],
  stamps: readonly Finding[],
  rest: readonly Finding[],
): readonly Finding[] {
  return form === "bundle" ? [...logs, ...stamps, ...rest] : [...stamps, ...logs, ...rest]
}

function readable(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der)
  } catch (error) {
    if (error instanceof ToolError) return undefined
    throw error
  }
}

/** A certificate that the user gave beside keys must be of the key that signed. */
function foreignCertificate({ certificate }: SigstoreQuestion, key: PublicKey | undefined): readonly Finding[] {
  if (certificate === undefined || key === undefined) return []
  const given = readable(certificate)?.publicKey
  if (given !== undefined && sameKey(given, key)) return []
  return [
    {
      check: "signer.key",
      outcome: "failed",
      code: "E_SIG_UNTRUSTED",
      expected: fingerprint(key),
      observed: "both public key and certificate were provided but did not match",
    },
  ]
}

function byIdentities(
  question: SigstoreQuestion,
  signer: Extract<SigstoreQuestion["signer"], { kind: "identities" }>,
  evidence: SigstoreEvidence,
): SigstoreJudgement {
  const { form } = evidence
  const certificates = signerCertificates(question, form)
  if ("check" in certificates) return { findings: [certificates], witnesses: [] }
  const { leaf } = certificates
  const signature = judgeSignature(question, leaf)
  const verifier = leaf.publicKey === undefined ? undefined : { certificate: leaf.raw, key: leaf.publicKey }
  const logs = judgeLogs(question, evidence, { held: signature.held, verifier })
  const stamps = judgeStamps(evidence, question.root, question.witnesses)
  const vouched = acceptedTimes(logs.verified, stamps.verified)
  const times = timesFor(question, evidence, vouched, stamps)
  const trusted = judgeCertificate(question, certificates, form, times)
  const sct = judgeSct(question, signer, form, leaf, trusted.paths)
  const who = judgeHolder(leaf, signer, form)
  const late = [
    form === "bundle" ? logTimeFault(leaf, logs.verified, vouched.length > 0) : undefined,
    holds(logs.findings) ? retiredLogFault(logs.verified, vouched, question.witnesses) : undefined,
  ].filter((finding) => finding !== undefined)
  const missing = "finding" in times && holds(stamps.findings) ? [times.finding] : []
  const rest =
    form === "bundle"
      ? [...trusted.findings, sct, signature.finding, who.finding]
      : [...trusted.findings, who.finding, sct, signature.finding]
  const findings = inOrder(evidence, [...logs.findings, ...late], stamps.findings, [...missing, ...rest])
  const others = findings.filter((finding) => finding !== who.finding)
  const time = earliest("finding" in times ? vouched : times.times)
  return {
    findings,
    ...(holds(others) && who.facts !== undefined ? { signer: identityOf(leaf, who.facts, trusted.paths[0]) } : {}),
    ...(time === undefined ? {} : { time }),
    witnesses: witnessesOf(logs.verified, stamps.verified),
  }
}
