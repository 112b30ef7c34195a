import { join } from "node:path"
import type { AppContext } from "../app/requests.ts"
import type { ConnectionOptions, CredentialManager, World } from "../app/world.ts"
import { systemClock } from "../io/system/clock.ts"
import { createFiles } from "../io/system/files.ts"
import { createLogger } from "../io/system/logger.ts"
import { createProgress } from "../io/system/progress.ts"
import { inputStream, outputStream } from "../io/system/streams.ts"
import { createPrompter } from "../io/system/terminal.ts"
import { homeOf, type Host } from "./host.ts"
import { lazySandbox } from "./lazy-sandbox.ts"
import type { OpenedApp } from "./open-files.ts"
import { versionFacts } from "./version.ts"

/** A world that holds connections until it is closed. */
export interface ClosableWorld extends World {
  close(): Promise<void>
}

/** The running process as commands see it. @param launcher - words that start it again. */
export function createWorld(host: NodeJS.Process, launcher: readonly string[]): ClosableWorld {
  const stdout = outputStream(host.stdout, "standard output")
  const stderr = outputStream(host.stderr, "standard error")
  const stdin = inputStream(() => host.stdin)
  const version = versionFacts()
  const files = createFiles({ stdin, stdout })
  const prompter = createPrompter({
    get stdin() {
      return host.stdin
    },
    get stderr() {
      return host.stderr
    },
  })
  const closers: (() => Promise<void>)[] = []

  const hostFor = (options: ConnectionOptions): Host => ({
    env: host.env,
    files,
    prompter,
    readStdin: (max) => stdin.read(max),
    say: (text) => stderr.write(text),
    userAgent: `countersign/${version.version} (${version.platform.replace("/", "; ")})`,
    logger: createLogger({
      level: options.logLevel ?? "warn",
      format: options.logFormat ?? "text",
      stream: stderr,
      clock: systemClock,
    }),
    progress: createProgress({ stream: stderr, enabled: options.progress ?? true, now: () => systemClock.now() }),
  })

  const open = async (options: ConnectionOptions): Promise<AppContext> => {
    const opened = await openAdapters(hostFor(options), options)
    closers.push(() => opened.close())
    return opened.app
  }

  return {
    version,
    launcher,
    env: host.env,
    stdout,
    stderr,
    stdin,
    now: () => systemClock.now(),
    open,
    credentials: lazyCredentials(() => hostFor({})),
    serveRegistry: async (options) => {
      const { serveRegistry } = await import("../servers/registry/serve-registry.ts")
      return serveRegistry(options, { clock: systemClock, log: (line) => host.stderr.write(line) })
    },
    sandbox: lazySandbox((line) => host.stderr.write(line)),
    temporaryFolder: async () => {
      const { temporaryFolder } = await import("./temporary-folder.ts")
      return temporaryFolder()
    },
    stopRequested: () =>
      new Promise((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const)
          host.once(signal, () => {
            resolve()
          })
      }),
    close: async () => {
      await Promise.all(closers.map((close) => close()))
    },
  }
}

/** Loaded by what the command works on: registries and layouts bring more code than files. */
async function openAdapters(host: Host, options: ConnectionOptions): Promise<OpenedApp> {
  if (options.artifacts === false) return (await import("./open-files.ts")).openFiles(host, options)
  return (await import("./open-app.ts")).openApp(host, options)
}

/** Login and logout; their code is loaded when they are used. */
function lazyCredentials(host: () => Host): CredentialManager {
  const load = async (): Promise<CredentialManager> => {
    const [{ createCredentialManager }, { createHelpers }, { notationFolders }, { lazyHttp }] = await Promise.all([
      import("../io/registry/auth/credential-manager.ts"),
      import("../io/registry/auth/helper.ts"),
      import("../io/notation/folders.ts"),
      import("./lazy-http.ts"),
    ])
    const { env, logger } = host()
    return createCredentialManager<ConnectionOptions>({
      env,
      home: homeOf({ env }),
      helpers: createHelpers({ env }),
      notationConfig: join(
        notationFolders({ env, home: homeOf({ env }), platform: process.platform }).config,
        "config.json",
      ),
      platform: process.platform,
      clock: systemClock,
      logger,
      openHttp: (options) => lazyHttp(host(), options).open(),
    })
  }
  return {
    login: async (...args) => (await load()).login(...args),
    store: async (...args) => (await load()).store(...args),
    logout: async (...args) => (await load()).logout(...args),
  }
}
