import { describe, expect, it } from "vitest"
import { mapBounded } from "./map-bounded.ts"

describe("mapBounded", () => {
  it("keeps input order and never exceeds the width", async () => {
    let running = 0
    let most = 0
    const release: (() => void)[] = []
    const mapped = mapBounded([1, 2, 3, 4, 5], 2, async (n) => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => release.push(resolve))
      running--
      return n * 10
    })
    for (let turn = 0; turn < 10; turn++) {
      // The last one first, so that completion order differs from input order.
      release.pop()?.()
      await new Promise(setImmediate)
    }
    expect(await mapped).toEqual([10, 20, 30, 40, 50])
    expect(most).toBe(2)
  })

  it("gives an empty list for an empty list", async () => {
    expect(await mapBounded([], 4, () => Promise.resolve(1))).toEqual([])
  })

  it("stops starting work after a failure and reports the first", async () => {
    const started: number[] = []
    const failing = mapBounded([1, 2, 3], 1, (n) => {
      started.push(n)
      return Promise.reject(new Error(`no ${n}`))
    })
    await expect(failing).rejects.toThrow("no 1")
    expect(started).toEqual([1])
  })
})
