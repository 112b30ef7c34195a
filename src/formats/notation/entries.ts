import type { FormatEntry } from "../format.ts"
import { coseRow, jwsRow } from "./rows.ts"

/** The family's rows of the table. What reads and writes envelopes is loaded when one is there. */
export const notationEntries: readonly FormatEntry[] = [
  { ...jwsRow, signer: "certificate", load: async () => (await import("./notation.ts")).notation },
  { ...coseRow, signer: "certificate", load: async () => (await import("./notation.ts")).notationCose },
]
