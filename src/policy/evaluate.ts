import { ToolError } from "../core/errors.ts"
import type { IdentityRule, WitnessRule } from "../core/sigstore.ts"
import { maximumMatching } from "./matching.ts"
import type { AtLeast, Authority, Requirement, Rule, TrustPolicy } from "./model.ts"

/** Three-valued: `error` means it could not be evaluated and never becomes a pass. */
export type Result = "pass" | "fail" | "error"

/** What is known about one authority after looking at the signatures of a subject. */
export interface AuthorityFacts {
  /** Distinct signers (key fingerprints) whose signature satisfies the authority; one entry per signature. */
  readonly signers: readonly string[]
  /** True when more signatures may exist than could be read or evaluated. */
  readonly incomplete: boolean
}

/** Facts by authority name. A name that is missing is a fault in the caller. */
export type Facts = ReadonlyMap<string, AuthorityFacts>

/** Result of one rule. */
export interface RuleResult {
  readonly rule: Rule
  readonly result: Result
  /** Authorities that did not pass, in the order of the tree. */
  readonly missing: readonly string[]
}

/** Result of a whole policy: the strictest rule decides. */
export interface PolicyResult {
  readonly verdict: "allow" | "deny" | "warn"
  readonly result: Result
  /** The rule that decided. */
  readonly decisive: RuleResult
  readonly rules: readonly RuleResult[]
}

/**
 * Decide a policy over facts.
 *
 * Every rule must hold. An empty policy is refused rather than satisfied.
 *
 * @param policy - checked by {@link checkPolicy} here, so that an empty part can never pass.
 * @param facts - one entry per authority of the policy.
 * @throws {ToolError} `E_POLICY_INVALID`.
 *
 * Spec: specs/policy.md section 11.2.
 */
export function evaluatePolicy(policy: TrustPolicy, facts: Facts): PolicyResult {
  checkPolicy(policy)
  const rules = policy.rules.map((rule): RuleResult => {
    const missing: string[] = []
    return { rule, result: evaluateRequirement(rule.require, facts, missing), missing }
  })
  const failing = rules.filter((rule) => rule.result !== "pass")
  const decisive =
    failing.find((r) => r.rule.mode === "enforce" && r.result === "fail") ??
    failing.find((r) => r.rule.mode === "enforce") ??
    failing[0] ??
    first(rules)
  const verdict = decisive.result === "pass" ? "allow" : decisive.rule.mode === "enforce" ? "deny" : "warn"
  return { verdict, result: decisive.result, decisive, rules }
}

/**
 * Refuse a policy that names nothing, names the same authority twice or refers to one that does not exist.
 * @throws {ToolError} `E_POLICY_INVALID`.
 */
function checkPolicy(policy: TrustPolicy): void {
  const names = new Set<string>()
  for (const authority of policy.authorities) {
    if (names.has(authority.name)) invalid(`authority "${authority.name}" is defined twice`)
    names.add(authority.name)
    if (authority.formats.length === 0) invalid(`authority "${authority.name}" names no format`)
    checkTrust(authority)
  }
  if (policy.rules.length === 0) invalid("there is no rule")
  for (const rule of policy.rules) checkRequirement(rule.require, names, rule.name)
}

/** Whom the authority trusts must be said. */
function checkTrust(authority: Authority): void {
  const named = `authority "${authority.name}"`
  switch (authority.family) {
    case "cosign":
      if (authority.keys.length === 0) invalid(`${named} names no key`)
      checkWitnesses(authority.witnesses, named)
      return
    case "sigstore":
      if (authority.identities.length === 0) invalid(`${named} names no identity`)
      for (const identity of authority.identities) checkIdentity(identity, named)
      checkWitnesses(authority.witnesses, named)
      return
    case "notation":
      if (authority.stores.length === 0) invalid(`${named} names no trust store`)
      if (authority.identities.length === 0) invalid(`${named} names no trusted identity`)
      if (authority.actions.integrity !== "enforce") invalid(`${named} does not enforce integrity`)
      if (authority.actions.authenticity === "skip") invalid(`${named} skips authenticity`)
      return
    default:
      // SECURITY: a family whose trust nobody checks here could trust nothing and be satisfied.
      invalid(`authority "${unknownAuthority(authority).name}" is of a family that is not known`)
  }
}

/** SECURITY: whatever an identity leaves out matches everybody. */
function checkIdentity({ issuer, subject, extensions }: IdentityRule, named: string): void {
  const texts = Object.values(extensions)
  if (issuer === undefined) invalid(`${named} has an identity without issuer`)
  if (subject === undefined && texts.length === 0) invalid(`${named} has an identity without subject`)
  const rules = [issuer, ...(subject === undefined ? [] : [subject]), ...texts]
  if (rules.some((rule) => (rule.kind === "exact" ? rule.value : rule.pattern) === "")) {
    invalid(`${named} has an identity with an empty text`)
  }
}

