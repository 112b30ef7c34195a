import { randomBytes } from "node:crypto"
import { constants } from "node:fs"
import { lstat, open, readdir, rename, rm, type FileHandle } from "node:fs/promises"
import { hostname } from "node:os"
import { basename, dirname, join } from "node:path"

import type { Clock, Sleep } from "../../core/ports.ts"

/** Milliseconds without a sign of life after which a lock belongs to a holder that died. */
const STALE_MS = 60_000
/** Milliseconds between two signs of life of a holder. */
const REFRESH_MS = 10_000
/** Milliseconds between two looks at a lock that somebody else has. */
const LOOK_MS = 25
/** Times a change is made again because the lock, or what it protects, went to somebody else. */
const MAX_ROUNDS = 20

const TOKEN_BYTES = 16
const CONTENT_BYTES = 512
/** Token, process and host. */
const CONTENT = /^[0-9a-f]{32} ([0-9]{1,10}) ([A-Za-z0-9._-]{1,253})\n$/
const LEFTOVER = /^\.[0-9a-f]{32}\.(?:new|stale)$/

/** What {@link withLockFile} needs. */
export interface LockOptions {
  /** The lock. The files it protects lie in the same folder. */
  readonly path: string
  readonly clock: Clock
  readonly sleep: Sleep
  /** Looks at a lock that is held, 25 ms apart, until `busy`. */
  readonly maxLooks: number
  /** Error for a lock that is never free; `holder` says who has it, as far as that is known. */
  readonly busy: (holder: string) => Error
  /** Error for a file system error at `path`. */
  readonly fault: (path: string, thrown: unknown) => Error
  readonly signal?: AbortSignal | undefined
}

/** A lock while its holder works. */
export interface HeldLock {
  /** @throws {ChangeLost} when somebody else has the lock by now. */
  check(): Promise<void>
  /**
   * Replace a file as a whole: temporary file, flush, rename.
   *
   * @param unchanged - asked last: whether the file is still what the new content was made from.
   * @throws {ChangeLost} when it is not, or when somebody else has the lock by now; nothing is written then.
   */
  replace(target: string, content: Uint8Array, mode: number, unchanged: () => Promise<boolean>): Promise<void>
}

/** Thrown by work under a lock whose change did not last: {@link withLockFile} does the work again. */
export class ChangeLost extends Error {
  override readonly name = "ChangeLost"
}

/**
 * Run `work` while no other process that uses the lock changes what it protects.
 *
 * A holder that shows no life for a minute loses the lock. It may only have been stopped, so the lock alone protects
 * nothing: files are replaced by {@link HeldLock.replace}, which fails once the lock is lost. The new content lies in a
 * file named after the holder's token, which is written before the holder looks whether the lock is still its own; who
 * takes the lock removes such files of others before it reads anything. So either the rename comes before the successor
 * reads, or there is nothing left to rename.
 *
 * @param work - is done again from the start when its change was lost; must read what it changes itself.
 * @throws {Error} `busy` when the lock is never free or the change lost again and again; `fault`.
 */
export async function withLockFile<T>(options: LockOptions, work: (lock: HeldLock) => Promise<T>): Promise<T> {
  for (let round = 1; ; round++) {
    const lock = await take(options)
    try {
      return await work(lock)
    } catch (thrown) {
      if (!(thrown instanceof ChangeLost)) throw thrown
      if (round >= MAX_ROUNDS) throw options.busy("others who changed it again and again")
    } finally {
      await lock.release()
    }
    await options.sleep(LOOK_MS, options.signal)
  }
}

async function take(options: LockOptions): Promise<Lock> {
  const { path, fault } = options
  for (let look = 1; ; look++) {
    options.signal?.throwIfAborted()
    try {
      const file = await create(path)
      if (file !== undefined) return await Lock.hold(options, file)
      if (look >= options.maxLooks) throw options.busy(holderOf(await contentOf(path)))
      if (await removeStale(path, options.clock)) continue
    } catch (thrown) {
      throw codeOf(thrown) === undefined ? thrown : fault(path, thrown)
    }
    await options.sleep(LOOK_MS, options.signal)
  }
}

async function create(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644)
  } catch (thrown) {
    if (codeOf(thrown) === "EEXIST") return undefined
    throw thrown
  }
}

/**
 * Take a dead holder's lock away. Moved first, so that of several who try one succeeds. Should the lock have changed
 * hands since it was looked at, the new holder notices before it writes, and does its change again.
 *
 * @returns whether the lock may be free now.
 */
async function removeStale(path: string, clock: Clock): Promise<boolean> {
  const aside = `${path}.${randomBytes(TOKEN_BYTES).toString("hex")}.stale`
  try {
    const facts = await lstat(path)
    // A clock that was wrong may have left a time that does not come for years.
    if (Math.abs(clock.now() - facts.mtimeMs) <= STALE_MS) return false
    // None of ours, and whose it is cannot be known; what is in it stays.
    if (facts.isDirectory()) throw systemError("EISDIR", "open", path)
    await rename(path, aside)
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return true
    throw thrown
  }
  await rm(aside, { force: true })
  return true
}

