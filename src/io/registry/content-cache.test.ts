import { describe, expect, it } from "vitest"

import { MIB } from "../../core/limits.ts"
import { ContentCache } from "./content-cache.ts"
import { Learned } from "./learned.ts"
import { TagQueues } from "./tag-queues.ts"

const size = (text: string): number => text.length

describe("ContentCache", () => {
  it("loads once however many ask, and again after a failure", async () => {
    const cache = new ContentCache()
    let loads = 0
    const load = (): Promise<string> => (++loads === 1 ? Promise.reject(new Error("broken")) : Promise.resolve("x"))
    const first = await Promise.allSettled([cache.load("k", size, load), cache.load("k", size, load)])
    expect(first.map((one) => one.status)).toEqual(["rejected", "rejected"])
    expect(await Promise.all([cache.load("k", size, load), cache.load("k", size, load)])).toEqual(["x", "x"])
    expect(loads).toBe(2)
  })

  it("stays within its bytes; the least recently used goes first, the too large never comes", () => {
    const cache = new ContentCache(10)
    cache.put("a", "aaaa", 4)
    cache.put("b", "bbbb", 4)
    expect(cache.get("a")).toBe("aaaa")
    cache.put("c", "cccc", 4)
    cache.put("d", "d".repeat(11), 11)
    expect(["a", "b", "c", "d"].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true, false])
    cache.put("a", "a", 1)
    cache.forget("c")
    cache.put("e", "eeeeeeeee", 9)
    expect(["a", "c", "e"].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true])
  })
})

describe("ContentCache and large content", () => {
  it("keeps nothing large, however much room is left", () => {
    const cache = new ContentCache(64 * MIB)
    cache.put("a", "a", 8 * MIB)
    cache.put("b", "b", 8 * MIB + 1)
    expect(["a", "b"].map((key) => cache.get(key))).toEqual(["a", undefined])
  })
})

describe("Learned", () => {
  it("forgets in time, and keeps places apart", () => {
    const clock = { at: 0, now: () => clock.at }
    const learned = new Learned(clock)
    learned.note("referrers", "a", false)
    expect([learned.recall("referrers", "a"), learned.recall("referrers", "b")]).toEqual([false, undefined])
    expect(learned.recall("single-post", "a")).toBeUndefined()
    clock.at = 10 * 60 * 1000
    expect(learned.recall("referrers", "a")).toBeUndefined()
  })
})

describe("TagQueues", () => {
  it("runs one at a time per key, and goes on after a failure", async () => {
    const queues = new TagQueues()
    const events: string[] = []
    const work =
      (name: string, fails = false) =>
      async (): Promise<string> => {
        events.push(`${name} starts`)
        await Promise.resolve()
        events.push(`${name} ends`)
        if (fails) throw new Error(name)
        return name
      }
    const results = await Promise.allSettled([
      queues.run("k", work("a", true)),
      queues.run("k", work("b")),
      queues.run("k", work("c")),
    ])
    expect(results.map((one) => one.status)).toEqual(["rejected", "fulfilled", "fulfilled"])
    expect(events).toEqual(["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"])
  })

  it("merges what arrives while another turn runs, and fails only those who were in it", async () => {
    const queues = new TagQueues()
    const turns: (readonly number[])[] = []
    const work = async (items: readonly number[]): Promise<number> => {
      turns.push([...items])
      await Promise.resolve()
      if (items.includes(1)) throw new Error("first turn")
      return items.length
    }
    const first = queues.batch("k", 1, work)
    await Promise.resolve()
    const later = [2, 3, 4].map((item) => queues.batch("k", item, work))
    await expect(first).rejects.toThrow("first turn")
    expect(await Promise.all(later)).toEqual([3, 3, 3])
    expect(turns).toEqual([[1], [2, 3, 4]])
  })
})
