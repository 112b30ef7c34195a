import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { Files, Prompter } from "../../core/ports.ts"

/** A place a private key's password may come from. */
export type PasswordSource =
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "terminal"; readonly prompt: string }
  | { readonly kind: "stdin" }

/** What reading a password needs of the world. */
export interface PasswordWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly files: Pick<Files, "read">
  readonly prompter: Prompter
  /** All of standard input, at most `max` bytes. */
  readonly readStdin: (max: number) => Promise<Uint8Array>
}

/** A password file's content without the one line break editors put at its end. */
function withoutLineBreak(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1)
}

function describe(source: PasswordSource): string {
  switch (source.kind) {
    case "env":
      return `${source.name} is not set`
    case "file":
      return `${source.path} was not read`
    case "terminal":
      return "there is no terminal"
    case "stdin":
      return "standard input was not read"
  }
}

function none(sources: readonly PasswordSource[]): ToolError {
  const variables = sources.flatMap((source) => (source.kind === "env" ? [source.name] : []))
  return new ToolError("E_KEY_NO_TERMINAL", {
    what: "the private key's password is needed and there is no terminal to ask on",
    why: sources.length === 0 ? "no place to take it from was named" : sources.map(describe).join("; "),
    next:
      variables.length > 0
        ? [`set ${variables.join(" or ")}`, "or name a file with --password-file", "or run the command on a terminal"]
        : [],
  })
}

/**
 * The first password there is, in the order of `sources`.
 *
 * A variable counts when it is set, even to nothing. A file loses one final line break. Standard input is taken whole,
 * its final newline included, and only when nothing before it had a password.
 *
 * @returns raw bytes; UTF-8 for variables.
 * @throws {ToolError} `E_KEY_NO_TERMINAL` naming the variables when there is none; `E_FILE_NOT_FOUND`, `E_IO`, `E_LIMIT_EXCEEDED`.
 */
export async function readPassword(sources: readonly PasswordSource[], world: PasswordWorld): Promise<Uint8Array> {
  for (const source of sources) {
    switch (source.kind) {
      case "env": {
        const value = Object.hasOwn(world.env, source.name) ? world.env[source.name] : undefined
        if (value !== undefined) return new TextEncoder().encode(value)
        break
      }
      case "file":
        return withoutLineBreak(await world.files.read(source.path, limits.passwordBytes))
      case "terminal":
        if (world.prompter.interactive) return world.prompter.password(source.prompt)
        break
      case "stdin":
        return world.readStdin(limits.passwordBytes)
    }
  }
  throw none(sources)
}
