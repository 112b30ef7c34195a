import { ToolError } from "../core/errors.ts"
import { formats } from "../formats/index.ts"
import { policyFromFlags } from "../policy/from-flags.ts"
import type { TrustPolicy } from "../policy/model.ts"
import { formatsOfFamily, type FormatFacts } from "./format-facts.ts"
import type { FormatName, VerifyRequest } from "./requests.ts"

/** The part of a request that says whom to trust. */
export type TrustRequest = Pick<
  VerifyRequest,
  "keys" | "certificates" | "formats" | "kind" | "annotations" | "tlog" | "predicateType"
>

/**
 * What the keys and certificates of a request stand for.
 *
 * @param table - rows of the formats asked for.
 * @throws {ToolError} `E_TRUST_MISSING` when there are none, `E_USAGE` when those that are there fit no format asked for.
 */
export function policyOfRequest(request: TrustRequest, table: readonly FormatFacts[] = formats): TrustPolicy {
  const { keys, certificates } = request
  if (keys.length === 0 && certificates === undefined) {
    throw new ToolError("E_TRUST_MISSING", { what: "no key was named to verify with" })
  }
  const certified = formatsOfFamily(request.formats, "notation", table)
  const keyed = formatsOfFamily(request.formats, "cosign", table)
  if (keys.length > 0 && keyed.length === 0) {
    throw useless("a key", request.formats, "name whose certificates count, by a trust store and an identity")
  }
  if (certificates !== undefined && certified.length === 0) {
    throw useless("a trust store", request.formats, "ask for the formats notation or notation-cose too")
  }
  return policyFromFlags({
    keys: keys.map((key) => key.name),
    formats: keyed,
    kind: request.kind,
    annotations: request.annotations,
    tlog: request.tlog ?? "ignore",
    ...(request.predicateType === undefined ? {} : { predicateType: request.predicateType }),
    ...(certificates === undefined ? {} : { certificates: { ...certificates, formats: certified } }),
  })
}

/** What was named to be trusted and could never decide anything. */
function useless(what: string, names: readonly FormatName[], next: string): ToolError {
  return new ToolError("E_USAGE", {
    what: `${what} verifies no signature in the formats asked for`,
    why: `formats asked for: ${names.join(", ")}`,
    next: [next, "or leave the formats out"],
  })
}
