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
  const known = options.url === undefined ? fixedOrigin(listen) : originOf(options.url)
  const logger = createServerLog({
    format: options.logFormat ?? "text",
    level: options.logLevel ?? "info",
    clock: process.clock,
    write: process.log,
  })
  const lock = await lockFolder(data)
  const closers = [
    (): Promise<void> => {
      lock.release()
      return Promise.resolve()
    },
  ]
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one()
  }
  const opening = Promise.withResolvers<Sandbox>()
  opening.promise.catch(() => undefined)
  const open = async (url: string): Promise<Sandbox> => {
    const durability = options.durability === undefined ? {} : { durability: options.durability }
    const sandbox = await createSandbox({ ...process, ...durability, folder: data, url, logger })
    closers.splice(1, 0, () => sandbox.close())
    await writeDocuments(data, url, sandbox.documents)
    opening.resolve(sandbox)
    return sandbox
  }
  try {
    // Who finds the port open finds the documents, too. A port yet to be found decides the URLs: then requests wait.
    if (known !== undefined) await open(known)
    const { clock } = process
    const handler = async (request: Request): Promise<Response> => (await opening.promise).fetch(request)
    const server = await listenRegistry({ listen, handler, logger, clock, event: "sandbox.request" })
    closers.push(() => server.close())
    const url = known ?? `http://${reachable(listen, server.address)}`
    if (known === undefined) await open(url)
    return { address: server.address, facts: sandboxFacts(data, url), loopback: isLoopback(server.address), close }
  } catch (thrown) {
    opening.reject(thrown)
    await close()
    throw thrown
  }
}

/** The origin of an address that names its port; `undefined` when the port is yet to be found or there is none. */
function fixedOrigin(listen: string): string | undefined {
  const port = Number(/:([0-9]{1,5})$/.exec(listen)?.[1] ?? 0)
  const origin = `http://${reachable(listen, listen)}`
  // What is malformed is refused by whoever listens.
  return port === 0 || !URL.canParse(origin) ? undefined : origin
}

/** Host and port by which this machine reaches what listens there: the name as given, loopback for every address. */
function reachable(listen: string, address: string): string {
  const host = listen.slice(0, listen.lastIndexOf(":"))
  const port = Number(address.slice(address.lastIndexOf(":") + 1))
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
