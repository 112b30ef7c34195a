import type { OidcContext } from "./context.ts"
import { isEmail } from "./email.ts"
import { readForm, parametersOf, type Parameters } from "./form.ts"
import type { AuthorizationRequest } from "./grants.ts"
import { escapeHtml, loginPage, messagePage, pageResponse } from "./pages.ts"

/** Where the code is shown to the person instead of sent to a program. */
const OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
/** Characters of any one parameter. */
const MAX_PARAMETER = 2048

/** The authorization endpoint. */
export interface AuthorizationEndpoint {
  /** GET: the login page. */
  ask(request: Request): Promise<Response>
  /** POST of the login page. */
  decide(request: Request): Promise<Response>
}

/** Spec: RFC 6749 4.1, RFC 7636, RFC 9207. */
export function createAuthorizationEndpoint({ issuer, grants }: OidcContext): AuthorizationEndpoint {
  const login = (id: string, request: AuthorizationRequest, error?: string): Response =>
    loginPage({
      action: `${issuer}/auth`,
      hidden: { login: id },
      clientId: request.clientId,
      ...(error === undefined ? {} : { error }),
      ...(request.redirectUri === OUT_OF_BAND ? {} : { leadsTo: new URL(request.redirectUri).origin }),
    })
  const refuse = (request: AuthorizationRequest, error: string): Response => {
    if (request.redirectUri !== OUT_OF_BAND) return redirect(issuer, request, { error })
    return messagePage("Login denied", "The program gets no token. You can close this page.", 403)
  }
  return {
    ask(request) {
      const parsed = authorizationRequest(parametersOf(new URL(request.url).searchParams))
      if (typeof parsed === "string") return Promise.resolve(messagePage("Bad request", parsed, 400))
      if ("refusal" in parsed) return Promise.resolve(redirect(issuer, parsed, parsed.refusal))
      return Promise.resolve(login(grants.logins.add(parsed), parsed))
    },
    async decide(request) {
      const form = await readForm(request)
      if (typeof form === "number") return messagePage("Bad request", "This is not the login form.", form)
      const id = form.get("login") ?? ""
      const asked = grants.logins.get(id)
      if (asked === undefined) return messagePage("Too late", "This login has ended. Start it again.", 400)
      if (form.get("decision") === "deny") {
        grants.logins.take(id)
        return refuse(asked, "access_denied")
      }
      const email = form.get("email")?.trim() ?? ""
      if (!isEmail(email)) return login(id, asked, "Write an e-mail address, such as alice@example.com.")
      grants.logins.take(id)
      const code = grants.codes.add({ request: asked, email })
      if (asked.redirectUri !== OUT_OF_BAND) return redirect(issuer, asked, { code })
      const body = `<p>Copy this code to the program that waits for it:</p>\n<p><code id="code">${escapeHtml(code)}</code></p>`
      return pageResponse({ title: "Verification code", body })
    },
  }
}

function redirect(
  issuer: string,
  { redirectUri, state }: Pick<AuthorizationRequest, "redirectUri" | "state">,
  answer: Readonly<Record<string, string>>,
): Response {
  const target = new URL(redirectUri)
  for (const [name, value] of Object.entries({ ...answer, ...(state === undefined ? {} : { state }), iss: issuer })) {
    target.searchParams.set(name, value)
  }
  return new Response(null, {
    status: 303,
    headers: { location: target.href, "cache-control": "no-store", "referrer-policy": "no-referrer" },
  })
}

type Refused = Pick<AuthorizationRequest, "redirectUri" | "state"> & {
  readonly refusal: Readonly<Record<string, string>>
}

/** What was asked for; a text when the client cannot be told, because nobody knows whether it is one. */
function authorizationRequest(given: Parameters | undefined): AuthorizationRequest | Refused | string {
  if (given === undefined) return "A parameter is there twice."
  if ([...given.values()].some((value) => value.length > MAX_PARAMETER)) return "A parameter is too long."
  const clientId = given.get("client_id") ?? ""
  const redirectUri = given.get("redirect_uri") ?? ""
  if (!/^[!-~]{1,256}$/.test(clientId)) return "The client_id is missing or malformed."
  if (redirectUri !== OUT_OF_BAND && !isLoopback(redirectUri)) {
    return "The redirect_uri must be http on localhost, 127.0.0.1 or [::1], or urn:ietf:wg:oauth:2.0:oob."
  }
  const [state, nonce] = [given.get("state"), given.get("nonce")]
  const back = { redirectUri, ...(state === undefined ? {} : { state }) }
  const refusal = refusalOf(given)
  if (refusal !== undefined) {
    if (redirectUri === OUT_OF_BAND) return refusal[1]
    return { ...back, refusal: { error: refusal[0], error_description: refusal[1] } }
  }
  const challenge = given.get("code_challenge") ?? ""
  return { ...back, clientId, challenge, ...(nonce === undefined ? {} : { nonce }) }
}

function refusalOf(given: Parameters): readonly [error: string, description: string] | undefined {
  if (given.get("response_type") !== "code") return ["unsupported_response_type", "response_type must be code"]
  if (!(given.get("scope") ?? "").split(" ").includes("openid")) return ["invalid_scope", "scope must hold openid"]
  if (given.get("code_challenge_method") !== "S256" || !/^[A-Za-z0-9_-]{43}$/.test(given.get("code_challenge") ?? "")) {
    return ["invalid_request", "PKCE is needed: code_challenge with code_challenge_method S256"]
  }
  return undefined
}

/** SECURITY: a code goes to a program on this machine and nowhere else. */
function isLoopback(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password, hash } = new URL(text)
  if (protocol !== "http:" || username !== "" || password !== "" || hash !== "") return false
  return ["localhost", "127.0.0.1", "[::1]"].includes(hostname)
}
