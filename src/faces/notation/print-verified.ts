import { VALIDATION_OF } from "../../core/certified.ts"
import type { ArtifactReport } from "../../core/report.ts"
import type { VerifiedSignature } from "../../core/verified.ts"
import { compareUtf8 } from "../../codec/utf8.ts"
import { print, warn, type FaceInvocation } from "./face-invocation.ts"
import { tableText } from "./table-text.ts"

/** A verification that ended in a yes. */
export interface Success {
  readonly name: string
  readonly report: ArtifactReport
  readonly verified: readonly VerifiedSignature[]
  /** A warning was printed before. */
  readonly warned: boolean
}

/** Say so: warnings of what was only logged, the artifact, the user metadata that was signed. */
export async function printVerified(
  invocation: FaceInvocation,
  { name, report, verified, warned }: Success,
): Promise<void> {
  const [signature] = verified
  const logged = (signature?.report.findings ?? []).filter((finding) => finding.logged === true)
  for (const { check, observed = "" } of logged) {
    await warn(invocation, `${VALIDATION_OF[check] ?? check} was set to "log" and failed with error: ${observed}`)
  }
  if (invocation.generation.blankAfterWarnings && (warned || logged.length > 0)) await print(invocation, "")
  if (report.state === "exempt") {
    await print(invocation, `Trust policy is configured to skip signature verification for ${name}`)
    return
  }
  await print(invocation, `Successfully verified signature for ${name}`)
  const metadata = signature?.content.kind === "descriptor" ? Object.entries(signature.content.annotations) : []
  if (metadata.length === 0) return
  const rows = metadata.toSorted(([a], [b]) => compareUtf8(a, b))
  await print(invocation, "\nThe artifact was signed with the following user metadata.\n")
  await invocation.world.stdout.write(tableText([["KEY", "VALUE"], ...rows]))
}
