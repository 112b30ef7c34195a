import type { Authority, KeyAuthority, NotationAuthority, SigstoreAuthority, TrustPolicy } from "./model.ts"

/** Whose identities count, without what every authority says. */
export type KeylessTrust = Pick<SigstoreAuthority, "identities" | "sct" | "witnesses">

/** What a command asks by its flags, in the words of the policy model. */
export interface FlagPolicy {
  /** Names of the keys given; any of them suffices. */
  readonly keys: readonly string[]
  /** Formats that the keys may have signed in; none = the keys are of no use to the command. */
  readonly formats: readonly string[]
  readonly kind: Authority["kind"]
  readonly annotations: Readonly<Record<string, string>>
  readonly predicateType?: string
  /** What must vouch for signatures by key. */
  readonly witnesses: KeyAuthority["witnesses"]
  /** Identities that count beside the keys. */
  readonly keyless?: KeylessTrust & { readonly formats: readonly string[] }
  /** Certificates that count beside the keys. */
  readonly certificates?: NotationAuthority
}

/** Name of the rule that flags make. */
const FLAG_RULE = "command line"

/** Of the authority that identities make. */
const IDENTITIES = "identities"

/**
 * The policy that flags stand for: one authority per key, one for identities and one for certificates, any of which may
 * have signed.
 *
 * Nothing named makes an empty list, which `evaluatePolicy` refuses: nothing to trust is never satisfied.
 */
export function policyFromFlags(flags: FlagPolicy): TrustPolicy {
  const keyed = flags.keys.map((key): KeyAuthority => ({
    name: key,
    family: "cosign",
    formats: flags.formats,
    kind: flags.kind,
    keys: [key],
    annotations: flags.annotations,
    ...(flags.predicateType === undefined ? {} : { predicateType: flags.predicateType }),
    witnesses: flags.witnesses,
  }))
  const authorities: readonly Authority[] = [
    ...(flags.formats.length === 0 ? [] : keyed),
    ...(flags.keyless === undefined ? [] : [keylessAuthority(flags, flags.keyless)]),
    ...(flags.certificates === undefined ? [] : [{ ...flags.certificates, annotations: flags.annotations }]),
  ]
  return {
    name: FLAG_RULE,
    authorities,
    rules: [{ name: FLAG_RULE, require: { any: authorities.map((a) => a.name) }, mode: "enforce" }],
  }
}

function keylessAuthority(
  flags: FlagPolicy,
  { identities, sct, witnesses, formats }: NonNullable<FlagPolicy["keyless"]>,
): SigstoreAuthority {
  return {
    name: flags.keys.includes(IDENTITIES) ? `${IDENTITIES} of certificates` : IDENTITIES,
    family: "sigstore",
    kind: flags.kind,
    annotations: flags.annotations,
    ...(flags.predicateType === undefined ? {} : { predicateType: flags.predicateType }),
    identities,
    sct,
    witnesses,
    formats,
  }
}
