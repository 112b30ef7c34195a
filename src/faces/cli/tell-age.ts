import type { TrustData } from "../../core/sigstore-ports.ts"
import type { Session } from "./session.ts"

/** Whoever goes by trust data that could not be refreshed today is told how old it is. @param what - such as `trusted root`. */
export async function tellAge(data: TrustData<unknown>, what: string, session: Session): Promise<void> {
  const { flags, output, world } = session
  const days = Math.max(0, Math.floor((world.now() - data.refreshedAt) / 86_400_000))
  if (data.source === "tuf" || (data.source === "cache" && days === 0 && !flags.bool("offline"))) return
  const age = days === 0 ? "less than a day" : days === 1 ? "1 day" : `${days} days`
  const from = data.source === "cache" ? `the cache of ${data.mirror}` : "this program's release"
  await output.note(`the ${what} comes from ${from} and is ${age} old`)
}
