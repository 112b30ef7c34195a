import { catalogue, EXIT } from "../../../core/error-catalogue.ts"
import type { ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { printable, printableLines } from "../../../core/printable.ts"
import { plainStyle, type Style } from "./style.ts"
import { hanging } from "./wrap.ts"

/** How an error is laid out. */
interface ErrorLayout {
  readonly style?: Style
  /** Columns; absent = no wrapping. */
  readonly width?: number
  /** The artifact it is about, when the error does not name one itself. */
  readonly artifact?: string
}

/**
 * An error as a person reads it on stderr: what, artifact, why, hints, code.
 *
 * @returns lines, each ended by a line break; nothing untrusted in it can start a line or control the terminal.
 */
export function renderError(error: ToolError, layout: ErrorLayout = {}): string {
  const style = layout.style ?? plainStyle
  const width = layout.width ?? Infinity
  const lines: string[] = [`${style.bad("error:")} ${printable(error.what)} [${style.strong(error.code)}]`]
  const artifact = artifactOf(error) ?? layout.artifact
  if (artifact !== undefined) lines.push(`  artifact  ${printable(artifact)}`)
  if (error.why !== undefined && error.why !== "") {
    lines.push(...hanging("  why       ", printableLines(error.why), width))
  }
  for (const hint of error.next) {
    const [first = "", ...rest] = hanging("  hint: ", printableLines(hint), width)
    lines.push(first.replace("  hint:", `  ${style.command("hint:")}`), ...rest)
  }
  lines.push(`  docs: ${error.code}`)
  return `${lines.join("\n")}\n`
}

/** The artifact an error names in its details. */
function artifactOf(error: ToolError): string | undefined {
  const artifact = Object.hasOwn(error.details, "artifact") ? error.details["artifact"] : undefined
  return typeof artifact === "string" ? artifact : undefined
}

/**
 * An error as a member of a JSON document.
 *
 * @returns `code`, `kind`, `exit`, `retryable`, `what`, `why` (null when there is none), `next`, `docs`, `details`.
 */
export function errorObject(error: ToolError): JsonObject {
  const entry = catalogue[error.code]
  return {
    code: error.code,
    kind: error.kind,
    exit: EXIT[error.kind],
    retryable: entry.retryable,
    what: error.what,
    why: error.why ?? null,
    next: error.next,
    docs: `docs/errors/${error.code}.md`,
    details: error.details,
  }
}
