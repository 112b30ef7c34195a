import { credentialsRegistry } from "../../app/credentials-registry.ts"
import { revocationReach } from "../../app/revocation-reach.ts"
import type { AppContext, Target } from "../../app/requests.ts"
import type { World } from "../../app/world.ts"
import { ToolError } from "../../core/errors.ts"
import type { Files } from "../../core/ports.ts"
import type { CommandHandler, FlagValues, Invocation } from "../command.ts"
import { connectionOptions, registryHosts } from "./connection.ts"
import { createOutput, type Output } from "./output.ts"

/** What a command of ours works with. */
export interface Session {
  readonly flags: FlagValues
  readonly args: readonly string[]
  readonly world: World
  readonly output: Output
  /**
   * Open the adapters.
   *
   * @param targets - artifacts the command is about; with `--offline` nothing but their registries is reachable. Empty
   *   for commands on files: stores cannot be opened then.
   */
  open(targets: readonly Target[]): Promise<AppContext>
  /** The user's files, without any network. */
  files(): Promise<Files>
}

/**
 * Make a command. What it throws reaches {@link file://./fail.ts}, which prints it and chooses the exit code.
 *
 * @param run - returns the exit code.
 */
export function command(run: (session: Session) => Promise<number>): CommandHandler {
  return async (invocation) => {
    checkStandardInput(invocation)
    return run(sessionOf(invocation))
  }
}

function sessionOf(invocation: Invocation): Session {
  const { flags, args, world } = invocation
  const textOf = (name: string): string => {
    return invocation.command.flags.some((flag) => flag.name === name) ? flags.string(name) : ""
  }
  let opened: Promise<Files> | undefined
  // Lists name the artifacts, and the artifacts decide who may be contacted: reading them needs no network.
  const files = (): Promise<Files> =>
    (opened ??= world.open({ offlineExcept: [], passwordSources: [], artifacts: false }).then((app) => app.files))
  return {
    flags,
    args,
    world,
    output: createOutput(flags, world),
    open: async (targets) => {
      if (targets.length > 0) await requireAuthFile(flags.string("authfile"), files)
      const repository = textOf("signature-repository")
      const hosts = registryHosts(targets, repository)
      const connection = await connectionOptions(flags, world, hosts, textOf("password-file"))
      const options = {
        ...connection,
        revocationReach: revocationReach(targets),
        ...(mayLogIn(invocation) ? { timeoutMs: LOGIN_MS } : {}),
      }
      if (targets.length === 0) return world.open({ ...options, artifacts: false })
      if (options.username === undefined && options.token === undefined) return world.open(options)
      const registry = credentialsRegistry(targets, repository)
      return world.open(registry === undefined ? options : { ...options, credentialsFor: registry })
    },
    files,
  }
}

/** Milliseconds for a command in which somebody logs in and agrees: people read. */
const LOGIN_MS = 3_600_000

/** Whether a person may be waited for, and no other time was given. */
function mayLogIn({ command: { flags: specs }, flags }: Invocation): boolean {
  return !flags.given("timeout") && specs.some(({ name }) => name === "keyless") && flags.bool("keyless")
}

/** Asked before anything else: a file that is missing must not be found out after some of the work. */
async function requireAuthFile(path: string, files: () => Promise<Files>): Promise<void> {
  if (path === "" || (await (await files()).exists(path))) return
  throw new ToolError("E_FILE_NOT_FOUND", {
    what: `the credentials file ${path} does not exist`,
    why: "--authfile names it to be read instead of the usual places",
    next: ["check the path, or make the file with `countersign login --authfile FILE --username NAME HOST`"],
    details: { path },
  })
}

/** Flags whose value `-` is standard input, and flags that always read it. */
const READERS: readonly string[] = ["key", "password-file", "from-file", "predicate", "statement", "blob"]
const ALWAYS_READERS: readonly string[] = ["registry-password-stdin", "password-stdin"]

/** Standard input can be read once. @throws {ToolError} `E_USAGE` when two flags want it. */
function checkStandardInput({ command: { flags: specs }, flags }: Invocation): void {
  const own = specs
    .filter((spec) => READERS.includes(spec.name))
    .filter((spec) => (spec.type === "string" ? [flags.string(spec.name)] : flags.strings(spec.name)).includes("-"))
    .map((spec) => spec.name)
  const always = ALWAYS_READERS.filter(
    (name) => (name === "registry-password-stdin" || specs.some((spec) => spec.name === name)) && flags.bool(name),
  )
  const readers = [...own.map((name) => `--${name} -`), ...always.map((name) => `--${name}`)]
  if (readers.length < 2) return
  throw new ToolError("E_USAGE", {
    what: "standard input is wanted twice",
    why: `${readers.join(" and ")} both read it`,
    next: ["give one of them as a file"],
  })
}

/**
 * Refuse flags that mean nothing together with another, instead of ignoring them.
 *
 * @param names - flags that must not be given.
 * @param why - the reason, such as `--blob signs a file`.
 * @param instead - what would make the flag fit, where something does.
 * @throws {ToolError} `E_USAGE` naming the first that was given.
 */
export function refuseFlags(flags: FlagValues, names: readonly string[], why: string, instead?: string): void {
  const given = names.find((name) => flags.given(name))
  if (given === undefined) return
  throw new ToolError("E_USAGE", {
    what: `--${given} cannot be used here`,
    why,
    next: [
      ...(instead === undefined ? [] : [instead]),
      `${instead === undefined ? "" : "or "}leave out \`--${given}\``,
    ],
  })
}

/**
 * Value of a flag that the command cannot do without.
 *
 * @throws {ToolError} `E_USAGE` when it is absent or empty.
 */
export function requiredFlag(flags: FlagValues, name: string, what: string, next: string): string {
  const value = flags.string(name)
  if (value !== "") return value
  throw new ToolError("E_USAGE", { what, why: `expected --${name}`, next: [next] })
}

/** Artifacts and `--blob` exclude each other. */
export function blobAndArtifacts(args: readonly string[]): ToolError {
  return new ToolError("E_USAGE", {
    what: "a file and an artifact at once",
    why: `got --blob and the argument ${JSON.stringify(args[0] ?? "")}, expected one of them`,
    next: ["run the command once for the file and once for the artifact"],
  })
}
