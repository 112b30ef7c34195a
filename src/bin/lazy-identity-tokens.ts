import type { ConnectionOptions } from "../app/world.ts"
import type { IdentityTokens } from "../core/sigstore-ports.ts"
import { systemClock } from "../io/system/clock.ts"
import { systemRandomness } from "../io/system/randomness.ts"
import { homeOf, sleep, type Host } from "./host.ts"
import { lazyHttp } from "./lazy-http.ts"

/** Milliseconds for a login: a person may take longer than a command on registries. */
const LOGIN_MS = 3_600_000

/**
 * Identity tokens, whose code is loaded with the first one asked for.
 *
 * SECURITY: what the user allows for registries (any certificate, plain http, their own authority and client
 * certificate) does not hold for identity providers.
 */
export function lazyIdentityTokens(host: Host, options: ConnectionOptions): IdentityTokens {
  const { offlineExcept, userAgent } = options
  const reach = {
    timeoutMs: LOGIN_MS,
    ...(offlineExcept === undefined ? {} : { offlineExcept }),
    ...(userAgent === undefined ? {} : { userAgent }),
  }
  return {
    get: async (order, signal) => {
      const [{ createIdentityTokens }, { createConversation }, { openBrowser }] = await Promise.all([
        import("../io/services/oidc/identity-tokens.ts"),
        import("../io/services/oidc/conversation.ts"),
        import("../io/system/open-browser.ts"),
      ])
      const http = lazyHttp(host, reach)
      // Without the proxies of the environment: for services of this machine.
      const direct = lazyHttp({ ...host, env: withoutProxies(host.env) }, reach)
      const { say } = host
      const tokens = createIdentityTokens({
        http: () => http.open(),
        directHttp: () => direct.open(),
        env: host.env,
        files: host.files,
        prompter: host.prompter,
        clock: systemClock,
        randomness: systemRandomness,
        sleep,
        logger: host.logger,
        home: homeOf(host),
        conversation: say === undefined ? undefined : createConversation(say, host.prompter),
        openBrowser:
          say === undefined ? undefined : (url) => openBrowser(url, { env: host.env, platform: process.platform }),
        trustedOrigins: listed(host.env["COUNTERSIGN_OIDC_ORIGINS"]),
      })
      try {
        return await tokens.get(order, signal)
      } finally {
        await Promise.all([http.close(), direct.close()])
      }
    },
  }
}

function withoutProxies(env: Host["env"]): Host["env"] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^https?_proxy$/i.test(name)))
}

/** Origins in a list with commas, as URLs compare them. */
function listed(text: string | undefined): readonly string[] {
  return (text ?? "").split(",").flatMap((entry) => URL.parse(entry.trim())?.origin ?? [])
}
