import { goTimeString } from "../../codec/go-time.ts"
import { limits } from "../../core/limits.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { AUTHORITY_RULES } from "./authority-rules.ts"
import type { ChainFault, ChainPurpose } from "./chain-fault.ts"
import { type ChainPlace, type ChainRole, type ChainRule, chainError, quotedSubject } from "./chain-rule.ts"
import { criticalExtensions } from "./critical-extensions.ts"
import { LEAF_RULES } from "./leaf-rules.ts"
import { LINK_RULES } from "./link-rules.ts"

/** Every rule, in the order in which the first fault is looked for at one place. */
const CHAIN_RULES: readonly ChainRule[] = [...LINK_RULES, ...LEAF_RULES, ...AUTHORITY_RULES, criticalExtensions]

/** What came of one rule at one place of a chain. */
export interface RuleOutcome {
  readonly place: ChainPlace
  readonly rule: ChainRule
  readonly fault?: ChainFault
}

/** `strict` also refuses anyExtendedKeyUsage for code signing. */
export interface ChainOptions {
  readonly strict?: boolean
}

function roleAt(index: number, length: number): ChainRole {
  if (length === 1) return "alone"
  if (index === 0) return "leaf"
  return index === length - 1 ? "root" : "intermediate"
}

/**
 * What every rule says of every certificate, in the order of {@link chainFault}: certificate by certificate, and for
 * each in upstream's order.
 *
 * @param chain - leaf first, root last.
 */
export function* ruleOutcomes(
  chain: readonly Certificate[],
  purpose: ChainPurpose,
  options: ChainOptions = {},
): Generator<RuleOutcome> {
  for (const [index, certificate] of chain.entries()) {
    const role = roleAt(index, chain.length)
    const issuer = chain[index + 1] ?? certificate
    const place: ChainPlace = { certificate, issuer, index, role, purpose, strict: options.strict === true }
    for (const rule of CHAIN_RULES) {
      if (!rule.roles.includes(role) || rule.applies?.(place) === false) continue
      const fault = rule.fault(place)
      yield fault === undefined ? { place, rule } : { place, rule, fault }
    }
  }
}

/** Why a chain has too few or too many certificates. */
export function lengthFault(chain: readonly Certificate[]): ChainFault | undefined {
  if (chain.length === 0) return chainError("certificate chain must contain at least one certificate")
  if (chain.length <= limits.chainCertificates) return undefined
  const message = `certificate chain of ${chain.length} certificates, at most ${limits.chainCertificates} are accepted`
  return { code: "E_LIMIT_EXCEEDED", message }
}

/**
 * Check that certificates are a complete chain whose leaf may sign for the purpose, by the rules of the Notary Project.
 * Whether anybody trusts the chain, the times of validity and revocation are other questions.
 *
 * Faults come in upstream's order and with its texts. DEVIATION: SHA-1 is refused for a certificate alone in its chain
 * too, and critical extensions that are not understood, and chains of more than ten certificates.
 *
 * @param chain - leaf first, root last.
 * @param options - `strict` also refuses anyExtendedKeyUsage for code signing.
 * @returns the first fault; `undefined` when there is none.
 *
 * Spec: notaryproject/specifications `specs/signature-specification.md`, "Certificate Requirements".
 */
export function chainFault(
  chain: readonly Certificate[],
  purpose: ChainPurpose,
  options: ChainOptions = {},
): ChainFault | undefined {
  const length = lengthFault(chain)
  if (length !== undefined) return length
  for (const { fault } of ruleOutcomes(chain, purpose, options)) if (fault !== undefined) return fault
  return undefined
}

/**
 * Check that every certificate was valid when something was signed.
 *
 * @param at - milliseconds since the epoch.
 * @returns the first fault, with upstream's text when signing; `undefined` when there is none.
 */
export function validityFault(chain: readonly Certificate[], at: number): ChainFault | undefined {
  const outside = chain.find(({ notBefore, notAfter }) => at < notBefore || at > notAfter)
  if (outside === undefined) return undefined
  const { notBefore, notAfter } = outside
  return {
    code: at < notBefore ? "E_CERT_NOT_YET_VALID" : "E_CERT_EXPIRED",
    message: `certificate with subject ${quotedSubject(outside)} was invalid at signing time of ${goTimeString(at)}. Certificate is valid from [${goTimeString(notBefore)}] to [${goTimeString(notAfter)}]`,
  }
}
