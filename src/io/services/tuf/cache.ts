import { constants } from "node:fs"
import { mkdir, open, rm } from "node:fs/promises"
import { join } from "node:path"
import { parseJson } from "../../../codec/json.ts"
import { expectObject, expectText, member } from "../../../codec/json-shape.ts"
import { parseRfc3339 } from "../../../codec/rfc3339.ts"
import { encodeUtf8 } from "../../../codec/utf8.ts"
import { ToolError } from "../../../core/errors.ts"
import { makeFolders } from "../../../core/make-folders.ts"
import type { Clock, Logger, Sleep } from "../../../core/ports.ts"
import { tufBounds } from "../../../trust/tuf/bounds.ts"
import type { MetadataFiles } from "../../../trust/tuf/local-state.ts"
import { atomicWrite } from "../../system/atomic-write.ts"
import { errnoOf, ioError } from "../../system/io-error.ts"
import { type HeldLock, withLockFile } from "../../system/lock-file.ts"
import { cacheFileName, mirrorFolder } from "./cache-names.ts"
import { formatState, type MirrorState, parseState, STATE_BYTES } from "./state-file.ts"

/** Looks at a lock that is held, 25 ms apart: a refresh was verified already and can do without the cache. */
const LOOKS = { refresh: 12, initialize: 400 } as const
const LOCK = ".countersign.lock"
/** Not `.json`: a role may have any name, and its file has that. */
const STATE = "countersign.state"
const SMALL_BYTES = 64 * 1024

/** What the cache needs. */
export interface CacheOptions {
  /** TUF_ROOT, or `.sigstore/root` in the user's folder. */
  readonly folder: string
  readonly clock: Clock
  readonly sleep: Sleep
  readonly logger: Logger
}

/** What lies in the cache of one mirror. Nothing of it is verified. */
export interface CachedMirror {
  readonly state: MirrorState
  /** Files as cosign writes them, one by one. */
  readonly loose: MetadataFiles & { readonly root?: Uint8Array }
  /** When the files of cosign were refreshed. */
  readonly looseAt?: number
}

/** What a refresh leaves in the cache. */
export interface CacheChange {
  readonly state: MirrorState
  /** Files for cosign. */
  readonly loose: MetadataFiles & { readonly root?: Uint8Array }
}

/**
 * The cache that is shared with cosign. It has cosign's files, and one file of our own with all of them, which is
 * replaced as a whole: whoever dies while writing leaves one moment or the next.
 *
 * Shape: `remote.json` `{"mirror":URL}`; per mirror a folder with `root.json`, `timestamp.json`, `snapshot.json`,
 * `targets.json`, `targets/` and our `countersign.state`; beside it `<folder>.json` `{"lastTimestamp":TIME}`.
 */
export class TufCache {
  readonly folder: string
  readonly #options: CacheOptions

  constructor(options: CacheOptions) {
    this.folder = options.folder
    this.#options = options
  }

  /** Mirror of the last `initialize`. @throws {ToolError} `E_CONFIG_INVALID` for a file that cannot be read. */
  async readMirror(): Promise<string | undefined> {
    const path = join(this.folder, "remote.json")
    const bytes = await readFile(path, SMALL_BYTES)
    if (bytes === undefined) return undefined
    try {
      const document = expectObject(parseJson(bytes, { maxBytes: SMALL_BYTES, what: "remote.json" }), "remote.json")
      return expectText(member(document, "mirror"), "mirror")
    } catch (thrown) {
      throw new ToolError("E_CONFIG_INVALID", {
        what: `${path} does not name a mirror`,
        why: thrown instanceof Error ? thrown.message : "it cannot be read",
        next: ["write it anew with `countersign trust update --mirror URL --root FILE`"],
      })
    }
  }

  /** Everything of a mirror that can be read; the rest is as if it were not there. */
  async read(mirror: string): Promise<CachedMirror> {
    const folder = this.#folderOf(mirror)
    const file = (name: string, max: number): Promise<Uint8Array | undefined> => readFile(join(folder, name), max)
    const [root, timestamp, snapshot, targets, state, times] = await Promise.all([
      file("root.json", tufBounds.root),
      file("timestamp.json", tufBounds.timestamp),
      file("snapshot.json", tufBounds.snapshot),
      file("targets.json", tufBounds.targets),
      file(STATE, STATE_BYTES),
      readFile(`${folder}.json`, SMALL_BYTES),
    ])
    const looseAt = lastTimestamp(times)
    return {
      state: this.#stateOf(state, folder),
      loose: {
        ...(root === undefined ? {} : { root }),
        ...(timestamp === undefined ? {} : { timestamp }),
        ...(snapshot === undefined ? {} : { snapshot }),
        ...(targets === undefined ? {} : { targets }),
      },
      ...(looseAt === undefined ? {} : { looseAt }),
    }
  }

