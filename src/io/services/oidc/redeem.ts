import type { OidcContext } from "./context.ts"
import type { Provider } from "./discovery.ts"
import { askJson, openIfBusy, problemOf, textOf, type JsonAnswer } from "./json-exchange.ts"
import { forbidden, rejected } from "./oidc-errors.ts"

/** Who asks at a token endpoint. */
export interface Client {
  readonly id: string
  readonly secret?: string
}

/** What a token endpoint gave. Both are secrets. */
export interface Tokens {
  readonly idToken: string
  readonly accessToken?: string
}

/**
 * Ask a token endpoint, whatever its answer.
 *
 * @param form - parameters of the grant.
 * @throws {ToolError} `E_OIDC_REJECTED`, `E_NET_*`.
 *
 * Spec: RFC 6749 sections 2.3.1 and 3.2.
 */
export async function askTokenEndpoint(
  ctx: OidcContext,
  provider: Provider,
  client: Client,
  form: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<JsonAnswer> {
  const inHeader = client.secret !== undefined && provider.basicOnly
  return askJson(await ctx.http(), {
    url: provider.tokenEndpoint,
    who: "the token endpoint",
    form: {
      ...form,
      client_id: client.id,
      ...(client.secret === undefined || inHeader ? {} : { client_secret: client.secret }),
    },
    ...(inHeader ? { headers: { authorization: basic(client) }, secrets: [client.secret ?? ""] } : {}),
    signal,
  })
}

function basic(client: Client): string {
  const pair = [client.id, client.secret ?? ""].map((text) => encodeURIComponent(text)).join(":")
  return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`
}

/**
 * The ID token of an answer.
 *
 * @throws {ToolError} `E_OIDC_PERMISSION` when access was denied; `E_OIDC_REJECTED`.
 */
export function tokensOf(answer: JsonAnswer): Tokens {
  if (answer.status !== 200) {
    if (textOf(answer.body, "error") === "access_denied") {
      throw forbidden("the identity provider denied access", problemOf(answer))
    }
    throw rejected("the token endpoint gave no token", problemOf(answer), openIfBusy(answer))
  }
  const idToken = textOf(answer.body, "id_token")
  if (idToken === undefined) {
    throw rejected("the token endpoint gave no identity token", `id_token not present: ${problemOf(answer)}`)
  }
  const accessToken = textOf(answer.body, "access_token")
  return { idToken, ...(accessToken === undefined ? {} : { accessToken }) }
}
