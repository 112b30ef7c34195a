import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ToolError } from "../../../core/errors.ts"
import { hashedrekord, hashedrekordV2, startLogs, type TestLogs, V1, v1Key, V2, v2Key } from "./rekor-fixture.ts"

let folder: string
const running: TestLogs[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-rekor-"))
})
afterEach(async () => {
  for (const logs of running.splice(0)) await logs.rekor.close()
  await rm(folder, { recursive: true, force: true })
})

async function start(options: Parameters<typeof startLogs>[0] = {}): Promise<TestLogs> {
  const logs = await startLogs(options, folder)
  running.push(logs)
  return logs
}

async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "opened"
}

describe("both logs of a folder", () => {
  it("have trees, ids and folders of their own", async () => {
    const { rekor, post } = await start()
    expect((await post(`${V1}/api/v1/log/entries`, hashedrekord("a"))).status).toBe(201)
    expect((await post(`${V2}/api/v2/log/entries`, hashedrekordV2("a"))).status).toBe(201)
    expect((await post(`${V2}/api/v2/log/entries`, hashedrekordV2("b"))).status).toBe(201)
    expect((await readdir(folder)).sort()).toEqual(["v1", "v2"])
    expect([rekor.v1.publicKey, rekor.v2.publicKey]).toEqual([v1Key.publicKey, v2Key.publicKey])
    expect(rekor.v1.origin).toMatch(/^log\.test - [0-9]+$/)
    expect(rekor.v2.origin).toBe("log.test")
    expect(rekor.v1.logId).not.toEqual(rekor.v2.logId)
  })

  it("are one server's alone", async () => {
    await start()
    expect(await codeOf(() => startLogs({}, folder))).toBe("E_STORAGE_LOCKED")
  })

  it("let go of the first log when the second cannot be opened", async () => {
    const logs = await start()
    running.splice(0)
    await logs.rekor.close()
    await writeFile(join(folder, "v2", "log.sqlite"), "no database at all".repeat(100))
    expect(await codeOf(() => startLogs({}, folder))).toBe("E_STORAGE_CORRUPT")
    await rm(join(folder, "v2"), { recursive: true })
    await start()
  })

  it("cannot lie where a file is", async () => {
    await writeFile(join(folder, "v1"), "")
    expect(await codeOf(() => startLogs({}, folder))).toBe("E_IO")
  })

  it("take witnesses that can cosign, and eight of them", async () => {
    const witness = (name: string, key = v2Key) => ({ name, key })
    const many = Array.from({ length: 8 }, (_, at) => witness(`w${at}.test`))
    expect(await codeOf(() => startLogs({ witnesses: [...many, witness("w")] }, folder))).toBe("E_USAGE")
    expect(await codeOf(() => startLogs({ witnesses: [witness("a b")] }, folder))).toBe("E_USAGE")
    expect(await codeOf(() => startLogs({ witnesses: [witness("w", v1Key)] }, folder))).toBe("E_KEY_TYPE")
    const { get } = await start({ witnesses: many })
    const note = await (await get(`${V2}/api/v2/checkpoint`)).text()
    expect(note.split("\n\n")[1]?.trim().split("\n")).toHaveLength(9)
  })

  it("keep the version 1 tree's id when they move to another name", async () => {
    const logs = await start()
    const { origin } = logs.rekor.v1
    running.splice(0)
    const moved = await logs.again({ v1: { url: "https://other.test/", signer: v1Key } })
    running.push(moved)
    expect(moved.rekor.v1.origin).toBe(origin.replace("log.test", "other.test"))
    const response = await moved.post(`${V1}/api/v1/log/entries`, hashedrekord("a"))
    expect(response.headers.get("location")).toMatch(/^\/api\/v1\/log\/entries\/[0-9a-f]{80}$/)
  })

  it("forget nothing they published between two starts", async () => {
    const logs = await start()
    await logs.post(`${V1}/api/v1/log/entries`, hashedrekord("a"))
    running.splice(0)
    await logs.rekor.close()
    await rm(join(folder, "v1", "log.sqlite"))
    expect(await codeOf(() => startLogs({}, folder))).toBe("E_STORAGE_CORRUPT")
  })
})
