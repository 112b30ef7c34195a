import type { VerifyRequest } from "../../app/requests.ts"

/**
 * What `COUNTERSIGN_NOTATION_COMPAT` asks for: a list, of which `critical-attributes` is known.
 *
 * COMPAT(notation): it accepts critical attributes that nobody understands. Here that must be asked for, and is warned of.
 */
export function unknownCritical(
  env: Readonly<Record<string, string | undefined>>,
): NonNullable<VerifyRequest["unknownCritical"]> {
  const asked = (env["COUNTERSIGN_NOTATION_COMPAT"] ?? "").split(",").map((word) => word.trim())
  return asked.includes("critical-attributes") ? "warn" : "refuse"
}
