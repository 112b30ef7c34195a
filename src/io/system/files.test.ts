import { execFileSync } from "node:child_process"
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Files } from "../../core/ports.ts"
import { createFiles } from "./files.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: Uint8Array): string => new TextDecoder().decode(value)
let folder: string
let files: Files
let written: string

async function* once(chunk: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(chunk)
}

async function* failing(): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes("half"))
  throw new Error("source broke")
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "files-"))
  written = ""
  files = createFiles({
    stdin: { chunks: () => once(bytes("from stdin")) },
    stdout: {
      write: (chunk) => {
        written += typeof chunk === "string" ? chunk : text(chunk)
        return Promise.resolve()
      },
    },
  })
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})
const at = (name: string): string => join(folder, name)

describe("reading", () => {
  it("reads files, standard input and large files in chunks of at most 1 MiB", async () => {
    const large = new Uint8Array(2.5 * 1024 * 1024).map((_, i) => i % 251)
    writeFileSync(at("large"), large)
    expect(await files.read(at("large"), large.length)).toEqual(large)
    const sizes: number[] = []
    for await (const chunk of files.stream(at("large"))) sizes.push(chunk.length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024)
    expect(sizes.reduce((a, b) => a + b)).toBe(large.length)
    expect(text(await files.read("-", 100))).toBe("from stdin")
    expect(await files.size(at("large"))).toBe(large.length)
  })

  it("refuses more than allowed, without trusting the stated size", async () => {
    writeFileSync(at("a"), "12345")
    await expect(files.read(at("a"), 4)).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" })
    await expect(files.read("-", 3)).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" })
    await expect(files.read("/dev/zero", 10_000)).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" })
  })

  it("says what the system says, as Go prints it", async () => {
    mkdirSync(at("dir"))
    writeFileSync(at("file"), "")
    const refusals: readonly [string, string, string][] = [
      ["absent", "ENOENT", `open ${at("absent")}: no such file or directory`],
      ["dir", "EISDIR", `read ${at("dir")}: is a directory`],
      ["file/x", "ENOTDIR", `open ${at("file/x")}: not a directory`],
    ]
    for (const [name, errno, why] of refusals) {
      await expect(files.read(at(name), 10)).rejects.toMatchObject({
        code: "E_FILE_NOT_FOUND",
        why,
        details: { errno },
      })
    }
  })

  it("knows what exists, and sizes of regular files alone", async () => {
    writeFileSync(at("a"), "123")
    expect(await files.exists(at("a"))).toBe(true)
    expect(await files.exists(folder)).toBe(true)
    expect(await files.exists(at("a/b"))).toBe(false)
    expect(await files.exists(at("b"))).toBe(false)
    expect(await files.exists("-")).toBe(false)
    expect(await files.size(at("a"))).toBe(3)
    for (const other of ["-", folder, at("b"), "/dev/null"]) expect(await files.size(other)).toBeUndefined()
  })
})

