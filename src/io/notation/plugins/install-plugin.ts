import { compareSemver, isSemver } from "../../../codec/semver.ts"
import { ToolError } from "../../../core/errors.ts"
import type { PluginInstalled, PluginMetadata } from "../../../core/notation-home.ts"
import type { HomeContext } from "../home-context.ts"
import { goPlatform } from "./go-platform.ts"
import { pluginInvalid } from "./plugin-invalid.ts"
import { readMetadata } from "./plugin-metadata.ts"
import { unpackPlugin } from "./plugin-source.ts"
import { withPluginStage } from "./plugin-stage.ts"
import { findPlugin, type PluginFailure } from "./run-plugin.ts"

/**
 * Install a plugin: unpacked and asked beside the installed ones, then put in its place as a whole. Until then, and when
 * anything fails, the version before it stays.
 *
 * @param source - an executable, a zip, a gzipped tar, or a folder.
 * @throws {ToolError} `E_PLUGIN_INVALID`, `E_PLUGIN_EXISTS`, `E_STORAGE_LOCKED`, `E_IO`; texts of notation without
 *   `plugin installation failed: `.
 *
 * Spec: notation-go `plugin/manager.go`, notation `cmd/notation/plugin/install.go`.
 */
export function installPlugin(
  context: HomeContext,
  source: string,
  options: { readonly force: boolean },
): Promise<PluginInstalled> {
  return withPluginStage(context, async (stage) => {
    const file = await unpackPlugin(context, source, stage.folder)
    const metadata = await ask(context, () => readMetadata(context, file), "failed to get metadata of new plugin: ")
    const before = await installed(context, file.name, options.force)
    if (before !== undefined && !options.force) checkVersions(file.name, metadata.version, before.version)
    await stage.replace(file.name)
    return { metadata, ...(before === undefined ? {} : { replaced: before.version }) }
  })
}

/** What is installed under the name; `undefined` for none and, with `force`, for one that does not work. */
async function installed(context: HomeContext, name: string, force: boolean): Promise<PluginMetadata | undefined> {
  try {
    const file = await findPlugin(context, name)
    return await ask(context, () => readMetadata(context, file), "failed to get metadata of existing plugin: ")
  } catch (thrown) {
    if (!(thrown instanceof ToolError)) throw thrown
    const absent = thrown.code === "E_PLUGIN_NOT_FOUND" && thrown.details["errno"] === "ENOENT"
    if (absent || force) return undefined
    if (thrown.code !== "E_PLUGIN_NOT_FOUND") throw thrown
    throw pluginInvalid(`failed to check plugin existence: ${thrown.what}`, thrown.why ?? thrown.what, thrown)
  }
}

function checkVersions(name: string, offered: string, present: string): void {
  for (const version of [offered, present]) {
    if (isSemver(version)) continue
    const what = `failed to compare plugin versions: ${version} is not a valid semantic version`
    throw pluginInvalid(what, `plugin ${name} has it; expected a version such as 1.2.3`)
  }
  const order = compareSemver(offered, present)
  if (order > 0) return
  const what =
    order < 0
      ? `failed to install plugin ${name}. The installing plugin version ${offered} is lower than the existing plugin version ${present}.\nIt is not recommended to install an older version. To force the installation, use the "--force" option`
      : `plugin ${name} with version ${present} already exists`
  throw new ToolError("E_PLUGIN_EXISTS", {
    what,
    why: `${offered} was to be installed, ${present} is`,
    details: { plugin: name, offered, present },
  })
}

/** Failures of a plugin that is asked, as notation's `install` explains them. */
async function ask<T>(context: HomeContext, work: () => Promise<T>, prefix: string): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof ToolError) || thrown.code !== "E_PLUGIN_FAILED") throw thrown
    const what = EXPLAINED[thrown.details["reason"] as PluginFailure](prefix, thrown.what, goPlatform(context.platform))
    throw pluginInvalid(what, thrown.why ?? thrown.what, thrown, thrown.details)
  }
}

const EXPLAINED: Readonly<Record<PluginFailure, (prefix: string, what: string, platform: string) => string>> = {
  request: (prefix, what) => `${prefix}${what}`,
  executable: (prefix, what, platform) =>
    `${prefix}${what}.\nPlease ensure that the plugin executable file is compatible with ${platform} and has appropriate permissions.`,
  malformed: (_prefix, what, platform) =>
    `${what}.\nPlease ensure that the plugin executable file is intact and compatible with ${platform}. Contact the plugin publisher for further assistance.`,
}
