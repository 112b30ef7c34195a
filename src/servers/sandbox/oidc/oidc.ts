import { Hono } from "hono"
import { createAuthorizationEndpoint } from "./authorization.ts"
import type { OidcContext, OidcOptions } from "./context.ts"
import { createDeviceEndpoints } from "./device.ts"
import { createGrants } from "./grants.ts"
import { publicJwk } from "./id-tokens.ts"
import { json } from "./json-answer.ts"
import { createTokenEndpoint } from "./token.ts"

/**
 * An OpenID Connect issuer: discovery, JWKS, login by code with PKCE, login on another device, client credentials. It
 * believes whoever says who they are.
 *
 * @returns handler of requests below the path of the issuer.
 *
 * Spec: OpenID Connect Core and Discovery, RFC 6749, RFC 7636, RFC 8628, RFC 9207.
 */
export function createOidc(options: OidcOptions): Hono {
  const { clock, randomness } = options
  const context: OidcContext = { deviceInterval: 5, ...options, grants: createGrants(clock, randomness) }
  const app = new Hono()
  const device = createDeviceEndpoints(context)
  const token = createTokenEndpoint(context)
  const authorization = createAuthorizationEndpoint(context)
  app.get("/.well-known/openid-configuration", () => json(discovery(options.issuer)))
  app.get("/keys", async () => json({ keys: [await publicJwk(options.key)] }))
  app.get("/auth", ({ req }) => authorization.ask(req.raw))
  app.post("/auth", ({ req }) => authorization.decide(req.raw))
  app.post("/token", ({ req }) => token(req.raw))
  app.post("/device/code", ({ req }) => device.begin(req.raw))
  app.get("/device", ({ req }) => device.ask(req.raw))
  app.post("/device", ({ req }) => device.decide(req.raw))
  return app
}

function discovery(issuer: string): unknown {
  return {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    device_authorization_endpoint: `${issuer}/device/code`,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code", "client_credentials"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    code_challenge_methods_supported: ["S256"],
    scopes_supported: ["openid", "email"],
    token_endpoint_auth_methods_supported: ["none", "client_secret_basic", "client_secret_post"],
    claims_supported: ["iss", "sub", "aud", "exp", "iat", "nonce", "at_hash", "email", "email_verified"],
    authorization_response_iss_parameter_supported: true,
  }
}
