import { ToolError } from "../../../../core/errors.ts"
import { variable, type AmbientProvider } from "../context.ts"
import { askJson, openIfBusy, problemOf, textOf } from "../json-exchange.ts"
import { forbidden, rejected } from "../oidc-errors.ts"

const TOKEN_NAME = "BUILDKITE_AGENT_ACCESS_TOKEN"
const JOB_NAME = "BUILDKITE_JOB_ID"
const ENDPOINT = "https://agent.buildkite.com/v3"

/** The agent service of a Buildkite job. */
export const buildkiteAgent: AmbientProvider = {
  name: "buildkite-agent",
  needs: `the variable ${TOKEN_NAME}`,
  enabled: (ctx) => Promise.resolve(variable(ctx, TOKEN_NAME) !== undefined),
  token: async (ctx, audience, signal) => {
    const job = variable(ctx, JOB_NAME)
    if (job === undefined) {
      throw new ToolError("E_CONFIG_INVALID", { what: `${JOB_NAME} is not set`, why: "a token is asked for one job" })
    }
    const endpoint = (variable(ctx, "BUILDKITE_AGENT_ENDPOINT") ?? ENDPOINT).replace(/\/$/, "")
    if (!/^https?:\/\//.test(endpoint)) {
      throw new ToolError("E_CONFIG_INVALID", {
        what: "BUILDKITE_AGENT_ENDPOINT is no URL",
        why: "expected an https URL",
      })
    }
    const answer = await askJson(await ctx.http(), {
      url: `${endpoint}/jobs/${encodeURIComponent(job)}/oidc/tokens`,
      who: "Buildkite's agent service",
      headers: { authorization: `Token ${variable(ctx, TOKEN_NAME) ?? ""}` },
      json: { audience },
      signal,
    })
    if (answer.status === 401 || answer.status === 403) {
      throw forbidden("Buildkite gave no identity token", problemOf(answer))
    }
    const token = textOf(answer.body, "token")
    if (answer.status < 300 && token !== undefined) return token
    throw rejected("Buildkite gave no identity token", problemOf(answer), openIfBusy(answer))
  },
}
