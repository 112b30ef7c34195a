import { concatBytes } from "../../codec/concat-bytes.ts"
import type { AppContext } from "../../app/requests.ts"
import type { ConnectionOptions, OutputStream, World } from "../../app/world.ts"
import { printableJson, printableText } from "../../core/printable.ts"
import type { FlagValues, Invocation, Program } from "../command.ts"
import { isOn } from "./environment.ts"
import { connectionOf } from "./connection.ts"
import { escapedStream } from "./escaped-stream.ts"
import { faceError } from "./face-error.ts"
import type { FaceFlag } from "./face-flag.ts"
import type { FaceHandler, TlsFiles } from "./face-invocation.ts"
import type { Generation } from "./generation.ts"
import { imageTarget } from "./targets.ts"

/**
 * Call a command of the face: refuse what is not supported, send stdout to `--output-file`, open the adapters on demand.
 *
 * @throws {ToolError} `E_USAGE` for a flag whose row is marked `refused`.
 */
export async function runFaceCommand(
  invocation: Invocation,
  handler: FaceHandler,
  program: Program,
  generation: Generation,
  flags: readonly FaceFlag[],
): Promise<number> {
  checkChoices(flags, invocation.flags, invocation.world)
  refuseUnsupported(flags, invocation.flags)
  const file = invocation.flags.string("output-file")
  const collected = file === "" ? undefined : collector(invocation.world.stdout)
  const { stdout, stderr } = invocation.world
  const world: World = {
    ...shallow(invocation.world),
    // What goes to a file or a pipe is data and stays as it is.
    stdout: collected?.stream ?? (stdout.isTTY ? escapedStream(stdout, printableJson) : stdout),
    stderr: escapedStream(stderr, printableText),
  }
  const connection = connectionOf(flags, invocation.flags, invocation.world, generation)
  let opened: Promise<AppContext> | undefined
  const open = (): Promise<AppContext> =>
    (opened ??= invocation.world.open({ ...connection, ...credentialsFor(invocation.args) }))
  const openAnonymous = (): Promise<AppContext> => invocation.world.open({ ...connection, anonymous: true })
  const openWith = (tls: TlsFiles): Promise<AppContext> =>
    invocation.world.open({ ...withoutTls(connection), ...tls, anonymous: true })
  try {
    return await handler({ ...invocation, world, generation, program, open, openAnonymous, openWith })
  } finally {
    if (collected !== undefined) await (await open()).files.write(file, collected.bytes())
  }
}

const OF_REGISTRIES = ["caFile", "clientCertFile", "clientKeyFile", "serverName", "insecureTls"]

/** SECURITY: what the user allows for registries holds for no other server. */
function withoutTls(connection: ConnectionOptions): ConnectionOptions {
  return Object.fromEntries(Object.entries(connection).filter(([name]) => !OF_REGISTRIES.includes(name)))
}

/**
 * The registry that credentials on the command line are for.
 *
 * DEVIATION: cosign sends them to every registry of the command; here it is that of the first artifact.
 */
function credentialsFor([first]: readonly string[]): Pick<ConnectionOptions, "credentialsFor"> {
  if (first === undefined) return {}
  try {
    return { credentialsFor: imageTarget(first).reference.registry }
  } catch {
    // A file, or what the command itself will refuse.
    return {}
  }
}

/** Closed sets of values, in the words of cosign's own flag types. @throws {ToolError} `E_USAGE`. */
function checkChoices(flags: readonly FaceFlag[], values: FlagValues, world: World): void {
  for (const { name, choices } of flags) {
    if (choices === undefined || !values.given(name)) continue
    const value = values.string(name)
    const bad = (why: string): Error =>
      faceError(`invalid argument ${JSON.stringify(value)} for "--${name}" flag: ${why}`)
    if (!choices.includes(value)) throw bad(`must be one of ${listed(choices)}`)
    if (value === "oci-1-1" && !isOn(world, "COSIGN_EXPERIMENTAL")) {
      throw bad('in order to use  mode "oci-1-1", you must set COSIGN_EXPERIMENTAL=1')
    }
  }
}

function listed(choices: readonly string[]): string {
  const quoted = choices.map((choice) => JSON.stringify(choice))
  return quoted.length < 3 ? quoted.join(", ") : `${quoted.slice(0, -1).join(", ")}, or ${quoted.at(-1) ?? ""}`
}

/** A flag nobody acts upon is refused, never ignored: what it asks for would silently not happen. */
function refuseUnsupported(flags: readonly FaceFlag[], values: FlagValues): void {
  for (const flag of flags) {
    if (flag.refused === undefined || !values.given(flag.name)) continue
    if (flag.type === "bool" && !values.bool(flag.name)) continue
    throw faceError(`--${flag.name} is not supported: ${flag.refused}`, { hints: [`leave out --${flag.name}`] })
  }
}

/** The world's members bound to it, so that one can be replaced. */
function shallow(world: World): World {
  return {
    version: world.version,
    env: world.env,
    stdout: world.stdout,
    stderr: world.stderr,
    stdin: world.stdin,
    now: () => world.now(),
    open: (options) => world.open(options),
    credentials: world.credentials,
    serveRegistry: (options) => world.serveRegistry(options),
    sandbox: world.sandbox,
    temporaryFolder: () => world.temporaryFolder(),
    stopRequested: () => world.stopRequested(),
  }
}

function collector(like: OutputStream): { readonly stream: OutputStream; bytes(): Uint8Array } {
  const chunks: Uint8Array[] = []
  const encoder = new TextEncoder()
  return {
    stream: {
      isTTY: false,
      columns: like.columns,
      write: (chunk) => {
        chunks.push(typeof chunk === "string" ? encoder.encode(chunk) : chunk)
        return Promise.resolve()
      },
    },
    bytes: () => concatBytes(chunks),
  }
}
