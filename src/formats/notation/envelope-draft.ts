import type { KeySpec } from "../../crypto/key-spec.ts"
import type { DraftEvidence } from "../format.ts"

/** A time to be signed, whole seconds. */
export interface DraftTime {
  /** Seconds since the epoch. */
  readonly seconds: number
  /** RFC 3339 in UTC. */
  readonly text: string
}

/** What an envelope is started with; the certificates follow with the signature. */
export interface EnvelopeInput {
  readonly payload: Uint8Array
  readonly keySpec: KeySpec
  readonly times: { readonly signing: DraftTime; readonly expiry?: DraftTime }
  readonly agent?: string
}

/** An envelope to be signed. */
export interface EnvelopeDraft {
  readonly message: Uint8Array
  /** @param signature - as stored: `r || s` for ECDSA. */
  finish(signature: Uint8Array, evidence: DraftEvidence): Uint8Array
}
