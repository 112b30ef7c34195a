import { pushArtifact } from "../../../app/artifacts.ts"
import { ToolError } from "../../../core/errors.ts"
import type { CommandHandler } from "../../command.ts"
import { artifactDocument } from "../documents.ts"
import { printable } from "../../../core/printable.ts"
import { command } from "../session.ts"
import { parseTarget } from "../../../app/parse-target.ts"
import { parseAnnotations } from "../values.ts"

/** `push`. */
export const push: CommandHandler = command(async (session) => {
  const { flags, args, output } = session
  const target = parseTarget(args[0] ?? "")
  const files = args.slice(1).map(parseFile)
  const annotations = parseAnnotations(flags.strings("annotation"))
  const artifactType = flags.string("artifact-type")
  const app = await session.open([target])
  const request = { target, files, annotations, ...(artifactType === "" ? {} : { artifactType }) }
  const pushed = await pushArtifact(app, request)
  const document = artifactDocument(pushed.reference, pushed.descriptor, { files: files.map(({ path }) => path) })
  await output.answer(document, () => {
    return `${output.style.good("pushed")}  ${printable(pushed.reference)}\n  digest  ${pushed.descriptor.digest}\n`
  })
  return 0
})

const UNTYPED = "application/octet-stream"

/** `FILE[:MEDIA-TYPE]`: a media type has a slash and no colon; anything else after a colon belongs to the path. */
function parseFile(text: string): { readonly path: string; readonly mediaType: string } {
  const match = /^(.+):([\w.+-]+\/[\w.+-]+(?:;[^:]*)?)$/s.exec(text)
  const path = match?.[1] ?? text
  if (path === "")
    throw new ToolError("E_USAGE", { what: "an empty file name", why: "expected FILE or FILE:MEDIA-TYPE" })
  return { path, mediaType: match?.[2] ?? UNTYPED }
}
