import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { makeFolders } from "./make-folders.ts"

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-folders-"))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const make = (path: string): Promise<unknown> => mkdir(path)

describe("folders above a file", () => {
  it.each(["a", "a/b/c", "a//b///c/", "./x/../y", "."])("%j is made, and may be there already", async (path) => {
    if (path.includes("..")) await mkdir(join(folder, "x"))
    for (let round = 0; round < 2; round++) await makeFolders(`${folder}/${path}`, make)
    expect((await stat(`${folder}/${path}`)).isDirectory()).toBe(true)
  })

  it("writers at the same time do not disturb each other", async () => {
    await Promise.all(Array.from({ length: 10 }, () => makeFolders(join(folder, "a/b/c/d"), make)))
    expect((await stat(join(folder, "a/b/c/d"))).isDirectory()).toBe(true)
  })

  it("a file on the way is an error", async () => {
    await writeFile(join(folder, "file"), "")
    await expect(makeFolders(join(folder, "file/a/b"), make)).rejects.toMatchObject({ code: "ENOTDIR" })
  })

  it("a folder that takes none is an error, not an endless loop", async () => {
    const stubborn = (path: string): Promise<unknown> => {
      const code = path === "/proc" ? "EEXIST" : "ENOENT"
      return Promise.reject(Object.assign(new Error(code), { code }))
    }
    await expect(makeFolders("/proc/x/y/z", stubborn)).rejects.toMatchObject({ code: "ENOENT" })
  })

  it.each(["/", ".", "a", "/a"])("ends at the top of %j", async (path) => {
    const nothing = (): Promise<unknown> => Promise.reject(Object.assign(new Error("ENOENT"), { code: "ENOENT" }))
    await expect(makeFolders(path, nothing)).rejects.toMatchObject({ code: "ENOENT" })
  })
})
