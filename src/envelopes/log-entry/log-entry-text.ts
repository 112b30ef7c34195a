import { encodeBase64 } from "../../codec/base64.ts"
import type { InclusionProof, LogEntry } from "../../core/sigstore.ts"

/**
 * A log entry as protobuf JSON text, members in the order of its definition: what bundles hold and version 2 logs answer.
 * Zero values are left out, as protobuf does.
 */
export function logEntryText(entry: LogEntry): string {
  const { signedEntryTimestamp: promise, inclusionProof: proof } = entry
  return members([
    ["logIndex", integer(entry.logIndex)],
    ["logId", `{"keyId":"${encodeBase64(entry.logId)}"}`],
    [
      "kindVersion",
      members([
        ["kind", text(entry.kind)],
        ["version", text(entry.version)],
      ]),
    ],
    ["integratedTime", integer(entry.integratedTime)],
    ["inclusionPromise", promise && `{"signedEntryTimestamp":"${encodeBase64(promise)}"}`],
    ["inclusionProof", proof && proofText(proof)],
    ["canonicalizedBody", `"${encodeBase64(entry.canonicalizedBody)}"`],
  ])
}

function proofText(proof: InclusionProof): string {
  const hashes = proof.hashes.map((hash) => `"${encodeBase64(hash)}"`).join(",")
  return members([
    ["logIndex", integer(proof.logIndex)],
    ["rootHash", `"${encodeBase64(proof.rootHash)}"`],
    ["treeSize", integer(proof.treeSize)],
    ["hashes", hashes === "" ? undefined : `[${hashes}]`],
    ["checkpoint", proof.checkpoint === "" ? undefined : `{"envelope":${JSON.stringify(proof.checkpoint)}}`],
  ])
}

/** 64-bit integers are strings in protobuf JSON. */
function integer(value: bigint): string | undefined {
  return value === 0n ? undefined : `"${value}"`
}

function text(value: string): string | undefined {
  return value === "" ? undefined : JSON.stringify(value)
}

function members(pairs: readonly (readonly [string, string | undefined])[]): string {
  const present = pairs.flatMap(([name, value]) => (value === undefined ? [] : [`"${name}":${value}`]))
  return `{${present.join(",")}}`
}
