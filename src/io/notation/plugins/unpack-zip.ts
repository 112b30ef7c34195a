import { crc32 } from "node:zlib"
// Not loaded lazily: in the bundle, a CommonJS module imported so has no named exports.
import { openPromise, type Entry, type ZipFile } from "yauzl"

import { decodeUtf8 } from "../../../codec/utf8.ts"
import { ToolError } from "../../../core/errors.ts"
import type { UnpackBudget } from "./unpack-budget.ts"

const TYPE_BITS = 0o170000
const REGULAR = 0o100000
const FOLDER = 0o040000
/** Systems whose permission bits an archive may carry: Unix and macOS. */
const UNIX: readonly number[] = [3, 19]

/**
 * Take the files at the top of a zip archive; folders and what is in them are passed over.
 *
 * SECURITY: all entries are checked before the first byte is unpacked; links and devices are refused.
 *
 * @throws {ToolError} `E_PLUGIN_INVALID`, `E_IO`.
 */
export async function unpackZip(path: string, budget: UnpackBudget): Promise<void> {
  let zip: ZipFile | undefined
  try {
    zip = await openPromise(path, { autoClose: false, decodeStrings: false, validateEntrySizes: true })
    const files: { readonly name: string; readonly mode: number; readonly entry: Entry }[] = []
    for await (const entry of zip.eachEntry()) {
      const name = decodeUtf8(entry.fileNameRaw, "file name in zip")
      budget.entry(name)
      const mode = regularMode(name, entry, budget)
      if (mode !== undefined && !name.includes("/")) files.push({ name, mode, entry })
    }
    for (const { name, mode, entry } of files) {
      const stream = await zip.openReadStreamPromise(entry)
      // It may fail before anybody reads it; who reads it gets the failure.
      stream.on("error", () => undefined)
      await budget.file(name, mode, checked(name, entry, stream, budget))
    }
  } catch (thrown) {
    throw unreadable(thrown, budget)
  } finally {
    zip?.close()
  }
}

/** Content as it comes, counted; its end comes only with the checksum that the archive says. */
async function* checked(
  name: string,
  entry: Entry,
  chunks: AsyncIterable<Uint8Array>,
  budget: UnpackBudget,
): AsyncIterable<Uint8Array> {
  let sum = 0
  for await (const chunk of chunks) {
    budget.count(chunk.length)
    sum = crc32(chunk, sum)
    yield chunk
  }
  if (sum === entry.crc32) return
  throw budget.refuse("it cannot be read", `${JSON.stringify(name)} has another checksum than the archive says`)
}

/** Permission bits of a regular file; `undefined` for a folder. */
function regularMode(name: string, entry: Entry, budget: UnpackBudget): number | undefined {
  const attributes = entry.externalFileAttributes >>> 16
  const type = attributes & TYPE_BITS
  if (type === FOLDER || name.endsWith("/")) return undefined
  if (type !== 0 && type !== REGULAR) {
    throw budget.refuse(`${JSON.stringify(name)} is a link or a device`, "only files and folders are accepted")
  }
  if (entry.isEncrypted()) throw budget.refuse(`${JSON.stringify(name)} is encrypted`, "nobody can say what it is")
  return UNIX.includes(entry.versionMadeBy >>> 8) ? attributes & 0o777 : 0o644
}

/** What the reader says becomes the reason; errors of our own pass unchanged, but for those of a name. */
function unreadable(thrown: unknown, budget: UnpackBudget): Error {
  if (thrown instanceof ToolError && thrown.code !== "E_FORMAT_MALFORMED") return thrown
  return budget.refuse("it cannot be read", thrown instanceof Error ? thrown.message : String(thrown), thrown)
}
