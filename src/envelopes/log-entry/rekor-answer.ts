import { decodeBase64, encodeBase64 } from "../../codec/base64.ts"
import { decodeHex, encodeHex } from "../../codec/hex.ts"
import { expectArray, expectInt64, expectObject, expectString, optionalString } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { KIB, limits } from "../../core/limits.ts"
import type { InclusionProof, LogEntry } from "../../core/sigstore.ts"
import { HASH_LENGTH } from "../../crypto/hash.ts"
import { isUuidOf } from "./entry-uuid.ts"
import { PROOF_HASHES } from "./log-entry-json.ts"
import { kindOfBody } from "./parse-entry-body.ts"

/** An entry as a version 1 log answers with it, and the name the log gave it. */
export interface RekorAnswer {
  /** Leaf hash with or without the tree's id: 80 or 64 hexadecimal digits. */
  readonly uuid: string
  readonly entry: LogEntry
}

const WHAT = "answer of the log"
const SIGNATURE_BYTES = 64 * KIB

function hashOf(value: JsonValue | undefined, path: string): Uint8Array {
  return decodeHex(expectString(value, path), { max: HASH_LENGTH.sha256, what: path, upperCase: true })
}

function proofOf(value: JsonValue, path: string): InclusionProof {
  const proof = expectObject(value, path)
  return {
    logIndex: expectInt64(proof["logIndex"], `${path}.logIndex`),
    rootHash: hashOf(proof["rootHash"], `${path}.rootHash`),
    treeSize: expectInt64(proof["treeSize"], `${path}.treeSize`),
    hashes: expectArray(proof["hashes"] ?? [], `${path}.hashes`, PROOF_HASHES).map((hash, at) =>
      hashOf(hash, `${path}.hashes[${at}]`),
    ),
    checkpoint: optionalString(proof["checkpoint"], `${path}.checkpoint`) ?? "",
  }
}

function answerOf([uuid, value]: readonly [string, JsonValue], path: string): RekorAnswer {
  const answer = expectObject(value, path)
  const body = decodeBase64(expectString(answer["body"], `${path}.body`), {
    max: limits.bundleBytes,
    what: `${path}.body`,
  })
  if (!isUuidOf(uuid, body)) {
    throw malformed(path, `the entry named ${quoted(uuid, 80)} is another one, expected the name to be its leaf hash`)
  }
  const verification = expectObject(answer["verification"] ?? {}, `${path}.verification`)
  const promise = verification["signedEntryTimestamp"] ?? null
  const proof = verification["inclusionProof"] ?? null
  const logId = hashOf(answer["logID"], `${path}.logID`)
  if (logId.length === 0) throw malformed(`${path}.logID`, "saw nothing, expected the id of the log")
  return {
    uuid,
    entry: {
      logIndex: expectInt64(answer["logIndex"], `${path}.logIndex`),
      logId,
      ...kindOfBody(body),
      integratedTime: expectInt64(answer["integratedTime"], `${path}.integratedTime`),
      ...(promise === null
        ? {}
        : {
            signedEntryTimestamp: decodeBase64(expectString(promise, `${path}.verification.signedEntryTimestamp`), {
              max: SIGNATURE_BYTES,
              what: `${path}.verification.signedEntryTimestamp`,
            }),
          }),
      ...(proof === null ? {} : { inclusionProof: proofOf(proof, `${path}.verification.inclusionProof`) }),
      canonicalizedBody: body,
    },
  }
}

function entriesOf(value: JsonValue, path: string): readonly RekorAnswer[] {
  return Object.entries(expectObject(value, path)).map((pair) => answerOf(pair, path))
}

/**
 * Read the answer of a version 1 log to an upload or to a question for one entry. Members that are not known, such as
 * attestations, are passed over.
 *
 * @param bytes - untrusted JSON, at most 16 MiB.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, also for an entry under another's name; `E_LIMIT_EXCEEDED`.
 *
 * Spec: sigstore/rekor `openapi.yaml`, `LogEntry`.
 */
export function parseRekorAnswer(bytes: Uint8Array): RekorAnswer {
  const answers = entriesOf(parseJson(bytes, { maxBytes: limits.bundleBytes, what: WHAT }), WHAT)
  const [only] = answers
  if (only === undefined || answers.length > 1) throw malformed(WHAT, `saw ${answers.length} entries, expected one`)
  return only
}

/** Read the answer to a search: a list of such answers. @throws {ToolError} as {@link parseRekorAnswer}. */
export function parseRekorAnswers(bytes: Uint8Array): readonly RekorAnswer[] {
  const list = expectArray(parseJson(bytes, { maxBytes: limits.bundleBytes, what: WHAT }), WHAT, limits.tlogEntries)
  return list.flatMap((item, at) => entriesOf(item, `${WHAT}[${at}]`))
}

/** The answer of a version 1 log for one entry: JSON text in the log's member order, without line end. */
export function rekorAnswerText({ uuid, entry }: RekorAnswer): string {
  const { inclusionProof: proof, signedEntryTimestamp: promise } = entry
  const hashes = (proof?.hashes ?? []).map((hash) => `"${encodeHex(hash)}"`).join(",")
  const verification = [
    ...(proof === undefined
      ? []
      : [
          `"inclusionProof":{"checkpoint":${JSON.stringify(proof.checkpoint)},"hashes":[${hashes}],` +
            `"logIndex":${proof.logIndex},"rootHash":"${encodeHex(proof.rootHash)}","treeSize":${proof.treeSize}}`,
        ]),
    ...(promise === undefined ? [] : [`"signedEntryTimestamp":"${encodeBase64(promise)}"`]),
  ].join(",")
  return (
    `{${JSON.stringify(uuid)}:{"body":"${encodeBase64(entry.canonicalizedBody)}",` +
    `"integratedTime":${entry.integratedTime},"logID":"${encodeHex(entry.logId)}","logIndex":${entry.logIndex},` +
    `"verification":{${verification}}}}`
  )
}
