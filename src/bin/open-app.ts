import { join } from "node:path"
import type { Stores } from "../app/requests.ts"
import type { ConnectionOptions } from "../app/world.ts"
import { notationFolders } from "../io/notation/folders.ts"
import type { CredentialSource } from "../io/registry/auth/credentials.ts"
import type { RegistryHttp } from "../io/registry/auth/registry-http.ts"
import { createStores } from "../io/stores/create-stores.ts"
import { systemClock } from "../io/system/clock.ts"
import { systemRandomness } from "../io/system/randomness.ts"
import { folderFacts, homeOf, sleep, type Host } from "./host.ts"
import { lazyHttp, type LazyHttp } from "./lazy-http.ts"
import { filesContext, type OpenedApp } from "./open-files.ts"

export type { Host, OpenedApp }

/**
 * Build the adapters that a command needs. HTTP, TLS and credentials are loaded on the first request, so that commands
 * on layouts start fast.
 */
export function openApp(host: Host, options: ConnectionOptions): OpenedApp {
  const http = lazyHttp(host, options)
  return { app: filesContext(host, options, http, registryStores(host, options, http)), close: () => http.close() }
}

function registryStores(host: Host, options: ConnectionOptions, http: LazyHttp): Stores {
  return createStores({
    http: (registry, origin) => lazyRegistry(host, options, http, registry, origin),
    style: options.manners === "cosign" ? "cosign" : "docker",
    plainHttp: options.plainHttp ?? "loopback",
    logger: host.logger,
    clock: systemClock,
    randomness: systemRandomness,
    sleep,
  })
}

/** The client of one registry; authentication code and credential files are read with its first request. */
function lazyRegistry(
  host: Host,
  options: ConnectionOptions,
  http: LazyHttp,
  registry: string,
  origin: string,
): RegistryHttp {
  let opened: Promise<RegistryHttp> | undefined
  const open = async (): Promise<RegistryHttp> => {
    const [{ createAuthedClient }, credentials] = await Promise.all([
      import("../io/registry/auth/authed-client.ts"),
      credentialSource(host, options),
    ])
    return createAuthedClient({
      http: await http.open(),
      registryOrigin: origin,
      registry,
      credentials,
      clock: systemClock,
      logger: host.logger,
    })
  }
  return { request: async (request) => (await (opened ??= open())).request(request) }
}

async function credentialSource(host: Host, options: ConnectionOptions): Promise<CredentialSource> {
  if (options.anonymous === true) {
    return (await import("../io/registry/auth/credentials.ts")).fixedCredentials(undefined)
  }
  const [{ preferNamedUser }, { createAuthFiles }, { createHelpers }] = await Promise.all([
    import("../io/registry/auth/credentials.ts"),
    import("../io/registry/auth/auth-files.ts"),
    import("../io/registry/auth/helper.ts"),
  ])
  const files = createAuthFiles({
    style: options.manners ?? "own",
    notationConfig:
      options.manners === "notation" ? join(notationFolders(folderFacts(host)).config, "config.json") : undefined,
    platform: process.platform,
    env: host.env,
    home: homeOf(host),
    uid: process.getuid?.(),
    authFile: options.authFile,
    helpers: createHelpers({ env: host.env }),
    logger: host.logger,
  })
  const { username, password = "", token } = options
  return preferNamedUser(username === undefined ? { token } : { username, password }, options.credentialsFor, files)
}
