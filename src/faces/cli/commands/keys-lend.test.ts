import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { memoryWorld } from "../../../../tests/faces/memory-world.ts"
import { runProgram } from "../../command-line/run-program.ts"
import { countersignProgram } from "../program.ts"

describe("keys lend", () => {
  let folder = ""
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-lend-"))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  async function lend(
    env: Record<string, string>,
    ...argv: string[]
  ): Promise<{ code: number; out: string; err: string }> {
    const memory = memoryWorld({ folder, env })
    try {
      const world = { ...memory.world, launcher: ["/opt/it's/countersign"] }
      const code = await runProgram(countersignProgram, ["keys", "lend", ...argv], world, "own")
      return { code, out: memory.stdout(), err: memory.stderr() }
    } finally {
      await memory.close()
    }
  }

  it.each([
    [{ NOTATION_CONFIG: "config" }, [], "config/plugins"],
    [{ NOTATION_CONFIG: "config", NOTATION_LIBEXEC: "libexec" }, [], "libexec/plugins"],
    [{ NOTATION_CONFIG: "config" }, ["--plugins", "elsewhere"], "elsewhere"],
  ] as const)("with %j %j writes below %s", async (names, argv, expected) => {
    const env = Object.fromEntries(Object.entries(names).map(([name, path]) => [name, join(folder, path)]))
    const { code, out, err } = await lend(
      env,
      ...argv.map((word) => (word.startsWith("-") ? word : join(folder, word))),
    )
    const path = join(folder, expected, "countersign", "notation-countersign")
    expect({ code, err }).toEqual({ code: 0, err: "" })
    expect(out.replaceAll(/\n {8}/g, "")).toContain(path)
    expect(readFileSync(path, "utf8")).toContain(`exec '/opt/it'\\''s/countersign' 'notation-countersign' "$@"`)
  })

  it("answers with a document", async () => {
    const { out } = await lend({}, "--plugins", folder, "--output", "json")
    expect(JSON.parse(out)).toMatchObject({
      kind: "Plugin",
      name: "countersign",
      path: expect.stringContaining(folder) as string,
    })
  })

  it("refuses an empty folder", async () => {
    expect((await lend({}, "--plugins", "")).code).toBe(2)
  })
})
