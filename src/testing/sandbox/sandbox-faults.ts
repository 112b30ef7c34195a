import type { SandboxService } from "../../servers/sandbox/sandbox.ts"
import type { TransportFault, TsaFault } from "../authority/authority-faults.ts"

/** How a private Sigstore can misbehave. Everything absent behaves well. */
export interface SandboxFaults {
  readonly sct?: SctFault
  /** Of entries in the answers of both logs. */
  readonly log?: LogFault
  /**
   * What is asked to be logged is logged, and the answer is 409 all the same: what clients see whose first try got lost on
   * the way back.
   */
  readonly conflict?: { readonly times: number }
  readonly timestamp?: Exclude<TsaFault, "wrong-certificate">
  /** Milliseconds that a service's clock is ahead; negative: behind. */
  readonly clockSkewMs?: Partial<Readonly<Record<SandboxService, number>>>
  /** What goes wrong on the way, whatever is served. */
  readonly transport?: SandboxTransportFault
  /** Milliseconds before each answer. */
  readonly delayMs?: number
  /** Only requests for which this is true get faults of `transport`, `conflict` and `delayMs`. Default: all. */
  readonly where?: (request: { readonly method: string; readonly path: string }) => boolean
}

/**
 * Wrong promises of the certificate transparency log: a signature that does not hold, the id of a log that nobody trusts,
 * or one beside the certificate instead of inside (`detached`, which is right and rare).
 */
export type SctFault = "wrong-signature" | "unknown-log" | "detached"

/**
 * Wrong answers of a log: a checkpoint whose signature does not hold, no inclusion proof, one with a wrong hash or root,
 * a signed entry timestamp that does not hold or none (version 1), another time, index or body than what was signed.
 */
export type LogFault =
  | "bad-checkpoint"
  | "missing-proof"
  | "wrong-proof"
  | "wrong-root"
  | "wrong-promise"
  | "missing-promise"
  | "wrong-time"
  | "wrong-index"
  | "wrong-body"

/** As {@link TransportFault}; `truncated` ends the connection after half of a good body. */
export type SandboxTransportFault = TransportFault | "truncated"
