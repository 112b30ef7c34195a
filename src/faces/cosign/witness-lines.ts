import type { SigstoreOutcome } from "../../app/sigstore/signing.ts"
import { goTimeString } from "../../codec/go-time.ts"
import type { Consent } from "./consent.ts"
import { say, type FaceInvocation } from "./face-invocation.ts"

/** What cosign 2 says of timestamps and log entries. */
export interface WitnessLines {
  /** Consent before the services are asked, unless it is given already and said later. */
  before(): Promise<void>
  /** What became of one signature, in the order in which cosign asks the services one after another. */
  after(outcome: SigstoreOutcome | undefined, stamped?: () => Promise<void>): Promise<void>
}

/** DEVIATION: cosign says nothing of a file that it does not write. */
export async function warnOfNoTimestamp(invocation: FaceInvocation, flag: string): Promise<void> {
  const { flags, generation } = invocation
  if (generation.signingConfig || flags.string(flag) === "" || flags.string("timestamp-server-url") !== "") return
  await say(invocation, `WARNING: --${flag} writes nothing without --timestamp-server-url`)
}

/**
 * @param stampsFirst - the statement about logs comes after timestamps, as it does for attestations and files.
 */
export function witnessLines(invocation: FaceInvocation, consent: Consent, stampsFirst: boolean): WitnessLines {
  const { flags, generation } = invocation
  const later = stampsFirst && flags.bool("yes") && flags.string("timestamp-server-url") !== ""
  return {
    before: async () => {
      if (generation.certifiesFirst && !later) await consent.log()
    },
    after: async (outcome, stamped) => {
      if (!generation.certifiesFirst || outcome === undefined) return
      for (const { at } of outcome.timestamps)
        await say(invocation, `Timestamp fetched with time:  ${goTimeString(at)}`)
      await stamped?.()
      if (later) await consent.log()
      for (const { entry } of outcome.logEntries)
        await say(invocation, `tlog entry created with index: ${entry.logIndex}`)
    },
  }
}
