import type { ErrorCode } from "../../core/error-catalogue.ts"

/** Why certificates may not be used. */
export interface ChainFault {
  readonly code: ErrorCode
  /** Upstream's text, where it has one. */
  readonly message: string
}

/** What a chain is for. */
export type ChainPurpose = "code-signing" | "timestamping"
