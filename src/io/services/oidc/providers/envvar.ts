import { variable, type AmbientProvider } from "../context.ts"

const NAME = "SIGSTORE_ID_TOKEN"

/** A variable that a CI job sets, as GitLab does where the job defines `id_tokens`. */
export const envvar: AmbientProvider = {
  name: "envvar",
  needs: `the variable ${NAME}`,
  enabled: (ctx) => Promise.resolve(variable(ctx, NAME) !== undefined),
  token: (ctx) => Promise.resolve((variable(ctx, NAME) ?? "").trim()),
}
