import type { AppContext } from "../../app/requests.ts"
import { revocationReach } from "../../app/revocation-reach.ts"
import type { ConnectionOptions } from "../../app/world.ts"
import type { FaceArtifact } from "./artifact.ts"
import type { FaceInvocation } from "./face-invocation.ts"
import { registryConnection, registryUser } from "./login-connection.ts"

/**
 * Open the adapters for an artifact: plain http where notation speaks it, credentials from flags and variables for this
 * registry alone.
 */
export async function openFor(invocation: FaceInvocation, artifact: FaceArtifact): Promise<AppContext> {
  return invocation.open(await connectionFor(invocation, artifact))
}

async function connectionFor(
  invocation: FaceInvocation,
  { registry, target }: FaceArtifact,
): Promise<ConnectionOptions> {
  const reach = { revocationReach: revocationReach([target]) }
  if (registry === undefined) return { manners: "notation", ...reach }
  const { username, password } = registryUser(invocation)
  return { ...(await registryConnection(invocation, registry)), ...reach, ...credentials(username, password) }
}

/** An empty name means that the password is an identity token. */
function credentials(username: string, password: string): Pick<ConnectionOptions, "username" | "password"> {
  return username === "" && password === "" ? {} : { username, password }
}
