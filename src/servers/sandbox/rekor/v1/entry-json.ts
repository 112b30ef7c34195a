import { encodeBase64 } from "../../../../codec/base64.ts"
import { encodeHex } from "../../../../codec/hex.ts"
import type { JsonObject } from "../../../../core/json-value.ts"
import type { SigningKey } from "../../../../core/ports.ts"
import { defaultScheme } from "../../../../crypto/schemes.ts"
import { inclusionPath } from "../../../../crypto/transparency/merkle-tree.ts"
import { promiseMessage } from "../../../../envelopes/log-entry/promise-message.ts"
import type { EntryAnswer } from "../options.ts"
import type { AppendOnlyLog, StoredEntry } from "../storage/append-only-log.ts"

/** The log that answers. */
export interface EntrySource {
  readonly log: AppendOnlyLog
  readonly logId: Uint8Array
  readonly signer: SigningKey
}

/**
 * What a version 1 log says of an entry: its promise, and the proof that it is in the tree as published now.
 *
 * Spec: specs/cosign.md section 12; the promise is over the canonical JSON of body, time, log id and index.
 */
export async function answerEntry(stored: StoredEntry, { log, logId, signer }: EntrySource): Promise<EntryAnswer> {
  const { size, root, checkpoint } = log.head()
  const promised = promiseMessage({
    canonicalizedBody: stored.body,
    integratedTime: BigInt(stored.time),
    logId,
    logIndex: BigInt(stored.index),
  })
  return {
    body: stored.body,
    integratedTime: stored.time,
    logId,
    logIndex: stored.index,
    signedEntryTimestamp: await signer.sign(promised, defaultScheme(signer.publicKey)),
    proof: {
      logIndex: stored.index,
      treeSize: size,
      rootHash: root,
      hashes: inclusionPath(log.read, stored.index, size),
      checkpoint,
    },
  }
}

/** An entry as version 1 logs write it, without its UUID. */
export function entryJson(answer: EntryAnswer): JsonObject {
  const { proof, signedEntryTimestamp: promise } = answer
  return {
    body: encodeBase64(answer.body),
    integratedTime: answer.integratedTime,
    logID: encodeHex(answer.logId),
    logIndex: answer.logIndex,
    verification: {
      ...(proof === undefined
        ? {}
        : {
            inclusionProof: {
              checkpoint: proof.checkpoint,
              hashes: proof.hashes.map((hash) => encodeHex(hash)),
              logIndex: proof.logIndex,
              rootHash: encodeHex(proof.rootHash),
              treeSize: proof.treeSize,
            },
          }),
      ...(promise === undefined ? {} : { signedEntryTimestamp: encodeBase64(promise) }),
    },
  }
}
