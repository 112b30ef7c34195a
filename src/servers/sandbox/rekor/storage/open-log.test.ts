import { cp, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from "node:fs/promises"
import { DatabaseSync } from "node:sqlite"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ToolError } from "../../../../core/errors.ts"
import { generatePrivateKey } from "../../../../crypto/generate.ts"
import { localSigningKey } from "../../../../crypto/local-key.ts"
import { checkpointText, parseCheckpoint } from "../../../../crypto/transparency/checkpoint.ts"
import { leafHash, verifyConsistency, verifyInclusion } from "../../../../crypto/transparency/merkle.ts"
import { consistencyPath, inclusionPath } from "../../../../crypto/transparency/merkle-tree.ts"
import { noteKeyId } from "../../../../crypto/transparency/note-key.ts"
import { parseSignedNote, signNote } from "../../../../crypto/transparency/signed-note.ts"
import type { AppendOnlyLog, LogHead, LogOptions } from "./append-only-log.ts"
import { openLog } from "./open-log.ts"

const key = localSigningKey(await generatePrivateKey("ed25519"))
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const entry = (text: string, ...keywords: string[]) => ({ body: bytes(text), keywords })
const range = (count: number): number[] => [...Array(count).keys()]
const clock = { now: () => 1_700_000_000_999 }

let base: string
let folder: string
const opened: AppendOnlyLog[] = []

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "countersign-log-"))
  folder = join(base, "log")
})
afterEach(async () => {
  for (const log of opened.splice(0)) await log.close()
  await rm(base, { recursive: true, force: true })
})

async function start(options: Partial<LogOptions> = {}): Promise<AppendOnlyLog> {
  const sign: LogOptions["sign"] = ({ size, root }) =>
    signNote(checkpointText({ origin: "log", size: BigInt(size), rootHash: root, extra: [] }), [
      { name: "log", keyId: noteKeyId(key.publicKey, "log"), key, scheme: { scheme: "ed25519" } },
    ])
  const log = await openLog({ folder, clock, sign, ...options })
  opened.push(log)
  return log
}

async function stop(log: AppendOnlyLog): Promise<void> {
  opened.splice(opened.indexOf(log), 1)
  await log.close()
}

/** The folder as a killed process leaves it. */
async function crashed(): Promise<string> {
  const copy = await mkdtemp(join(base, "copy-"))
  await cp(folder, copy, { recursive: true })
  return copy
}

async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

function expectIncluded(log: AppendOnlyLog, index: number, body: string): void {
  const { size, root } = log.head()
  const claim = { index: BigInt(index), size: BigInt(size), leaf: leafHash(bytes(body)), root }
  expect(verifyInclusion({ ...claim, hashes: inclusionPath(log.read, index, size) })).toBe(true)
}

function expectConsistent(log: AppendOnlyLog, older: LogHead): void {
  const { size, root } = log.head()
  const hashes = consistencyPath(log.read, older.size, size)
  const claim = { size1: BigInt(older.size), root1: older.root, size2: BigInt(size), root2: root, hashes }
  expect(verifyConsistency(claim)).toBe(true)
}

