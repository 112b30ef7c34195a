import type { ConnectionOptions, CredentialManager } from "../app/world.ts"
import { ToolError } from "../core/errors.ts"
import { dialHost } from "../core/reference-grammar.ts"
import type { CredentialFile } from "../io/registry/auth/credential-store.ts"
import { OriginChoice, originCandidates } from "../io/registry/origin-choice.ts"
import { systemClock } from "../io/system/clock.ts"
import { homeOf, lazyHttp, type Host } from "./open-app.ts"

/** Login and logout: ask the registry, then write Docker's configuration or its credential helper. */
export function createCredentialManager(host: Host): CredentialManager {
  return {
    login: async (server, username, password, options) => {
      await tryCredentials(host, server, username, password, options)
      const file = await credentialFile(host, options.authFile)
      return file.store(server, username, password)
    },
    store: async (server, username, password) => (await credentialFile(host)).store(server, username, password),
    logout: async (server) => (await credentialFile(host)).erase(server),
  }
}

/**
 * Ask the registry's `/v2/` with the credentials, so that a wrong password is found now and not at the next push.
 *
 * @throws {ToolError} `E_REGISTRY_UNAUTHENTICATED`, `E_REGISTRY_PROTOCOL`, `E_NET_*`.
 */
async function tryCredentials(
  host: Host,
  server: string,
  username: string,
  password: string,
  options: ConnectionOptions,
): Promise<void> {
  const [{ createAuthedClient }, { fixedCredentials }] = await Promise.all([
    import("../io/registry/auth/authed-client.ts"),
    import("../io/registry/auth/credentials.ts"),
  ])
  const lazy = lazyHttp(host, options)
  const http = await lazy.open()
  const credentials = fixedCredentials({ kind: "basic", username, password, source: "command line" })
  const connect = (registryOrigin: string): ReturnType<typeof createAuthedClient> =>
    createAuthedClient({ http, registryOrigin, registry: server, credentials, clock: systemClock, logger: host.logger })
  const origins = originCandidates(dialHost({ registry: server }), options.plainHttp)
  try {
    const response = await new OriginChoice(connect, origins).send({ method: "GET", path: "/v2/", scope: [] })
    await response.discard()
    if (response.status === 200) return
    const refused = response.status === 401 || response.status === 403
    throw new ToolError(refused ? "E_REGISTRY_UNAUTHENTICATED" : "E_REGISTRY_PROTOCOL", {
      what: `${server} did not accept the credentials`,
      why: `GET /v2/ answered ${response.status}, expected 200`,
      next: ["check the user name and the password; nothing was stored"],
    })
  } finally {
    await lazy.close()
  }
}

async function credentialFile(host: Host, authFile?: string): Promise<CredentialFile> {
  const [{ createCredentialFile }, { createHelpers }, { dockerConfigPath }] = await Promise.all([
    import("../io/registry/auth/credential-store.ts"),
    import("../io/registry/auth/helper.ts"),
    import("../io/registry/auth/auth-files.ts"),
  ])
  const path = authFile ?? (host.env["REGISTRY_AUTH_FILE"] || dockerConfigPath(host.env, homeOf(host)))
  return createCredentialFile(path, createHelpers({ env: host.env }))
}
