import { readTufRoot } from "../../../app/trust/tuf-root.ts"
import type { AppContext } from "../../../app/requests.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { printable } from "../../../core/printable.ts"
import type { TrustStatus } from "../../../core/sigstore-ports.ts"
import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { facts } from "../render/facts.ts"
import { table } from "../render/table.ts"
import { command, refuseFlags, type Session } from "../session.ts"
import { timeOf } from "./trust-render.ts"

/** `trust update`. */
export const trustUpdate: CommandHandler = command(async (session) => {
  const { flags } = session
  refuseFlags(flags, ["offline"], "an update asks the repository")
  const app = await session.open([])
  const status = await updated(session, app)
  await answer(session, app, "TrustUpdated", status)
  return 0
})

async function updated({ flags }: Session, app: AppContext): Promise<TrustStatus> {
  const [mirror, root] = [flags.string("mirror"), flags.string("root")]
  if (root === "") refuseFlags(flags, ["root-checksum"], "it is of the root that --root names", "add `--root FILE`")
  if (mirror === "" && root === "") return app.sigstore.trust.status({ offline: false, refresh: "always" })
  const checksum = flags.given("root-checksum") ? flags.string("root-checksum") : undefined
  const pinned = root === "" ? undefined : await readTufRoot(app, { root, checksum, requireChecksum: true })
  return app.sigstore.trust.initialize({
    ...(mirror === "" ? {} : { mirror }),
    ...(pinned === undefined ? {} : { root: pinned }),
  })
}

/** `trust status`. */
export const trustStatus: CommandHandler = command(async (session) => {
  const app = await session.open([])
  await answer(session, app, "TrustStatus", await app.sigstore.trust.status({ offline: true }), "requested")
  return 0
})

async function answer(
  { output }: Session,
  app: AppContext,
  kind: string,
  status: TrustStatus,
  requested?: "requested",
): Promise<void> {
  const now = app.clock.now()
  await output.answer(documentOf(kind, membersOf(status, now)), () => textOf(status, now, output.width), requested)
}

function membersOf({ mirror, folder, source, refreshedAt, roles, targets }: TrustStatus, now: number): JsonObject {
  return {
    mirror,
    folder,
    source,
    refreshedAt: timeOf(refreshedAt),
    ageSeconds: Math.max(0, Math.floor((now - refreshedAt) / 1000)),
    roles: roles.map(({ name, version, bytes, expires }) => ({
      ...{ name, version, bytes, expires: timeOf(expires), expired: expires <= now },
    })),
    targets: targets.map(({ name, usage, status }) => ({ name, usage: usage ?? null, status: status ?? null })),
  }
}

function textOf(status: TrustStatus, now: number, width: number): string {
  const { mirror, folder, refreshedAt, roles, targets } = status
  const rows = roles.map(({ name, version, expires }) => [
    ...[name, String(version), timeOf(expires), expires <= now ? "expired" : "valid"],
  ])
  const about = facts(
    [
      ["repository", printable(mirror)],
      ["cache", printable(folder)],
      ["data", `${SOURCE[status.source]}, ${timeOf(refreshedAt)} (${ageOf(now - refreshedAt)})`],
      ["targets", printable(targets.map(({ name }) => name).join(", "))],
    ],
    0,
    width,
  )
  return `${about.join("\n")}\n\n${table([["ROLE", "VERSION", "EXPIRES", ""], ...rows])}`
}

const SOURCE: Readonly<Record<TrustStatus["source"], string>> = {
  tuf: "refreshed now",
  cache: "of the last refresh",
  shipped: "came with this program",
}

function ageOf(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return "now"
  if (minutes < 120) return `${minutes} minutes ago`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} hours ago` : `${Math.floor(hours / 24)} days ago`
}
