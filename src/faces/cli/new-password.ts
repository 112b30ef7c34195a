import type { AppContext } from "../../app/requests.ts"
import { equalBytes } from "../../codec/equal-bytes.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { Session } from "./session.ts"

const VARIABLES: readonly string[] = ["COUNTERSIGN_PASSWORD", "COSIGN_PASSWORD"]

/**
 * Password for a key that is being made: the file named, the variables, the terminal (asked twice).
 *
 * @returns bytes as given; a file's last line break is left out. May be empty where a variable is set and empty.
 * @throws {ToolError} `E_KEY_NO_TERMINAL` when nobody can be asked, `E_KEY_PASSWORD` when the two answers differ.
 */
export async function newPassword(session: Session, app: AppContext): Promise<Uint8Array> {
  const { flags, world } = session
  const file = flags.string("password-file")
  if (file !== "") return withoutLineBreak(await app.files.read(file, limits.passwordBytes))
  for (const name of VARIABLES) {
    const value = world.env[name]
    if (value !== undefined) return new TextEncoder().encode(value)
  }
  return askTwice(app)
}

async function askTwice(app: AppContext): Promise<Uint8Array> {
  if (!app.prompter.interactive) {
    throw new ToolError("E_KEY_NO_TERMINAL", {
      what: "a password for the new key is needed and there is no terminal",
      why: `${VARIABLES.join(" and ")} are not set, and --password-file was not given`,
      next: ["set COUNTERSIGN_PASSWORD, or pass `--password-file FILE`"],
    })
  }
  const first = await app.prompter.password("password of the new private key")
  const second = await app.prompter.password("the same again")
  if (equalBytes(first, second)) return first
  throw new ToolError("E_KEY_PASSWORD", {
    what: "the two passwords differ",
    why: "expected the same password twice",
    next: ["run the command again"],
  })
}

function withoutLineBreak(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  if (bytes[end - 1] === 0x0a) end -= 1
  if (end < bytes.length && bytes[end - 1] === 0x0d) end -= 1
  return bytes.subarray(0, end)
}
