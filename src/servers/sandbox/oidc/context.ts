import type { Clock, Randomness } from "../../../core/ports.ts"
import type { PrivateKey } from "../../../crypto/private-key.ts"
import type { Grants } from "./grants.ts"

/** What an issuer is made of. */
export interface OidcOptions {
  /** Issuer URL, under which all endpoints lie. */
  readonly issuer: string
  /** RSA. */
  readonly key: PrivateKey
  readonly clock: Clock
  readonly randomness: Randomness
  /** Seconds between two questions of a client that waits for a login on another device. Default 5. */
  readonly deviceInterval?: number
}

/** The same for its endpoints. */
export interface OidcContext extends Required<OidcOptions> {
  readonly grants: Grants
}
