import { randomBytes } from "node:crypto"
import { type FileHandle, mkdir, open, rename, unlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import { ioError } from "../system/io-error.ts"
import { makeFolders } from "../../core/make-folders.ts"

/**
 * Writes a file of notation's CRL cache while the lists arrive. Nothing it does fails: when the file cannot be written
 * it is given up, and {@link CacheWriter.failure} says why.
 */
export interface CacheWriter {
  /** Begin a list. */
  begin(list: "baseCRL" | "deltaCRL"): Promise<void>
  add(bytes: Uint8Array): Promise<void>
  /** End the list that was begun. */
  end(): Promise<void>
  /** Forget the list that was begun, as if it had never been. */
  drop(): void
  /** Put the file in place. True when it is there now. */
  commit(): Promise<boolean>
  /** Remove what was written. */
  discard(): Promise<void>
  readonly failure: unknown
}

/** A writer for `path`, through a temporary file beside it. */
export async function openCacheWriter(path: string): Promise<CacheWriter> {
  const temporary = join(dirname(path), `notation-${randomBytes(8).toString("hex")}`)
  let file: FileHandle | undefined
  let failure: unknown
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    if (failure !== undefined) return
    try {
      await work()
    } catch (thrown) {
      failure = thrown
    }
  }
  await attempt(async () => {
    await makeCacheFolder(dirname(path))
    file = await open(temporary, "wx", 0o600)
  })
  const text = new Base64File((bytes, at) => attempt(() => writeAll(file, bytes, at)))
  const failed = (): boolean => failure !== undefined
  const close = async (): Promise<void> => {
    const opened = file
    file = undefined
    await opened?.close()
  }
  const discard = async (): Promise<void> => {
    const written = file !== undefined
    await close().catch(() => undefined)
    if (written) await unlink(temporary).catch(() => undefined)
  }
  return {
    begin: (list) => text.begin(list),
    add: (bytes) => text.add(bytes),
    end: () => text.end(),
    drop: () => {
      text.drop()
    },
    async commit() {
      await text.close()
      await attempt(async () => {
        await file?.truncate(text.size)
      })
      if (!failed()) {
        await attempt(close)
        await attempt(() => rename(temporary, path))
        if (!failed()) return true
        await unlink(temporary).catch(() => undefined)
      }
      await discard()
      return false
    },
    discard,
    get failure() {
      return failure
    },
  }
}

/** @throws {Error} with upstream's text. */
async function makeCacheFolder(folder: string): Promise<void> {
  try {
    await makeFolders(folder, (path) => mkdir(path, { mode: 0o700 }))
  } catch (thrown) {
    throw new CacheFolderError(`failed to create crl file cache: ${ioError("mkdir", folder, thrown).why ?? ""}`)
  }
}

/** The folder of the cache cannot be made. */
export class CacheFolderError extends Error {}

async function writeAll(file: FileHandle | undefined, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten = bytes.length } = (await file?.write(bytes, done, bytes.length - done, at + done)) ?? {}
    done += bytesWritten
  }
}

/** The text of the file: base64 in whole groups of three bytes. */
class Base64File {
  readonly #write: (bytes: Uint8Array, at: number) => Promise<void>
  #at = 0
  /** Where the list that was begun begins. */
  #begun = 0
  #carry: Uint8Array = new Uint8Array(0)

  constructor(write: (bytes: Uint8Array, at: number) => Promise<void>) {
    this.#write = write
  }

  get size(): number {
    return this.#at
  }

  async begin(list: string): Promise<void> {
    this.#begun = this.#at
    await this.#put(`${this.#at === 0 ? "{" : ","}"${list}":"`)
  }

  async add(bytes: Uint8Array): Promise<void> {
    const all = Buffer.concat([this.#carry, bytes])
    const whole = all.length - (all.length % 3)
    // A copy: the piece it views is not ours to keep.
    this.#carry = Uint8Array.from(all.subarray(whole))
    await this.#put(all.subarray(0, whole).toString("base64"))
  }

  async end(): Promise<void> {
    const rest = Buffer.from(this.#carry).toString("base64")
    this.#carry = new Uint8Array(0)
    await this.#put(`${rest}"`)
  }

  drop(): void {
    this.#at = this.#begun
    this.#carry = new Uint8Array(0)
  }

  async close(): Promise<void> {
    await this.#put("}")
  }

  async #put(text: string): Promise<void> {
    const bytes = Buffer.from(text, "latin1")
    const at = this.#at
    this.#at += bytes.length
    if (bytes.length > 0) await this.#write(bytes, at)
  }
}
