import type { Candidate } from "../core/candidate.ts"

/** Whether a certificate, log entries or timestamps lie beside a signature. */
export function holdsEvidence({ material, evidence }: Pick<Candidate, "material" | "evidence">): boolean {
  if (material.kind === "certificate") return true
  return evidence !== undefined && evidence.entries.length + evidence.timestamps.length > 0
}
