import { asToolError, ToolError } from "../../../../core/errors.ts"
import { variable, type AmbientProvider, type OidcContext } from "../context.ts"
import { askJson, openIfBusy, problemOf, textOf, type JsonAnswer } from "../json-exchange.ts"
import { forbidden, rejected } from "../oidc-errors.ts"

const URL_NAME = "ACTIONS_ID_TOKEN_REQUEST_URL"
const TOKEN_NAME = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
const TRIES = 3
/** Milliseconds between tries. */
const PAUSE = 1000

/** The token service of a GitHub Actions job. */
export const githubActions: AmbientProvider = {
  name: "github-actions",
  needs: `the variables ${URL_NAME} and ${TOKEN_NAME}, which a job has with \`permissions: id-token: write\``,
  enabled: (ctx) => Promise.resolve(variable(ctx, URL_NAME) !== undefined && variable(ctx, TOKEN_NAME) !== undefined),
  token: async (ctx, audience, signal) => {
    const answer = await asked(ctx, requestUrl(ctx, audience), signal)
    if (answer.status === 401 || answer.status === 403) {
      throw forbidden("GitHub gave no identity token", problemOf(answer), [
        "grant the job `permissions: id-token: write`",
      ])
    }
    const token = textOf(answer.body, "value")
    if (answer.status === 200 && token !== undefined) return token
    const why = answer.status === 200 ? "its answer has no value" : problemOf(answer)
    throw rejected("GitHub gave no identity token", why, openIfBusy(answer))
  },
}

function requestUrl(ctx: OidcContext, audience: string): string {
  const url = URL.parse(variable(ctx, URL_NAME) ?? "")
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new ToolError("E_CONFIG_INVALID", { what: `${URL_NAME} is no URL`, why: "expected an https URL" })
  }
  url.searchParams.set("audience", audience)
  return url.href
}

async function asked(ctx: OidcContext, url: string, signal: AbortSignal | undefined): Promise<JsonAnswer> {
  const http = await ctx.http()
  const headers = { authorization: `bearer ${variable(ctx, TOKEN_NAME) ?? ""}` }
  for (let tried = 1; ; tried++) {
    try {
      const answer = await askJson(http, { url, who: "GitHub's token service", headers, replayable: false, signal })
      if (tried >= TRIES || (answer.status !== 429 && answer.status < 500)) return answer
    } catch (thrown) {
      const error = asToolError(thrown)
      if (tried >= TRIES || signal?.aborted === true || !error.code.startsWith("E_NET_")) throw error
    }
    await ctx.sleep(PAUSE, signal)
  }
}
