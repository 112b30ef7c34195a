import { randomUUID } from "node:crypto"
import { errorAnswer } from "./answers.ts"
import type { AuthFault } from "./registry-faults.ts"

/** Actions granted per repository, and how many requests the token is still good for. */
interface Grant {
  readonly scopes: ReadonlySet<string>
  uses: number
}

/** Stands before a registry: challenges, checks, and issues tokens at `/token`. */
export interface Gate {
  /** @returns an answer when the request does not get through. */
  check(auth: AuthFault, request: Request, origin: string): Promise<Response | undefined>
}

/** Build a gate with no token issued yet. */
export function createGate(): Gate {
  const grants = new Map<string, Grant>()
  return {
    async check(auth, request, origin) {
      const url = new URL(request.url)
      if (auth.kind === "loop") return challenge("Bearer", auth, origin, "")
      if (url.pathname === "/token") return auth.kind === "bearer" ? issue(auth, request, grants) : undefined
      const action = request.method === "GET" || request.method === "HEAD" ? "pull" : "push"
      if (auth.kind === "basic") {
        const open = auth.anonymousPull === true && action === "pull"
        return open || isUser(auth, request) ? undefined : challenge("Basic", auth, origin, "")
      }
      return checkToken(auth, request, origin, grants, neededScope(url.pathname, request.method))
    },
  }
}

function checkToken(
  auth: AuthFault,
  request: Request,
  origin: string,
  grants: Map<string, Grant>,
  scope: string,
): Response | undefined {
  const token = /^Bearer (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1]
  if (token === undefined) return challenge("Bearer", auth, origin, scope)
  const grant = grants.get(token)
  if (grant === undefined || grant.uses <= 0) return challenge("Bearer", auth, origin, scope, "invalid_token")
  grant.uses -= 1
  if (scopeAtoms(scope).every((atom) => grant.scopes.has(atom))) return undefined
  return challenge("Bearer", auth, origin, scope, "insufficient_scope")
}

function neededScope(path: string, method: string): string {
  const name = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//.exec(path)?.[1]
  if (name === undefined) return path.startsWith("/v2/_catalog") ? "registry:catalog:*" : ""
  if (method === "DELETE") return `repository:${name}:delete`
  return `repository:${name}:${method === "GET" || method === "HEAD" ? "pull" : "pull,push"}`
}

/** `repository:a:pull,push` as `repository:a:pull` and `repository:a:push`. */
function scopeAtoms(scope: string): readonly string[] {
  return scope
    .split(" ")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const at = part.lastIndexOf(":")
      return part
        .slice(at + 1)
        .split(",")
        .map((action) => `${part.slice(0, at)}:${action}`)
    })
}

function challenge(scheme: "Basic" | "Bearer", auth: AuthFault, origin: string, scope: string, error = ""): Response {
  const fields = [`realm="${scheme === "Basic" ? "test" : (auth.realm ?? `${origin}/token`)}"`]
  if (scheme === "Bearer") fields.push('service="test"')
  if (scope !== "") fields.push(`scope="${scope}"`)
  if (error !== "") fields.push(`error="${error}"`)
  return errorAnswer(401, "UNAUTHORIZED", "authentication required", {
    "WWW-Authenticate": `${scheme} ${fields.join(",")}`,
  })
}

function isUser(auth: AuthFault, request: Request): boolean {
  const expected = btoa(`${auth.username ?? "user"}:${auth.password ?? "secret"}`)
  return request.headers.get("authorization") === `Basic ${expected}`
}

async function issue(auth: AuthFault, request: Request, grants: Map<string, Grant>): Promise<Response> {
  const post = request.method === "POST"
  if (post && auth.noOauthPost === true) return errorAnswer(404, "UNSUPPORTED", "no such form")
  const form = post ? new URLSearchParams(await request.text()) : new URL(request.url).searchParams
  const known = post ? isOauthUser(auth, form) : isUser(auth, request)
  const wanted = form.getAll("scope").flatMap(scopeAtoms)
  const anonymous = !known && !post && auth.anonymousPull === true && !request.headers.has("authorization")
  if (!known && !anonymous) return errorAnswer(401, "UNAUTHORIZED", "wrong credentials")
  const scopes = new Set(known ? wanted : wanted.filter((atom) => atom.endsWith(":pull")))
  const token = randomUUID()
  grants.set(token, { scopes, uses: auth.tokenUses ?? Number.POSITIVE_INFINITY })
  return Response.json({ token, access_token: token, expires_in: 300, issued_at: new Date().toISOString() })
}

function isOauthUser(auth: AuthFault, form: URLSearchParams): boolean {
  if (form.get("grant_type") === "refresh_token") {
    return auth.refreshToken !== undefined && form.get("refresh_token") === auth.refreshToken
  }
  const { username = "user", password = "secret" } = auth
  return form.get("username") === username && form.get("password") === password
}
