import { randomBytes } from "node:crypto"
import { access, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import type { AppContext, Stores } from "../../../src/app/requests.ts"
import type { ConnectionOptions, OutputStream, World } from "../../../src/app/world.ts"
import { ToolError } from "../../../src/core/errors.ts"
import type { Files, Logger } from "../../../src/core/ports.ts"
import { decryptCosignKey } from "../../../src/crypto/cosign-key-file.ts"
import { localSigningKey } from "../../../src/crypto/local-key.ts"
import { parsePublicKey } from "../../../src/crypto/public-key.ts"
import { createHttpClient } from "../../../src/io/net/http-client.ts"
import type { HttpClient } from "../../../src/io/net/http-types.ts"
import { createAuthedClient } from "../../../src/io/registry/auth/authed-client.ts"
import type { RegistryHttp } from "../../../src/io/registry/auth/registry-http.ts"
import { fixedCredentials } from "../../../src/io/registry/auth/credentials.ts"
import { createStores } from "../../../src/io/stores/create-stores.ts"
import { serveRegistry } from "../../../src/servers/registry/serve-registry.ts"
import { runProgram } from "../../../src/faces/command-line/run-program.ts"
import { countersignProgram } from "../../../src/faces/cli/program.ts"

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined }
const clock = { now: (): number => Date.now() }
const randomness = { bytes: (count: number): Uint8Array => randomBytes(count) }

/** A process with a folder of its own; words that name files of the folder are made whole paths. */
export interface TestProcess {
  run(...argv: readonly string[]): Promise<{ readonly exit: number; readonly stdout: string; readonly stderr: string }>
  write(name: string, text: string): Promise<void>
  path(name: string): string
  close(): Promise<void>
}

/** Flags whose value is a file of the folder. */
const FILE_FLAGS = /^--(key|password-file|name|from-file|blob|bundle|signature|envelope|predicate|statement|to)$/

/** `countersign` in this process: real network, registry and key adapters, streams in memory. */
export async function startProcess(): Promise<TestProcess> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-test-"))
  const clients: HttpClient[] = []
  const whole = (argv: readonly string[]): readonly string[] =>
    argv.map((word, index) => {
      const isFile = FILE_FLAGS.test(argv[index - 1] ?? "") || /^[a-z0-9-]+\.(txt|pub|key)(:|$)/.test(word)
      return isFile && !word.startsWith("/") ? join(folder, word) : word
    })
  return {
    run: (...argv) => runIn(whole(argv), clients),
    write: (name, text) => writeFile(join(folder, name), text),
    path: (name) => join(folder, name),
    close: async () => {
      for (const client of clients) await client.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function runIn(
  argv: readonly string[],
  clients: HttpClient[],
): Promise<{ readonly exit: number; readonly stdout: string; readonly stderr: string }> {
  const written = { stdout: "", stderr: "" }
  const stream = (name: "stdout" | "stderr"): OutputStream => ({
    isTTY: false,
    columns: 100,
    write: (chunk) => {
      written[name] += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk)
      return Promise.resolve()
    },
  })
  const version = {
    version: "0.1.0",
    commit: "abc",
    treeState: "clean",
    buildDate: "",
    runtime: "node",
    platform: "linux/amd64",
  } as const
  const world: World = {
    version,
    env: {},
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    stdin: { isTTY: false, read: () => Promise.resolve(new Uint8Array()) },
    now: clock.now,
    open: (options) => Promise.resolve(open(options, clients)),
    credentials: {} as never,
    serveRegistry: (options) => serveRegistry(options, { clock, log: () => undefined }),
    temporaryFolder: async () => {
      const path = await mkdtemp(join(tmpdir(), "countersign-test-"))
      return { path, remove: () => rm(path, { recursive: true, force: true }) }
    },
    stopRequested: () => Promise.resolve(),
  }
  const exit = await runProgram(countersignProgram, argv, world, "own")
  return { exit, ...written }
}

function open(options: ConnectionOptions, clients: HttpClient[]): AppContext {
  const { offlineExcept, plainHttp } = options
  const http = createHttpClient({ userAgent: "test", offlineExcept, plainHttp, tries: 1 })
  clients.push(http)
  const authed = (registry: string): RegistryHttp =>
    createAuthedClient({
      http,
      registryOrigin: `http://${registry}`,
      registry,
      credentials: fixedCredentials(undefined),
      clock,
      logger: silent,
    })
  const nobody = (): Promise<never> => Promise.reject(new Error("there is no terminal"))
  return {
    clock,
    randomness,
    logger: silent,
    progress: { start: () => ({ advance: () => undefined, done: () => undefined }) },
    prompter: { interactive: false, password: nobody, confirm: nobody },
    files,
    keys: {
      signingKey: async (name) => {
        const [source] = options.passwordSources ?? []
        const password = source?.kind === "file" ? await readFile(source.path) : new Uint8Array()
        return localSigningKey(await decryptCosignKey(await readFile(name), password))
      },
      publicKey: async (name) => parsePublicKey(await readFile(name)),
    },
    stores: createStores({
      http: authed,
      style: "docker",
      logger: silent,
      clock,
      randomness,
      sleep: (ms) => wait(ms),
    }),
  }
}

const files: Files = {
  read: async (path) => {
    try {
      return new Uint8Array(await readFile(path))
    } catch (cause) {
      throw new ToolError("E_IO", { what: `cannot read ${path}`, cause })
    }
  },
  stream: async function* (path) {
    yield new Uint8Array(await readFile(path))
  },
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  size: async (path) => (await stat(path)).size,
  write: (path, bytes, options) => store(path, bytes, options),
  writeStream: async (path, chunks, options) => {
    const all: Uint8Array[] = []
    for await (const chunk of chunks) all.push(chunk)
    await mkdir(dirname(path), { recursive: true })
    await store(path, Buffer.concat(all), options)
  },
}

async function store(
  path: string,
  bytes: Uint8Array,
  options: { mode?: number; exclusive?: boolean } = {},
): Promise<void> {
  try {
    await writeFile(path, bytes, { mode: options.mode ?? 0o644, flag: options.exclusive === true ? "wx" : "w" })
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === "EEXIST"
    throw new ToolError(exists ? "E_FILE_EXISTS" : "E_IO", { what: `cannot write ${path}`, cause })
  }
}
