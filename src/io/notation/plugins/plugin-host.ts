import { lstat } from "node:fs/promises"
import { join } from "node:path"

import type { PluginHost } from "../../../core/notation-home.ts"
import { errnoOf, ioError } from "../../system/io-error.ts"
import type { HomeContext } from "../home-context.ts"
import { listPlugins } from "./list-plugins.ts"
import { readMetadata } from "./plugin-metadata.ts"
import { findPlugin, isPluginName, pluginsFolder, runPlugin } from "./run-plugin.ts"

/** Plugins of notation's folder. What installs them is loaded on use. */
export function createPluginHost(context: HomeContext): PluginHost {
  const host: PluginHost = {
    list: () => listPlugins(context),
    metadata: async (name, pluginConfig) => readMetadata(context, await findPlugin(context, name), pluginConfig),
    run: async (name, command, request, signal) =>
      runPlugin(context, await findPlugin(context, name), command, request, signal),
    async install(path, { force, sha256, onlyFile }) {
      if (onlyFile === true) await (await import("./plugin-source.ts")).requireFile(path)
      const { installPlugin } = await import("./install-plugin.ts")
      if (sha256 === undefined) return installPlugin(context, path, { force })
      const { withCheckedCopy } = await import("./download-plugin.ts")
      return withCheckedCopy(path, sha256, (copy) => installPlugin(context, copy, { force }))
    },
    async installFromUrl(url, options) {
      const { withDownload } = await import("./download-plugin.ts")
      return withDownload(context, url, options, (path) => host.install(path, { force: options.force }))
    },
    uninstall: (name) => uninstall(context, name),
  }
  return host
}

async function uninstall(context: HomeContext, name: string): Promise<boolean> {
  if (!isPluginName(name)) return false
  const path = join(pluginsFolder(context), name)
  try {
    await lstat(path)
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return false
    throw ioError("lstat", path, thrown)
  }
  const { withPluginStage } = await import("./plugin-stage.ts")
  return withPluginStage(context, (stage) => stage.remove(name))
}
