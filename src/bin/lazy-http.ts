import type { ConnectionOptions } from "../app/world.ts"
import { limits } from "../core/limits.ts"
import type { HttpClient } from "../io/net/http-types.ts"
import { systemClock } from "../io/system/clock.ts"
import { systemRandomness } from "../io/system/randomness.ts"
import { homeOf, type Host } from "./host.ts"

/** An HTTP client that is made when it is first needed. */
export interface LazyHttp {
  open(): Promise<HttpClient>
  close(): Promise<void>
}

/** HTTP, TLS and proxies as the options and the environment say. */
export function lazyHttp(host: Host, options: ConnectionOptions): LazyHttp {
  let opened: Promise<HttpClient> | undefined
  const open = async (): Promise<HttpClient> => {
    const [{ createHttpClient }, { createTls, defaultCertsFolders }, { createProxyResolver }] = await Promise.all([
      import("../io/net/http-client.ts"),
      import("../io/net/tls.ts"),
      import("../io/net/proxy.ts"),
    ])
    return createHttpClient({
      userAgent: options.userAgent ?? host.userAgent,
      logger: host.logger,
      clock: systemClock,
      randomness: systemRandomness,
      timeoutMs: options.timeoutMs ?? limits.commandMs,
      offlineExcept: options.offlineExcept,
      plainHttp: options.plainHttp,
      proxy: createProxyResolver(host.env),
      tls: createTls({
        caFile: options.caFile,
        clientCertFile: options.clientCertFile,
        clientKeyFile: options.clientKeyFile,
        serverName: options.serverName,
        insecure: options.insecureTls,
        env: host.env,
        certsFolders: defaultCertsFolders(homeOf(host)),
      }),
    })
  }
  return {
    open: () => (opened ??= open()),
    close: async () => {
      if (opened !== undefined) await (await opened).close()
    },
  }
}
