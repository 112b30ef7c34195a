import type { ConnectionOptions } from "../../app/world.ts"
import type { FaceInvocation } from "./face-invocation.ts"

/** User name and password of the flags, else of NOTATION_USERNAME and NOTATION_PASSWORD. Empty where neither says it. */
export function registryUser({ flags, world }: Pick<FaceInvocation, "flags" | "world">): {
  readonly username: string
  readonly password: string
} {
  const read = (flag: string, variable: string): string =>
    flags.given(flag) ? flags.string(flag) : (world.env[variable] ?? "")
  return { username: read("username", "NOTATION_USERNAME"), password: read("password", "NOTATION_PASSWORD") }
}

/**
 * What flags, variables and `config.json` say about reaching a registry.
 *
 * DEVIATION: notation speaks plain http to `localhost:PORT` alone without being asked; here every loopback address may
 * answer so.
 *
 * @param registry - `host[:port]`.
 */
export async function registryConnection(invocation: FaceInvocation, registry: string): Promise<ConnectionOptions> {
  const { flags, world, generation } = invocation
  const { notation } = await world.open({ artifacts: false })
  const { insecureRegistries } = await notation.readConfig()
  const insecure = insecureRegistries.some((known) => known.toLowerCase() === registry.toLowerCase())
  return {
    manners: "notation",
    plainHttp: flags.bool("insecure-registry") || insecure ? "always" : "loopback",
    credentialsFor: registry,
    userAgent: `notation/${generation.compared} (${world.version.platform.replace("/", "; ")}; countersign ${world.version.version})`,
    progress: false,
  }
}
