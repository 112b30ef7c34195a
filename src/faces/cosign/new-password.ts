import { equalBytes } from "../../codec/equal-bytes.ts"
import { limits } from "../../core/limits.ts"
import { faceError } from "./face-error.ts"
import type { FaceInvocation } from "./face-invocation.ts"

/**
 * Password for a key that is written: COSIGN_PASSWORD (also empty), the terminal (twice), else all of standard input
 * unchanged.
 *
 * @throws {ToolError} `passwords do not match`.
 */
export async function newPassword(invocation: FaceInvocation): Promise<Uint8Array> {
  const { world } = invocation
  const given = world.env["COSIGN_PASSWORD"]
  if (given !== undefined) return new TextEncoder().encode(given)
  const { prompter } = await invocation.open()
  if (!prompter.interactive) return await fromStdin(invocation)
  const first = await prompter.password("Enter password for private key: ")
  const second = await prompter.password("Enter password for private key again: ")
  if (!equalBytes(first, second)) throw faceError("passwords do not match", { code: "E_KEY_PASSWORD" })
  return first
}

async function fromStdin({ world }: FaceInvocation): Promise<Uint8Array> {
  const password = await world.stdin.read(limits.passwordBytes)
  if (password.length > 0) return password
  // DEVIATION: cosign takes an empty pipe for an empty password; nothing tells it from </dev/null, where cosign fails.
  throw faceError("no password was given: standard input is empty", {
    code: "E_KEY_PASSWORD",
    hints: ["set COSIGN_PASSWORD; an empty value makes a key without a password"],
  })
}
