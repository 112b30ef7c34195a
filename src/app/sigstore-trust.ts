import { ToolError } from "../core/errors.ts"
import type { TrustedRoot, WitnessRule } from "../core/sigstore.ts"
import type { Authority, TrustPolicy } from "../policy/model.ts"
import type { SigstoreTrust } from "./evaluate-sigstore.ts"
import { loadedOnce } from "./loaded-once.ts"
import type { AppContext, SigstoreTrustRequest } from "./requests.ts"
import { loadEvaluator } from "./sigstore-evaluator.ts"

const loadProposals = loadedOnce(() => import("./log-proposals.ts"))
const loadLeafKey = loadedOnce(() => import("./leaf-key.ts"))

/**
 * What a policy that looks at identities, log entries or timestamps of Sigstore needs; nothing for one that does not:
 * who trusts keys alone is never asked for a trusted root.
 *
 * @throws {ToolError} `E_TRUST_MISSING` without a trusted root, and what its loader throws.
 */
export async function sigstoreTrust(
  app: AppContext,
  policy: TrustPolicy,
  request: SigstoreTrustRequest & { readonly at: number },
): Promise<{ readonly sigstore?: SigstoreTrust }> {
  if (!policy.authorities.some(needsSigstore)) return {}
  const { at, certificate, detachedSct } = request
  const [evaluate, { proposalsFor }, { leafKeyOf }, root] = await Promise.all([
    loadEvaluator(),
    loadProposals(),
    loadLeafKey(),
    (request.trustedRoot ?? noRoot)(),
  ])
  return {
    sigstore: {
      evaluate,
      proposals: proposalsFor,
      leafKey: leafKeyOf,
      root,
      at,
      logs: app.sigstore.logs,
      logUrls: request.logUrls ?? urlsOf(root),
      ...(certificate === undefined ? {} : { certificate }),
      ...(detachedSct === undefined ? {} : { detachedSct }),
    },
  }
}

/** Whether an authority cannot be judged without Sigstore's trusted root. */
function needsSigstore(authority: Authority): boolean {
  return authority.family === "sigstore" || (authority.family === "cosign" && asksForWitnesses(authority.witnesses))
}

/** Whether anything must vouch besides the key. */
export function asksForWitnesses({ logs, timestamps }: WitnessRule): boolean {
  return logs > 0 || timestamps > 0
}

function urlsOf({ tlogs }: TrustedRoot): readonly string[] {
  return [...new Set(tlogs.map(({ baseUrl }) => baseUrl).filter((url) => url !== ""))]
}

function noRoot(): Promise<TrustedRoot> {
  return Promise.reject(
    new ToolError("E_TRUST_MISSING", {
      what: "nothing says which logs and authorities are trusted",
      why: "identities, log entries and timestamps are checked against a trusted root, and none was given",
      next: ["name one: `--trusted-root trusted_root.json`"],
    }),
  )
}
