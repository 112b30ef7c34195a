/**
 * Verifies a list of references again and again in one process, as a server or a watcher does; every round reads all
 * of it from the registry. Prints the milliseconds of each round as JSON.
 *
 * usage: library-rounds.ts LIST KEY-OR-STORE FORMAT ROUNDS
 */
import { readFileSync } from "node:fs"
import { verify, type FormatName } from "../src/index.ts"

const [list = "", trusted = "", format = "", rounds = ""] = process.argv.slice(2)
const artifacts = readFileSync(list, "utf8").trim().split("\n")
const trust =
  format === "notation" ? { certificates: { trustStores: [trusted], identities: ["*"] } } : { keys: [trusted] }
const times: number[] = []
for (let round = 0; round < Number(rounds); round++) {
  const start = performance.now()
  const { report } = await verify({ artifacts, ...trust, formats: [format as FormatName] })
  times.push(performance.now() - start)
  const missing = report.artifacts.filter(({ state }) => state !== "verified").length
  if (missing > 0) throw new Error(`${missing} of ${artifacts.length} were not verified`)
}
process.stdout.write(JSON.stringify(times))
