import type { SigstoreOutcome } from "../../../app/sigstore/signing.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { printable } from "../../../core/printable.ts"
import type { Fact } from "./facts.ts"

/** What Sigstore's services gave for a signature, for people. */
export function witnessFacts({ identity, logEntries, timestamps }: SigstoreOutcome): readonly Fact[] {
  return [
    ...(identity === undefined ? [] : [["identity", printable(identityText(identity))] as const]),
    ...logEntries.map(({ log, entry }): Fact => [
      "log entry",
      printable(`${log.url} index ${entry.logIndex}${entry.integratedTime === 0n ? "" : ` at ${loggedAt(entry)}`}`),
    ]),
    ...timestamps.map(({ url, at }): Fact => ["timestamp", printable(`${url} at ${new Date(at).toISOString()}`)]),
  ]
}

function identityText({ name, issuer }: NonNullable<SigstoreOutcome["identity"]>): string {
  return issuer === "" ? name : `${name} at ${issuer}`
}

function loggedAt({ integratedTime }: SigstoreOutcome["logEntries"][number]["entry"]): string {
  const at = new Date(Number(integratedTime) * 1000)
  return Number.isNaN(at.getTime()) ? "an impossible time" : at.toISOString().replace(".000Z", "Z")
}

/** The same as a member of documents; `null` where no service took part. */
export function witnessMembers(outcome: SigstoreOutcome | undefined): JsonObject | null {
  if (outcome === undefined) return null
  return {
    identity: outcome.identity === undefined ? null : { ...outcome.identity },
    logEntries: outcome.logEntries.map(({ log, entry }) => ({
      log: log.url,
      logIndex: entry.logIndex.toString(),
      integratedTime: entry.integratedTime === 0n ? null : loggedAt(entry),
    })),
    timestamps: outcome.timestamps.map(({ url, at }) => ({ authority: url, at: new Date(at).toISOString() })),
    verified: outcome.verified,
  }
}
