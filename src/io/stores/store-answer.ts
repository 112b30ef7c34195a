import type { ErrorCode } from "../../core/error-catalogue.ts"
import type { OtherReferrer, StoreAnswer } from "../../core/ports.ts"
import type { StoreKind } from "../../core/report.ts"

/** Error as a report carries it. */
export interface ShortError {
  readonly code: ErrorCode
  readonly message: string
}

/** Answer of a store that was asked and handed out `count` documents; a failure beats what was found, and never becomes "none". */
export function storeAnswer(
  place: { readonly store: StoreKind; readonly where: string },
  count: number,
  others: readonly OtherReferrer[],
  failed: ShortError | undefined,
): StoreAnswer {
  const outcome = failed !== undefined ? "failed" : count > 0 ? "found" : "none"
  return {
    report: { ...place, outcome, count, ...(failed === undefined ? {} : { error: failed }) },
    others,
  }
}

/** Why signatures beyond `max` make the answer "failed"; `undefined` when there are none. */
export function tooManySignatures(count: number, max: number): ShortError | undefined {
  if (count <= max) return undefined
  return { code: "E_LIMIT_EXCEEDED", message: `${count} signatures, only the first ${max} were evaluated` }
}

/** Answer of a store that does not exist here. */
export function unsupportedAnswer(place: { readonly store: StoreKind; readonly where: string }): StoreAnswer {
  return { report: { ...place, outcome: "unsupported", count: 0 }, others: [] }
}
