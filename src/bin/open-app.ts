import { homedir } from "node:os"
import { setTimeout as sleepFor } from "node:timers/promises"
import type { AppContext, Stores } from "../app/requests.ts"
import type { ConnectionOptions } from "../app/world.ts"
import { limits } from "../core/limits.ts"
import type { Files, Logger, Progress, Prompter } from "../core/ports.ts"
import { createKeySource } from "../io/keys/key-source.ts"
import type { HttpClient } from "../io/net/http-types.ts"
import type { CredentialSource } from "../io/registry/auth/credentials.ts"
import type { RegistryHttp } from "../io/registry/auth/registry-http.ts"
import { createStores } from "../io/stores/create-stores.ts"
import { systemClock } from "../io/system/clock.ts"
import { systemRandomness } from "../io/system/randomness.ts"

/** What the process contributes: its streams, environment and version. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly files: Files
  readonly logger: Logger
  readonly progress: Progress
  readonly prompter: Prompter
  readonly readStdin: (max: number) => Promise<Uint8Array>
  readonly userAgent: string
}

/** An application context and what must be closed after it. */
export interface OpenedApp {
  readonly app: AppContext
  /** Ends idle connections; nothing may be under way. */
  readonly close: () => Promise<void>
}

/**
 * Build the adapters that a command needs. HTTP, TLS and credentials are loaded on the first request, so that commands
 * on files start fast.
 */
export function openApp(host: Host, options: ConnectionOptions): OpenedApp {
  const http = lazyHttp(host, options)
  const app: AppContext = {
    clock: systemClock,
    randomness: systemRandomness,
    logger: host.logger,
    progress: host.progress,
    prompter: host.prompter,
    files: host.files,
    keys: createKeySource({
      env: host.env,
      files: host.files,
      prompter: host.prompter,
      readStdin: host.readStdin,
      http: () => http.open(),
      passwordSources: options.passwordSources ?? [],
      plainPrivateKeys: options.plainPrivateKeys ?? true,
    }),
    stores: registryStores(host, options, http),
  }
  return { app, close: () => http.close() }
}

function registryStores(host: Host, options: ConnectionOptions, http: LazyHttp): Stores {
  return createStores({
    http: (registry, origin) => lazyRegistry(host, options, http, registry, origin),
    style: options.manners === "cosign" ? "cosign" : "docker",
    plainHttp: options.plainHttp ?? "loopback",
    logger: host.logger,
    clock: systemClock,
    randomness: systemRandomness,
    sleep: async (ms, signal) => {
      await sleepFor(ms, undefined, signal === undefined ? {} : { signal })
    },
  })
}

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
  const { fixedCredentials } = await import("../io/registry/auth/credentials.ts")
  const source = "command line"
  if (options.username !== undefined) {
    return fixedCredentials({ kind: "basic", username: options.username, password: options.password ?? "", source })
  }
  if (options.token !== undefined) return fixedCredentials({ kind: "registry-token", token: options.token, source })
  const [{ createAuthFiles }, { createHelpers }] = await Promise.all([
    import("../io/registry/auth/auth-files.ts"),
    import("../io/registry/auth/helper.ts"),
  ])
  return createAuthFiles({
    style: options.manners ?? "own",
    env: host.env,
    home: homeOf(host),
    uid: process.getuid?.(),
    authFile: options.authFile,
    helpers: createHelpers({ env: host.env }),
    logger: host.logger,
  })
}

/** The user's folder: HOME as set, else as the system knows it. */
export function homeOf(host: Pick<Host, "env">): string {
  const home = host.env["HOME"]
  return home === undefined || home === "" ? homedir() : home
}
