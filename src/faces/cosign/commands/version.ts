import { goJson } from "../../../codec/go-json.ts"
import { tabwriter } from "../../command-line/tabwriter.ts"
import type { FaceHandler } from "../face-invocation.ts"

/** `cosign version`. DEVIATION: no banner drawn in letters; the version is ours, with the cosign version it follows. */
export const version: FaceHandler = async ({ flags, world, generation }) => {
  const facts = world.version
  const gitVersion = `v${generation.compared}+countersign.${facts.version}`
  if (flags.bool("json")) {
    const document = {
      gitVersion,
      gitCommit: facts.commit,
      gitTreeState: facts.treeState,
      buildDate: facts.buildDate,
      goVersion: "unknown",
      compiler: facts.runtime,
      platform: facts.platform,
    }
    await world.stdout.write(`${goJson(document, { indent: "  " })}\n`)
    return 0
  }
  const rows = [
    ["GitVersion", gitVersion],
    ["GitCommit", facts.commit],
    ["GitTreeState", facts.treeState],
    ["BuildDate", facts.buildDate],
    ["GoVersion", "unknown"],
    ["Compiler", facts.runtime],
    ["Platform", facts.platform],
  ]
  const table = rows.map(([name = "", value = ""]) => `${name}:\t${value}\n`).join("")
  const laidOut = tabwriter(table, { minWidth: 0, tabWidth: 0, padding: 2, padChar: " " })
  await world.stdout.write(
    `cosign: A tool for Container Signing, Verification and Storage in an OCI registry.\n\n${laidOut}\n`,
  )
  return 0
}
