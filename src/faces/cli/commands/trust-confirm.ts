import type { AppContext } from "../../../app/requests.ts"
import { ToolError } from "../../../core/errors.ts"
import type { Session } from "../session.ts"

/**
 * Ask before trust is changed, unless `--yes` was given.
 *
 * @param about - printable lines for the person who decides; shown where nobody can be asked, too.
 * @param question - without a question mark's answer, such as `trust this certificate?`.
 * @throws {ToolError} `E_KEY_NO_TERMINAL` when nobody can be asked, `E_DECLINED`.
 */
export async function confirmChange(
  { flags, world }: Session,
  { prompter }: Pick<AppContext, "prompter">,
  about: readonly string[],
  question: string,
): Promise<void> {
  if (flags.bool("yes")) return
  await world.stderr.write(`${about.join("\n")}\n`)
  if (!prompter.interactive) {
    throw new ToolError("E_KEY_NO_TERMINAL", {
      what: "a confirmation is needed and there is no terminal",
      why: "--yes was not given; nothing was changed",
      next: ["check what is shown above, then run the command again with `--yes`"],
    })
  }
  if (await prompter.confirm(question)) return
  throw new ToolError("E_DECLINED", { what: "nothing was changed", why: "the question was declined" })
}
