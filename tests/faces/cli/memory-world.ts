import type { AppContext } from "../../../src/app/requests.ts"
import type { ConnectionOptions, OutputStream, ServeOptions, World } from "../../../src/app/world.ts"
import { ToolError } from "../../../src/core/errors.ts"
import { runProgram } from "../../../src/faces/command-line/run-program.ts"
import { countersignProgram } from "../../../src/faces/cli/program.ts"

/** What a run left behind. */
interface Ran {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
  /** Options of every `open`, in order. */
  readonly opened: readonly ConnectionOptions[]
  readonly served: readonly ServeOptions[]
  readonly logins: readonly (readonly string[])[]
}

export interface MemoryOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Files by path; `Files.write` adds to it. */
  readonly files?: Map<string, Uint8Array>
  /** Parts of the context that a test brings itself. */
  readonly app?: Partial<AppContext>
  readonly interactive?: readonly string[]
  readonly terminal?: boolean
}

const EPOCH = Date.UTC(2026, 10, 20, 12)

/** Run `countersign` with streams, files and environment from memory and no network. */
export async function countersign(argv: readonly string[], options: MemoryOptions = {}): Promise<Ran> {
  const written = { stdout: "", stderr: "" }
  const opened: ConnectionOptions[] = []
  const served: ServeOptions[] = []
  const logins: (readonly string[])[] = []
  const stream = (name: "stdout" | "stderr"): OutputStream => ({
    isTTY: options.terminal ?? false,
    columns: 80,
    write: (chunk) => {
      written[name] += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk)
      return Promise.resolve()
    },
  })
  const world: World = {
    version: {
      version: "0.1.0",
      commit: "abc",
      treeState: "dirty",
      buildDate: "2026-11-20",
      runtime: "node 24",
      platform: "linux/amd64",
    },
    env: options.env ?? {},
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    stdin: { isTTY: false, read: () => Promise.resolve(new TextEncoder().encode(options.stdin ?? "")) },
    now: () => EPOCH,
    open: (connection) => {
      opened.push(connection)
      return Promise.resolve(contextOf(options))
    },
    credentials: {
      login: (...call) => {
        logins.push(call.slice(0, 3) as string[])
        return Promise.resolve({ storedIn: "/home/alice/.docker/config.json", plaintext: true })
      },
      store: () => Promise.resolve({ storedIn: "", plaintext: false }),
      logout: (server) => Promise.resolve(server === "registry.example"),
    },
    serveRegistry: (serve) => {
      served.push(serve)
      return Promise.resolve({ address: "127.0.0.1:5000", close: () => Promise.resolve() })
    },
    sandbox: {
      serve: () => Promise.reject(new ToolError("E_IO", { what: "no folders in memory" })),
      token: () => Promise.reject(new ToolError("E_IO", { what: "no folders in memory" })),
      environment: () => Promise.reject(new ToolError("E_IO", { what: "no folders in memory" })),
    },
    temporaryFolder: () => Promise.reject(new ToolError("E_IO", { what: "no folders in memory" })),
    stopRequested: () => Promise.resolve(),
  }
  const exit = await runProgram(countersignProgram, argv, world, "own")
  return { exit, ...written, opened, served, logins }
}

function contextOf(options: MemoryOptions): AppContext {
  const files = options.files ?? new Map<string, Uint8Array>()
  const answers = [...(options.interactive ?? [])]
  return {
    clock: { now: () => EPOCH },
    logger: { debug: () => {}, info: () => {}, warn: () => {} },
    progress: { start: () => ({ advance: () => {}, done: () => {} }) },
    prompter: {
      interactive: options.interactive !== undefined,
      text: () => Promise.resolve(answers.shift() ?? ""),
      password: () => Promise.resolve(new TextEncoder().encode(answers.shift() ?? "")),
      confirm: () => Promise.resolve(false),
    },
    files: {
      read: (path: string) => {
        const bytes = files.get(path)
        if (bytes !== undefined) return Promise.resolve(bytes)
        return Promise.reject(new ToolError("E_FILE_NOT_FOUND", { what: `cannot read ${path}` }))
      },
      exists: (path: string) => Promise.resolve(files.has(path)),
      write: (path: string, bytes: Uint8Array) => {
        files.set(path, bytes)
        return Promise.resolve()
      },
    },
    ...options.app,
  } as unknown as AppContext
}
