import type { RunningSandbox, SandboxFacts } from "../../../app/sandbox-host.ts"
import { printable } from "../../../core/printable.ts"
import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { refuseConnectionFlags } from "../refuse-connection.ts"
import { facts as factLines } from "../render/facts.ts"
import { command, type Session } from "../session.ts"
import { shellWord } from "../shell-word.ts"

/** `sandbox`: a private Sigstore until the process is asked to stop. */
export const sandbox: CommandHandler = command(async (session) => {
  const { flags, world } = session
  refuseConnectionFlags(flags, ["timeout"])
  const data = flags.string("data")
  if (data !== "") return run(session, data, false)
  const temporary = await world.temporaryFolder()
  try {
    return await run(session, temporary.path, true)
  } finally {
    await temporary.remove()
  }
})

async function run({ flags, world, output }: Session, data: string, temporary: boolean): Promise<number> {
  const url = flags.string("url")
  // Asked before anybody can know that it runs, so that the first signal ends it well.
  const stopped = world.stopRequested()
  const server = await world.sandbox.serve({
    listen: flags.string("listen"),
    data,
    durability: flags.string("durability") === "fast" || temporary ? "fast" : "full",
    logFormat: flags.string("log-format") === "json" ? "json" : "text",
    logLevel: flags.bool("debug") ? "debug" : flags.bool("quiet") ? "quiet" : "info",
    ...(url === "" ? {} : { url }),
  })
  try {
    const { facts } = server
    const members = { address: server.address, url: facts.url, services: facts.services, files: facts.files }
    const document = documentOf("Sandbox", { ...members, data: temporary ? null : data })
    await output.answer(document, () => describe(server, data, output.width), "requested")
    if (temporary) await output.note("the data is temporary; keep it with `--data FOLDER`")
    if (!server.loopback)
      await output.note(`warning: others can reach ${server.address}, and whoever reaches a sandbox can be anybody`)
    await stopped
  } finally {
    await server.close()
  }
  return 0
}

function describe({ facts }: RunningSandbox, data: string, width: number): string {
  const word = (path: string): string => printable(shellWord(path))
  const lines = [
    `sandbox on ${facts.url}`,
    "",
    ...factLines(rowsOf(facts), 2, width),
    "",
    "an identity token:",
    `  countersign sandbox token --data ${word(data)} --email you@example.com`,
    "for cosign 3, and for countersign:",
    `  --signing-config ${word(facts.files.signingConfig)} --trusted-root ${word(facts.files.trustedRoot)}`,
    "for cosign 2:",
    `  eval "$(countersign sandbox env --data ${word(data)})"`,
    `  --fulcio-url ${facts.services.fulcio} --rekor-url ${facts.services.rekor} --oidc-issuer ${facts.services.oidc}`,
  ]
  return `${lines.join("\n")}\n`
}

function rowsOf({ services, files }: SandboxFacts): (readonly [string, string])[] {
  return [
    ["issuer", services.oidc],
    ["Fulcio", services.fulcio],
    ["CT log", services.ct],
    ["Rekor v1", services.rekor],
    ["Rekor v2", services.rekor2],
    ["timestamps", services.timestamp],
    ["TUF", services.tuf],
    ["trusted root", printable(files.trustedRoot)],
    ["signing config", printable(files.signingConfig)],
    ["with Rekor v2", printable(files.signingConfigV2)],
    ["TUF root", printable(files.tufRoot)],
  ]
}
