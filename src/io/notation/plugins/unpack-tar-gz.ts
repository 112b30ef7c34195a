import { createReadStream } from "node:fs"
import { posix } from "node:path"
import { ReadableStream } from "node:stream/web"
import { createGunzip } from "node:zlib"
import type { ParsedTarEntry } from "modern-tar"

import { ToolError } from "../../../core/errors.ts"
import { TarRules } from "./tar-rules.ts"
import type { UnpackBudget } from "./unpack-budget.ts"

/** Of bytes that are no file: headers and padding. */
type Unpacked = AsyncGenerator<Uint8Array, void, void>

/**
 * Take every file of a gzipped tar under its base name, whatever folder it is in.
 *
 * @throws {ToolError} `E_PLUGIN_INVALID`, `E_IO`.
 */
export async function unpackTarGz(path: string, budget: UnpackBudget): Promise<void> {
  const { createTarDecoder } = await import("modern-tar")
  const source = ReadableStream.from(unpacked(path, budget))
  try {
    for await (const entry of source.pipeThrough(createTarDecoder({ strict: true }))) await take(entry, budget)
  } catch (thrown) {
    if (thrown instanceof ToolError) throw thrown
    throw budget.refuse("it cannot be read", thrown instanceof Error ? thrown.message : String(thrown), thrown)
  }
}

async function* unpacked(path: string, budget: UnpackBudget): Unpacked {
  const rules = new TarRules(budget)
  const file = createReadStream(path)
  const gunzip = createGunzip()
  file.on("error", (thrown) => gunzip.destroy(thrown))
  try {
    for await (const chunk of file.pipe(gunzip) as AsyncIterable<Buffer>) {
      budget.count(chunk.length)
      rules.push(chunk)
      yield new Uint8Array(chunk)
    }
  } finally {
    file.destroy()
    gunzip.destroy()
  }
}

async function take(entry: ParsedTarEntry, budget: UnpackBudget): Promise<void> {
  const { name, mode, pax, type } = entry.header
  budget.entry(name)
  // SECURITY: a second size, or a map of holes, is read by some and not by others.
  const odd = Object.keys(pax ?? {}).find((key) => key === "size" || key.startsWith("GNU.sparse."))
  if (odd !== undefined)
    throw budget.refuse(`${JSON.stringify(name)} has the attribute ${odd}`, "expected none of that name")
  if (type !== "file") {
    await entry.body.cancel()
    return
  }
  await budget.file(posix.basename(name), mode ?? 0o644, entry.body)
}
