import type { ListResult } from "../../../app/requests.ts"
import { listAttached } from "../../../app/list.ts"
import { EXIT } from "../../../core/error-catalogue.ts"
import { ToolError } from "../../../core/errors.ts"
import type { CommandHandler } from "../../command.ts"
import { attachedDocument } from "../documents.ts"
import { renderList } from "../render/attached.ts"
import { command, type Session } from "../session.ts"
import { parseTarget } from "../../../app/parse-target.ts"

/** `list`. */
export const list: CommandHandler = command(async (session) => {
  const result = await attachedTo(session, false)
  await session.output.answer(attachedDocument(result), () => renderList(result), "requested")
  return answerListed(session, result)
})

/** What is attached to the artifact of the first argument. */
export async function attachedTo(session: Session, decode: boolean): Promise<ListResult> {
  const target = parseTarget(session.args[0] ?? "")
  const app = await session.open([target])
  const repository = session.flags.string("signature-repository")
  return listAttached(app, { target, decode, ...(repository === "" ? {} : { signatureRepository: repository }) })
}

/**
 * Say which places could not be read.
 *
 * @returns the exit code: a list with a place missing is no whole answer.
 */
export async function answerListed({ output }: Session, result: ListResult): Promise<number> {
  const errors = result.stores.flatMap(({ store, outcome, error }) => {
    if (outcome !== "failed") return []
    const what = `could not list everything attached to ${result.artifact}`
    const why = `${store}: ${error?.message ?? "could not be read"}`
    return [new ToolError(error?.code ?? "E_INTERNAL", { what, why, kind: "unknown" })]
  })
  for (const error of errors) await output.error(error)
  return errors.length === 0 ? 0 : EXIT.unknown
}
