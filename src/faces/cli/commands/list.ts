import type { ListResult } from "../../../app/requests.ts"
import { listAttached } from "../../../app/list.ts"
import type { CommandHandler } from "../../command.ts"
import { attachedDocument } from "../documents.ts"
import { renderList } from "../render/attached.ts"
import { command, type Session } from "../session.ts"
import { parseTarget } from "../../../app/parse-target.ts"

/** `list`. */
export const list: CommandHandler = command(async (session) => {
  const result = await attachedTo(session, false)
  await session.output.answer(attachedDocument(result), () => renderList(result), "requested")
  return listExit(result)
})

/** What is attached to the artifact of the first argument. */
export async function attachedTo(session: Session, decode: boolean): Promise<ListResult> {
  const target = parseTarget(session.args[0] ?? "")
  const app = await session.open([target])
  const repository = session.flags.string("signature-repository")
  return listAttached(app, { target, decode, ...(repository === "" ? {} : { signatureRepository: repository }) })
}

/** A list with a place missing is no whole answer: exit code 3. */
export function listExit(result: ListResult): number {
  return result.stores.some((store) => store.outcome === "failed") ? 3 : 0
}
