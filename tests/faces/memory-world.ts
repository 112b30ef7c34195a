/** A world for tests: streams in memory, files in a folder of their own, real registries on loopback. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { isAbsolute, join, resolve } from "node:path"
import type { AppContext } from "../../src/app/requests.ts"
import type { ConnectionOptions, OutputStream, World } from "../../src/app/world.ts"
import { ToolError } from "../../src/core/errors.ts"
import type { Clock, Files, Logger, Prompter } from "../../src/core/ports.ts"
import type { SigstoreServices } from "../../src/core/sigstore-ports.ts"
import { createKeySource } from "../../src/io/keys/key-source.ts"
import { createHttpClient } from "../../src/io/net/http-client.ts"
import { createAuthedClient } from "../../src/io/registry/auth/authed-client.ts"
import { fixedCredentials } from "../../src/io/registry/auth/credentials.ts"
import { openNotationHome } from "../../src/io/notation/open-notation-home.ts"
import { createRevocationService } from "../../src/io/services/revocation-service.ts"
import { createTimestampService } from "../../src/io/services/timestamp-service.ts"
import { createStores } from "../../src/io/stores/create-stores.ts"
import { createFiles } from "../../src/io/system/files.ts"
import { systemRandomness } from "../../src/io/system/randomness.ts"

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined }

/** What a test decides about its world. */
export interface MemoryWorldOptions {
  /** Folder relative paths are taken from. */
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Milliseconds since the epoch. */
  readonly now?: number
  /** Sigstore's services; absent ones are a fault when asked. */
  readonly sigstore?: Partial<SigstoreServices>
}

/** The world and what was written to it. */
export interface MemoryWorld {
  readonly world: World
  stdout(): string
  stderr(): string
  close(): Promise<void>
}

/** Default time of a test's world: 2026-11-20T12:00:00Z. */
const TEST_NOW = 1_795_176_000_000

/** Build a world. Close it in the end. */
export function memoryWorld(options: MemoryWorldOptions): MemoryWorld {
  const stdout = sink()
  const stderr = sink()
  const closers: (() => Promise<void>)[] = []
  const clock: Clock = { now: () => options.now ?? TEST_NOW }
  const stdin = new TextEncoder().encode(options.stdin ?? "")
  const world: World = {
    version: {
      version: "0.0.0-test",
      commit: "unknown",
      treeState: "unknown",
      buildDate: "unknown",
      runtime: "node",
      platform: "linux/amd64",
    },
    env: options.env ?? {},
    stdout: stdout.stream,
    stderr: stderr.stream,
    stdin: { isTTY: false, read: () => Promise.resolve(stdin) },
    now: () => clock.now(),
    open: (connection) => Promise.resolve(openContext(options, connection, clock, stdin, stdout.stream, closers)),
    credentials: credentialStub(),
    serveRegistry: () => Promise.reject(new Error("not in this world")),
    sandbox: {
      serve: () => Promise.reject(new Error("not in this world")),
      token: () => Promise.reject(new Error("not in this world")),
      environment: () => Promise.reject(new Error("not in this world")),
    },
    temporaryFolder: async () => {
      const path = await mkdtemp(join(tmpdir(), "countersign-test-"))
      return { path, remove: () => rm(path, { recursive: true, force: true }) }
    },
    stopRequested: () => Promise.reject(new Error("not in this world")),
  }
  return {
    world,
    stdout: stdout.text,
    stderr: stderr.text,
    close: async () => {
      for (const close of closers) await close()
    },
  }
}

function openContext(
  options: MemoryWorldOptions,
  connection: ConnectionOptions,
  clock: Clock,
  stdin: Uint8Array,
  stdout: OutputStream,
  closers: (() => Promise<void>)[],
): AppContext {
  const http = createHttpClient({ userAgent: connection.userAgent ?? "test", clock, logger: silent })
  closers.push(() => http.close())
  const files = filesIn(options.folder, stdin, stdout)
  const prompter: Prompter = {
    interactive: false,
    text: () => Promise.reject(noTerminal()),
    password: () => Promise.reject(noTerminal()),
    confirm: () => Promise.reject(noTerminal()),
  }
  const task = { advance: () => undefined, done: () => undefined }
  return {
    clock,
    randomness: systemRandomness,
    logger: silent,
    progress: { start: () => task },
    prompter,
    files,
    keys: createKeySource({
      env: options.env ?? {},
      files,
      prompter,
      readStdin: () => Promise.resolve(stdin),
      passwordSources: connection.passwordSources ?? [],
      plainPrivateKeys: connection.plainPrivateKeys ?? false,
    }),
    stores: createStores({
      http: (registry, registryOrigin) =>
        createAuthedClient({
          http,
          registryOrigin,
          registry,
          credentials: fixedCredentials(undefined),
          clock,
          logger: silent,
        }),
      style: "cosign",
      plainHttp: connection.plainHttp ?? "loopback",
      logger: silent,
      clock,
      randomness: systemRandomness,
      sleep: () => Promise.resolve(),
    }),
    timestamps: createTimestampService({ http: () => Promise.resolve(http) }),
    revocation: createRevocationService({
      http: () => Promise.resolve(http),
      cacheFolder: join(options.folder, ".cache", "crl"),
      clock,
      logger: silent,
      reach: "loopback",
      allowHosts: [],
    }),
    notation: openNotationHome({
      env: options.env ?? {},
      home: options.folder,
      platform: process.platform,
      clock,
      randomness: systemRandomness,
      sleep: () => Promise.resolve(),
      logger: silent,
      http: () => Promise.resolve(http),
    }),
    sigstore: { ...noSigstore, ...options.sigstore },
  }
}

const noService = (): Promise<never> => Promise.reject(new Error("not in this world"))

const noSigstore: SigstoreServices = {
  certificates: { certify: noService },
  logs: { add: noService, find: noService, entryAt: noService },
  tokens: { get: noService },
  trust: {
    trustedRoot: noService,
    signingConfig: noService,
    initialize: noService,
    fetchRoot: noService,
    status: noService,
  },
}

/** The real files, with relative paths taken from `folder`. */
function filesIn(folder: string, stdin: Uint8Array, stdout: OutputStream): Files {
  const chunks = async function* (): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(stdin)
  }
  const real = createFiles({ stdin: { chunks }, stdout })
  const at = (path: string): string => (path === "-" || isAbsolute(path) ? path : join(folder, path))
  return {
    ...real,
    read: (path, max) => real.read(at(path), max),
    stream: (path) => real.stream(at(path)),
    exists: (path) => real.exists(at(path)),
    absolute: (path) => resolve(folder, path),
    write: (path, bytes, how) => real.write(at(path), bytes, how),
  }
}

function credentialStub(): World["credentials"] {
  const storedIn = { storedIn: "config.json", plaintext: true }
  return {
    login: () => Promise.resolve(storedIn),
    store: () => Promise.resolve(storedIn),
    logout: () => Promise.resolve(true),
  }
}

function noTerminal(): ToolError {
  return new ToolError("E_KEY_NO_TERMINAL", { what: "no terminal in this world" })
}

function sink(): { readonly stream: OutputStream; readonly text: () => string } {
  const decoder = new TextDecoder()
  let written = ""
  return {
    stream: {
      isTTY: false,
      columns: 80,
      write: (chunk) => {
        written += typeof chunk === "string" ? chunk : decoder.decode(chunk)
        return Promise.resolve()
      },
    },
    text: () => written,
  }
}
