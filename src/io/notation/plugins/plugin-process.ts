import { type ChildProcess, spawn } from "node:child_process"
import { open } from "node:fs/promises"
import { constants } from "node:os"

import { MIB } from "../../../core/limits.ts"
import { childEnvironment } from "../../system/child-environment.ts"
import { errnoOf, systemReason } from "../../system/io-error.ts"

/** Bytes of each output stream; notation's own bound. */
const OUTPUT_BYTES = 64 * MIB
/** Milliseconds from a plugin's end until the processes that still hold its output open are ended, too. */
const LINGER_MS = 3_000
/** Milliseconds from there until the output is taken as it is. */
const LAST_OUTPUT_MS = 1_000

/** A program to run. */
export interface PluginProgram {
  readonly path: string
  /** The path as errors name it. */
  readonly shown?: string
  readonly command: string
  /** For standard input. */
  readonly input: Uint8Array
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether it gets the passwords of private keys. */
  readonly keyPasswords: boolean
  readonly platform: string
  readonly signal?: AbortSignal | undefined
  /** Milliseconds; default 3,000. */
  readonly lingerMs?: number
}

/** How a program ended. */
export interface PluginEnd {
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
  /** Why it failed, as Go says it; absent after exit status 0. */
  readonly failed?: string
  /** Code of the operating system when it could not be started. */
  readonly errno?: string
}

/** Programs that run now, by their process groups. */
const running = new Set<ChildProcess>()
let watchers = 0
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/**
 * Run a plugin to its end: no shell, one argument, bounded output. It leads a process group of its own, all of which ends
 * with the signal given, with too much output and with this process. What it leaves behind may hold its output open for a
 * while; then that ends as well, and what was said until then counts.
 *
 * SECURITY: credentials of the environment are not passed on.
 *
 * @throws the signal's reason.
 */
export async function runPluginProcess(program: PluginProgram): Promise<PluginEnd> {
  program.signal?.throwIfAborted()
  const refused = await refuseScriptWithoutShell(program)
  if (refused !== undefined) return refused
  program.signal?.throwIfAborted()
  // Before it runs: a signal that comes while it starts must find somebody who ends it.
  const release = watch()
  try {
    return await runWatched(program)
  } finally {
    release()
  }
}

function runWatched(program: PluginProgram): Promise<PluginEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(program.path, [program.command], {
      shell: false,
      stdio: ["pipe", "pipe", "pipe"],
      env: childEnvironment(program.env, program),
      detached: program.platform !== "win32",
      windowsHide: true,
    })
    running.add(child)
    const { stdin, stdout, stderr } = child
    let stopped: string | undefined
    const letGo = (): void => {
      // A process that left the group may hold the pipes open.
      stdin.destroy()
      stdout.destroy()
      stderr.destroy()
    }
    const stop = (why: string): void => {
      stopped ??= why
      killGroup(child)
      letGo()
    }
    const collect = (stream: typeof stdout, name: string): (() => Uint8Array) => {
      const chunks: Buffer[] = []
      let size = 0
      stream.on("data", (chunk: Buffer) => {
        size += chunk.length
        if (size > OUTPUT_BYTES) stop(`${name} has more than ${OUTPUT_BYTES} bytes`)
        else chunks.push(chunk)
      })
      return () => new Uint8Array(Buffer.concat(chunks))
    }
    const output = { stdout: collect(stdout, "standard output"), stderr: collect(stderr, "standard error") }
    const abort = (): void => {
      stop("stopped")
    }
    program.signal?.addEventListener("abort", abort, { once: true })
    let timer: NodeJS.Timeout | undefined
    child.on("exit", () => {
      timer = setTimeout(() => {
        killGroup(child)
        // Not at once: this process may have been too busy to read what is there.
        timer = setTimeout(letGo, LAST_OUTPUT_MS)
      }, program.lingerMs ?? LINGER_MS)
    })
    const done = (finish: () => void): void => {
      clearTimeout(timer)
      program.signal?.removeEventListener("abort", abort)
      running.delete(child)
      finish()
    }
    // A plugin may end without reading its request.
    stdin.on("error", () => undefined).end(program.input)
    child.on("error", (thrown) => {
      if (child.pid !== undefined) return
      done(() => {
        resolve(notStarted(program, errnoOf(thrown)))
      })
    })
    child.on("close", (status, signal) => {
      if (child.pid === undefined) return
      done(() => {
        if (program.signal?.aborted === true) reject(reasonOf(program.signal))
        else resolve({ stdout: output.stdout(), stderr: output.stderr(), ...failureOf(stopped, status, signal) })
      })
    })
  })
}

