import { compilePattern, type Pattern } from "../../codec/re2.ts"
import { ToolError } from "../../core/errors.ts"
import type { Finding } from "../../core/report.ts"
import type { FulcioExtension, IdentityRule, TextRule } from "../../core/sigstore.ts"
import {
  type CertificateFacts,
  type CertificateSubject,
  principalSubject,
  type SubjectKind,
} from "./fulcio-certificate.ts"

/** Names as cosign lists them. */
const GO_ORDER: readonly SubjectKind[] = ["DNS", "email", "IP", "URI", "other"]

/** Kinds of documents, which differ in what of a certificate counts. */
export type EvidenceForm = "bundle" | "legacy"

const compiled = new WeakMap<TextRule, Pattern>()

/** Names that cosign's messages have for extensions its flags ask for. */
const COSIGN_NAMES: Readonly<Partial<Record<FulcioExtension, string>>> = {
  githubWorkflowTrigger: "GitHub Workflow Trigger",
  githubWorkflowSha: "GitHub Workflow SHA",
  githubWorkflowName: "GitHub Workflow Name",
  githubWorkflowRepository: "GitHub Workflow Repository",
  githubWorkflowRef: "GitHub Workflow Ref",
}

/**
 * Refuse rules that would let everybody pass or that cannot be evaluated, before anything is judged by them.
 *
 * @throws {ToolError} `E_TRUST_MISSING` without any rule; `E_USAGE` for a rule that asks for nothing, for empty texts and for
 *   patterns that are none.
 */
export function checkIdentityRules(rules: readonly IdentityRule[]): void {
  if (rules.length === 0) {
    throw new ToolError("E_TRUST_MISSING", {
      what: "no identity to verify with",
      why: "the list of identities is empty, expected at least one",
      next: ["name who must have signed with `--identity` and `--issuer`"],
    })
  }
  for (const rule of rules) {
    const texts = [rule.subject, rule.issuer, ...Object.values(rule.extensions)].filter((text) => text !== undefined)
    if (texts.length === 0) throw useless(rule, "it asks for nothing, expected at least a subject or an issuer")
    for (const text of texts) {
      if ((text.kind === "exact" ? text.value : text.pattern) === "") throw useless(rule, "a text in it is empty")
      if (text.kind === "pattern") patternOf(text)
    }
  }
}

function useless({ text }: IdentityRule, why: string): ToolError {
  return new ToolError("E_USAGE", { what: `the identity ${text} cannot be used`, why })
}

/**
 * Whether a certificate's holder is one of the wanted. Everything a rule asks for must hold.
 *
 * Which alternative names count is as it is upstream: in bundles the one that stands for the holder (sigstore-go
 * `pkg/fulcio/certificate/summarize.go`), in the legacy form any of URI, e-mail, DNS, IP and other name (cosign
 * `pkg/cosign/verify.go`, CheckCertificatePolicy).
 *
 * @param rules - {@link checkIdentityRules} accepted them.
 */
export function judgeIdentityRules(
  facts: CertificateFacts,
  rules: readonly IdentityRule[],
  form: EvidenceForm,
): Finding {
  const expected = rules.map(({ text }) => text).join(" or ")
  const names = countingNames(facts, form)
  const seen = `subject ${facts.subjects.map(({ value }) => value).join(", ") || "(none)"}, issuer ${facts.issuer || "(none)"}`
  const failed = (observed: string, detail?: string): Finding => ({
    check: "signer.identity",
    outcome: "failed",
    code: "E_CERT_IDENTITY",
    expected,
    observed,
    ...(detail === undefined ? {} : { detail }),
  })
  if (form === "bundle" && names.length === 0) {
    return failed("failed to summarize certificate: no Subject Alternative Name found", seen)
  }
  const faults: string[] = []
  for (const rule of rules) {
    const fault = ruleFault(facts, names, rule)
    if (fault === undefined) return { check: "signer.identity", outcome: "passed", expected, observed: seen }
    faults.push(fault)
  }
  const last = faults.at(-1) ?? ""
  if (form === "bundle") {
    return failed(
      `failed to verify certificate identity: no matching CertificateIdentity found, last error: ${last}`,
      seen,
    )
  }
  const missing = rules.length === 1 ? missingExtension(facts, rules[0]) : undefined
  const subjects = GO_ORDER.flatMap((kind) => facts.subjects.filter((subject) => subject.kind === kind))
  const listed = subjects.map(({ value }) => value).join(", ")
  return failed(
    missing ??
      `none of the expected identities matched what was in the certificate, got subjects [${listed}] with issuer ${facts.issuer}`,
    last,
  )
}

