import type { FlagValues } from "../command.ts"
import { faceError } from "./face-error.ts"

/** @throws {ToolError} in cobra's words when more than one of the flags was given. Spec: spf13/cobra flag_groups.go. */
export function exclusiveFlags(flags: FlagValues, names: readonly string[]): void {
  const given = names.filter((name) => flags.given(name))
  if (given.length < 2) return
  const group = `[${names.join(" ")}]`
  throw faceError(
    `if any flags in the group ${group} are set none of the others can be; [${given.toSorted().join(" ")}] were all set`,
  )
}
