import { asToolError, ToolError } from "../../../core/errors.ts"
import type { AmbientProvider, OidcContext } from "./context.ts"
import { noToken, shown } from "./oidc-errors.ts"
import { providers } from "./providers/providers.ts"

/** Who tokens of machines and CI jobs are for. */
const AUDIENCE = "sigstore"

/** A token and which provider gave it. */
export interface AmbientToken {
  readonly token: string
  readonly provider: string
}

/**
 * The token that the machine or CI job brings along. Providers are tried in the order of the table; one that fails
 * leaves the turn to the next one.
 *
 * @param name - provider to use alone.
 * @returns `undefined` when none is there.
 * @throws {ToolError} `E_USAGE` for an unknown name; the first failure when every provider that is there failed.
 */
export async function ambientToken(
  ctx: OidcContext,
  name: string | undefined,
  signal?: AbortSignal,
): Promise<AmbientToken | undefined> {
  if (name !== undefined) return named(ctx, name, signal)
  let failed: ToolError | undefined
  for (const provider of providers) {
    if (!(await provider.enabled(ctx, signal))) continue
    try {
      return { token: await provider.token(ctx, AUDIENCE, signal), provider: provider.name }
    } catch (thrown) {
      if (signal?.aborted === true) throw thrown
      const error = asToolError(thrown)
      if (error.code === "E_INTERNAL") throw error
      ctx.logger.debug("oidc.provider_failed", { provider: provider.name, code: error.code })
      failed ??= error
    }
  }
  if (failed !== undefined) throw failed
  return undefined
}

async function named(ctx: OidcContext, name: string, signal: AbortSignal | undefined): Promise<AmbientToken> {
  const provider: AmbientProvider | undefined = providers.find((one) => one.name === name)
  if (provider === undefined) {
    throw new ToolError("E_USAGE", {
      what: `${shown(name)} is not a valid provider`,
      why: `expected one of ${providers.map((one) => one.name).join(", ")}`,
    })
  }
  if (provider.guessed !== true && !(await provider.enabled(ctx, signal))) {
    throw noToken(`the provider ${name} is not there`, `expected ${provider.needs}`)
  }
  return { token: await provider.token(ctx, AUDIENCE, signal), provider: name }
}
