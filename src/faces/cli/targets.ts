import type { Target } from "../../app/requests.ts"
import type { World } from "../../app/world.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { Files } from "../../core/ports.ts"
import { parseTarget } from "../../app/parse-target.ts"

/**
 * Artifacts from arguments and a list file.
 *
 * @param list - path of a file with one artifact a line, `-` for standard input, empty for none; `#` starts a comment.
 * @throws {ToolError} `E_USAGE` when there is none at all, `E_REF_INVALID` with the line's number, `E_FILE_NOT_FOUND`, `E_IO`.
 */
export async function readTargets(
  args: readonly string[],
  list: string,
  files: Files,
  stdin: World["stdin"],
): Promise<readonly Target[]> {
  const named = args.map(parseTarget)
  if (list === "") {
    if (named.length > 0) return named
    throw new ToolError("E_USAGE", {
      what: "no artifact named",
      why: "expected at least one artifact, `--from-file LIST` or `--blob FILE`",
      next: ["name one, such as `registry.example/app:1.0`"],
    })
  }
  const bytes = list === "-" ? await stdin.read(limits.manifestBytes) : await files.read(list, limits.manifestBytes)
  const listed = parseList(bytes, list)
  if (named.length + listed.length > 0) return [...named, ...listed]
  throw new ToolError("E_USAGE", {
    what: `no artifact in ${nameOfList(list)}`,
    why: "expected one artifact a line, every line is empty or a comment",
    next: ["check the list, or name the artifacts as arguments"],
  })
}

function parseList(bytes: Uint8Array, list: string): readonly Target[] {
  const lines = decodeList(bytes, list).split("\n")
  return lines.flatMap((line, index) => {
    // A comment needs a space before it, so that no reference is ever cut.
    const text = line.replace(/(^|\s)#.*$/s, "").trim()
    if (text === "") return []
    try {
      return [parseTarget(text)]
    } catch (cause) {
      if (!(cause instanceof ToolError)) throw cause
      throw new ToolError(cause.code, {
        what: `${nameOfList(list)}, line ${index + 1}: ${cause.what}`,
        ...(cause.why === undefined ? {} : { why: cause.why }),
        next: cause.next,
        cause,
      })
    }
  })
}

function decodeList(bytes: Uint8Array, list: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ToolError("E_USAGE", {
      what: `${nameOfList(list)} is not UTF-8 text`,
      why: "expected one artifact a line",
      next: ["check that `--from-file` names a list and not the artifact itself"],
      cause,
    })
  }
}

function nameOfList(list: string): string {
  return list === "-" ? "standard input" : list
}