describe("a log in a folder", () => {
  it("gives indices in order, finds entries, and has them after a restart", async () => {
    const log = await start()
    expect(log.head().size).toBe(0)
    const appended = await Promise.all(range(600).map((n) => log.append(entry(`e${n}`, `Word${n % 3}`, "All"))))
    expect(appended.map(({ index }) => index).sort((a, b) => a - b)).toEqual(range(600))
    const head = log.head()
    await stop(log)
    const again = await start()
    expect(again.head().root).toEqual(head.root)
    expect(again.entry(7)).toEqual({ index: 7, time: 1_700_000_000, body: bytes("e7"), leaf: leafHash(bytes("e7")) })
    expect(again.find(leafHash(bytes("e599")))).toBe(599)
    expect(again.search("WORD1", 2)).toEqual([598, 595])
    expect(again.search("word", 9)).toEqual([])
    expect(again.bodies(598, 256)).toEqual([bytes("e598"), bytes("e599")])
    for (const n of [0, 1, 255, 256, 599]) expectIncluded(again, n, `e${n}`)
    expect(again.entry(600)).toBeUndefined()
    expect(again.entry(-1)).toBeUndefined()
  })

  it("adds the same entry once, whether it comes again later, beside it or after a restart", async () => {
    const log = await start()
    const both = await Promise.all([log.append(entry("a")), log.append(entry("a"))])
    expect(both).toEqual([
      { index: 0, duplicate: false },
      { index: 0, duplicate: true },
    ])
    await stop(log)
    const again = await start()
    expect(await again.append(entry("a"))).toEqual({ index: 0, duplicate: true })
    expect(again.head().size).toBe(1)
  })

  it("adds duplicates only where that is asked for", async () => {
    const log = await start({ keepDuplicates: true })
    await log.append(entry("a"))
    expect(await log.append(entry("a"))).toEqual({ index: 1, duplicate: false })
    expect(log.find(leafHash(bytes("a")))).toBe(0)
  })

  it("belongs to one process at a time", async () => {
    await start()
    expect(await codeOf(() => start())).toBe("E_STORAGE_LOCKED")
  })

  it("adds nothing once it is closed", async () => {
    const log = await start()
    const last = log.append(entry("a"))
    await stop(log)
    expect(await last).toEqual({ index: 0, duplicate: false })
    expect(await codeOf(() => log.append(entry("b")))).toBe("E_IO")
  })

  it("keeps one fact", async () => {
    const log = await start()
    expect([log.fact("id", () => "1"), log.fact("id", () => "2")]).toEqual(["1", "1"])
  })
})

describe("a log whose process died", () => {
  it("has every entry that was answered, wherever the write-ahead log is cut behind them", async () => {
    const log = await start({ durability: "fast" })
    for (const n of range(5)) await log.append(entry(`e${n}`))
    const before = log.head()
    const answered = await crashed()
    const { size: from } = await stat(join(answered, "log.sqlite-wal"))
    await log.append(entry("e5"))
    const after = await crashed()
    const { size: to } = await stat(join(after, "log.sqlite-wal"))
    expect(to).toBeGreaterThan(from)
    await stop(log)
    for (let length = from; length < to; length += 997) {
      const copy = join(base, `cut-${length}`)
      await cp(after, copy, { recursive: true })
      // The checkpoint of the answer was not written either.
      await cp(join(answered, "checkpoint"), join(copy, "checkpoint"))
      await truncate(join(copy, "log.sqlite-wal"), length)
      const again = await start({ folder: copy })
      expect(again.head().size).toBe(5)
      expect(again.head().root).toEqual(before.root)
      await again.append(entry("other"))
      expectConsistent(again, before)
      await stop(again)
    }
  })

  it("publishes what was written and not signed yet", async () => {
    const log = await start({ durability: "fast" })
    await log.append(entry("a"))
    const older = await crashed()
    await log.append(entry("b"))
    const head = log.head()
    const newer = await crashed()
    await cp(join(older, "checkpoint"), join(newer, "checkpoint"))
    const again = await start({ folder: newer })
    expect(again.head().root).toEqual(head.root)
    expectIncluded(again, 1, "b")
  })

  it("survives a checkpoint that was torn while it was written", async () => {
    const log = await start({ durability: "fast" })
    await log.append(entry("a"))
    await log.append(entry("b"))
    await stop(log)
    const path = join(folder, "checkpoint")
    const file = await open(path, "r+")
    // Sequence 3 lies in the second slot.
    await file.write(new Uint8Array(64).fill(7), 0, 64, 16 * 1024 + 30)
    await file.close()
    const again = await start()
    expect(again.head().size).toBe(2)
  })
})

