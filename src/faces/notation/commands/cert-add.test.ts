import { expect, it } from "vitest"
import { memoryWorld } from "../../../../tests/faces/memory-world.ts"
import { ToolError } from "../../../core/errors.ts"
import { runProgram } from "../../command-line/run-program.ts"
import { notationProgram } from "../program.ts"

it("names a file as it was typed, and what is wrong with it from the root", async () => {
  const memory = memoryWorld({ folder: "/nowhere", env: { NOTATION_CONFIG: "/nowhere/config" } })
  const world = {
    ...memory.world,
    open: async (options: Parameters<typeof memory.world.open>[0]) => {
      const app = await memory.world.open(options)
      const read = (path: string): Promise<never> => {
        const why = `open ${path}: no such file or directory`
        return Promise.reject(new ToolError("E_FILE_NOT_FOUND", { what: `cannot open ${path}`, why }))
      }
      return { ...app, files: { ...app.files, read } }
    },
  }
  const args = ["cert", "add", "-t", "ca", "-s", "acme", "./a.pem", "../b.pem", "-"]
  expect(await runProgram(notationProgram, args, world, "cobra")).toBe(1)
  expect([memory.stdout(), memory.stderr()]).toEqual([
    "",
    `Error: Failed to add following certificates to named store acme of type ca:
./a.pem, with error "open /nowhere/a.pem: no such file or directory"
../b.pem, with error "open /b.pem: no such file or directory"
-, with error "open /nowhere/-: no such file or directory"

`,
  ])
  await memory.close()
})
