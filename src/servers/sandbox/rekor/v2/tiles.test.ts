import { createHash } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parseCheckpoint } from "../../../../crypto/transparency/checkpoint.ts"
import { parseSignedNote } from "../../../../crypto/transparency/signed-note.ts"
import { hashedrekordV2, startLogs, type TestLogs, V2 } from "../rekor-fixture.ts"
import { parseTileName } from "./tiles.ts"

const SIZE = 515

/** RFC 6962 2.1, word for word and without any store. */
function mth(entries: readonly Buffer[]): Buffer {
  const hash = (...parts: readonly Uint8Array[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest()
  if (entries.length === 0) return hash()
  const [only] = entries
  if (entries.length === 1 && only !== undefined) return hash(Uint8Array.of(0), only)
  let k = 1
  while (k * 2 < entries.length) k *= 2
  return hash(Uint8Array.of(1), mth(entries.slice(0, k)), mth(entries.slice(k)))
}

/** C2SP tlog-tiles.md: entries after their lengths in two bytes. */
function entriesOf(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = []
  for (let at = 0; at < bundle.length;) {
    const length = bundle.readUInt16BE(at)
    entries.push(bundle.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return entries
}

describe("a log read as tiles", () => {
  let logs: TestLogs
  const read = async (path: string): Promise<Buffer | number> => {
    const response = await logs.get(`${V2}/api/v2/tile/${path}`)
    if (response.status !== 200) return response.status
    expect(response.headers.get("cache-control")).toContain("immutable")
    return Buffer.from(await response.arrayBuffer())
  }
  const bytes = async (path: string): Promise<Buffer> => {
    const tile = await read(path)
    if (typeof tile === "number") throw new Error(`${path}: ${tile}`)
    return tile
  }

  beforeAll(async () => {
    logs = await startLogs()
    const requests = Array.from({ length: SIZE }, (_, at) =>
      logs.post(`${V2}/api/v2/log/entries`, hashedrekordV2(`e${at}`)),
    )
    for (const response of await Promise.all(requests)) expect(response.status).toBe(201)
  })
  afterAll(async () => {
    await logs.close()
  })

  it("has the entries, their hashes and the root that the checkpoint says", async () => {
    const parts = [await bytes("entries/000"), await bytes("entries/001"), await bytes("entries/002.p/3")]
    const entries = parts.flatMap(entriesOf)
    expect(entries).toHaveLength(SIZE)
    const note = await (await logs.get(`${V2}/api/v2/checkpoint`)).text()
    const { size, rootHash } = parseCheckpoint(parseSignedNote(note).text)
    expect([size, Buffer.from(rootHash)]).toEqual([BigInt(SIZE), mth(entries)])
    const level0 = Buffer.concat([await bytes("0/000"), await bytes("0/001"), await bytes("0/002.p/3")])
    expect(level0).toEqual(Buffer.concat(entries.map((entry) => mth([entry]))))
    expect(await bytes("1/000.p/2")).toEqual(Buffer.concat([mth(entries.slice(0, 256)), mth(entries.slice(256, 512))]))
    // What was the end of the log once can still be read.
    expect(await bytes("0/001.p/7")).toEqual(level0.subarray(256 * 32, 263 * 32))
    expect(entriesOf(await bytes("entries/000.p/1"))).toEqual(entries.slice(0, 1))
  })

  it.each([
    "0/002",
    "0/002.p/4",
    "1/000",
    "1/000.p/3",
    "2/000.p/1",
    "entries/002",
    "entries/003.p/1",
    "7/000",
    "0/x001/000",
  ])("has no tile %s yet", async (path) => {
    expect(await read(path)).toBe(404)
  })
})

describe("names of tiles", () => {
  it.each([
    ["0/000", { level: 0, index: 0, width: 256 }],
    ["6/067", { level: 6, index: 67, width: 256 }],
    ["0/x001/x234/067", { level: 0, index: 1_234_067, width: 256 }],
    ["1/x001/000.p/255", { level: 1, index: 1000, width: 255 }],
    ["entries/x123/456.p/1", { level: "entries", index: 123_456, width: 1 }],
  ])("%s", (path, name) => {
    expect(parseTileName(path)).toEqual(name)
  })

  it.each([
    "",
    "0",
    "0/",
    "0/0",
    "0/00",
    "0/0000",
    "0/x000/001",
    "0/x001",
    "0/001/002",
    "0/001.p/0",
    "0/001.p/256",
    "0/001.p/257",
    "0/001.p/01",
    "0/001.p/",
    "00/001",
    "7/000",
    "-1/000",
    "64/000",
    "data/000",
    "entries",
    "entries/x1/000",
    "0/../entries/000",
    "0/x999/x999/x999/x999/x999/x999/999",
    "0/x999/x999/x999/x999/x999/999",
  ])("not %j", (path) => {
    expect(parseTileName(path)).toBeUndefined()
  })
})
