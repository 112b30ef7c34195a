import { inspectBundle } from "../../../app/inspect-bundle.ts"
import { ToolError } from "../../../core/errors.ts"
import { bundleDocument } from "../documents.ts"
import { renderBundle } from "../render/bundle.ts"
import { refuseFlags, type Session } from "../session.ts"

/**
 * `inspect` of a bundle file.
 *
 * @returns the exit code.
 * @throws {ToolError} as {@link inspectBundle}.
 */
export async function inspectFile(session: Session, path: string): Promise<number> {
  const { flags, output } = session
  refuseFlags(flags, ["signature-repository"], "a bundle is a file, not an artifact in a registry")
  const file = flags.string("blob")
  const app = await session.open([])
  const inspected = await inspectBundle(app, path, file === "" ? undefined : file)
  const text = (): string => renderBundle(inspected, output.style, output.width)
  await output.answer(bundleDocument(inspected), text, "requested")
  return 0
}

/**
 * The bundle that is meant: `--bundle`, or an argument that is written as a path, or named as bundles are, and is there.
 *
 * @returns `undefined` where an artifact is meant, or nothing was named.
 * @throws {ToolError} `E_USAGE` for a bundle and an artifact.
 */
export async function bundleNamed(session: Session): Promise<string | undefined> {
  const { args, flags } = session
  const [artifact = ""] = args
  if (!flags.given("bundle")) {
    const isPath = /^\.{0,2}\/|\.json$/.test(artifact)
    return isPath && (await (await session.files()).exists(artifact)) ? artifact : undefined
  }
  if (artifact === "") return flags.string("bundle")
  throw new ToolError("E_USAGE", {
    what: "a bundle and an artifact at once",
    why: `got --bundle and the argument ${JSON.stringify(artifact)}, expected one of them`,
    next: ["leave out one of them; the file that the bundle may be about is named with `--blob FILE`"],
  })
}
