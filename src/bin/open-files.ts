import type { AppContext, Stores } from "../app/requests.ts"
import type { ConnectionOptions } from "../app/world.ts"
import { ToolError } from "../core/errors.ts"
import { createKeySource } from "../io/keys/key-source.ts"
import { systemClock } from "../io/system/clock.ts"
import { systemRandomness } from "../io/system/randomness.ts"
import type { Host } from "./host.ts"
import { lazyHttp, type LazyHttp } from "./lazy-http.ts"
import { lazyNotation } from "./lazy-notation.ts"
import { lazyRevocation, lazyTimestamps } from "./lazy-services.ts"
import { lazySigstore } from "./lazy-sigstore.ts"

/** An application context and what must be closed after it. */
export interface OpenedApp {
  readonly app: AppContext
  /** Ends idle connections; nothing may be under way. */
  readonly close: () => Promise<void>
}

/**
 * Adapters of a command that works on keys and files alone: no store can be opened. HTTP is loaded when a key's URL
 * asks for it.
 */
export function openFiles(host: Host, options: ConnectionOptions): OpenedApp {
  const http = lazyHttp(host, options)
  return { app: filesContext(host, options, http, noStores), close: () => http.close() }
}

/** An application context with the given stores. */
export function filesContext(host: Host, options: ConnectionOptions, http: LazyHttp, stores: Stores): AppContext {
  return {
    clock: systemClock,
    randomness: systemRandomness,
    logger: host.logger,
    progress: host.progress,
    prompter: host.prompter,
    files: host.files,
    keys: createKeySource({
      env: host.env,
      files: host.files,
      prompter: host.prompter,
      readStdin: host.readStdin,
      http: () => http.open(),
      passwordSources: options.passwordSources ?? [],
      plainPrivateKeys: options.plainPrivateKeys ?? true,
    }),
    stores,
    timestamps: lazyTimestamps(http),
    revocation: lazyRevocation(host, options, http),
    notation: lazyNotation(host, http),
    sigstore: lazySigstore(host, options, http),
  }
}

const noStores: Stores = { content: refuse, layout: refuse, repository: refuse, signatures: refuse }

function refuse(): never {
  throw new ToolError("E_INTERNAL", { what: "a command on files asked for an artifact store" })
}
