import { placeOf, variable, type AmbientProvider, type OidcContext } from "../context.ts"
import { fetchJwtSvid } from "./spiffe-call.ts"

const NAME = "SPIFFE_ENDPOINT_SOCKET"

/** The workload API of SPIFFE, as SPIRE's agent offers it. */
export const spiffe: AmbientProvider = {
  name: "spiffe",
  needs: `a workload API socket, named by ${NAME} or at its usual place`,
  enabled: (ctx) => ctx.files.exists(socketPath(ctx)),
  token: (ctx, audience, signal) => fetchJwtSvid(socketPath(ctx), audience, signal),
}

/** COMPAT(cosign): a path; SPIFFE itself writes `unix:///path`. */
function socketPath(ctx: OidcContext): string {
  const named = variable(ctx, NAME) ?? placeOf(ctx, "spiffeSocket")
  return named.replace(/^unix:(?:\/\/)?(?=\/)/, "")
}
