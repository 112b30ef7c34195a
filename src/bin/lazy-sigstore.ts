import type { ConnectionOptions } from "../app/world.ts"
import { ToolError } from "../core/errors.ts"
import type { SigstoreServices } from "../core/sigstore-ports.ts"
import type { Host } from "./host.ts"
import { lazyIdentityTokens } from "./lazy-identity-tokens.ts"
import type { LazyHttp } from "./lazy-http.ts"

/** Sigstore's services, each of whose code is loaded with the first question to it. */
export function lazySigstore(host: Host, options: ConnectionOptions, _http: LazyHttp): SigstoreServices {
  return {
    certificates: { certify: unwired },
    logs: { add: unwired, find: unwired, entryAt: unwired },
    tokens: lazyIdentityTokens(host, options),
    trust: { trustedRoot: unwired, signingConfig: unwired, initialize: unwired },
  }
}

function unwired(): Promise<never> {
  return Promise.reject(new ToolError("E_INTERNAL", { what: "a Sigstore service was asked that has no adapter" }))
}
