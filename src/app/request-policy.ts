import { ToolError } from "../core/errors.ts"
import type { WitnessRule } from "../core/sigstore.ts"
import { formats } from "../formats/index.ts"
import { policyFromFlags } from "../policy/from-flags.ts"
import type { TrustPolicy } from "../policy/model.ts"
import { formatsOfFamily, type FormatFacts } from "./format-facts.ts"
import type { FormatName, VerifyRequest } from "./requests.ts"

/** The part of a request that says whom to trust. */
export type TrustRequest = Pick<
  VerifyRequest,
  "keys" | "keyless" | "certificates" | "formats" | "kind" | "annotations" | "witnesses" | "predicateType"
>

/**
 * What the keys, identities and certificates of a request stand for.
 *
 * @param table - rows of the formats asked for.
 * @throws {ToolError} `E_TRUST_MISSING` when there are none, `E_USAGE` when those that are there fit no format asked for.
 */
export function policyOfRequest(request: TrustRequest, table: readonly FormatFacts[] = formats): TrustPolicy {
  const { keys, keyless, certificates } = request
  if (trustsNobody(request)) throw new ToolError("E_TRUST_MISSING", { what: "no key was named to verify with" })
  const certified = formatsOfFamily(request.formats, "notation", table)
  const keyed = formatsOfFamily(request.formats, "cosign", table)
  if (keys.length > 0 && keyed.length === 0) {
    throw useless("a key", request.formats, "name whose certificates count, by a trust store and an identity")
  }
  if (keyless !== undefined && keyed.length === 0) {
    throw useless("an identity by issuer", request.formats, "ask for the formats cosign-v3 or cosign-v2 too")
  }
  if (certificates !== undefined && certified.length === 0) {
    throw useless("a trust store", request.formats, "ask for the formats notation or notation-cose too")
  }
  return policyFromFlags({
    keys: keys.map((key) => key.name),
    formats: keyed,
    kind: request.kind,
    annotations: request.annotations,
    witnesses: request.witnesses ?? NO_WITNESSES,
    ...(request.predicateType === undefined ? {} : { predicateType: request.predicateType }),
    ...(keyless === undefined
      ? {}
      : { keyless: { ...keyless, formats: formatsOfFamily(request.formats, "sigstore", table) } }),
    ...(certificates === undefined ? {} : { certificates: { ...certificates, formats: certified } }),
  })
}

/** Signatures by key are checked against the key alone. */
export const NO_WITNESSES: WitnessRule = { logs: 0, timestamps: 0 }

/** Whether a request names nobody whose signature could count. */
export function trustsNobody({
  keys,
  keyless,
  certificates,
}: Pick<VerifyRequest, "keys" | "keyless" | "certificates">): boolean {
  return keys.length === 0 && keyless === undefined && certificates === undefined
}

/** What was named to be trusted and could never decide anything. */
function useless(what: string, names: readonly FormatName[], next: string): ToolError {
  return new ToolError("E_USAGE", {
    what: `${what} verifies no signature in the formats asked for`,
    why: `formats asked for: ${names.join(", ")}`,
    next: [next, "or leave the formats out"],
  })
}
