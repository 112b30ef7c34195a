import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { OutputStream, World } from "../../../src/app/world.ts"
import { lazySandbox } from "../../../src/bin/lazy-sandbox.ts"
import { openApp, type Host, type OpenedApp } from "../../../src/bin/open-app.ts"
import type { Program } from "../../../src/faces/command.ts"
import { countersignProgram } from "../../../src/faces/cli/program.ts"
import { runProgram } from "../../../src/faces/command-line/run-program.ts"
import { createFiles } from "../../../src/io/system/files.ts"
import { serveRegistry } from "../../../src/servers/registry/serve-registry.ts"

/** What a run left behind. */
export interface Ran {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

/** A process with a folder of its own; words that name files of the folder are made whole paths. */
export interface TestProcess {
  run(...argv: readonly string[]): Promise<Ran>
  write(name: string, text: string): Promise<void>
  path(name: string): string
  close(): Promise<void>
}

/** Flags whose value is a file of the folder. */
const FILE_FLAGS = /^--(key|password-file|name|from-file|blob|bundle|signature|envelope|predicate|statement|to)$/

const clock = { now: (): number => Date.now() }

/**
 * `countersign` in this process: the adapters of the real one, streams in memory, nothing of the user's.
 *
 * @param how.terminal - standard output says that it is a terminal.
 * @param how.env - variables besides HOME.
 */
export async function startProcess(
  program: Program = countersignProgram,
  how: { readonly terminal?: boolean; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<TestProcess> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-test-"))
  const opened: OpenedApp[] = []
  const whole = (argv: readonly string[]): readonly string[] =>
    argv.map((word, index) => {
      const isFile = FILE_FLAGS.test(argv[index - 1] ?? "") || /^[a-z0-9-]+\.(txt|pub|key)(:|$)/.test(word)
      return isFile && !/^(\/|notation:)/.test(word) ? join(folder, word) : word
    })
  return {
    run: (...argv) => runIn(program, folder, whole(argv), opened, how),
    write: (name, text) => writeFile(join(folder, name), text),
    path: (name) => join(folder, name),
    close: async () => {
      for (const app of opened) await app.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function runIn(
  program: Program,
  folder: string,
  argv: readonly string[],
  opened: OpenedApp[],
  how: { readonly terminal?: boolean; readonly env?: Readonly<Record<string, string>> },
): Promise<Ran> {
  const written = { stdout: "", stderr: "" }
  const stream = (name: "stdout" | "stderr"): OutputStream => ({
    isTTY: how.terminal === true && name === "stdout",
    columns: 100,
    write: (chunk) => {
      written[name] += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk)
      return Promise.resolve()
    },
  })
  const stdout = stream("stdout")
  const nobody = (): Promise<never> => Promise.reject(new Error("there is no terminal"))
  const host: Host = {
    env: { HOME: folder, ...how.env },
    files: createFiles({ stdin: { chunks: noInput }, stdout }),
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    progress: { start: () => ({ advance: () => undefined, done: () => undefined }) },
    prompter: { interactive: false, text: nobody, password: nobody, confirm: nobody },
    readStdin: () => Promise.resolve(new Uint8Array()),
    userAgent: "countersign/test",
  }
  const world: World = {
    version: { version: "0", commit: "", treeState: "unknown", buildDate: "", runtime: "", platform: "" },
    env: host.env,
    stdout,
    stderr: stream("stderr"),
    stdin: { isTTY: false, read: host.readStdin },
    now: clock.now,
    open: (options) => {
      const app = openApp(host, options)
      opened.push(app)
      return Promise.resolve(app.app)
    },
    credentials: { login: nobody, store: nobody, logout: () => Promise.resolve(false) },
    serveRegistry: (options) => serveRegistry(options, { clock, log: () => undefined }),
    sandbox: lazySandbox(() => undefined),
    temporaryFolder: async () => {
      const path = await mkdtemp(join(tmpdir(), "countersign-test-"))
      return { path, remove: () => rm(path, { recursive: true, force: true }) }
    },
    stopRequested: () => new Promise(() => undefined),
  }
  const exit = await runProgram(program, argv, world, "own")
  return { exit, ...written }
}

async function* noInput(): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  yield new Uint8Array()
}
