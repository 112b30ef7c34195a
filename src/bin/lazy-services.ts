import { join } from "node:path"
import type { ConnectionOptions } from "../app/world.ts"
import type { RevocationService, TimestampService } from "../core/service-ports.ts"
import { notationFolders } from "../io/notation/folders.ts"
import { systemClock } from "../io/system/clock.ts"
import { folderFacts, type Host } from "./host.ts"
import type { LazyHttp } from "./lazy-http.ts"

/** Timestamp authorities, whose client is loaded with the first question. */
export function lazyTimestamps(http: LazyHttp): TimestampService {
  let opened: Promise<TimestampService> | undefined
  const open = async (): Promise<TimestampService> => {
    const { createTimestampService } = await import("../io/services/timestamp-service.ts")
    return createTimestampService({ http: () => http.open() })
  }
  return { ask: async (...question) => (await (opened ??= open())).ask(...question) }
}

/** Revocation data, whose client and cache are loaded with the first question. The cache is notation's own. */
export function lazyRevocation(host: Host, options: ConnectionOptions, http: LazyHttp): RevocationService {
  let opened: Promise<RevocationService> | undefined
  const open = async (): Promise<RevocationService> => {
    const { createRevocationService } = await import("../io/services/revocation-service.ts")
    const { cache } = notationFolders(folderFacts(host))
    return createRevocationService({
      http: () => http.open(),
      cacheFolder: join(cache, "crl"),
      clock: systemClock,
      logger: host.logger,
      reach: options.revocationReach ?? "public",
      allowHosts: listed(host.env["COUNTERSIGN_REVOCATION_HOSTS"]),
    })
  }
  const service = (): Promise<RevocationService> => (opened ??= open())
  let loaded: RevocationService | undefined
  return {
    ocsp: async (...question) => (await service()).ocsp(...question),
    list: async (...question) => {
      loaded = await service()
      return loaded.list(...question)
    },
    distrust: (url) => loaded?.distrust(url) ?? false,
  }
}

function listed(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "")
}
