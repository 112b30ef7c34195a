import type { Stats } from "node:fs"
import { chmod, copyFile, lstat, open, readdir, stat } from "node:fs/promises"
import { basename, join } from "node:path"

import type { ToolError } from "../../../core/errors.ts"
import { errnoOf, ioError, systemReason } from "../../system/io-error.ts"
import type { HomeContext } from "../home-context.ts"
import { pluginInvalid } from "./plugin-invalid.ts"
import { isPluginName, type PluginFile } from "./run-plugin.ts"
import { MAX_BYTES, UnpackBudget } from "./unpack-budget.ts"

/** Files of a folder that are copied at most. */
const MAX_FILES = 1000

/**
 * Put the files of a plugin into `folder`, whatever they come from, and find the plugin among them.
 *
 * @param source - an executable, a zip, a gzipped tar, or a folder; told apart by content.
 * @throws {ToolError} `E_PLUGIN_INVALID` with notation's text, `E_IO`.
 */
export async function unpackPlugin(context: HomeContext, source: string, folder: string): Promise<PluginFile> {
  const facts = await statOf(source)
  if (facts.isDirectory()) {
    await copyFolder(source, folder)
    const found = await findCandidate(context, folder)
    return { ...found, shown: join(source, basename(found.path)) }
  }
  if (!facts.isFile()) throw pluginInvalid(`${source} is not a valid file`, "expected a file or a folder")
  const kind = await archiveKind(source)
  if (kind === undefined) return copyExecutable(context, source, facts, folder)
  const budget = new UnpackBudget(kind, folder)
  if (kind === "zip") await (await import("./unpack-zip.ts")).unpackZip(source, budget)
  else await (await import("./unpack-tar-gz.ts")).unpackTarGz(source, budget)
  return findCandidate(context, folder)
}

/** Behind links too. @throws {ToolError} `E_PLUGIN_INVALID` for a folder or a special file, in notation's words. */
export async function requireFile(path: string): Promise<void> {
  if (!(await statOf(path)).isFile()) throw pluginInvalid(`${path} is not a valid file`, "expected a file")
}

/** Facts of what a path names, behind links. @throws {ToolError} `E_PLUGIN_INVALID`. */
async function statOf(path: string): Promise<Stats> {
  return stat(path).catch((thrown: unknown) => {
    throw pluginInvalid(`stat ${path}: ${systemReason(errnoOf(thrown))}`, `${path} cannot be read`, thrown)
  })
}

/** By content, as notation does. */
async function archiveKind(path: string): Promise<"zip" | "tar.gz" | undefined> {
  try {
    const file = await open(path, "r")
    try {
      const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
      if (buffer.toString("hex") === "504b0304") return "zip"
      return buffer.subarray(0, 3).toString("hex") === "1f8b08" ? "tar.gz" : undefined
    } finally {
      await file.close()
    }
  } catch (thrown) {
    const what = `open ${path}: ${systemReason(errnoOf(thrown))}`
    throw pluginInvalid(what, `${path} cannot be read`, thrown)
  }
}

async function copyExecutable(context: HomeContext, source: string, facts: Stats, folder: string): Promise<PluginFile> {
  const file = basename(source)
  if (facts.size >= MAX_BYTES) {
    throw pluginInvalid("file size reached the 256 MiB size limit", `${source} has ${facts.size} bytes`)
  }
  const name = pluginName(context, file)
  if (name === undefined) {
    const format = `notation-{plugin-name}${context.platform === "win32" ? ".exe" : ""}`
    const what = `failed to read plugin name from input file ${file}: invalid plugin executable file name. Plugin file name requires format ${format}, but got ${file}`
    throw pluginInvalid(what, "the name of the file is the name of the plugin")
  }
  if (!isExecutable(context, facts.mode)) {
    throw pluginInvalid(`input file ${file} is not executable`, `${source} has no execute permission`)
  }
  const path = join(folder, file)
  await copy(source, path, facts.mode)
  return { name, path, shown: source }
}

/** Regular files of a folder; folders in it and links are passed over. */
async function copyFolder(source: string, folder: string): Promise<void> {
  const failed = "failed to read plugin from input directory: "
  let total = 0
  const entries = await readdir(source, { withFileTypes: true }).catch((thrown: unknown) => {
    const what = `${failed}open ${source}: ${systemReason(errnoOf(thrown))}`
    throw pluginInvalid(what, `${source} cannot be read`, thrown)
  })
  const files = entries.filter((entry) => entry.isFile())
  if (files.length > MAX_FILES) {
    throw pluginInvalid(
      `${failed}too many files`,
      `${source} has ${files.length} files, at most ${MAX_FILES} are accepted`,
    )
  }
  for (const { name } of files) {
    const path = join(source, name)
    const { size, mode } = await lstat(path)
    total += size
    if (total >= MAX_BYTES) {
      throw pluginInvalid("total file size reached the 256 MiB size limit", `${source} holds more than that`)
    }
    await copy(path, join(folder, name), mode)
  }
}

async function copy(from: string, to: string, mode: number): Promise<void> {
  try {
    await copyFile(from, to)
    await chmod(to, (mode & 0o755) | 0o600)
  } catch (thrown) {
    throw ioError("copy", from, thrown)
  }
}

/** The one executable whose name is that of a plugin. */
async function findCandidate(context: HomeContext, folder: string): Promise<PluginFile> {
  const refuse = (text: string, why: string): ToolError =>
    pluginInvalid(`failed to read plugin from input directory: ${text}`, why)
  const candidates: PluginFile[] = []
  const executables: PluginFile[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const name = entry.isFile() ? pluginName(context, entry.name) : undefined
    if (name === undefined) continue
    const file = { name, path: join(folder, entry.name) }
    candidates.push(file)
    if (isExecutable(context, (await lstat(file.path)).mode)) executables.push(file)
  }
  if (executables.length > 1) {
    const seen = executables.map(({ path }) => basename(path)).join(", ")
    throw refuse("found more than one plugin executable files", `saw ${seen}`)
  }
  const [candidate] = executables.length === 1 ? executables : candidates
  if (candidate === undefined || (executables.length === 0 && candidates.length > 1)) {
    throw refuse("no plugin executable file was found", "expected one executable file named notation-NAME")
  }
  if (executables.length === 0) {
    context.logger.debug("plugin.made-executable", { file: basename(candidate.path) })
    await chmod(candidate.path, (await lstat(candidate.path)).mode | 0o100)
  }
  return candidate
}

/** Name of the plugin whose executable has this file name. */
function pluginName(context: HomeContext, file: string): string | undefined {
  const windows = context.platform === "win32"
  if (windows && !file.toLowerCase().endsWith(".exe")) return undefined
  const stem = windows ? file.slice(0, -4) : file
  const name = stem.startsWith("notation-") ? stem.slice("notation-".length) : ""
  return isPluginName(name) ? name : undefined
}

function isExecutable(context: HomeContext, mode: number): boolean {
  return context.platform === "win32" || (mode & 0o100) !== 0
}
