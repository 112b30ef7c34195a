/** What a signature says about itself, shown by the notation faces on a terminal and in a pipe. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runProgram } from "../../../src/faces/command-line/run-program.ts"
import { notation2Program, notationProgram } from "../../../src/faces/notation/program.ts"
import { memoryWorld } from "../../faces/memory-world.ts"
import { type Pushed, type Rig, startRig } from "./rig.ts"

const FORGED = "Successfully verified signature for evil"

describe("inspect of metadata with line breaks", () => {
  let rig: Rig
  let artifact: Pushed

  beforeAll(async () => {
    rig = await startRig()
    rig.addKey("mallory", await rig.authority.issueSigner())
    artifact = await rig.push()
    rig.write("file", "content")
    for (const argv of [
      ["sign", "-m", `k=v\n${FORGED}\r\u001b[2K`, artifact.reference],
      ["blob", "sign", "-m", `k=v\n${FORGED}\r\u001b[2K`, rig.path("file")],
    ]) {
      expect(await rig.notation2(...argv)).toMatchObject({ exit: 0 })
    }
  })
  afterAll(() => rig.close())

  const shown = async (argv: readonly string[], isTTY: boolean, program = notation2Program): Promise<string> => {
    const memory = memoryWorld({ folder: rig.folder, env: rig.env })
    const { stdout } = memory.world
    const world = { ...memory.world, stdout: { isTTY, columns: 80, write: stdout.write.bind(stdout) } }
    try {
      expect(await runProgram(program, argv, world, "cobra")).toBe(0)
      return memory.stdout()
    } finally {
      await memory.close()
    }
  }
  const inspects = [
    ["notation inspect", () => ["inspect", artifact.reference], notationProgram],
    ["notation2 inspect", () => ["inspect", artifact.reference], notation2Program],
    ["notation2 blob inspect", () => ["blob", "inspect", rig.path("file.jws.sig")], notation2Program],
  ] as const

  it.each(inspects)("%s: no line of it begins on a terminal", async (_, argv, program) => {
    const text = await shown(argv(), true, program)
    expect(text).toContain(`k: v\\n${FORGED}\\r\\x1b[2K\n`)
    expect(text.split("\n").filter((line) => line.startsWith("Successfully"))).toEqual([])
  })

  it.each(inspects)("%s: bytes stay as they are in a pipe", async (_, argv, program) => {
    expect(await shown(argv(), false, program)).toContain(`k: v\n${FORGED}\r\u001b[2K\n`)
  })
})
