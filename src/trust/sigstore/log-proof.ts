import { encodeHex } from "../../codec/hex.ts"
import { ToolError } from "../../core/errors.ts"
import type { InclusionProof, LogEntry, TrustedLog } from "../../core/sigstore.ts"
import { type CheckpointSigner, verifyCheckpoint } from "../../crypto/transparency/checkpoint.ts"
import { isNoteName } from "../../crypto/transparency/signed-note.ts"
import { leafHash, verifyInclusion } from "../../crypto/transparency/merkle.ts"
import { verifySignature } from "../../crypto/verify.ts"
import { promiseMessage } from "../../envelopes/log-entry/promise-message.ts"
import { logScheme } from "./log-scheme.ts"
import type { LogFault } from "./log-fault.ts"

const LAST_DATE_MS = 8_640_000_000_000_000n

function proofFault(observed: string, rest: Partial<LogFault> = {}): LogFault {
  return { code: "E_TLOG_PROOF", observed, ...rest }
}

/** Milliseconds since the epoch; `undefined` when no date is that late. */
function timeOf({ integratedTime }: LogEntry): number | undefined {
  const at = integratedTime * 1000n
  return at > 0n && at <= LAST_DATE_MS ? Number(at) : undefined
}

function isWithin({ validFor: { start, end } }: TrustedLog, at: number): boolean {
  return start <= at && (end === undefined || at <= end)
}

/** A promise that a log kept its word on. */
export interface KeptPromise {
  readonly log: TrustedLog
  /** When the log took the entry in, milliseconds since the epoch. */
  readonly at: number
}

/**
 * Whether one of the logs promised to take the entry in, at a time when its key was valid.
 *
 * @param logs - of the id that the entry names.
 *
 * Spec: sigstore/rekor `types.md`, signed entry timestamp; sigstore/sigstore-go `pkg/tlog/entry.go`.
 */
export function verifyPromise(entry: LogEntry, logs: readonly TrustedLog[]): KeptPromise | LogFault {
  const promise = entry.signedEntryTimestamp
  if (promise === undefined) return proofFault("signature missing", { expected: "a promise (SET) of the log" })
  const at = timeOf(entry)
  const inTime = at === undefined ? [] : logs.filter((log) => isWithin(log, at))
  if (at === undefined || inTime.length === 0) {
    return proofFault("rekor log public key not valid at payload integrated time", {
      detail: `the entry is of ${at === undefined ? `second ${entry.integratedTime}` : new Date(at).toISOString()}`,
      expected: "a time within the validity of the log's key",
    })
  }
  const message = promiseMessage(entry)
  const log = inTime.find((item) => {
    const scheme = logScheme(item, "v1")
    return scheme !== undefined && verifySignature(item.key, scheme, message, promise)
  })
  if (log === undefined) return proofFault("unable to verify SET", { expected: "a promise that the log's key signed" })
  return { log, at }
}

/** Host name of a log's URL, without port and brackets; `undefined` when there is none. */
export function originOf(baseUrl: string): string | undefined {
  if (!URL.canParse(baseUrl)) return undefined
  const host = new URL(baseUrl).hostname.replace(/^\[(.*)\]$/, "$1")
  return isNoteName(host) ? host : undefined
}

function checkpointFault(why: string): LogFault {
  return proofFault("signature on checkpoint did not verify", {
    detail: why,
    expected: "a checkpoint that the log signed",
  })
}

function inclusionFault(): LogFault {
  return proofFault("verifying inclusion: calculated root does not match expected root", {
    expected: "an inclusion proof that leads to the root of the checkpoint",
  })
}

function judgeCheckpoint(proof: InclusionProof, signer: CheckpointSigner): ReturnType<typeof verifyCheckpoint> {
  try {
    return verifyCheckpoint(proof.checkpoint, signer)
  } catch (error) {
    if (error instanceof ToolError) return { ok: false, why: error.message }
    throw error
  }
}

/** Size and index are those of the proof, which must be those of the signed tree. */
function faultInV1(entry: LogEntry, proof: InclusionProof, log: TrustedLog): LogFault | undefined {
  const scheme = logScheme(log, "v1")
  if (scheme === undefined) return checkpointFault(`no algorithm ${log.keyDetails} for the log's key`)
  const answer = judgeCheckpoint(proof, { key: log.key, scheme })
  if (!answer.ok) return checkpointFault(answer.why)
  const { size, rootHash } = answer.checkpoint
  if (encodeHex(proof.rootHash) !== encodeHex(rootHash)) {
    return proofFault(
      `proof root hash does not match signed tree head, expected ${encodeHex(proof.rootHash)} got ${encodeHex(rootHash)}`,
    )
  }
  if (proof.treeSize !== size) {
    return proofFault(`proof tree size does not match signed tree head, expected ${proof.treeSize} got ${size}`)
  }
  const leaf = leafHash(entry.canonicalizedBody)
  return verifyInclusion({ index: proof.logIndex, size, leaf, hashes: proof.hashes, root: rootHash })
    ? undefined
    : inclusionFault()
}

/** Everything but the hashes is taken from the signed checkpoint, and the index from the entry. */
function faultInV2(entry: LogEntry, proof: InclusionProof, log: TrustedLog): LogFault | undefined {
  const origin = originOf(log.baseUrl)
  if (origin === undefined) {
    return proofFault("cannot verify Rekor v2 entry without baseUrl in transparency log's trusted root")
  }
  const scheme = logScheme(log, "v2")
  if (scheme === undefined) return checkpointFault(`no algorithm ${log.keyDetails} for the log's key`)
  const answer = judgeCheckpoint(proof, { key: log.key, scheme, origin })
  if (!answer.ok) return checkpointFault(answer.why)
  const { size, rootHash } = answer.checkpoint
  const leaf = leafHash(entry.canonicalizedBody)
  return verifyInclusion({ index: entry.logIndex, size, leaf, hashes: proof.hashes, root: rootHash })
    ? undefined
    : inclusionFault()
}

/**
 * Whether the entry is in the tree of one of the logs, by a checkpoint that the log signed.
 *
 * @param logs - of the id that the entry names; at least one.
 * @param version - of the log, told by the kind of entry.
 *
 * Spec: RFC 6962 2.1.1; sigstore/rekor-tiles `CLIENTS.md`.
 */
export function verifyProof(
  entry: LogEntry,
  proof: InclusionProof,
  logs: readonly TrustedLog[],
  version: "v1" | "v2",
): { readonly log: TrustedLog } | LogFault {
  let fault: LogFault | undefined
  for (const log of logs) {
    const found = version === "v1" ? faultInV1(entry, proof, log) : faultInV2(entry, proof, log)
    if (found === undefined) return { log }
    fault ??= found
  }
  return fault ?? checkpointFault("no log of this id is trusted")
}
