import { ToolError } from "../../core/errors.ts"
import type { Finding, KeylessIdentity } from "../../core/report.ts"
import type { SigstoreEvidence } from "../../core/sigstore.ts"
import { fingerprint } from "../../crypto/public-key.ts"
import { schemeName } from "../../crypto/schemes.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { type HoldingSignature, verifyWithKey } from "../keyed.ts"
import { type AuthorityPath, authorityPaths, signerFault } from "./certificate-path.ts"
import { judgeScts } from "./certificate-scts.ts"
import { judgePaths, pathFinding } from "./certificate-times.ts"
import { type CertificateFacts, principalSubject, readCertificateFacts } from "./fulcio-certificate.ts"
import { type EvidenceForm, judgeIdentityRules } from "./identity-rules.ts"
import type { SigstoreQuestion } from "./question.ts"
import type { SignerCertificates } from "./signer-certificate.ts"
import type { AcceptedTime, StampsJudgement } from "./witnesses.ts"

type IdentitySigner = Extract<SigstoreQuestion["signer"], { kind: "identities" }>

/** Times to judge a certificate at, or why there are none. */
export type TimesJudgement = { readonly times: readonly AcceptedTime[] } | { readonly finding: Finding }

/**
 * The times a certificate is judged at: those that are vouched for; the time of the verification only where no witness is
 * asked for.
 */
export function timesFor(
  { witnesses, at }: SigstoreQuestion,
  { form, entries }: SigstoreEvidence,
  vouched: readonly AcceptedTime[],
  { verified, failure }: StampsJudgement,
): TimesJudgement {
  const now: TimesJudgement = { times: [{ at, source: "caller", by: "" }] }
  if (witnesses.times === "verification") return now
  // The legacy form has its log's time judged whatever else is asked for.
  const wanted =
    witnesses.times === "timestamps" && form === "bundle"
      ? vouched.filter(({ source }) => source === "timestamp")
      : vouched
  if (wanted.length > 0 && (witnesses.times !== "timestamps" || verified.length > 0)) return { times: wanted }
  const needed = witnesses.logs > 0 || witnesses.timestamps > 0 || witnesses.times === "timestamps"
  if (!needed) return now
  const promised = witnesses.times !== "timestamps" && entries.some(({ integratedTime }) => integratedTime !== 0n)
  const text = promised
    ? "threshold not met for verified log entry integrated timestamps: 0 < 1"
    : "threshold not met for verified signed timestamps: 0 < 1"
  const finding: Finding = {
    check: "timestamp",
    outcome: "failed",
    code: failure?.code ?? "E_TIME_MISSING",
    expected: "a time that a trusted log or timestamp authority vouches for",
    observed: form === "bundle" ? `failed to verify timestamps: ${text}` : text,
    ...(failure === undefined ? {} : { detail: failure.detail }),
  }
  return { finding }
}

/**
 * The certificate may sign code and leads to a trusted authority at every time.
 *
 * @returns `paths` for the SCT, whose log was told who issued the certificate: where the times have none, those at the time of
 *   issue.
 */
export function judgeCertificate(
  { root }: SigstoreQuestion,
  certificates: SignerCertificates,
  form: EvidenceForm,
  times: TimesJudgement,
): { readonly findings: readonly Finding[]; readonly paths: readonly AuthorityPath[] } {
  const { leaf, others } = certificates
  const fault = signerFault(leaf)
  const usable: Finding =
    fault === undefined
      ? { check: "certificate.chain", outcome: "passed", observed: `issued by ${leaf.issuer.text}` }
      : { check: "certificate.chain", outcome: "failed", code: fault.code, observed: fault.detail }
  const issued: AcceptedTime = { at: leaf.notBefore, source: "log", by: "" }
  const atIssue = (): ReturnType<typeof authorityPaths> =>
    authorityPaths(leaf, others, root.certificateAuthorities, issued.at)
  if ("times" in times) {
    const { finding, paths } = judgePaths(certificates, root.certificateAuthorities, times.times, form)
    const known = paths.length > 0 ? paths : atIssue()
    return { findings: [usable, finding], paths: "code" in known ? [] : known }
  }
  const paths = atIssue()
  if ("code" in paths) return { findings: [usable, pathFinding(leaf, paths, issued, form)], paths: [] }
  // The missing time refuses the signature; this only says that nothing else does.
  const open: Finding = {
    check: "certificate.trusted",
    outcome: "skipped",
    observed: "there is no time to judge it at",
  }
  return { findings: [usable, open], paths }
}

