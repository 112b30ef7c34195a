import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { findPeer } from "../interop/peers.ts"

const launcher = fileURLToPath(new URL("../../countersign", import.meta.url))
let folder = ""

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-peers-"))
  for (const name of ["first", "second"]) mkdirSync(join(folder, name))
  vi.stubEnv("INTEROP_BIN", join(folder, "first"))
  vi.stubEnv("PATH", [join(folder, "second"), ""].join(delimiter))
})

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

function program(place: string, text: string): string {
  const path = join(folder, place)
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  return path
}

describe("the real tools are not ourselves", () => {
  it.each<[string, () => unknown]>([
    [
      "a link",
      () => {
        symlinkSync(launcher, join(folder, "first/notation"))
      },
    ],
    [
      "a link to a link",
      () => {
        symlinkSync(launcher, join(folder, "first/other"))
        symlinkSync("other", join(folder, "first/notation"))
      },
    ],
    ["a script", () => program("first/notation", '#!/bin/sh\nexec /somewhere/countersign notation "$@"\n')],
  ])("%s of that name is passed over", (_case, ours) => {
    ours()
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined)
    expect(findPeer("notation")).toBeUndefined()
    expect(warn.mock.calls.length).toBeLessThanOrEqual(1)
    const real = program("second/notation", "\x7fELF countersign")
    expect(findPeer("notation")).toBe(real)
  })

  it("a script of another program is taken", () => {
    const other = program("first/notation", '#!/bin/sh\nexec /opt/notation "$@"\n')
    expect(findPeer("notation")).toBe(other)
  })
})