function failureOf(
  stopped: string | undefined,
  status: number | null,
  signal: NodeJS.Signals | null,
): { readonly failed?: string } {
  if (stopped !== undefined) return { failed: stopped }
  if (signal !== null) return { failed: `signal: ${GO_SIGNALS[signal] ?? `signal ${constants.signals[signal]}`}` }
  return status === 0 ? {} : { failed: `exit status ${status ?? "unknown"}` }
}

/** Names of signals as Go prints them. */
const GO_SIGNALS: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGHUP: "hangup",
  SIGINT: "interrupt",
  SIGQUIT: "quit",
  SIGILL: "illegal instruction",
  SIGTRAP: "trace/breakpoint trap",
  SIGABRT: "aborted",
  SIGBUS: "bus error",
  SIGFPE: "floating point exception",
  SIGKILL: "killed",
  SIGSEGV: "segmentation fault",
  SIGPIPE: "broken pipe",
  SIGALRM: "alarm clock",
  SIGTERM: "terminated",
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("aborted", { cause: signal.reason })
}

function notStarted(program: PluginProgram, errno: string | undefined): PluginEnd {
  const failed = `fork/exec ${program.shown ?? program.path}: ${systemReason(errno)}`
  const none = new Uint8Array()
  return { stdout: none, stderr: none, failed, ...(errno === undefined ? {} : { errno }) }
}

/**
 * SECURITY: the C library hands a file that the system cannot run to a shell, which Go does not; so a file must be a
 * program, or say what reads it.
 */
async function refuseScriptWithoutShell(program: PluginProgram): Promise<PluginEnd | undefined> {
  if (program.platform === "win32") return undefined
  let head: Buffer
  try {
    const file = await open(program.path, "r")
    try {
      head = (await file.read(Buffer.alloc(4), 0, 4, 0)).buffer
    } finally {
      await file.close()
    }
  } catch {
    // A program may be executable and not readable; then only the system can say.
    return undefined
  }
  const known = head.subarray(0, 2).toString("latin1") === "#!" || MAGICS.includes(head.toString("hex"))
  return known ? undefined : notStarted(program, "ENOEXEC")
}

/** ELF, and Mach-O in all its forms. */
const MAGICS: readonly string[] = ["7f454c46", "feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe", "bebafeca"]

/** Listen for the end of this process until the function that is returned is called. */
function watch(): () => void {
  if (watchers++ === 0) {
    process.on("exit", killAll)
    for (const name of SIGNALS) process.on(name, endWithSignal)
  }
  return () => {
    if (--watchers > 0) return
    process.off("exit", killAll)
    for (const name of SIGNALS) process.off(name, endWithSignal)
  }
}

/** The terminal's signals do not reach a group of its own. */
function endWithSignal(name: NodeJS.Signals): void {
  killAll()
  for (const each of SIGNALS) process.off(each, endWithSignal)
  // Somebody else who listens decides what the signal means; otherwise it means what it always does.
  if (process.listenerCount(name) === 0) process.kill(process.pid, name)
}

function killAll(): void {
  for (const child of running) killGroup(child)
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === "win32") child.kill("SIGKILL")
    else process.kill(-child.pid, "SIGKILL")
  } catch {
    // Nobody of the group is left.
    child.kill("SIGKILL")
  }
}
