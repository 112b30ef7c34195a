import type { Sct } from "../../crypto/transparency/sct.ts"
import type { EntryAnswer } from "../../servers/sandbox/rekor/options.ts"
import type { LogFault, SctFault } from "./sandbox-faults.ts"

const DAY_SECONDS = 86_400

function lastFlipped(bytes: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(bytes)
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  return changed
}

/** A promise of the certificate transparency log with a fault. */
export function faultySct(fault: SctFault | undefined, sct: Sct): Sct {
  switch (fault) {
    case "wrong-signature":
      return { ...sct, signed: { ...sct.signed, signature: lastFlipped(sct.signed.signature) } }
    case "unknown-log":
      return { ...sct, logId: lastFlipped(sct.logId) }
    case "detached":
    case undefined:
      return sct
  }
}

/** What a log says of an entry, with a fault. */
export function faultyEntry(fault: LogFault | undefined, answer: EntryAnswer): EntryAnswer {
  switch (fault) {
    case undefined:
      return answer
    case "missing-proof":
      return withoutProof(answer)
    case "missing-promise":
      return withoutPromise(answer)
    case "wrong-promise": {
      const promise = answer.signedEntryTimestamp
      return promise === undefined ? answer : { ...answer, signedEntryTimestamp: lastFlipped(promise) }
    }
    case "wrong-time":
      return { ...answer, integratedTime: answer.integratedTime + DAY_SECONDS }
    case "wrong-index":
      return { ...answer, logIndex: answer.logIndex + 1 }
    case "wrong-body":
      return { ...answer, body: lastFlipped(answer.body) }
    case "bad-checkpoint":
    case "wrong-proof":
    case "wrong-root":
      return { ...answer, ...faultyProof(fault, answer.proof) }
  }
}

function withoutProof({ proof: _, ...rest }: EntryAnswer): EntryAnswer {
  return rest
}

function withoutPromise({ signedEntryTimestamp: _, ...rest }: EntryAnswer): EntryAnswer {
  return rest
}

function faultyProof(
  fault: "bad-checkpoint" | "wrong-proof" | "wrong-root",
  proof: EntryAnswer["proof"],
): Pick<EntryAnswer, "proof"> {
  if (proof === undefined) return {}
  if (fault === "bad-checkpoint") return { proof: { ...proof, checkpoint: unsigned(proof.checkpoint) } }
  if (fault === "wrong-root") return { proof: { ...proof, rootHash: lastFlipped(proof.rootHash) } }
  const [first, ...rest] = proof.hashes
  // The first entry of a log has no hashes: then one too many is what is wrong.
  return { proof: { ...proof, hashes: [lastFlipped(first ?? proof.rootHash), ...rest] } }
}

/** A signed note whose last signature does not hold: one letter of it is another. */
export function unsigned(note: string): string {
  const at = note.trimEnd().length - 12
  return `${note.slice(0, at)}${note[at] === "A" ? "B" : "A"}${note.slice(at + 1)}`
}
