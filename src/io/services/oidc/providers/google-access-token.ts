import { importPKCS8, SignJWT } from "jose"
import { parseJson } from "../../../../codec/json.ts"
import { isObject } from "../../../../codec/json-shape.ts"
import { ToolError } from "../../../../core/errors.ts"
import type { JsonObject } from "../../../../core/json-value.ts"
import { limits } from "../../../../core/limits.ts"
import { variable, type OidcContext } from "../context.ts"
import { askJson, openIfBusy, problemOf, textOf } from "../json-exchange.ts"
import { rejected, shown } from "../oidc-errors.ts"
import { metadata } from "./google-metadata.ts"

const SCOPE = "https://www.googleapis.com/auth/cloud-platform"
const TOKEN_URL = "https://oauth2.googleapis.com/token"
const FILE_NAME = "GOOGLE_APPLICATION_CREDENTIALS"
const WELL_KNOWN = ".config/gcloud/application_default_credentials.json"
/** Seconds that the assertion of a service account is valid. */
const ASSERTION_LIFE = 600

/**
 * An access token of this machine's own account at Google: credentials file, else gcloud's, else the metadata service.
 *
 * @returns a secret.
 * @throws {ToolError} `E_CONFIG_INVALID` for a credentials file that cannot be used; `E_OIDC_REJECTED`, `E_NET_*`.
 */
export async function googleAccessToken(ctx: OidcContext, signal?: AbortSignal): Promise<string> {
  const path = await credentialsFile(ctx)
  if (path !== undefined) return byFile(ctx, path, signal)
  const text = await metadata(ctx, "instance/service-accounts/default/token", signal)
  const token = textOf(objectOf(text), "access_token")
  if (token === undefined) throw rejected("Google's metadata service gave no access token", "its answer has none")
  return token
}

async function credentialsFile(ctx: OidcContext): Promise<string | undefined> {
  const named = variable(ctx, FILE_NAME)
  if (named !== undefined) return named
  const usual = `${ctx.home}/${WELL_KNOWN}`
  return (await ctx.files.exists(usual)) ? usual : undefined
}

function objectOf(text: string | Uint8Array): JsonObject | undefined {
  try {
    const value = parseJson(text, { maxBytes: limits.configFileBytes, what: "credentials" })
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

async function byFile(ctx: OidcContext, path: string, signal: AbortSignal | undefined): Promise<string> {
  const facts = objectOf(await ctx.files.read(path, limits.configFileBytes))
  const form = await formOf(ctx, facts, path)
  const answer = await askJson(await ctx.http(), { ...form, who: "Google's token service", signal })
  const token = textOf(answer.body, "access_token")
  if (answer.status === 200 && token !== undefined) return token
  const why = answer.status === 200 ? "its answer has no access_token" : problemOf(answer)
  throw rejected("Google gave no access token", why, openIfBusy(answer))
}

interface TokenForm {
  readonly url: string
  readonly form: Readonly<Record<string, string>>
}

async function formOf(ctx: OidcContext, facts: JsonObject | undefined, path: string): Promise<TokenForm> {
  const wrong = (why: string): ToolError =>
    new ToolError("E_CONFIG_INVALID", { what: `the credentials file ${path} cannot be used`, why })
  const text = (name: string): string => {
    const value = textOf(facts, name)
    if (value === undefined) throw wrong(`its member ${name} is missing`)
    return value
  }
  const type = text("type")
  if (type === "authorized_user") {
    const names = ["client_id", "client_secret", "refresh_token"]
    const members = Object.fromEntries(names.map((name) => [name, text(name)]))
    return { url: TOKEN_URL, form: { grant_type: "refresh_token", ...members } }
  }
  if (type !== "service_account") {
    throw wrong(`its type is ${shown(type)}, expected service_account or authorized_user`)
  }
  const url = textOf(facts, "token_uri") ?? TOKEN_URL
  const assertion = await assertionOf(ctx, { url, email: text("client_email"), key: text("private_key") }).catch(() => {
    throw wrong("its private_key is no RSA key in PKCS#8")
  })
  return { url, form: { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion } }
}

async function assertionOf(
  ctx: OidcContext,
  facts: { readonly url: string; readonly email: string; readonly key: string },
): Promise<string> {
  const now = Math.floor(ctx.clock.now() / 1000)
  return new SignJWT({ scope: SCOPE })
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .setIssuer(facts.email)
    .setAudience(facts.url)
    .setIssuedAt(now)
    .setExpirationTime(now + ASSERTION_LIFE)
    .sign(await importPKCS8(facts.key, "RS256"))
}
