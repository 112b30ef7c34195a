import { ToolError } from "../../core/errors.ts"
import type { Output } from "./output.ts"

/** Errors printed in full; a registry that is down makes the same one for every artifact. */
const SHOWN_PER_CODE = 3

/** An artifact and why it has no good answer. */
export interface ArtifactError {
  readonly artifact: string
  readonly error: ToolError
}

/**
 * Print the errors of several artifacts in order; many of one kind are grouped under one line with a count.
 */
export async function reportErrors(errors: readonly ArtifactError[], output: Output): Promise<void> {
  const byCode = new Map<string, ArtifactError[]>()
  for (const entry of errors) byCode.set(entry.error.code, [...(byCode.get(entry.error.code) ?? []), entry])
  for (const group of byCode.values()) {
    const [first] = group
    if (first === undefined) continue
    const shown = group.length > SHOWN_PER_CODE + 1 ? group.slice(0, SHOWN_PER_CODE) : group
    for (const { artifact, error } of shown) await output.error(error, artifact)
    const rest = group.slice(shown.length)
    if (rest.length > 0) await output.error(grouped(rest, first.error))
  }
}

function grouped(rest: readonly ArtifactError[], first: ToolError): ToolError {
  return new ToolError(first.code, {
    what: `the same for ${rest.length} more artifacts`,
    why: rest.map(({ artifact }) => artifact).join("\n"),
    next: ["use `--output json` for the reason of each"],
  })
}
