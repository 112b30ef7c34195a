import type { FaceHandler } from "../face-invocation.ts"

/** `notation version`. DEVIATION: the version is ours, with the notation version it follows; Node takes the place of Go. */
export const version: FaceHandler = async ({ world, generation }) => {
  const facts = world.version
  const rows = [
    ["Version:", `v${generation.compared}+countersign.${facts.version}`],
    ["Runtime:", facts.runtime],
    ...(generation.namesPlatform ? [["OS/Arch:", facts.platform]] : []),
    ...(facts.commit === "unknown" ? [] : [["Git commit:", facts.commit]]),
  ]
  const lines = rows.map(([label = "", value = ""]) => `${label.padEnd(13)}${value}\n`).join("")
  await world.stdout.write(`Notation - a tool to sign and verify artifacts.\n\n${lines}`)
  return 0
}
