import { readdir } from "node:fs/promises"
import { join } from "node:path"

import { compareUtf8 } from "../../../codec/utf8.ts"
import { asToolError, ToolError } from "../../../core/errors.ts"
import type { InstalledPlugin } from "../../../core/notation-home.ts"
import { errnoOf, systemReason } from "../../system/io-error.ts"
import type { HomeContext } from "../home-context.ts"
import { goPlatform } from "./go-platform.ts"
import { readMetadata } from "./plugin-metadata.ts"
import { executableName, findPlugin, pluginsFolder } from "./run-plugin.ts"

/**
 * Folders of plugins by name, each with what the plugin says of itself or why it does not. Links are passed over.
 *
 * @throws {ToolError} `E_IO` when the folder cannot be read.
 */
export async function listPlugins(context: HomeContext): Promise<readonly InstalledPlugin[]> {
  const folder = pluginsFolder(context)
  const entries = await readdir(folder, { withFileTypes: true }).catch((thrown: unknown) => {
    if (errnoOf(thrown) === "ENOENT") return []
    throw new ToolError("E_IO", {
      what: `failed to list plugin: open ${folder}: ${systemReason(errnoOf(thrown))}.\nPlease ensure that the current user has permission to access the plugin directory: ${folder}`,
      why: `${folder} cannot be read`,
      details: { path: folder },
      cause: thrown,
    })
  })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  const plugins: InstalledPlugin[] = []
  // One after the other, as the plugins of a folder may wait for each other.
  for (const name of names.toSorted(compareUtf8)) plugins.push(await describe(context, name, join(folder, name)))
  return plugins
}

async function describe(context: HomeContext, name: string, path: string): Promise<InstalledPlugin> {
  try {
    return { name, path, metadata: await readMetadata(context, await findPlugin(context, name)) }
  } catch (thrown) {
    return { name, path, error: friendly(context, name, asToolError(thrown)) }
  }
}

/** Two failures that notation explains to people. */
function friendly(context: HomeContext, name: string, error: ToolError): string {
  const file = executableName(context, name)
  const advice = "Use `notation plugin install` command to install the plugin"
  if (error.details["errno"] === "ENOENT") return `plugin executable file \`${file}\` not found. ${advice}`
  if (error.details["errno"] !== "ENOEXEC") return error.what
  return `plugin file \`${file}\` is not executable. ${advice}. Please ensure that the plugin executable file is compatible with ${goPlatform(context.platform)}`
}
