import type { Clock, Files, Logger, Prompter, Randomness, Sleep } from "../../../core/ports.ts"
import type { LoginConversation } from "../../../core/sigstore-ports.ts"
import type { HttpClient } from "../../net/http-types.ts"

/** What identity tokens are got with. */
export interface OidcContext {
  /** To issuers and token services of the network. */
  readonly http: () => Promise<HttpClient>
  /** Without a proxy, for services of this machine's own host. */
  readonly directHttp: () => Promise<HttpClient>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly files: Pick<Files, "read" | "exists">
  readonly prompter: Pick<Prompter, "interactive">
  readonly clock: Clock
  readonly randomness: Randomness
  readonly sleep: Sleep
  readonly logger: Logger
  /** The user's folder. */
  readonly home: string
  /** Words for the person who logs in; absent where nobody may be asked. */
  readonly conversation?: LoginConversation | undefined
  /** Show a URL in a browser. Rejects when there is none. */
  readonly openBrowser?: ((url: string) => Promise<void>) | undefined
  /** Origins besides the issuer's own that an issuer may name as its endpoints. */
  readonly trustedOrigins?: readonly string[]
  /** Milliseconds to wait for the browser; default 120 s. */
  readonly callbackMs?: number
  readonly places?: Partial<ProviderPlaces>
}

/** Where the providers of a machine are found. */
export interface ProviderPlaces {
  /** File of the filesystem provider. */
  readonly tokenFile: string
  /** Workload API socket when SPIFFE_ENDPOINT_SOCKET is not set. */
  readonly spiffeSocket: string
  /** File with the machine's product name, which tells whether it is one of Google's. */
  readonly productName: string
  /** Origin of Google's IAM credentials service. */
  readonly googleIam: string
}

/** The places of real machines. */
export const PLACES: ProviderPlaces = {
  tokenFile: "/var/run/sigstore/cosign/oidc-token",
  spiffeSocket: "/tmp/spire-agent/public/api.sock",
  productName: "/sys/class/dmi/id/product_name",
  googleIam: "https://iamcredentials.googleapis.com",
}

/** A place, as given or as on real machines. */
export function placeOf(ctx: OidcContext, name: keyof ProviderPlaces): string {
  return ctx.places?.[name] ?? PLACES[name]
}

/** A variable of the environment; empty counts as not set. */
export function variable(ctx: OidcContext, name: string): string | undefined {
  const value = ctx.env[name]
  return value === undefined || value === "" ? undefined : value
}

/** A source of tokens that a machine or a CI job brings along. */
export interface AmbientProvider {
  readonly name: string
  /** What has to be there, for whoever asks for the provider by name. */
  readonly needs: string
  /** Whether it is there is a guess: asked for by name, it is tried all the same. */
  readonly guessed?: true
  enabled(ctx: OidcContext, signal?: AbortSignal): Promise<boolean>
  /**
   * @returns what the provider gave, not looked at.
   * @throws {ToolError} `E_OIDC_REJECTED`, `E_OIDC_PERMISSION`, `E_OIDC_NO_TOKEN`, `E_NET_*`.
   */
  token(ctx: OidcContext, audience: string, signal?: AbortSignal): Promise<string>
}
