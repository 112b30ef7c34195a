import { placeOf, type AmbientProvider } from "../context.ts"
import { isOnGoogle, metadata } from "./google-metadata.ts"

const IDENTITY = "instance/service-accounts/default/identity"

/**
 * The service account of a machine or pod at Google.
 *
 * DEVIATION: machines elsewhere are told apart by their product name, without a request to a link-local address.
 */
export const googleWorkloadIdentity: AmbientProvider = {
  name: "google-workload-identity",
  needs: "a machine at Google whose metadata service gives identity tokens",
  guessed: true,
  enabled: async (ctx, signal) => {
    if (!(await isOnGoogle(ctx, placeOf(ctx, "productName")))) return false
    try {
      await metadata(ctx, `${IDENTITY}?audience=garbage&format=full`, signal)
      return true
    } catch (thrown) {
      if (signal?.aborted === true) throw thrown
      return false
    }
  },
  token: (ctx, audience, signal) =>
    metadata(ctx, `${IDENTITY}?audience=${encodeURIComponent(audience)}&format=full`, signal),
}
