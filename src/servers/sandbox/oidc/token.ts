import { decodeBase64 } from "../../../codec/base64.ts"
import { decodeUtf8 } from "../../../codec/utf8.ts"
import type { OidcContext } from "./context.ts"
import { readForm, type Parameters } from "./form.ts"
import { randomText, verifierFits } from "./grants.ts"
import { FULCIO_AUDIENCE, mintToken, type TokenSubject } from "./id-tokens.ts"
import { json, oauthError } from "./json-answer.ts"

/** Seconds; tokens have the same. */
const EXPIRES_IN = 600
/** Bytes of a client's id and secret in the header. */
const MAX_BASIC = 1024
/** Milliseconds a client may come early. */
const LEEWAY_MS = 500

/** The token endpoint. Spec: RFC 6749 4.1.3, 4.4 and 5, RFC 8628 3.4 and 3.5. */
export function createTokenEndpoint(context: OidcContext): (request: Request) => Promise<Response> {
  return async (request) => {
    const form = await readForm(request)
    if (typeof form === "number") return oauthError("invalid_request", "expected one form", form)
    const client = clientOf(form, request.headers.get("authorization"))
    if (client === undefined) return oauthError("invalid_client", "client_id is missing or malformed", 401)
    switch (form.get("grant_type")) {
      case "authorization_code":
        return byCode(context, form, client.id)
      case "urn:ietf:params:oauth:grant-type:device_code":
        return byDevice(context, form, client.id)
      case "client_credentials":
        return byCredentials(context, client)
      default:
        return oauthError("unsupported_grant_type", "expected authorization_code, device_code or client_credentials")
    }
  }
}

interface Client {
  readonly id: string
  readonly secret: string
}

/** The client, from the form or from the header; both must not disagree. */
function clientOf(form: Parameters, header: string | null): Client | undefined {
  const named = form.get("client_id")
  const basic = basicOf(header)
  if (named !== undefined && basic !== undefined && named !== basic.id) return undefined
  const id = named ?? basic?.id ?? ""
  if (!/^[!-~]{1,256}$/.test(id)) return undefined
  return { id, secret: form.get("client_secret") ?? basic?.secret ?? "" }
}

function basicOf(header: string | null): Client | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]{1,2048})$/i.exec(header ?? "")?.[1]
  if (encoded === undefined) return undefined
  try {
    const text = decodeUtf8(decodeBase64(encoded, { max: MAX_BASIC, what: "credentials" }), "credentials")
    const [id = "", ...secret] = text.split(":")
    return { id: decodeURIComponent(id), secret: decodeURIComponent(secret.join(":")) }
  } catch {
    return undefined
  }
}

async function byCode(context: OidcContext, form: Parameters, clientId: string): Promise<Response> {
  // Taken whatever follows: a code is good for one try.
  const grant = context.grants.codes.take(form.get("code") ?? "")
  if (grant === undefined) return oauthError("invalid_grant", "the code is unknown, used or too old")
  const { request, email } = grant
  if (request.clientId !== clientId) return oauthError("invalid_grant", "the code is for another client")
  if (request.redirectUri !== form.get("redirect_uri")) return oauthError("invalid_grant", "redirect_uri differs")
  if (!verifierFits(form.get("code_verifier"), request.challenge)) {
    return oauthError("invalid_grant", "code_verifier does not belong to code_challenge")
  }
  return tokens(context, clientId, { email }, request.nonce)
}

async function byDevice(context: OidcContext, form: Parameters, clientId: string): Promise<Response> {
  const { grants, clock, deviceInterval } = context
  const deviceCode = form.get("device_code") ?? ""
  const grant = grants.devices.get(deviceCode)
  if (grant === undefined) return oauthError("expired_token", "the device code is unknown, used or too old")
  if (grant.clientId !== clientId) return oauthError("invalid_grant", "the device code is for another client")
  const early = grant.asked !== undefined && clock.now() - grant.asked < deviceInterval * 1000 - LEEWAY_MS
  grant.asked = clock.now()
  if (grant.decision === undefined) {
    if (early) return oauthError("slow_down", `ask every ${deviceInterval} seconds`)
    return oauthError("authorization_pending", "nobody has logged in yet")
  }
  grants.devices.take(deviceCode)
  grants.userCodes.take(grant.userCode)
  if (grant.decision === "denied") return oauthError("access_denied", "the login was denied")
  if (grant.challenge !== undefined && !verifierFits(form.get("code_verifier"), grant.challenge)) {
    return oauthError("invalid_grant", "code_verifier does not belong to code_challenge")
  }
  return tokens(context, clientId, grant.decision)
}

/**
 * A program of its own account: whoever has any secret is the account its client id names. The token is for it, which
 * clients insist on, and for Fulcio.
 */
async function byCredentials(context: OidcContext, { id, secret }: Client): Promise<Response> {
  if (secret === "") return oauthError("invalid_client", "client_secret is missing", 401)
  const audience = [...new Set([id, FULCIO_AUDIENCE])]
  return tokens(context, audience, { subject: `${context.issuer}/clients/${encodeURIComponent(id)}` })
}

async function tokens(
  { issuer, key, clock, randomness }: OidcContext,
  audience: string | readonly string[],
  subject: TokenSubject,
  nonce?: string,
): Promise<Response> {
  const accessToken = randomText(randomness)
  const request = { issuer, audience, accessToken, ...subject, ...(nonce === undefined ? {} : { nonce }) }
  return json({
    access_token: accessToken,
    token_type: "Bearer",
    expires_in: EXPIRES_IN,
    id_token: await mintToken(key, request, clock.now()),
  })
}