describe("writing", () => {
  it("writes, replaces and sets the mode; nothing else is left in the folder", async () => {
    await files.write(at("key"), bytes("1"), { mode: 0o600 })
    expect(statSync(at("key")).mode & 0o777).toBe(0o600)
    await files.write(at("key"), bytes("22"))
    expect(readFileSync(at("key"), "utf8")).toBe("22")
    expect(statSync(at("key")).mode & 0o777).toBe(0o600)
    await files.writeStream(at("new"), once(bytes("333")))
    expect(readdirSync(folder).toSorted()).toEqual(["key", "new"])
    await files.write(at("empty"), new Uint8Array())
    expect(statSync(at("empty")).size).toBe(0)
  })

  it("refuses to replace anything when exclusive, dangling links included", async () => {
    writeFileSync(at("a"), "old")
    symlinkSync(at("nowhere"), at("link"))
    for (const name of ["a", "link"]) {
      await expect(files.write(at(name), bytes("new"), { exclusive: true })).rejects.toMatchObject({
        code: "E_FILE_EXISTS",
      })
    }
    expect(readFileSync(at("a"), "utf8")).toBe("old")
    await files.write(at("b"), bytes("new"), { exclusive: true, mode: 0o600 })
    expect(statSync(at("b")).mode & 0o777).toBe(0o600)
    expect(statSync(at("b")).nlink).toBe(1)
    expect(readdirSync(folder).toSorted()).toEqual(["a", "b", "link"])
  })

  it("one of many exclusive writers wins, and its content is whole", async () => {
    const writers = Array.from({ length: 20 }, (_, i) =>
      files.write(at("a"), bytes(`writer ${i}`), { exclusive: true }),
    )
    const done = await Promise.allSettled(writers)
    const winners = done.flatMap((result, i) => (result.status === "fulfilled" ? [i] : []))
    expect(winners).toHaveLength(1)
    expect(readFileSync(at("a"), "utf8")).toBe(`writer ${winners[0]}`)
    expect(readdirSync(folder)).toEqual(["a"])
  })

  it("a source that fails leaves the old file and nothing else", async () => {
    writeFileSync(at("a"), "old")
    await expect(files.writeStream(at("a"), failing())).rejects.toThrow("source broke")
    await expect(files.writeStream(at("b"), failing())).rejects.toThrow("source broke")
    expect(readFileSync(at("a"), "utf8")).toBe("old")
    expect(readdirSync(folder)).toEqual(["a"])
  })

  it("follows symbolic links instead of replacing them", async () => {
    writeFileSync(at("real"), "old")
    symlinkSync(at("real"), at("link"))
    await files.write(at("link"), bytes("new"))
    expect(lstatSync(at("link")).isSymbolicLink()).toBe(true)
    expect(readFileSync(at("real"), "utf8")).toBe("new")
  })

  it("writes to devices and pipes without replacing them", async () => {
    await files.write("/dev/null", bytes("gone"))
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true)
    await files.write("-", bytes("to stdout"))
    expect(written).toBe("to stdout")
  })

  it("reports folders that are absent, that are files, or that are no place for a file", async () => {
    writeFileSync(at("file"), "")
    await expect(files.write(at("absent/a"), bytes("x"))).rejects.toMatchObject({
      code: "E_IO",
      details: { errno: "ENOENT" },
    })
    await expect(files.write(at("file/a"), bytes("x"))).rejects.toMatchObject({
      code: "E_IO",
      details: { errno: "ENOTDIR" },
    })
    mkdirSync(at("dir"))
    await expect(files.write(at("dir"), bytes("x"))).rejects.toMatchObject({ code: "E_IO" })
    expect(readdirSync(folder).toSorted()).toEqual(["dir", "file"])
  })

  it("a full disk is reported and leaves nothing behind", async () => {
    const mount = at("full")
    mkdirSync(mount)
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", mount], { stdio: "ignore" })
    } catch {
      console.warn("a small file system cannot be mounted here: full disk not tested")
      await expect(files.write("/dev/full", bytes("x"))).rejects.toMatchObject({
        code: "E_IO",
        details: { errno: "ENOSPC" },
      })
      return
    }
    try {
      await expect(files.write(join(mount, "a"), new Uint8Array(1024 * 1024))).rejects.toMatchObject({
        code: "E_IO",
        details: { errno: "ENOSPC" },
      })
      expect(readdirSync(mount)).toEqual([])
    } finally {
      execFileSync("umount", [mount])
    }
  })

  it("a folder without write permission is reported", async () => {
    mkdirSync(at("locked"))
    chmodSync(at("locked"), 0o500)
    if (process.getuid?.() === 0) return
    await expect(files.write(at("locked/a"), bytes("x"))).rejects.toMatchObject({
      code: "E_IO",
      details: { errno: "EACCES" },
    })
  })
})
