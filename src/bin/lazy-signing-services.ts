import type { ConnectionOptions } from "../app/world.ts"
import type { SigstoreServices } from "../core/sigstore-ports.ts"
import { countedHttp } from "./counted-http.ts"
import type { Host } from "./host.ts"
import { lazyHttp } from "./lazy-http.ts"

/**
 * Certificate authorities and logs, whose code is loaded with the first question.
 *
 * SECURITY: what the user allows for registries (any certificate, plain http, their own authority and client
 * certificate) does not hold for services that get an identity token.
 */
export function lazySigningServices(
  host: Host,
  { offlineExcept, timeoutMs, userAgent }: ConnectionOptions,
): Pick<SigstoreServices, "certificates" | "logs"> {
  const withHttp = countedHttp(() =>
    lazyHttp(host, {
      ...(offlineExcept === undefined ? {} : { offlineExcept }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(userAgent === undefined ? {} : { userAgent }),
    }),
  )
  return {
    certificates: {
      certify: (...asked) =>
        withHttp(async (http) => {
          const { createCertificateAuthorities } = await import("../io/services/sigstore/certificate-authorities.ts")
          return createCertificateAuthorities({ http }).certify(...asked)
        }),
    },
    logs: {
      add: (...asked) => withHttp(async (http) => (await openLogs(http)).add(...asked)),
      find: (...asked) => withHttp(async (http) => (await openLogs(http)).find(...asked)),
      entryAt: (...asked) => withHttp(async (http) => (await openLogs(http)).entryAt(...asked)),
    },
  }
}

async function openLogs(
  http: Parameters<Parameters<ReturnType<typeof countedHttp>>[0]>[0],
): Promise<SigstoreServices["logs"]> {
  const { createTransparencyLogs } = await import("../io/services/sigstore/transparency-logs.ts")
  return createTransparencyLogs({ http })
}
