import { pullArtifact } from "../../../app/artifacts.ts"
import type { CommandHandler } from "../../command.ts"
import { artifactDocument } from "../documents.ts"
import { facts } from "../render/facts.ts"
import { printable } from "../../../core/printable.ts"
import { command } from "../session.ts"
import { parseTarget } from "../../../app/parse-target.ts"

/** `pull`. */
export const pull: CommandHandler = command(async (session) => {
  const { flags, args, output } = session
  const target = parseTarget(args[0] ?? "")
  const app = await session.open([target])
  const pulled = await pullArtifact(app, { target, output: flags.string("to"), overwrite: flags.bool("overwrite") })
  await output.answer(artifactDocument(target.text, pulled.descriptor, { files: pulled.files }), () => {
    const rows = pulled.files.map((file) => ["file", printable(file)] as const)
    const lines = facts([["digest", pulled.descriptor.digest], ...rows], 2, output.width)
    return `${[`${output.style.good("pulled")}  ${printable(target.text)}`, ...lines].join("\n")}\n`
  })
  return 0
})
