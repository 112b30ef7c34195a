import type { Clock, Logger, PublicKey, Randomness, SigningKey } from "../../../core/ports.ts"

/** One log as it is set up. */
export interface RekorLogOptions {
  /** Where clients reach it, such as `http://127.0.0.1:8080/rekor`; its host name signs the checkpoints. */
  readonly url: string
  readonly signer: SigningKey
}

/** What both logs are made of. */
export interface RekorOptions {
  /** Holds `v1` and `v2`, one folder for each log; created when absent. */
  readonly folder: string
  readonly v1: RekorLogOptions
  readonly v2: RekorLogOptions
  readonly clock: Clock
  readonly randomness: Randomness
  /** Learns why a request failed; its client does not. */
  readonly logger?: Logger
  /** `full` (default): what was answered survives a power failure. `fast`: it survives a killed process. */
  readonly durability?: "full" | "fast"
  /** Most bytes of each log's database; default unbounded. */
  readonly maxBytes?: number
  /** Most bytes of a request; default 4 MiB. */
  readonly maxRequestBytes?: number
  /** Cosign the version 2 log's checkpoints; Ed25519 keys, at most 8. */
  readonly witnesses?: readonly RekorWitness[]
  /** Accept `dsseRequestV002`, as version 2 logs did until June 2026. Default false. */
  readonly oldDsse?: boolean
  /** What goes wrong, for tests of others; production has none. */
  readonly faults?: RekorFaults
}

/** Somebody who watches a log and cosigns its checkpoints. Spec: C2SP tlog-cosignature.md. */
export interface RekorWitness {
  /** Name in the signature line; no spaces, no `+`. */
  readonly name: string
  readonly key: SigningKey
}

/** A log that runs. */
export interface RekorLog {
  /** Answers requests; whatever lies before `/api/` in the path is not looked at. */
  readonly fetch: (request: Request) => Promise<Response>
  readonly publicKey: PublicKey
  /** As a trusted root names the log, raw: SHA-256 of the key, or the key id of a signed note (version 2). */
  readonly logId: Uint8Array
  /** First line of the checkpoints. */
  readonly origin: string
}

/** Both logs. */
export interface Rekor {
  readonly v1: RekorLog
  readonly v2: RekorLog
  /** Finish what was begun and let go of the folders. */
  close(): Promise<void>
}

/** What a log says of an entry, before it is written down for the client. */
export interface EntryAnswer {
  readonly body: Uint8Array
  /** Seconds since the epoch; 0 in version 2. */
  readonly integratedTime: number
  /** Raw. */
  readonly logId: Uint8Array
  readonly logIndex: number
  /** Signed entry timestamp, raw; version 1 alone. */
  readonly signedEntryTimestamp?: Uint8Array
  readonly proof?: {
    readonly logIndex: number
    readonly treeSize: number
    readonly rootHash: Uint8Array
    readonly hashes: readonly Uint8Array[]
    /** Signed note. */
    readonly checkpoint: string
  }
}

/** Which call a fault is asked about. */
export interface RekorCall {
  readonly api: 1 | 2
  readonly method: string
  /** From `/api/` on. */
  readonly path: string
}

/** Changes to what would be right. Each part is left alone where it is absent. */
export interface RekorFaults {
  /** Before anything is done: wait, or answer instead (an error, a 409). */
  readonly before?: (call: RekorCall) => Promise<Response | undefined>
  /** What is said of an entry: no proof, a wrong promise, another time, a checkpoint that does not fit. */
  readonly entry?: (answer: EntryAnswer, call: RekorCall) => EntryAnswer
  /** The checkpoint that is shown on its own (version 1: the signed tree head). */
  readonly checkpoint?: (note: string, call: RekorCall) => string
  /** The whole answer: cut off, slow, of another type. */
  readonly after?: (response: Response, call: RekorCall) => Promise<Response> | Response
  /** Entries that are there already are added once more instead of refused. */
  readonly keepDuplicates?: boolean
}
