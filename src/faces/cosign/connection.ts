import type { ConnectionOptions, World } from "../../app/world.ts"
import type { FlagValues } from "../command.ts"
import type { FaceFlag } from "./face-flag.ts"
import type { Generation } from "./generation.ts"

/** What the registry flags, global flags and COSIGN_* variables say about connections and passwords. */
export function connectionOf(
  table: readonly FaceFlag[],
  flags: FlagValues,
  world: World,
  generation: Generation,
): ConnectionOptions {
  const known = new Set(table.map((flag) => flag.name))
  const text = (name: string): string => (known.has(name) ? flags.string(name) : "")
  const bool = (name: string): boolean => known.has(name) && flags.bool(name)
  const some = <K extends string>(key: K, value: string): Partial<Record<K, string>> =>
    value === "" ? {} : ({ [key]: value } as Partial<Record<K, string>>)
  return {
    manners: "cosign",
    // COMPAT(cosign 2.5, 3.1): go-containerregistry speaks http to loopback, *.local and private addresses.
    plainHttp: bool("allow-http-registry") ? "always" : "private",
    insecureTls: bool("allow-insecure-registry"),
    ...some("username", text("registry-username")),
    ...some("password", text("registry-password")),
    ...some("token", text("registry-token")),
    ...some("caFile", text("registry-cacert")),
    ...some("clientCertFile", text("registry-client-cert")),
    ...some("clientKeyFile", text("registry-client-key")),
    ...some("serverName", text("registry-server-name")),
    timeoutMs: wholeMilliseconds(flags.duration("timeout")),
    userAgent: `cosign/${generation.compared} (${world.version.platform.replace("/", "; ")}; countersign ${world.version.version})`,
    passwordSources: [
      { kind: "env", name: "COSIGN_PASSWORD" },
      { kind: "terminal", prompt: "Enter password for private key: " },
      { kind: "stdin" },
    ],
    plainPrivateKeys: false,
    logLevel: flags.bool("verbose") ? "debug" : "warn",
    progress: false,
  }
}

/** Timers take whole milliseconds from 1 to 2^31 - 1; no time at all is as little as there is. */
function wholeMilliseconds(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), 1), 2 ** 31 - 1)
}