/** Start of a lock file; `undefined` when there is none that can be read. */
async function contentOf(path: string): Promise<string | undefined> {
  let file: FileHandle
  try {
    // SECURITY: a layout comes from elsewhere; its lock may be a link or a pipe.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (thrown) {
    if (["ENOENT", "ELOOP", "ENXIO"].includes(codeOf(thrown) ?? "")) return undefined
    throw thrown
  }
  try {
    if (!(await file.stat()).isFile()) return undefined
    const { bytesRead, buffer } = await file.read(new Uint8Array(CONTENT_BYTES), 0, CONTENT_BYTES, 0)
    return new TextDecoder().decode(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

function holderOf(content: string | undefined): string {
  const [, pid, host] = CONTENT.exec(content ?? "") ?? []
  return pid === undefined || host === undefined ? "another program" : `process ${pid} on ${host}`
}

class Lock implements HeldLock {
  readonly #options: LockOptions
  readonly #file: FileHandle
  readonly #token = randomBytes(TOKEN_BYTES).toString("hex")
  readonly #content: string
  #timer: NodeJS.Timeout | undefined

  private constructor(options: LockOptions, file: FileHandle) {
    this.#options = options
    this.#file = file
    const host = hostname().replaceAll(/[^A-Za-z0-9._-]/g, "-")
    this.#content = `${this.#token} ${process.pid} ${host.slice(0, 253) || "-"}\n`
  }

  /** Make the lock just created our own. */
  static async hold(options: LockOptions, file: FileHandle): Promise<Lock> {
    const lock = new Lock(options, file)
    try {
      await file.writeFile(lock.#content)
      await lock.#removeLeftovers()
      lock.#timer = setInterval(() => {
        lock.#refresh()
      }, REFRESH_MS).unref()
      return lock
    } catch (thrown) {
      await lock.#abandon()
      throw thrown
    }
  }

  async check(): Promise<void> {
    const { path, fault } = this.#options
    let found: string | undefined
    try {
      found = await contentOf(path)
    } catch (thrown) {
      throw fault(path, thrown)
    }
    if (found !== this.#content) throw new ChangeLost(`${path} has another holder`)
  }

  async replace(target: string, content: Uint8Array, mode: number, unchanged: () => Promise<boolean>): Promise<void> {
    const pending = `${this.#options.path}.${this.#token}.new`
    try {
      const file = await open(pending, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode)
      try {
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      // Not before the file is there: see `withLockFile`.
      await this.check()
      if (!(await unchanged())) throw new ChangeLost(`${target} changed`)
      await rename(pending, target)
    } catch (thrown) {
      await rm(pending, { force: true }).catch(() => undefined)
      if (codeOf(thrown) === "ENOENT") throw new ChangeLost(`${pending} was removed`, { cause: thrown })
      throw codeOf(thrown) === undefined ? thrown : this.#options.fault(target, thrown)
    }
  }

  /** Give the lock up, if it is still ours. */
  async release(): Promise<void> {
    const { path, fault } = this.#options
    clearInterval(this.#timer)
    try {
      await this.#file.close()
      if ((await contentOf(path)) === this.#content) await rm(path, { force: true })
    } catch (thrown) {
      throw fault(path, thrown)
    }
  }

  /** Take back a lock that may not say whose it is, as on a full disk; the failure before it is the one to tell. */
  async #abandon(): Promise<void> {
    const { path } = this.#options
    try {
      const [own, there] = await Promise.all([this.#file.stat({ bigint: true }), lstat(path, { bigint: true })])
      if (own.ino === there.ino && own.dev === there.dev) await rm(path, { force: true })
    } catch {
      // It gets stale.
    }
    await this.#file.close().catch(() => undefined)
  }

  /** By the open file: the path may be somebody else's lock by now. */
  #refresh(): void {
    const now = new Date(this.#options.clock.now())
    this.#file.utimes(now, now).catch(() => undefined)
  }

  /** What earlier holders were about to put in place must never get there any more. */
  async #removeLeftovers(): Promise<void> {
    const { path } = this.#options
    const [folder, name] = [dirname(path), basename(path)]
    const left = (await readdir(folder)).filter(
      (file) => file.startsWith(name) && LEFTOVER.test(file.slice(name.length)),
    )
    // A folder may have stood in place of a lock.
    await Promise.all(left.map((file) => rm(join(folder, file), { force: true, recursive: true })))
  }
}

/** An error as the file system throws them. */
function systemError(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall, path })
}

/** Code of an error of the file system; errors of our own have codes, too. */
function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !("syscall" in thrown) || !("code" in thrown)) return undefined
  return typeof thrown.code === "string" ? thrown.code : undefined
}
