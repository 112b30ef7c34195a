import { faceError } from "./face-error.ts"
import { say, type FaceInvocation } from "./face-invocation.ts"

const PROMPT = "Are you sure you would like to continue? [y/N] "

/**
 * Warn, then ask as {@link ask} does.
 *
 * @throws {ToolError} `E_DECLINED`.
 */
export async function confirm(invocation: FaceInvocation, warning: string): Promise<void> {
  await say(invocation, `WARNING: ${warning}`)
  await ask(invocation)
}

/**
 * Ask as cosign does. Empty, `n` and the end of input decline.
 *
 * @throws {ToolError} `E_DECLINED`.
 */
export async function ask(invocation: FaceInvocation): Promise<void> {
  const { world } = invocation
  if (world.stdin.isTTY) {
    const app = await invocation.open()
    if (await app.prompter.confirm(PROMPT.trimEnd())) return
    throw declined()
  }
  await world.stderr.write(PROMPT)
  const text = new TextDecoder().decode(await world.stdin.read(64 * 1024))
  const answer = (text.split("\n", 1)[0] ?? "").trim()
  if (answer === "y" || answer === "Y") return
  if (answer === "" || answer === "n" || answer === "N") throw declined()
  throw faceError(`invalid input ${JSON.stringify(answer)} (allowed values y, n)`)
}

function declined(): Error {
  return faceError("user declined the prompt", { code: "E_DECLINED" })
}
