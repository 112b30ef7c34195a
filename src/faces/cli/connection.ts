import type { ConnectionOptions, PasswordSource, World } from "../../app/world.ts"
import type { Target } from "../../app/requests.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { dialHost, parseRepositoryName } from "../../core/reference-grammar.ts"
import type { FlagValues } from "../command.ts"

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * What the global flags and variables say about reaching registries and reading keys.
 *
 * @param flags - with the global flags.
 * @param hosts - registries of the artifacts named; with `--offline` nobody else may be contacted.
 * @param passwordFile - value of `--password-file`, empty when not given.
 * @throws {ToolError} `E_USAGE` when flags contradict each other, `E_LIMIT_EXCEEDED` for an endless password.
 */
export async function connectionOptions(
  flags: FlagValues,
  world: World,
  hosts: readonly string[],
  passwordFile: string,
): Promise<ConnectionOptions> {
  const options: Mutable<ConnectionOptions> = {
    passwordSources: passwordSources(passwordFile),
    plainPrivateKeys: true,
    logLevel: logLevel(flags),
    logFormat: flags.string("log-format") === "json" ? "json" : "text",
    progress: showsProgress(flags, world),
    insecureTls: flags.bool("insecure-skip-tls-verify"),
    plainHttp: flags.bool("plain-http") ? "always" : "loopback",
    timeoutMs: timeout(flags),
  }
  const texts = [
    ["registry-cacert", "caFile"],
    ["registry-client-cert", "clientCertFile"],
    ["registry-client-key", "clientKeyFile"],
    ["registry-server-name", "serverName"],
    ["authfile", "authFile"],
  ] as const
  for (const [flag, option] of texts) {
    if (flags.string(flag) !== "") options[option] = flags.string(flag)
  }
  if (flags.bool("offline")) options.offlineExcept = hosts
  Object.assign(options, await registryCredentials(flags, world))
  return options
}

/** @throws {ToolError} `E_USAGE` for no time at all. */
function timeout(flags: FlagValues): number {
  const ms = flags.duration("timeout")
  if (ms > 0) return ms
  throw new ToolError("E_USAGE", {
    what: "no time to work in",
    why: "--timeout is zero or negative, expected a duration such as 30s",
    next: ["leave out `--timeout` for three minutes, or give a long time such as `--timeout 24h`"],
  })
}

function logLevel(flags: FlagValues): "quiet" | "warn" | "info" | "debug" {
  if (flags.bool("debug")) return "debug"
  if (flags.bool("verbose")) return "info"
  return flags.bool("quiet") ? "quiet" : "warn"
}

function showsProgress(flags: FlagValues, world: World): boolean {
  const inCi = (world.env["CI"] ?? "") !== ""
  return world.stderr.isTTY && !inCi && !flags.bool("quiet") && flags.string("log-format") === "text"
}

/** Where a private key's password comes from: the file named, the variables, the terminal. */
function passwordSources(passwordFile: string): readonly PasswordSource[] {
  // A file loses its last line break, and so must what is piped in where a file is expected.
  if (passwordFile !== "") return [{ kind: "file", path: passwordFile }]
  return [
    { kind: "env", name: "COUNTERSIGN_PASSWORD" },
    { kind: "env", name: "COSIGN_PASSWORD" },
    { kind: "terminal", prompt: "password of the private key" },
  ]
}

/**
 * Hosts that the artifacts and the signature repository lie on, each once, in order.
 *
 * @param repository - value of `--signature-repository`, empty when not given.
 * @throws {ToolError} `E_REF_INVALID` for a bad repository.
 */
export function registryHosts(targets: readonly Target[], repository: string): readonly string[] {
  const places = [
    ...targets.flatMap((target) => (target.kind === "registry" ? [target.reference] : [])),
    ...(repository === "" ? [] : [parseRepositoryName(repository, "docker")]),
  ]
  return [...new Set(places.flatMap((place) => [place.registry, dialHost(place, "docker")]))]
}

async function registryCredentials(
  flags: FlagValues,
  world: World,
): Promise<Pick<ConnectionOptions, "username" | "password" | "token">> {
  const token = world.env["COUNTERSIGN_REGISTRY_TOKEN"] ?? ""
  const username = flags.string("registry-username")
  const fromStdin = flags.bool("registry-password-stdin")
  if (username === "") {
    if (fromStdin) {
      throw new ToolError("E_USAGE", {
        what: "a registry password without a user name",
        why: "--registry-password-stdin was given, --registry-username was not",
        next: ["add `--registry-username NAME`"],
      })
    }
    return token === "" ? {} : { token }
  }
  const password = fromStdin ? await readPassword(world) : world.env["COUNTERSIGN_REGISTRY_PASSWORD"]
  if (password === undefined) {
    throw new ToolError("E_USAGE", {
      what: "a registry user name without a password",
      why: "--registry-username was given; COUNTERSIGN_REGISTRY_PASSWORD is not set and --registry-password-stdin not given",
      next: ["set COUNTERSIGN_REGISTRY_PASSWORD, or pipe the password in with `--registry-password-stdin`"],
    })
  }
  return { username, password }
}

/**
 * A registry password from standard input, without the line break at its end.
 *
 * @throws {ToolError} `E_USAGE` when it is empty or no UTF-8.
 */
export async function readPassword(world: World): Promise<string> {
  const bytes = await world.stdin.read(limits.passwordBytes)
  let text = ""
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, "")
  } catch (cause) {
    throw new ToolError("E_USAGE", { what: "the password on standard input is not UTF-8 text", cause })
  }
  if (text !== "") return text
  throw new ToolError("E_USAGE", {
    what: "no password on standard input",
    why: "expected the password, standard input was empty",
    next: ['pipe it in: `printf %s "$TOKEN" | countersign …`'],
  })
}
