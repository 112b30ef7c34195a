import { variable, placeOf, type AmbientProvider } from "../context.ts"
import { askJson, openIfBusy, problemOf, textOf } from "../json-exchange.ts"
import { forbidden, rejected } from "../oidc-errors.ts"
import { googleAccessToken } from "./google-access-token.ts"

const NAME = "GOOGLE_SERVICE_ACCOUNT_NAME"

/** A service account at Google that this machine's own account may act as. */
export const googleImpersonate: AmbientProvider = {
  name: "google-impersonate",
  needs: `the variable ${NAME}`,
  enabled: (ctx) => Promise.resolve(variable(ctx, NAME) !== undefined),
  token: async (ctx, audience, signal) => {
    const account = encodeURIComponent(variable(ctx, NAME) ?? "")
    const accessToken = await googleAccessToken(ctx, signal)
    const answer = await askJson(await ctx.http(), {
      url: `${placeOf(ctx, "googleIam")}/v1/projects/-/serviceAccounts/${account}:generateIdToken`,
      who: "Google's credentials service",
      headers: { authorization: `Bearer ${accessToken}` },
      json: { audience, includeEmail: true },
      signal,
    })
    if (answer.status === 401 || answer.status === 403) {
      throw forbidden("Google gave no identity token", problemOf(answer), [
        "grant the calling account the role Service Account OpenID Connect Identity Token Creator on the account named",
      ])
    }
    const token = textOf(answer.body, "token")
    if (answer.status === 200 && token !== undefined) return token
    const why = answer.status === 200 ? "its answer has no token" : problemOf(answer)
    throw rejected("Google gave no identity token", why, openIfBusy(answer))
  },
}
