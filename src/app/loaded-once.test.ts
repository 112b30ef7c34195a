import { describe, expect, it } from "vitest"
import { loadedOnce } from "./loaded-once.ts"

describe("loadedOnce", () => {
  it("loads when it is asked, and once", async () => {
    let loads = 0
    const load = loadedOnce(() => Promise.resolve(++loads))
    expect(loads).toBe(0)
    expect(await Promise.all([load(), load()])).toEqual([1, 1])
    expect(await load()).toBe(1)
  })

  it("gives everybody the same failure", async () => {
    const load = loadedOnce(() => Promise.reject(new Error("gone")))
    await expect(load()).rejects.toThrow("gone")
    await expect(load()).rejects.toThrow("gone")
  })
})
