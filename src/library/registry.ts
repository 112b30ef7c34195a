import type { OpenedApp } from "../bin/open-app.ts"
import { severalRegistries } from "../app/credentials-registry.ts"
import { parseTarget } from "../app/parse-target.ts"
import type { ContentStore } from "../core/ports.ts"
import { namesCredentials, openLibrary, type RegistryOptions } from "./options.ts"

/** Repositories that share connections, credentials and caches. */
export interface OpenedRegistry {
  /**
   * Store of `registry/repository` or `oci:FOLDER`; tags and digests in the text are ignored.
   * @throws {ToolError} `E_REF_INVALID`; `E_USAGE` for a second registry when credentials were given for one.
   */
  repository(name: string): ContentStore
  /** Ends idle connections. */
  readonly close: () => Promise<void>
}

/**
 * Open registries with the user's credentials, certificates and proxies.
 *
 * @example
 * ```ts
 * const registry = openRegistry()
 * const { digest } = await registry.repository("registry.example/app").resolve("1.0")
 * await registry.close()
 * ```
 */
export function openRegistry(options: RegistryOptions = {}): OpenedRegistry {
  // Credentials are for the first registry named; what is opened without them serves layouts.
  const opened = new Map<string, OpenedApp>()
  const open = (name: string): OpenedApp => {
    const target = parseTarget(name)
    const key = target.kind === "registry" && namesCredentials(options) ? target.reference.registry : ""
    const found = opened.get(key)
    if (found !== undefined) return found
    const registries = [...opened.keys(), key].filter((one) => one !== "")
    if (registries.length > 1) throw severalRegistries(registries)
    const app = openLibrary(options, { targets: [target] })
    opened.set(key, app)
    return app
  }
  return {
    repository: (name) => open(name).app.stores.content(parseTarget(name)),
    close: async () => {
      await Promise.all([...opened.values()].map((one) => one.close()))
    },
  }
}
