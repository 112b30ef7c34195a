import type { HashAlgorithm } from "../../core/ports.ts"
import type { SigstoreEvidence } from "../../core/sigstore.ts"
import { digestOf } from "../../crypto/hash.ts"
import { hashOf } from "../../crypto/schemes.ts"
import type { HoldingSignature } from "../keyed.ts"
import type { LogQuestion } from "./log-entries.ts"
import type { SigstoreQuestion } from "./question.ts"

/**
 * What log entries must be about: the envelope, or digests of what was signed as far as they are known.
 *
 * @param held - the signature that verified; its hash is the one that an entry names.
 */
export function signedContent(
  { candidate: { signed }, artifact }: Pick<SigstoreQuestion, "candidate" | "artifact">,
  evidence: SigstoreEvidence,
  held: HoldingSignature | undefined,
): LogQuestion["signed"]["content"] {
  const { envelope } = evidence
  if (envelope !== undefined) {
    return {
      kind: "envelope",
      payload: envelope.payload,
      payloadType: envelope.payloadType,
      ...(envelope.bytes === undefined ? {} : { envelope: envelope.bytes }),
    }
  }
  const message = signed.kind === "message" ? signed.message : artifact?.bytes
  if (message === undefined) return { kind: "message", digests: artifact?.digests ?? {} }
  const hashes = new Set<HashAlgorithm>(["sha256", (held && hashOf(held.scheme)) ?? "sha512"])
  const computed = Object.fromEntries([...hashes].map((hash) => [hash, digestOf(hash, message)]))
  return { kind: "message", digests: { ...artifact?.digests, ...computed } }
}
