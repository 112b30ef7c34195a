import type { CommandHandler } from "../../command.ts"
import { attachedDocument } from "../documents.ts"
import { renderInspection } from "../render/attached.ts"
import { ToolError } from "../../../core/errors.ts"
import { command, refuseFlags } from "../session.ts"
import { bundleNamed, inspectFile } from "./inspect-file.ts"
import { answerListed, attachedTo } from "./list.ts"

/** `inspect`. @throws {ToolError} `E_USAGE` when nothing was named. */
export const inspect: CommandHandler = command(async (session) => {
  const { args, flags, output } = session
  const bundle = await bundleNamed(session)
  if (bundle !== undefined) return inspectFile(session, bundle)
  refuseFlags(flags, ["blob"], "it is compared with a bundle", "add `--bundle FILE`")
  if (args.length === 0) {
    throw new ToolError("E_USAGE", {
      what: "nothing to inspect was named",
      why: "expected an artifact or `--bundle FILE`",
      next: ["name one, such as `registry.example/app:1.0`"],
    })
  }
  const result = await attachedTo(session, true)
  await output.answer(attachedDocument(result), () => renderInspection(result, output.style, output.width), "requested")
  return answerListed(session, result)
})
