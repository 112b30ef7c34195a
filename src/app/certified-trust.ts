import type { TrustStore } from "../core/certified.ts"
import { ToolError } from "../core/errors.ts"
import type { TrustPolicy } from "../policy/model.ts"
import type { CertifiedTrust } from "./evaluate-certified.ts"
import type { AppContext, TrustStoreLoader, VerifyRequest } from "./requests.ts"

/**
 * What a policy that trusts certificates needs; nothing for one that does not, so that keyed verifications load nothing
 * of it. Stores are loaded once, and revocation is asked once for each certificate, per command.
 */
export async function certifiedTrust(
  app: AppContext,
  policy: TrustPolicy,
  request: Pick<VerifyRequest, "policy" | "trustStore" | "pluginConfig" | "noPlugins" | "unknownCritical" | "at">,
): Promise<{ readonly certified?: CertifiedTrust }> {
  if (policy.authorities.every(({ family }) => family !== "notation")) return {}
  const [{ judgeCertified }, { withoutPolicyWords }, { oncePerCertificate }] = await Promise.all([
    import("./evaluate-certified.ts"),
    import("./without-policy-words.ts"),
    import("./revocation.ts"),
  ])
  return {
    certified: {
      judge: request.policy === undefined ? withoutPolicyWords(judgeCertified) : judgeCertified,
      at: request.at,
      loadStore: once(request.trustStore ?? noStores),
      revocation: oncePerCertificate(app.revocation),
      plugins: app.notation.plugins,
      pluginConfig: request.pluginConfig ?? {},
      noPlugins: request.noPlugins ?? false,
      unknownCritical: request.unknownCritical ?? "refuse",
      logger: app.logger,
    },
  }
}

function once(load: TrustStoreLoader): TrustStoreLoader {
  const loaded = new Map<string, Promise<TrustStore>>()
  return (store) => {
    const key = `${store.type}:${store.name}`
    const known = loaded.get(key) ?? load(store)
    loaded.set(key, known)
    return known
  }
}

const noStores: TrustStoreLoader = ({ type, name }) => {
  throw new ToolError("E_TRUST_MISSING", { what: `the trust store "${name}" of type "${type}" does not exist` })
}
