import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestRegistry, type TestRegistry } from "../../src/testing/test-registry.ts"

const folders = [process.env["INTEROP_BIN"] ?? "", ...(process.env["PATH"] ?? "").split(delimiter)]
const suite = folders.map((folder) => join(folder, "oci-conformance")).find((path) => existsSync(path))
if (suite === undefined) console.warn("oci-conformance is neither in INTEROP_BIN nor in PATH: see README.md here")

let folder: string
let registry: TestRegistry

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-conformance-"))
  registry = await startTestRegistry({ storage: "file", sparse: true })
})
afterAll(async () => {
  await registry.close()
  await rm(folder, { recursive: true, force: true })
})

async function conformance(version: string): Promise<{ readonly output: string; readonly results: string }> {
  const results = join(folder, version)
  const child = spawn(suite ?? "", [], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      OCI_REGISTRY: registry.address,
      OCI_TLS: "disabled",
      OCI_VERSION: version,
      OCI_DATA_SPARSE: "true",
      OCI_RESULTS_DIR: results,
    },
  })
  let output = ""
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()))
  await once(child, "exit")
  return { output, results: await readFile(join(results, "results.yaml"), "utf8") }
}

/** Count of one outcome in the summary the suite prints. */
function count(output: string, outcome: string): number {
  return Number(new RegExp(`^ *${outcome}\\.+: +([0-9]+)$`, "m").exec(output)?.[1] ?? Number.NaN)
}

describe("the OCI distribution conformance suite", () => {
  it.skipIf(suite === undefined).each([
    ["1.1", 900],
    ["dev", 1000],
  ])(
    "version %s: all passed, none skipped",
    async (version, least) => {
      const { output, results } = await conformance(version)
      // The exit status is 0 also when the suite could not start, so the numbers decide.
      expect([count(output, "FAIL"), count(output, "Skip"), count(output, "Error")]).toEqual([0, 0, 0])
      expect(count(output, "Pass")).toBeGreaterThan(least)
      expect(results).not.toMatch(/: (FAIL|Skip|Error)$/m)
    },
    120_000,
  )
})
