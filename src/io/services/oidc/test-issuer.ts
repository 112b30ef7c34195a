/** A small identity provider for tests of this folder and in a browser. Not for production code. */
import { createHash, randomBytes } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose"

/** How the issuer behaves; what is left out is as it should be. */
export interface IssuerHabits {
  /** Members of the discovery document that differ; `undefined` removes one. */
  readonly discovery?: Readonly<Record<string, unknown>>
  /** Claims that differ. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Another one than published signs tokens. */
  readonly strangeKey?: boolean
  readonly algorithm?: "ES256" | "RS256" | "EdDSA"
  /** Parameters of the callback that differ; `undefined` removes one, a list repeats it. */
  readonly callback?: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Answers of the token endpoint that come before the right one. */
  readonly answers?: readonly {
    readonly status: number
    readonly body: unknown
    readonly headers?: Record<string, string>
  }[]
  /** Answers of the device endpoint's members that differ. */
  readonly device?: Readonly<Record<string, unknown>>
  /** A page for a person instead of a login at once. */
  readonly page?: boolean
  /** No key ids, and two keys. */
  readonly unnamedKeys?: boolean
  readonly accessToken?: string
  /** Another document instead of the key set. */
  readonly keySet?: unknown
}

/** A request as the issuer saw it. */
export interface Seen {
  readonly path: string
  readonly query: URLSearchParams
  readonly form: URLSearchParams
  readonly authorization: string | undefined
}

/** A running issuer. */
export interface TestIssuer {
  readonly issuer: string
  readonly seen: readonly Seen[]
  /** Requests to a path. */
  at(path: string): readonly Seen[]
  close(): Promise<void>
}

interface Keys {
  readonly signer: CryptoKey
  readonly published: readonly JWK[]
}

async function makeKeys({ algorithm = "ES256", strangeKey, unnamedKeys }: IssuerHabits): Promise<Keys> {
  const pair = await generateKeyPair(algorithm)
  const other = await generateKeyPair(algorithm)
  const named = async (key: CryptoKey, kid: string): Promise<JWK> => {
    const jwk = await exportJWK(key)
    return unnamedKeys === true ? jwk : { ...jwk, kid, alg: algorithm, use: "sig" }
  }
  const published = [await named(pair.publicKey, "insecure-test-key")]
  if (unnamedKeys === true) published.unshift(await named(other.publicKey, ""))
  return { signer: strangeKey === true ? other.privateKey : pair.privateKey, published }
}

/** Start an issuer on a free port of this host. */
export async function startIssuer(habits: IssuerHabits = {}): Promise<TestIssuer> {
  const keys = await makeKeys(habits)
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    void serve(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/oidc`
  const state: IssuerState = { issuer, habits, keys, nonces: new Map(), answers: [...(habits.answers ?? [])] }

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "", issuer)
    const form = new URLSearchParams(await readText(request))
    const { authorization } = request.headers
    const one = { path: url.pathname.replace("/oidc", ""), query: url.searchParams, form, authorization }
    seen.push(one)
    await answer(state, one, response)
  }
  return {
    issuer,
    seen,
    at: (path) => seen.filter((one) => one.path === path),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

interface IssuerState {
  readonly issuer: string
  readonly habits: IssuerHabits
  readonly keys: Keys
  /** Code → what the login was begun with. */
  readonly nonces: Map<string, URLSearchParams>
  readonly answers: NonNullable<IssuerHabits["answers"]>[number][]
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString("utf8")
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))
}

async function answer(state: IssuerState, request: Seen, response: ServerResponse): Promise<void> {
  switch (request.path) {
    case "/.well-known/openid-configuration":
      json(response, 200, discoveryOf(state))
      return
    case "/keys":
      json(response, 200, state.habits.keySet ?? { keys: state.keys.published })
      return
    case "/auth":
      if (state.habits.page === true && !request.query.has("answer")) {
        response.writeHead(200, { "content-type": "text/html" }).end(loginPage(request.query))
      } else {
        response.writeHead(303, { location: callbackUrl(state, request.query) }).end()
      }
      return
    case "/device":
      json(response, 200, {
        device_code: "insecure-test-device-code",
        user_code: "ABCD-EFGH",
        verification_uri: `${state.issuer}/enter`,
        expires_in: 300,
        interval: 5,
        ...state.habits.device,
      })
      return
    case "/token":
      await token(state, request, response)
      return
    default:
      json(response, 404, { error: "not_found" })
  }
}

function discoveryOf({ issuer, habits }: IssuerState): unknown {
  return {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    device_authorization_endpoint: `${issuer}/device`,
    jwks_uri: `${issuer}/keys`,
    code_challenge_methods_supported: ["S256"],
    ...habits.discovery,
  }
}

function loginPage(query: URLSearchParams): string {
  const hidden = [...query].map(([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`)
  return `<!doctype html><title>Log in</title><form action="/oidc/auth">${hidden.join("")}
<button name="answer" value="allow">Log in</button> <button name="answer" value="deny">Deny</button></form>`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function callbackUrl({ habits, nonces }: IssuerState, query: URLSearchParams): string {
  const code = randomBytes(16).toString("hex")
  nonces.set(code, query)
  const denied = query.get("answer") === "deny"
  const parameters: IssuerHabits["callback"] & object = {
    ...(denied ? { error: "access_denied", error_description: "the person said no" } : { code }),
    state: query.get("state") ?? "",
    ...habits.callback,
  }
  const url = new URL(query.get("redirect_uri") ?? "")
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of value === undefined ? [] : [value].flat()) url.searchParams.append(name, one)
  }
  return url.href
}

async function token(state: IssuerState, { form }: Seen, response: ServerResponse): Promise<void> {
  const prepared = state.answers.shift()
  if (prepared !== undefined) {
    json(response, prepared.status, prepared.body, prepared.headers)
    return
  }
  const begun = state.nonces.get(form.get("code") ?? "")
  if (form.get("grant_type") === "authorization_code") {
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url")
    const fits = begun?.get("code_challenge") === challenge && begun.get("redirect_uri") === form.get("redirect_uri")
    if (!fits) {
      json(response, 400, { error: "invalid_grant", error_description: "code, verifier or redirect differ" })
      return
    }
  }
  const accessToken = state.habits.accessToken ?? "insecure-test-access-token"
  const idToken = await mintToken(state, { ...(begun === undefined ? {} : { nonce: begun.get("nonce") }), accessToken })
  json(response, 200, { access_token: accessToken, token_type: "bearer", id_token: idToken })
}

async function mintToken(
  { issuer, habits, keys }: IssuerState,
  login: { readonly nonce?: string | null; readonly accessToken: string },
): Promise<string> {
  const { algorithm = "ES256", unnamedKeys } = habits
  const hash = createHash(algorithm === "EdDSA" ? "sha512" : "sha256")
    .update("insecure-test-access-token")
    .digest()
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: issuer,
    sub: "insecure-test-subject",
    aud: "sigstore",
    exp: now + 300,
    iat: now,
    email: "dev@example.com",
    email_verified: true,
    at_hash: hash.subarray(0, hash.length / 2).toString("base64url"),
    ...(login.nonce === undefined ? {} : { nonce: login.nonce }),
    ...habits.claims,
  }
  const header = unnamedKeys === true ? { alg: algorithm } : { alg: algorithm, kid: "insecure-test-key" }
  return new SignJWT(JSON.parse(JSON.stringify(claims)) as Record<string, unknown>)
    .setProtectedHeader(header)
    .sign(keys.signer)
}