function countingNames(facts: CertificateFacts, form: EvidenceForm): readonly CertificateSubject[] {
  if (form === "legacy") return facts.subjects
  const principal = principalSubject(facts)
  return principal === undefined ? [] : [principal]
}

/** Why a rule does not hold, in sigstore-go's words. */
function ruleFault(
  facts: CertificateFacts,
  names: readonly CertificateSubject[],
  rule: IdentityRule,
): string | undefined {
  const { subject, subjectKind, issuer } = rule
  const held = names.filter(({ value }) => subject === undefined || textHolds(subject, value))
  if (subject !== undefined && held.length === 0) {
    return textFault("SAN", subject, names.map(({ value }) => value).join(", "))
  }
  if (subjectKind !== undefined && held.every(({ kind }) => kind !== subjectKind)) {
    return `expected a SAN of kind ${subjectKind}, got ${held.map(({ kind }) => kind).join(", ")}`
  }
  if (issuer !== undefined && !textHolds(issuer, facts.issuer)) return textFault("issuer", issuer, facts.issuer)
  for (const [name, text] of Object.entries(rule.extensions)) {
    const value = extensionOf(facts, name)
    if (value !== undefined && textHolds(text, value)) continue
    const wanted = text.kind === "exact" ? text.value : text.pattern
    return `expected ${goFieldName(name)} to be "${wanted}", got "${value ?? ""}"`
  }
  return undefined
}

function extensionOf({ extensions }: CertificateFacts, name: string): string | undefined {
  return Object.hasOwn(extensions, name) ? extensions[name as FulcioExtension] : undefined
}

/** Name of an extension in sigstore-go's messages, such as `GithubWorkflowSHA`. */
function goFieldName(name: string): string {
  const go = name.replace(/^./, (letter) => letter.toUpperCase()).replace(/Uri$/, "URI")
  return go.replace(/Sha$/, "SHA").replace(/Visibility$/, "VisibilityAtSigning")
}

function textFault(what: string, rule: TextRule, observed: string): string {
  return rule.kind === "exact"
    ? `expected ${what} value "${rule.value}", got "${observed}"`
    : `expected ${what} value to match regex "${rule.pattern}", got "${observed}"`
}

/** The text with which cosign names an extension that its flags asked for and that is not as wanted. */
function missingExtension(facts: CertificateFacts, rule: IdentityRule | undefined): string | undefined {
  for (const [name, text] of Object.entries(rule?.extensions ?? {})) {
    const value = extensionOf(facts, name)
    const shown = COSIGN_NAMES[name as FulcioExtension]
    if (shown !== undefined && (value === undefined || !textHolds(text, value))) {
      return `expected ${shown} not found in certificate`
    }
  }
  return undefined
}

function patternOf(rule: Extract<TextRule, { kind: "pattern" }>): Pattern {
  const known = compiled.get(rule) ?? compilePattern(rule.pattern)
  compiled.set(rule, known)
  return known
}

/**
 * Whether a text is as a rule wants it. An empty text is nothing that could be wanted, but where a rule says so.
 *
 * SECURITY: what is too long for a pattern does not match; its length is the signer's choice.
 */
function textHolds(rule: TextRule, text: string): boolean {
  if (text === "" && (rule.kind === "exact" || rule.orNone !== true)) return false
  if (rule.kind === "exact") return rule.value === text
  try {
    return patternOf(rule).matches(text, rule.anchored)
  } catch (error) {
    if (error instanceof ToolError && error.code === "E_LIMIT_EXCEEDED") return false
    throw error
  }
}
