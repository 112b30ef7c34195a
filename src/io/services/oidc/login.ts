import type { LoginConversation } from "../../../core/sigstore-ports.ts"
import type { Provider } from "./discovery.ts"
import type { Client } from "./redeem.ts"

/** A login about to begin. */
export interface Login {
  readonly provider: Provider
  readonly client: Client
  readonly redirectUrl?: string | undefined
  readonly conversation: LoginConversation
}

/** What is asked for: who the person is, and the e-mail address. */
export const SCOPE = "openid email"
