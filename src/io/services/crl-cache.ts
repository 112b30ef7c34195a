import { constants } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { goTimeString } from "../../codec/go-time.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import { encodeHex } from "../../codec/hex.ts"
import { malformed } from "../../codec/malformed.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { Clock, Logger } from "../../core/ports.ts"
import type { CertificateList } from "../../core/revocation.ts"
import { digestOf } from "../../crypto/hash.ts"
import { CertificateListReader } from "../../crypto/x509/crl-reader.ts"
import { errnoOf, ioError } from "../system/io-error.ts"
import { readCacheFile } from "./crl-cache-file.ts"
import { CacheFolderError, type CacheWriter, openCacheWriter } from "./crl-cache-writer.ts"

/** A list and its delta. */
export interface ListPair {
  readonly base: CertificateList
  readonly delta?: CertificateList
}

/** Two lists of the greatest size in base64, and what is around them. */
const FILE_BYTES = Math.ceil(limits.crlBytes / 3) * 8 + 1024

/** The lists kept in notation's cache. Nothing it does fails; there is one warning when something could not be done. */
export interface ListCache {
  /** `undefined` when there is none, it is stale, or it cannot be read. */
  read(url: string, serials: readonly bigint[]): Promise<ListPair | undefined>
  write(url: string): Promise<CacheWriter>
  /** Say that a file could not be written. */
  complain(thrown: unknown): void
}

/**
 * The cache that is shared with the `notation` command.
 *
 * @param folder - `crl` in notation's cache folder.
 *
 * Shape: one file per URL, named by the lower-case hexadecimal SHA-256 of its text; see {@link readCacheFile}.
 */
export function openListCache(folder: string, clock: Clock, logger: Logger): ListCache {
  let complained = false
  const pathOf = (url: string): string => join(folder, encodeHex(digestOf("sha256", encodeUtf8(url))))
  const debug = (message: string): void => {
    logger.debug("crl.cache", { message })
  }
  const complain = (thrown: unknown, text: string): void => {
    debug(text)
    if (complained) return
    complained = true
    logger.warn("crl.cache", {
      message:
        thrown instanceof CacheFolderError
          ? thrown.message
          : "CRL cache error discarded. Enable debug log through '-d' for error details.",
    })
  }
  return {
    complain: (thrown) => {
      const reason = thrown instanceof Error ? reasonOf(thrown, folder) : String(thrown)
      complain(thrown, `failed to store crl bundle in file cache: ${reason}`)
    },
    async read(url, serials) {
      const shown = JSON.stringify(url)
      const path = pathOf(url)
      debug(`Retrieving crl bundle from file cache with key ${shown} ...`)
      try {
        const lists = await readLists(path, serials)
        const stale = staleSince(lists, clock.now())
        if (stale === undefined) return lists
        debug(`CRL bundle retrieved from file cache has expired at ${goTimeString(stale)}`)
      } catch (thrown) {
        if (errnoOf(thrown) === "ENOENT") debug(`CRL file cache miss. Key ${shown} does not exist`)
        else if (thrown instanceof ToolError) {
          complain(thrown, `failed to decode file retrieved from file cache: ${thrown.message}`)
        } else {
          complain(thrown, `failed to get crl bundle from file cache with key ${shown}: ${reasonOf(thrown, path)}`)
        }
      }
      return undefined
    },
    write(url) {
      debug(`Storing crl bundle to file cache with key ${JSON.stringify(url)} ...`)
      return openCacheWriter(pathOf(url))
    },
  }
}

/** What the system said, as Go prints it. */
function reasonOf(thrown: unknown, path: string): string {
  if (thrown instanceof Error && errnoOf(thrown) === undefined) return thrown.message
  const { path: own = path, syscall = "open" } = thrown as NodeJS.ErrnoException
  return ioError(syscall, own, thrown).why ?? ""
}

async function readLists(path: string, serials: readonly bigint[]): Promise<ListPair> {
  // A pipe of that name must not make us wait.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const facts = await file.stat()
    if (!facts.isFile() || facts.size > FILE_BYTES) throw malformed("file of the CRL cache", `${path} is no such file`)
    const base = new CertificateListReader(serials)
    let delta: CertificateListReader | undefined
    for await (const piece of readCacheFile(file.createReadStream({ autoClose: false }))) {
      if (piece.list === "baseCRL") base.push(piece.bytes)
      else (delta ??= new CertificateListReader(serials)).push(piece.bytes)
    }
    return { base: base.end(), ...(delta === undefined ? {} : { delta: delta.end() }) }
  } finally {
    await file.close()
  }
}

/** When the first of the lists went stale; one that never does counts as stale always. */
export function staleSince({ base, delta }: ListPair, now: number): number | undefined {
  const until = Math.min(base.nextUpdate ?? 0, delta === undefined ? Infinity : (delta.nextUpdate ?? 0))
  return now > until ? until : undefined
}
