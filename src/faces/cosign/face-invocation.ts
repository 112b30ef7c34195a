import type { AppContext } from "../../app/requests.ts"
import type { ConnectionOptions, World } from "../../app/world.ts"
import { printable } from "../../core/printable.ts"
import type { CommandSpec, FlagValues, Program } from "../command.ts"
import type { Generation } from "./generation.ts"

/** What a command of the face gets. */
export interface FaceInvocation {
  readonly command: CommandSpec
  readonly flags: FlagValues
  readonly args: readonly string[]
  readonly world: World
  readonly generation: Generation
  readonly program: Program
  /** Opens the adapters with what the registry flags said; once per command. */
  open(): Promise<AppContext>
  /** Opens the adapters as somebody without credentials has them. */
  openAnonymous(): Promise<AppContext>
  /** Opens the adapters with a private connection of its own to a server, for services that need one. */
  openWith(tls: TlsFiles): Promise<AppContext>
}

/** How to prove who one is to a server, and whom to believe; paths of PEM files. */
export type TlsFiles = Pick<ConnectionOptions, "caFile" | "clientCertFile" | "clientKeyFile" | "serverName">

/** Runs a command of the face; the number is the exit code. */
export type FaceHandler = (invocation: FaceInvocation) => Promise<number>

/** One line on stderr; whatever is in it stays on that line. */
export async function say(invocation: Pick<FaceInvocation, "world">, line: string): Promise<void> {
  await invocation.world.stderr.write(`${printable(line)}\n`)
}
