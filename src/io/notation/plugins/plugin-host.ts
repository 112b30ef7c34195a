import { rm } from "node:fs/promises"
import { join } from "node:path"

import { ToolError } from "../../../core/errors.ts"
import type { PluginHost } from "../../../core/notation-home.ts"
import { ioError, errnoOf } from "../../system/io-error.ts"
import type { HomeContext } from "../home-context.ts"
import { listPlugins } from "./list-plugins.ts"
import { readMetadata } from "./plugin-metadata.ts"
import { findPlugin, isPluginName, pluginsFolder, runPlugin } from "./run-plugin.ts"

/** Plugins of notation's folder. What installs them is loaded on use. */
export function createPluginHost(context: HomeContext): PluginHost {
  return {
    list: () => listPlugins(context),
    metadata: async (name, pluginConfig) => readMetadata(context, await findPlugin(context, name), pluginConfig),
    run: async (name, command, request, signal) =>
      runPlugin(context, await findPlugin(context, name), command, request, signal),
    install: (path) => Promise.reject(notYet(path)),
    installFromUrl: (url) => Promise.reject(notYet(url)),
    uninstall: (name) => uninstall(context, name),
  }
}

function notYet(source: string): ToolError {
  return new ToolError("E_PLUGIN_INVALID", { what: `${source} cannot be installed` })
}

async function uninstall(context: HomeContext, name: string): Promise<boolean> {
  if (!isPluginName(name)) return false
  const path = join(pluginsFolder(context), name)
  try {
    await rm(path, { recursive: true })
    return true
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return false
    throw ioError("remove", path, thrown)
  }
}
