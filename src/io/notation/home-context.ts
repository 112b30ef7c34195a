import type { NotationFolders } from "../../core/notation-home.ts"
import type { Clock, Logger, Randomness, Sleep } from "../../core/ports.ts"
import type { HttpClient } from "../net/http-types.ts"

/** What everything below notation's folders shares. */
export interface HomeContext {
  readonly folders: NotationFolders
  /** Of the programs that are run, as it is. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly clock: Clock
  readonly randomness: Randomness
  readonly sleep: Sleep
  readonly logger: Logger
  /** Opens the HTTP client on first use. */
  readonly http: () => Promise<HttpClient>
  /** For the user, outside of any answer. */
  readonly onWarning: (message: string) => void
}
