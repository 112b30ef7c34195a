import {
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { open, type FileHandle } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterEach, beforeEach, expect, it, vi } from "vitest"

import { ChangeLost, withLockFile, type HeldLock } from "./lock-file.ts"

let folder = ""

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-lock-"))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

const at = (name: string): string => join(folder, name)

function locked<T>(work: (lock: HeldLock) => Promise<T>): Promise<T> {
  return withLockFile(
    {
      path: at("file.lock"),
      clock: { now: Date.now },
      sleep: () => new Promise((resolve) => setTimeout(resolve, 1)),
      maxLooks: 300,
      busy: (holder) => new Error(`busy: ${holder}`),
      fault: (path, thrown) => new Error(`fault: ${path}`, { cause: thrown }),
    },
    work,
  )
}

function age(): void {
  utimesSync(at("file.lock"), new Date(0), new Date(0))
}

/** The next write of a whole file finds the disk full. */
async function failOnce(first: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(folder)
  const prototype = Object.getPrototypeOf(file) as FileHandle
  await file.close()
  vi.spyOn(prototype, "writeFile").mockImplementationOnce(async function (this: FileHandle) {
    await first(this)
    throw Object.assign(new Error("full"), { code: "ENOSPC", syscall: "write" })
  })
}

const read = (): string => readFileSync(at("file"), "utf8")
const always = (): Promise<boolean> => Promise.resolve(true)

/** Read, append and write; `hooks` run once each, at the step they are named after. */
function append(
  text: string,
  hooks: { read?: () => Promise<void>; checked?: () => Promise<void> } = {},
): Promise<void> {
  const done = new Set<string>()
  const run = async (name: "read" | "checked"): Promise<void> => {
    if (done.has(name)) return
    done.add(name)
    await hooks[name]?.()
  }
  return locked(async (lock) => {
    const before = read()
    await run("read")
    // Asked after the holder has seen that the lock is its own, right before the rename.
    const unchanged = async (): Promise<boolean> => {
      await run("checked")
      return true
    }
    await lock.replace(at("file"), new TextEncoder().encode(before + text), 0o600, unchanged)
  })
}

it.each(["read", "checked"] as const)("a holder stopped when it has %s its change does it again", async (step) => {
  writeFileSync(at("file"), "0")
  const other = async (): Promise<void> => {
    age()
    await append("b")
  }
  await append("a", { [step]: other })
  expect(read()).toBe("0ba")
  expect(readdirSync(folder)).toEqual(["file"])
})

it("a successor that read nothing yet has made the stopped one's content harmless", async () => {
  writeFileSync(at("file"), "0")
  const resumed = Promise.withResolvers<undefined>()
  const taken = Promise.withResolvers<undefined>()
  const stopped = append("a", {
    checked: async () => {
      age()
      taken.resolve(undefined)
      await resumed.promise
    },
  })
  await taken.promise
  await append("b", {
    read: async () => {
      resumed.resolve(undefined)
      // The stopped one renames now, or would.
      await new Promise((resolve) => setImmediate(resolve))
      expect(read()).toBe("0")
    },
  })
  await stopped
  expect(read()).toBe("0ba")
})

it("check says when the lock has gone to somebody else", async () => {
  writeFileSync(at("file"), "0")
  const lost: unknown[] = []
  let rounds = 0
  await locked(async (lock) => {
    await lock.check()
    if (++rounds > 1) return
    age()
    await append("b")
    await lock.check().catch((thrown: unknown) => {
      lost.push(thrown)
      throw thrown
    })
  })
  expect([rounds, lost]).toEqual([2, [expect.any(ChangeLost)]])
})

it("work that fails otherwise is not done again, and the lock is free", async () => {
  let rounds = 0
  const work = (): Promise<never> => {
    rounds++
    return Promise.reject(new Error("mine"))
  }
  await expect(locked(work)).rejects.toThrow("mine")
  expect([rounds, readdirSync(folder)]).toEqual([1, []])
})

it("removes what dead holders were about to put in place, and nothing else", async () => {
  const token = "0123456789abcdef".repeat(2)
  const others = ["file.lock.new", `file.lock.${token}.old`, `other.lock.${token}.new`, `file.lock.${token}.new.txt`]
  for (const name of [...others, `file.lock.${token}.new`, `file.lock.${token}.stale`]) writeFileSync(at(name), "")
  await locked(always)
  expect(readdirSync(folder).toSorted()).toEqual(others.toSorted())
})

it.each([
  [
    "a folder",
    () => {
      mkdirSync(at("file.lock"))
    },
    "fault: ",
  ],
  [
    "a link",
    () => {
      symlinkSync("/dev/zero", at("file.lock"))
    },
    "busy: another program",
  ],
])("%s in place of the lock is not read", async (_name, make, message) => {
  make()
  if (message.startsWith("fault")) age()
  await expect(locked(always)).rejects.toThrow(message)
})

it.each([0, 1e10])(
  "a folder in place of the lock is a fault and stays, with what is in it: time %d",
  async (seconds) => {
    mkdirSync(at("file.lock"))
    writeFileSync(at("file.lock/precious"), "")
    utimesSync(at("file.lock"), seconds, seconds)
    await expect(locked(always)).rejects.toMatchObject({ cause: { code: "EISDIR", path: at("file.lock") } })
    expect(readdirSync(folder)).toEqual(["file.lock"])
    expect(readdirSync(at("file.lock"))).toEqual(["precious"])
  },
)

it("a lock from the future is a dead holder's", async () => {
  writeFileSync(at("file.lock"), "")
  const hour = Date.now() / 1000 + 3600
  utimesSync(at("file.lock"), hour, hour)
  await locked(always)
  expect(readdirSync(folder)).toEqual([])
})

it.each([0, 10])("a lock of which %d bytes fit on the disk is taken back", async (bytes) => {
  await failOnce(async (file) => {
    await file.write(new Uint8Array(bytes))
  })
  const work = vi.fn(always)
  await expect(locked(work)).rejects.toMatchObject({
    message: `fault: ${at("file.lock")}`,
    cause: { code: "ENOSPC" },
  })
  expect([work.mock.calls.length, readdirSync(folder)]).toEqual([0, []])
})

it("a lock that went to somebody else meanwhile is not taken back", async () => {
  await failOnce(() => {
    renameSync(at("file.lock"), at("aside"))
    writeFileSync(at("file.lock"), "theirs")
    return Promise.resolve()
  })
  await expect(locked(always)).rejects.toMatchObject({ cause: { code: "ENOSPC" } })
  expect(readFileSync(at("file.lock"), "utf8")).toBe("theirs")
})

it("a folder that is not there is a fault", async () => {
  rmSync(folder, { recursive: true })
  await expect(locked(always)).rejects.toThrow("fault: ")
})
