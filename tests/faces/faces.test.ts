import { readdirSync, readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, it } from "vitest"
import { cosign2Program, cosignProgram } from "../../src/faces/cosign/program.ts"
import { notation2Program, notationProgram } from "../../src/faces/notation/program.ts"
import { startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { runScript } from "./script.ts"

const programs = {
  cosign: cosignProgram,
  cosign2: cosign2Program,
  notation: notationProgram,
  notation2: notation2Program,
}

describe.each(["cosign", "notation"])("%s", (face) => {
  const folder = new URL(`${face}/`, import.meta.url)
  let registry: TestRegistry
  beforeAll(async () => {
    registry = await startTestRegistry()
  })
  afterAll(async () => {
    await registry.close()
  })

  it.each(readdirSync(folder).filter((name) => name.endsWith(".script")))("%s", async (name) => {
    await runScript(readFileSync(new URL(name, folder), "utf8"), { programs, registry: registry.address })
  })
})
