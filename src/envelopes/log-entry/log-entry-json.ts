import { parseJson } from "../../codec/json.ts"
import { malformed, tooLarge } from "../../codec/malformed.ts"
import {
  protoBytes,
  protoFields,
  protoInt64,
  protoRepeated,
  protoString,
  requiredBytes,
} from "../../codec/proto-json.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { KIB, limits } from "../../core/limits.ts"
import type { InclusionProof, LogEntry } from "../../core/sigstore.ts"

const SIGNATURE_BYTES = 64 * KIB
/** Hashes in an inclusion proof: trees have fewer than 2^64 entries. */
export const PROOF_HASHES = 64

/** What must be in an entry. */
export type EntryNeed =
  /** A promise; a proof may lack its checkpoint (bundles of version 0.1). */
  | "promise"
  /** An inclusion proof with a checkpoint (bundles from version 0.2 on, answers of version 2 logs). */
  | "proof"

const noMembers: JsonValue = Object.create(null) as { readonly [key: string]: JsonValue }

function readPromise(value: JsonValue, path: string): Uint8Array {
  const fields = protoFields(value, path, ["signedEntryTimestamp"])
  return requiredBytes(fields.get("signedEntryTimestamp"), `${path}.signedEntryTimestamp`, SIGNATURE_BYTES)
}

function readProof(value: JsonValue, path: string, need: EntryNeed): InclusionProof {
  const fields = protoFields(value, path, ["logIndex", "rootHash", "treeSize", "hashes", "checkpoint"])
  const checkpoint = protoString(
    protoFields(fields.get("checkpoint") ?? noMembers, `${path}.checkpoint`, ["envelope"]).get("envelope"),
    `${path}.checkpoint.envelope`,
  )
  if (checkpoint.length > limits.noteBytes) {
    throw tooLarge(`${path}.checkpoint`, checkpoint.length, limits.noteBytes, "characters")
  }
  if (checkpoint === "" && need === "proof") throw malformed(`${path}.checkpoint`, "saw none, expected one")
  const hashes = protoRepeated(fields.get("hashes"), `${path}.hashes`, PROOF_HASHES, "hashes")
  return {
    logIndex: protoInt64(fields.get("logIndex"), `${path}.logIndex`),
    rootHash: protoBytes(fields.get("rootHash"), `${path}.rootHash`, SIGNATURE_BYTES),
    treeSize: protoInt64(fields.get("treeSize"), `${path}.treeSize`),
    hashes: hashes.map((hash, index) => protoBytes(hash, `${path}.hashes[${index}]`, SIGNATURE_BYTES)),
    checkpoint,
  }
}

/**
 * Read a `TransparencyLogEntry` that is JSON already.
 *
 * @param path - of the value, for errors.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: sigstore/protobuf-specs, sigstore_rekor.proto.
 */
export function readLogEntry(value: JsonValue, path: string, need: EntryNeed): LogEntry {
  const fields = protoFields(value, path, [
    "logIndex",
    "logId",
    "kindVersion",
    "integratedTime",
    "inclusionPromise",
    "inclusionProof",
    "canonicalizedBody",
  ])
  const kindVersion = protoFields(fields.get("kindVersion") ?? noMembers, `${path}.kindVersion`, ["kind", "version"])
  const promise = fields.get("inclusionPromise")
  const proof = fields.get("inclusionProof")
  if (need === "promise" && promise === undefined) throw malformed(path, "saw no inclusionPromise, expected one")
  if (need === "proof" && proof === undefined) throw malformed(path, "saw no inclusionProof, expected one")
  return {
    logIndex: protoInt64(fields.get("logIndex"), `${path}.logIndex`),
    logId: requiredBytes(
      protoFields(fields.get("logId"), `${path}.logId`, ["keyId"]).get("keyId"),
      `${path}.logId.keyId`,
      SIGNATURE_BYTES,
    ),
    kind: protoString(kindVersion.get("kind"), `${path}.kindVersion.kind`),
    version: protoString(kindVersion.get("version"), `${path}.kindVersion.version`),
    integratedTime: protoInt64(fields.get("integratedTime"), `${path}.integratedTime`),
    ...(promise === undefined ? {} : { signedEntryTimestamp: readPromise(promise, `${path}.inclusionPromise`) }),
    ...(proof === undefined ? {} : { inclusionProof: readProof(proof, `${path}.inclusionProof`, need) }),
    canonicalizedBody: requiredBytes(fields.get("canonicalizedBody"), `${path}.canonicalizedBody`, limits.bundleBytes),
  }
}

/**
 * Read the answer of a version 2 log.
 *
 * @param bytes - untrusted protobuf JSON, at most 16 MiB.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function parseLogEntry(bytes: Uint8Array): LogEntry {
  const what = "answer of the log"
  return readLogEntry(parseJson(bytes, { maxBytes: limits.bundleBytes, what }), what, "proof")
}
