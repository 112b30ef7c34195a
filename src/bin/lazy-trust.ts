import type { ConnectionOptions } from "../app/world.ts"
import type { TrustRepository } from "../core/sigstore-ports.ts"
import { systemClock } from "../io/system/clock.ts"
import { homeOf, sleep, type Host } from "./host.ts"
import type { LazyHttp } from "./lazy-http.ts"

/** The TUF client. cosign asks its repository on every command. */
export function lazyTrust(host: Host, options: ConnectionOptions, http: LazyHttp): TrustRepository {
  let opened: Promise<TrustRepository> | undefined
  const open = async (): Promise<TrustRepository> => {
    const { createTrustRepository } = await import("../io/services/tuf/trust-repository.ts")
    return createTrustRepository({
      env: options.trustMirror === undefined ? host.env : { ...host.env, TUF_MIRROR: options.trustMirror },
      home: homeOf(host),
      files: host.files,
      http: () => http.open(),
      clock: systemClock,
      sleep,
      logger: host.logger,
      refresh: options.manners === "cosign" ? "always" : "daily",
    })
  }
  const trust = (): Promise<TrustRepository> => (opened ??= open())
  return {
    trustedRoot: async (...asked) => (await trust()).trustedRoot(...asked),
    signingConfig: async (...asked) => (await trust()).signingConfig(...asked),
    initialize: async (...asked) => (await trust()).initialize(...asked),
    fetchRoot: async (...asked) => (await trust()).fetchRoot(...asked),
    status: async (...asked) => (await trust()).status(...asked),
  }
}
