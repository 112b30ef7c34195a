import { tagArtifact } from "../../../app/artifacts.ts"
import type { CommandHandler } from "../../command.ts"
import { artifactDocument } from "../documents.ts"
import { printable } from "../../../core/printable.ts"
import { command } from "../session.ts"
import { parseTarget } from "../../../app/parse-target.ts"

/** `tag`. */
export const tag: CommandHandler = command(async (session) => {
  const { args, output } = session
  const target = parseTarget(args[0] ?? "")
  const tags = args.slice(1)
  const app = await session.open([target])
  const descriptor = await tagArtifact(app, { target, tags })
  await output.answer(artifactDocument(target.text, descriptor, { tags }), () => {
    const named = tags.map(printable).join(", ")
    return `${output.style.good("tagged")}  ${printable(target.text)} as ${named}\n  digest  ${descriptor.digest}\n`
  })
  return 0
})
