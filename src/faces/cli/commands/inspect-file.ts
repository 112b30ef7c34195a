import { inspectBundle } from "../../../app/inspect-bundle.ts"
import { bundleDocument } from "../documents.ts"
import { renderBundle } from "../render/bundle.ts"
import { refuseFlags, type Session } from "../session.ts"
import { ToolError } from "../../../core/errors.ts"

/**
 * `inspect --bundle`. @returns the exit code.
 *
 * @throws {ToolError} `E_USAGE` for an artifact beside it; as {@link inspectBundle}.
 */
export async function inspectFile(session: Session): Promise<number> {
  const { args, flags, output } = session
  const [artifact] = args
  if (artifact !== undefined) {
    throw new ToolError("E_USAGE", {
      what: "a bundle and an artifact at once",
      why: `got --bundle and the argument ${JSON.stringify(artifact)}, expected one of them`,
      next: ["leave out one of them; the file that the bundle may be about is named with `--blob FILE`"],
    })
  }
  refuseFlags(flags, ["signature-repository"], "`--bundle` shows a file, not an artifact in a registry")
  const file = flags.string("blob")
  const app = await session.open([])
  const inspected = await inspectBundle(app, flags.string("bundle"), file === "" ? undefined : file)
  const text = (): string => renderBundle(inspected, output.style, output.width)
  await output.answer(bundleDocument(inspected), text, "requested")
  return 0
}