function checkWitnesses({ logs, timestamps }: WitnessRule, named: string): void {
  for (const [count, what] of [
    [logs, "logs"],
    [timestamps, "timestamp authorities"],
  ] as const) {
    if (!Number.isSafeInteger(count) || count < 0) invalid(`${named} asks for ${count} ${what}`)
  }
}

/** Compiles only while every family has its branch. */
function unknownAuthority(authority: never): Authority {
  return authority
}

function checkRequirement(requirement: Requirement, names: ReadonlySet<string>, rule: string): void {
  const known = (name: string): void => {
    if (!names.has(name)) invalid(`rule "${rule}" refers to authority "${name}", which is not defined`)
  }
  if (typeof requirement === "string") known(requirement)
  else if ("all" in requirement || "any" in requirement) {
    const parts = "all" in requirement ? requirement.all : requirement.any
    if (parts.length === 0) invalid(`rule "${rule}" has an empty list`)
    for (const part of parts) checkRequirement(part, names, rule)
  } else if ("atLeast" in requirement) {
    if (!Number.isSafeInteger(requirement.atLeast) || requirement.atLeast < 1)
      invalid(`rule "${rule}" asks for ${requirement.atLeast} signers`)
    if (requirement.of.length === 0) invalid(`rule "${rule}" has an empty list`)
    for (const name of [...requirement.of, ...requirement.required]) known(name)
    for (const name of requirement.required) {
      if (!requirement.of.includes(name)) invalid(`rule "${rule}" requires "${name}", which is not in its list`)
    }
  }
}

function invalid(why: string): never {
  throw new ToolError("E_POLICY_INVALID", { what: "the policy cannot be used", why })
}

function evaluateRequirement(requirement: Requirement, facts: Facts, missing: string[]): Result {
  if (typeof requirement === "string") return evaluateAuthority(requirement, facts, missing)
  if ("static" in requirement) return requirement.static
  if ("all" in requirement) return conjunction(requirement.all.map((part) => evaluateRequirement(part, facts, missing)))
  if ("any" in requirement) {
    const before = missing.length
    const result = disjunction(requirement.any.map((part) => evaluateRequirement(part, facts, missing)))
    if (result === "pass") missing.length = before
    return result
  }
  return evaluateAtLeast(requirement, facts, missing)
}

function factsOf(name: string, facts: Facts): AuthorityFacts {
  const known = facts.get(name)
  if (known === undefined) throw new ToolError("E_INTERNAL", { what: `no facts about authority "${name}"` })
  return known
}

function evaluateAuthority(name: string, facts: Facts, missing: string[]): Result {
  const { signers, incomplete } = factsOf(name, facts)
  if (signers.length > 0) return "pass"
  missing.push(name)
  return incomplete ? "error" : "fail"
}

function conjunction(results: readonly Result[]): Result {
  if (results.includes("fail")) return "fail"
  return results.includes("error") ? "error" : "pass"
}

function disjunction(results: readonly Result[]): Result {
  if (results.includes("pass")) return "pass"
  return results.includes("error") ? "error" : "fail"
}

function evaluateAtLeast(requirement: AtLeast, facts: Facts, missing: string[]): Result {
  for (const name of requirement.of) evaluateAuthority(name, facts, missing)
  const required = conjunction(requirement.required.map((name) => evaluateAuthority(name, facts, [])))
  if (required === "fail") return "fail"
  const votes = countVotes(requirement, facts)
  if (votes >= requirement.atLeast) return required
  // An authority whose signatures could not all be read might still bring one more vote, or many when each counts.
  const open = requirement.of.filter((name) => factsOf(name, facts).incomplete).length
  const reachable = requirement.distinct === "none" ? open > 0 : votes + open >= requirement.atLeast
  return reachable ? "error" : "fail"
}

/** Votes as `distinct` counts them; never the same signer twice unless every signature counts. */
function countVotes(requirement: AtLeast, facts: Facts): number {
  const of = requirement.of.map((name) => factsOf(name, facts).signers)
  switch (requirement.distinct) {
    case "authority":
      return of.filter((signers) => signers.length > 0).length
    case "none":
      return of.reduce((sum, signers) => sum + signers.length, 0)
    case "key":
      // SECURITY: a greedy count under-counts when one signer satisfies two authorities, and counting signatures
      // over-counts; a maximum matching between authorities and distinct signers does neither.
      return maximumMatching(of)
  }
}

function first(rules: readonly RuleResult[]): RuleResult {
  const [rule] = rules
  if (rule === undefined) invalid("there is no rule")
  return rule
}