/** The certificate was logged. */
export function judgeSct(
  { root }: SigstoreQuestion,
  { sct, detachedSct }: IdentitySigner,
  form: EvidenceForm,
  leaf: Certificate,
  paths: readonly AuthorityPath[],
): Finding {
  if (sct === "ignore") return { check: "certificate.sct", outcome: "skipped" }
  const issuers = paths.flatMap(({ chain }) => chain[1] ?? [])
  const distinct = issuers.filter(
    ({ thumbprint }, at) => issuers.findIndex((item) => item.thumbprint === thumbprint) === at,
  )
  return judgeScts({
    leaf,
    issuers: distinct,
    logs: root.ctlogs,
    form,
    ...(detachedSct === undefined ? {} : { detached: detachedSct }),
  })
}

/** The signature holds with the certificate's key. */
export function judgeSignature(
  { candidate, artifact, hash }: SigstoreQuestion,
  leaf: Certificate,
): { readonly finding: Finding; readonly held: HoldingSignature | undefined } {
  const expected = `a signature by the certificate's key (${leaf.subject.text || leaf.alternativeNames.slice(0, 3).join(", ")})`
  const failed = (observed: string, code: "E_SIG_INVALID" | "E_KEY_TYPE", outcome: "failed" | "unknown"): Finding => ({
    check: "signature.cryptographic",
    outcome,
    code,
    expected,
    observed,
  })
  const key = leaf.publicKey
  if (key === undefined)
    return { finding: failed(`a key of ${leaf.keyDescription}`, "E_KEY_TYPE", "failed"), held: undefined }
  const held = verifyWithKey(candidate, key, {
    ...(hash === undefined ? {} : { hash }),
    ...(artifact === undefined ? {} : { artifact }),
  })
  if (held === "not at hand") {
    const finding = failed("only a digest of another algorithm, or none, is at hand", "E_KEY_TYPE", "unknown")
    return { finding, held: undefined }
  }
  if (held === "failed") {
    return {
      finding: failed("invalid signature when validating ASN.1 encoded signature", "E_SIG_INVALID", "failed"),
      held: undefined,
    }
  }
  const observed = `${schemeName(held.scheme)} by ${fingerprint(key)}`
  return { finding: { check: "signature.cryptographic", outcome: "passed", observed }, held }
}

/** The certificate's holder is one of the wanted; `facts` as far as the certificate can be read. */
export function judgeHolder(
  leaf: Certificate,
  { identities }: IdentitySigner,
  form: EvidenceForm,
): { readonly finding: Finding; readonly facts?: CertificateFacts } {
  try {
    const facts = readCertificateFacts(leaf)
    return { finding: judgeIdentityRules(facts, identities, form), facts }
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== "E_CERT_IDENTITY") throw error
    const expected = identities.map(({ text }) => text).join(" or ")
    return {
      finding: { check: "signer.identity", outcome: "failed", code: error.code, expected, observed: error.message },
    }
  }
}

/** Holder of a certificate as reports name it. */
export function identityOf(
  leaf: Certificate,
  facts: CertificateFacts,
  path: AuthorityPath | undefined,
): KeylessIdentity {
  const name = (principalSubject(facts) ?? facts.subjects[0])?.value ?? ""
  const uri = path?.authority.uri ?? ""
  return {
    kind: "keyless",
    fingerprint: `OIDC:${facts.issuer} ${name}`,
    name,
    issuer: facts.issuer,
    alternativeNames: facts.subjects.map(({ value }) => value),
    extensions: facts.extensions,
    authority: uri === "" ? (path?.chain.at(-1)?.subject.text ?? "") : uri,
    serial: leaf.serial.toString(16),
    thumbprint: leaf.thumbprint,
  }
}
