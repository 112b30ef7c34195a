import type { RunningSandbox, SandboxHost, SandboxServeOptions } from "../../app/sandbox-host.ts"
import { ToolError } from "../../core/errors.ts"
import type { Clock, Randomness } from "../../core/ports.ts"
import { listenRegistry } from "../registry/listen.ts"
import { createServerLog } from "../registry/server-log.ts"
import { lockFolder } from "./material/data-folder.ts"
import { createSandbox, type Sandbox } from "./sandbox.ts"
import { sandboxEnvironment, sandboxFacts, sandboxToken, writeDocuments } from "./sandbox-folder.ts"

/** What the process lends to the server. */
export interface SandboxProcess {
  readonly clock: Clock
  readonly randomness: Randomness
  /** Receives log lines, each with its line feed. */
  readonly log: (line: string) => void
}

/** What can be done with sandboxes on this machine. */
export function createSandboxHost(process: SandboxProcess): SandboxHost {
  return {
    serve: (options) => serveSandbox(options, process),
    token: (options) => sandboxToken(options, process.clock),
    environment: sandboxEnvironment,
  }
}

/** @see SandboxHost.serve */
async function serveSandbox(options: SandboxServeOptions, process: SandboxProcess): Promise<RunningSandbox> {
  const { data, listen } = options
  const given = options.url === undefined ? undefined : originOf(options.url)
  const { clock, randomness } = process
  const logger = createServerLog({
    format: options.logFormat ?? "text",
    level: options.logLevel ?? "info",
    clock,
    write: process.log,
  })
  const lock = await lockFolder(data)
  const opening = Promise.withResolvers<Sandbox>()
  opening.promise.catch(() => undefined)
  try {
    // The address decides the URLs: requests that come before there is a sandbox wait for it.
    const server = await listenRegistry({
      listen,
      handler: async (request) => (await opening.promise).fetch(request),
      logger,
      clock,
      event: "sandbox.request",
    })
    try {
      const url = given ?? `http://${reachable(listen, server.address)}`
      const durability = options.durability === undefined ? {} : { durability: options.durability }
      const sandbox = await createSandbox({ folder: data, url, clock, randomness, logger, ...durability })
      await writeDocuments(data, url, sandbox.documents)
      opening.resolve(sandbox)
      return {
        address: server.address,
        facts: sandboxFacts(data, url),
        loopback: isLoopback(server.address),
        close: async () => {
          await server.close()
          await sandbox.close()
          lock.release()
        },
      }
    } catch (thrown) {
      opening.reject(thrown)
      await server.close()
      throw thrown
    }
  } catch (thrown) {
    lock.release()
    throw thrown
  }
}

/** Host and port by which this machine reaches what listens there: the name as given, loopback for every address. */
function reachable(listen: string, address: string): string {
  const host = listen.slice(0, listen.lastIndexOf(":"))
  const port = address.slice(address.lastIndexOf(":") + 1)
  if (host === "[::]") return `[::1]:${port}`
  return host === "" || host === "0.0.0.0" ? `127.0.0.1:${port}` : `${host.toLowerCase()}:${port}`
}

function isLoopback(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(":"))
  return host.startsWith("127.") || host === "[::1]" || host.startsWith("[::ffff:127.")
}

/** @throws {ToolError} `E_CONFIG_INVALID` for what is no origin. */
function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url !== undefined && ["http:", "https:"].includes(url.protocol) && url.username === ""
  if (plain && url.pathname === "/" && url.search === "" && url.hash === "") return url.origin
  throw new ToolError("E_CONFIG_INVALID", {
    what: `not an origin: ${JSON.stringify(text.slice(0, 200))}`,
    why: "expected scheme, host and port alone",
    next: ["write for example `http://sigstore.example:8080`"],
  })
}
