import { parseTarget } from "../app/parse-target.ts"
import type { ContentStore } from "../core/ports.ts"
import { openLibrary, type RegistryOptions } from "./options.ts"

/** Repositories that share connections, credentials and caches. */
export interface OpenedRegistry {
  /**
   * Store of `registry/repository` or `oci:FOLDER`; tags and digests in the text are ignored.
   * @throws {ToolError} `E_REF_INVALID`.
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
  const { app, close } = openLibrary(options)
  return { repository: (name) => app.stores.content(parseTarget(name)), close }
}
