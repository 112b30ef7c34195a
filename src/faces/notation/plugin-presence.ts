import { asToolError } from "../../core/errors.ts"
import type { PluginHost } from "../../core/notation-home.ts"

/**
 * Whether a plugin is there to be run. What it answers does not matter.
 *
 * @returns the error that says how it is missing; `undefined` when it is there.
 */
export async function pluginMissing(plugins: PluginHost, name: string): Promise<Error | undefined> {
  try {
    await plugins.metadata(name)
    return undefined
  } catch (thrown) {
    const error = asToolError(thrown)
    return error.code === "E_PLUGIN_NOT_FOUND" ? error : undefined
  }
}
