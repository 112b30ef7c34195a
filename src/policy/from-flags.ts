import type { Authority, TrustPolicy } from "./model.ts"

/** What a command asks by its flags, in the words of the policy model. */
export interface FlagPolicy {
  /** Names of the keys given; any of them suffices. */
  readonly keys: readonly string[]
  readonly formats: readonly string[]
  readonly kind: Authority["kind"]
  readonly annotations: Readonly<Record<string, string>>
  readonly predicateType?: string
  readonly tlog: Authority["tlog"]
}

/** Name of the rule that flags make. */
const FLAG_RULE = "command line"

/**
 * The policy that flags stand for: one authority per key, any of which may have signed.
 *
 * Empty keys make an empty list, which `evaluatePolicy` refuses: nothing to trust is never satisfied.
 */
export function policyFromFlags(flags: FlagPolicy): TrustPolicy {
  const authorities = flags.keys.map((key): Authority => ({
    name: key,
    family: "cosign",
    formats: flags.formats,
    kind: flags.kind,
    keys: [key],
    annotations: flags.annotations,
    ...(flags.predicateType === undefined ? {} : { predicateType: flags.predicateType }),
    tlog: flags.tlog,
  }))
  return {
    name: FLAG_RULE,
    authorities,
    rules: [{ name: FLAG_RULE, require: { any: authorities.map((a) => a.name) }, mode: "enforce" }],
  }
}
