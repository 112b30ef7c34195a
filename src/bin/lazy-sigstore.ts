import type { ConnectionOptions } from "../app/world.ts"
import type { SigstoreServices } from "../core/sigstore-ports.ts"
import type { Host } from "./host.ts"
import { lazyIdentityTokens } from "./lazy-identity-tokens.ts"
import type { LazyHttp } from "./lazy-http.ts"
import { lazySigningServices } from "./lazy-signing-services.ts"
import { lazyTrust } from "./lazy-trust.ts"

/** Sigstore's services, each of whose code is loaded with the first question to it. */
export function lazySigstore(host: Host, options: ConnectionOptions, http: LazyHttp): SigstoreServices {
  return {
    ...lazySigningServices(host, options),
    tokens: lazyIdentityTokens(host, options),
    trust: lazyTrust(host, options, http),
  }
}