  #stateOf(bytes: Uint8Array | undefined, folder: string): MirrorState {
    if (bytes === undefined) return { roots: [] }
    try {
      return parseState(bytes)
    } catch (thrown) {
      this.#options.logger.debug("tuf.cache", { folder, message: String(thrown) })
      return { roots: [] }
    }
  }

  /**
   * Put a change in place, unless another process has put a later one there.
   *
   * @param change - asked under the lock for what to write, with what lies there now; `undefined` = nothing.
   * @throws {ToolError} `E_IO`, `E_STORAGE_LOCKED`.
   */
  async write(mirror: string, change: (now: CachedMirror) => CacheChange | undefined): Promise<void> {
    const folder = this.#folderOf(mirror)
    await this.#locked("refresh", async (lock) => {
      const wanted = change(await this.read(mirror))
      if (wanted === undefined) return
      await makePrivate(folder)
      await this.#place(lock, folder, wanted)
    })
  }

  /**
   * Begin anew with a mirror. What was cached of it is written over, and `remote.json` last: until then the mirror before
   * is the one in use.
   *
   * @throws {ToolError} `E_IO`, `E_STORAGE_LOCKED`.
   */
  async replace(mirror: string, change: CacheChange, targets: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const folder = this.#folderOf(mirror)
    await this.#locked("initialize", async (lock) => {
      await makePrivate(join(folder, "targets"))
      for (const [name, bytes] of targets) await this.writeTarget(mirror, name, bytes)
      await this.#place(lock, folder, change)
      // COMPAT(cosign 2.5): its database and targets are those of one mirror, whichever that was.
      for (const path of [join(this.folder, "tuf.db"), join(this.folder, "targets")]) {
        await rm(path, { recursive: true, force: true }).catch(failing(path))
      }
      const remote = encodeUtf8(JSON.stringify({ mirror }), "mirror")
      await lock.replace(join(this.folder, "remote.json"), remote, 0o600, () => Promise.resolve(true))
    })
  }

  /** Our own file first: with it everything is there. */
  async #place(lock: HeldLock, folder: string, { state, loose }: CacheChange): Promise<void> {
    const put = (path: string, bytes: Uint8Array, mode: number): Promise<void> =>
      lock.replace(path, bytes, mode, () => Promise.resolve(true))
    await put(join(folder, STATE), formatState(state), 0o644)
    for (const name of ["root", "targets", "snapshot", "timestamp"] as const) {
      const bytes = loose[name]
      if (bytes !== undefined) await put(join(folder, `${name}.json`), bytes, 0o644)
    }
    if (state.refreshedAt === undefined) return
    const times = JSON.stringify({ lastTimestamp: new Date(state.refreshedAt).toISOString() })
    await put(`${folder}.json`, encodeUtf8(times, "time of the last refresh"), 0o600)
  }

  /** Metadata of a delegated role; `undefined` when it is not there. */
  async readRole(mirror: string, role: string): Promise<Uint8Array | undefined> {
    const file = cacheFileName(role)
    if (file === undefined) return undefined
    return readFile(join(this.#folderOf(mirror), `${file}.json`), tufBounds.targets)
  }

  /** Keep metadata of a delegated role that was verified. @throws {ToolError} `E_IO`. */
  async writeRole(mirror: string, role: string, bytes: Uint8Array): Promise<void> {
    const file = cacheFileName(role)
    if (file === undefined) return
    const folder = this.#folderOf(mirror)
    await makePrivate(folder)
    await atomicWrite(join(folder, `${file}.json`), [bytes], { noFollow: true, mode: 0o644 })
  }

  /** A target as it was downloaded before; `undefined` when it is not there. */
  async readTarget(mirror: string, name: string, max: number): Promise<Uint8Array | undefined> {
    const file = cacheFileName(name)
    return file === undefined ? undefined : readFile(join(this.#folderOf(mirror), "targets", file), max)
  }

  /** Keep a target that was verified. @throws {ToolError} `E_IO`. */
  async writeTarget(mirror: string, name: string, bytes: Uint8Array): Promise<void> {
    const file = cacheFileName(name)
    if (file === undefined) return
    const folder = join(this.#folderOf(mirror), "targets")
    await makePrivate(folder)
    await atomicWrite(join(folder, file), [bytes], { noFollow: true, mode: 0o644 })
  }

  #folderOf(mirror: string): string {
    return join(this.folder, mirrorFolder(mirror))
  }

  async #locked(looks: keyof typeof LOOKS, work: (lock: HeldLock) => Promise<void>): Promise<void> {
    await makePrivate(this.folder)
    const { clock, sleep } = this.#options
    const path = join(this.folder, LOCK)
    const busy = (holder: string): Error =>
      new ToolError("E_STORAGE_LOCKED", {
        what: "the TUF cache is locked",
        why: `${path} is held by ${holder}`,
        next: ["run the command again when the other one has ended"],
      })
    const fault = (at: string, thrown: unknown): Error => ioError("write", at, thrown)
    await withLockFile({ path, clock, sleep, maxLooks: LOOKS[looks], busy, fault }, work)
  }
}

/** Folders of the cache are the user's own. */
async function makePrivate(folder: string): Promise<void> {
  try {
    await makeFolders(folder, (path) => mkdir(path, { mode: 0o700 }))
  } catch (thrown) {
    throw ioError("mkdir", folder, thrown)
  }
}

function failing(path: string): (thrown: unknown) => never {
  return (thrown) => {
    throw ioError("remove", path, thrown)
  }
}

/** A regular file of at most `max` bytes; anything else, and what cannot be read, is as if it were not there. */
async function readFile(path: string, max: number): Promise<Uint8Array | undefined> {
  try {
    // A pipe of that name must not make us wait.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const facts = await file.stat()
      if (!facts.isFile() || facts.size > max) return undefined
      return new Uint8Array(await file.readFile())
    } finally {
      await file.close()
    }
  } catch (thrown) {
    if (errnoOf(thrown) === undefined) throw thrown
    return undefined
  }
}

function lastTimestamp(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined) return undefined
  try {
    const document = expectObject(parseJson(bytes, { maxBytes: SMALL_BYTES, what: "last refresh" }), "last refresh")
    return parseRfc3339(expectText(member(document, "lastTimestamp"), "lastTimestamp"))?.at
  } catch (thrown) {
    if (thrown instanceof ToolError) return undefined
    throw thrown
  }
}
