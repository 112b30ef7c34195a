import type { FaceInvocation } from "./face-invocation.ts"

/** Longest answer read, bytes. */
const MAX_ANSWER = 64 * 1024

/**
 * Ask a question as notation does: on stdout, `y` and `yes` in any case are a yes. Any other line prints that the operation
 * is cancelled; the end of input prints nothing.
 *
 * @returns false when the command must end, with exit code 0.
 */
export async function ask(invocation: FaceInvocation, question: string): Promise<boolean> {
  const { world } = invocation
  const answer = await answerTo(invocation, `${question} [y/N] `)
  if (answer === undefined) return false
  if (["y", "yes"].includes(answer.toLowerCase())) return true
  await world.stdout.write("Operation cancelled.\n")
  return false
}

async function answerTo(invocation: FaceInvocation, prompt: string): Promise<string | undefined> {
  const { world } = invocation
  if (world.stdin.isTTY) {
    const { prompter } = await invocation.open()
    return await prompter.text(prompt)
  }
  await world.stdout.write(prompt)
  const text = new TextDecoder().decode(await world.stdin.read(MAX_ANSWER))
  return text === "" ? undefined : (text.split("\n", 1)[0] ?? "").replace(/\r$/, "")
}
