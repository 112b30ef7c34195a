import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

import { afterEach, beforeEach, expect, it } from "vitest"

import { answering, metadataOf, writeScript } from "../io/notation/test-home.ts"

const main = fileURLToPath(new URL("main.ts", import.meta.url))
let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-bin-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

it.each(["notation", "notation2"])("what happened to notation's folders is said by the program %s", async (name) => {
  writeScript(
    join(folder, ".notation-install-0123456789abcdef", "old", "lost", "notation-lost"),
    answering(metadataOf("lost")),
  )
  const source = writeScript(join(folder, "notation-p"), answering(metadataOf("p")))
  const { stderr } = await promisify(execFile)(process.execPath, [main, "plugin", "install", "--file", source], {
    env: { ...process.env, COUNTERSIGN_NAME: name, HOME: folder, NOTATION_CONFIG: folder },
  })
  expect(stderr).toBe("Warning: plugin lost was put back after an installation that was interrupted\n")
})
