import { placeOf, PLACES, type AmbientProvider } from "../context.ts"
import { tokenInFile } from "../given-token.ts"

/** A file that the platform writes, such as a projected volume of Kubernetes. */
export const filesystem: AmbientProvider = {
  name: "filesystem",
  needs: `the file ${PLACES.tokenFile}`,
  enabled: (ctx) => ctx.files.exists(placeOf(ctx, "tokenFile")),
  token: (ctx) => tokenInFile(ctx, placeOf(ctx, "tokenFile")),
}