describe("a log that was changed behind its back", () => {
  async function two(): Promise<LogHead> {
    const log = await start()
    await log.append(entry("a"))
    await log.append(entry("b"))
    const head = log.head()
    await stop(log)
    return head
  }
  const change = (sql: string): Promise<void> => {
    const database = new DatabaseSync(join(folder, "log.sqlite"))
    database.exec(sql)
    database.close()
    return Promise.resolve()
  }

  it.each<[string, () => Promise<unknown>]>([
    ["the last entry is gone", () => change("DELETE FROM entries WHERE idx = 1")],
    ["an entry in between is gone", () => change("DELETE FROM entries WHERE idx = 0")],
    ["all entries are gone", () => rm(join(folder, "log.sqlite"))],
    ["a leaf hash is another", () => change("UPDATE entries SET leaf = zeroblob(32) WHERE idx = 0")],
    ["a leaf hash is short", () => change("UPDATE entries SET leaf = zeroblob(31) WHERE idx = 0")],
    ["the checkpoint is gone", () => rm(join(folder, "checkpoint"))],
    ["the checkpoint is empty", () => truncate(join(folder, "checkpoint"))],
    ["both checkpoints are damaged", () => writeFile(join(folder, "checkpoint"), new Uint8Array(32 * 1024).fill(1))],
    ["the database is something else", () => writeFile(join(folder, "log.sqlite"), "not a database".repeat(500))],
  ])("is not opened: %s", async (_, damage) => {
    await two()
    await damage()
    expect(await codeOf(() => start())).toBe("E_STORAGE_CORRUPT")
  })

  it("is not opened with tables of another version", async () => {
    await two()
    await change("PRAGMA user_version = 9")
    expect(await codeOf(() => start())).toBe("E_IO")
  })

  it("never gives out a body that changed on the disk", async () => {
    await two()
    await change("UPDATE bodies SET body = x'00' WHERE idx = 1")
    const log = await start()
    expect(await codeOf(() => Promise.resolve(log.entry(0)))).toBe("accepted")
    expect(await codeOf(async () => Promise.resolve().then(() => log.entry(1)))).toBe("E_STORAGE_CORRUPT")
    expect(await codeOf(async () => Promise.resolve().then(() => log.bodies(0, 2)))).toBe("E_STORAGE_CORRUPT")
  })
})

describe("a log without room", () => {
  it("stores nothing of what does not fit, and goes on with what does", async () => {
    const log = await start({ maxBytes: 128 * 1024 })
    await log.append(entry("small"))
    const head = log.head()
    const large = "x".repeat(200 * 1024)
    const [a, b] = await Promise.allSettled([log.append(entry(large, "w")), log.append(entry("beside"))])
    expect([a, b].map(({ status }) => status)).toEqual(["rejected", "rejected"])
    expect((a as PromiseRejectedResult).reason).toMatchObject({ code: "E_IO", details: { errno: "ENOSPC" } })
    expect(log.head()).toEqual(head)
    expect(log.search("w", 10)).toEqual([])
    expect(await log.append(entry("beside"))).toEqual({ index: 1, duplicate: false })
    await stop(log)
    const again = await start()
    expect(again.head().size).toBe(2)
    expectIncluded(again, 1, "beside")
    expectConsistent(again, head)
  })

  it("publishes later what could not be signed at first", async () => {
    let broken = false
    const sign: LogOptions["sign"] = ({ size, root }) => {
      if (broken) return Promise.reject(new ToolError("E_KEY_PROVIDER", { what: "the key does not answer" }))
      const text = checkpointText({ origin: "log", size: BigInt(size), rootHash: root, extra: [] })
      const keyId = noteKeyId(key.publicKey, "log")
      return signNote(text, [{ name: "log", keyId, key, scheme: { scheme: "ed25519" } }])
    }
    const log = await start({ sign })
    broken = true
    expect(await codeOf(() => log.append(entry("a")))).toBe("E_KEY_PROVIDER")
    expect([log.head().size, log.find(leafHash(bytes("a"))), log.entry(0)]).toEqual([0, undefined, undefined])
    broken = false
    expect(await log.append(entry("a"))).toEqual({ index: 0, duplicate: true })
    expect(parseCheckpoint(parseSignedNote(log.head().checkpoint).text).size).toBe(1n)
    expectIncluded(log, 0, "a")
  })

  it("leaves nothing in its folder but its own files", async () => {
    const log = await start()
    await log.append(entry("a"))
    await stop(log)
    expect((await readdir(folder)).sort()).toEqual(["checkpoint", "log.sqlite"])
  })
})
