import { describe, expect, it } from "vitest"

import type { Descriptor } from "../../core/descriptor.ts"
import { ToolError } from "../../core/errors.ts"
import { limits, MIB } from "../../core/limits.ts"
import type { ContentStore } from "../../core/ports.ts"
import { ByteGate } from "./byte-gate.ts"
import { readLayers, type LayerRequest, type LayersRead } from "./read-layers.ts"

const layer = (n: number, size: number, more: Partial<Descriptor> = {}): Descriptor => ({
  mediaType: "application/x",
  digest: `sha256:${String(n).padStart(64, "0")}`,
  size,
  ...more,
})

const request = (one: Descriptor, position: number): LayerRequest => ({
  location: { store: "signature-tag", where: "registry.example/app", reference: "tag", position },
  layer: one,
  annotations: { n: String(position) },
})

/** A store that counts; content has one byte, whatever the descriptor says. */
function world(): {
  store: ContentStore
  gate: ByteGate
  fetched: string[]
  held: { now: number; most: number }
} {
  const fetched: string[] = []
  const held = { now: 0, most: 0 }
  const store = {
    fetchBlob: async ({ digest, size }: Descriptor, max: number): Promise<Uint8Array> => {
      if (size > max) throw new ToolError("E_LIMIT_EXCEEDED", { what: "too large" })
      fetched.push(digest.slice(-3))
      held.now += size
      held.most = Math.max(held.most, held.now)
      await new Promise((resolve) => setImmediate(resolve))
      return new Uint8Array(1)
    },
  } as unknown as ContentStore
  return { store, gate: new ByteGate(limits.documentBytesInFlight), fetched, held }
}

async function read(
  { store, gate, held }: ReturnType<typeof world>,
  layers: readonly Descriptor[],
  budget: number = Number.MAX_SAFE_INTEGER,
): Promise<LayersRead & { readonly taken: readonly (number | undefined)[] }> {
  const taken: (number | undefined)[] = []
  const sizes = new Map(layers.map((one) => [one.digest, one.size]))
  let left = budget
  const reader = {
    turn: () => Promise.resolve(),
    spend: (bytes: number) => bytes <= left && ((left -= bytes), true),
    take: ({ location, descriptor }: { location: { position?: number }; descriptor: Descriptor }) => {
      taken.push(location.position)
      held.now -= sizes.get(descriptor.digest) ?? 0
      sizes.delete(descriptor.digest)
    },
  }
  const result = await readLayers(store, layers.map(request), {
    reader,
    gate,
    maxBytes: () => 128 * MIB,
    signal: undefined,
  })
  return { ...result, taken }
}

describe("readLayers", () => {
  it("hands out in order, a window at a time", async () => {
    const it = world()
    const { count, taken } = await read(
      it,
      Array.from({ length: 40 }, (_, n) => layer(n, 4 * MIB)),
    )
    expect(count).toBe(40)
    expect(taken).toEqual(Array.from({ length: 40 }, (_, n) => n))
    expect(it.held.most).toBeLessThanOrEqual(limits.documentBytesInFlight)
  })

  it("adv: resource exhaustion, large documents are held one at a time, whoever reads them", async () => {
    const it = world()
    await Promise.all([0, 100].map((from) => read(it, [layer(from, 100 * MIB), layer(from + 1, 100 * MIB)])))
    expect(it.fetched).toHaveLength(4)
    expect(it.held.most).toBe(100 * MIB)
  })

  it("small documents are read side by side", async () => {
    const it = world()
    await read(
      it,
      Array.from({ length: 30 }, (_, n) => layer(n, 1000)),
    )
    expect(it.held.most).toBeGreaterThan(10_000)
  })

  it("adv: resource exhaustion, beyond the subject's bytes the answer stays open", async () => {
    const it = world()
    const layers = [layer(1, 100 * MIB), layer(2, 100 * MIB), layer(3, 100 * MIB), layer(4, 10)]
    const { taken, others, failed } = await read(it, layers, 256 * MIB)
    expect(taken).toEqual([0, 1, 3])
    expect(others.map((other) => other.location.position)).toEqual([2])
    expect(failed?.code).toBe("E_LIMIT_EXCEEDED")
  })

  it("content that many layers name is fetched and counted once", async () => {
    const it = world()
    const { count, failed } = await read(
      it,
      Array.from({ length: 100 }, () => layer(1, 100 * MIB)),
      100 * MIB,
    )
    expect(it.fetched).toEqual(["001"])
    expect([count, failed]).toEqual([100, undefined])
  })

  it("what is larger than its bound costs nothing and keeps nobody from being read", async () => {
    const it = world()
    const { taken, others } = await read(it, [layer(1, 200 * MIB), layer(2, 10)], 10)
    expect(taken).toEqual([1])
    expect(others.map((other) => other.error?.code)).toEqual(["E_LIMIT_EXCEEDED"])
  })

  it("lets go of content in the descriptor", async () => {
    const it = world()
    const gone: unknown[] = []
    const reader = {
      turn: () => Promise.resolve(),
      spend: () => true,
      take: (raw: { descriptor: Descriptor }) => {
        gone.push(raw.descriptor)
      },
    }
    const reading = { reader, gate: it.gate, maxBytes: () => 10, signal: undefined }
    await readLayers(it.store, [request(layer(1, 1, { data: "AA==" }), 0)], reading)
    expect(gone).toEqual([layer(1, 1)])
  })
})

describe("ByteGate", () => {
  it("lets in what fits, then in turn, and goes on after a failure", async () => {
    const gate = new ByteGate(10)
    const inside: string[] = []
    const open = new Map<string, () => void>()
    const enter = (name: string, bytes: number): Promise<void> =>
      gate.hold(bytes, () => {
        inside.push(name)
        return new Promise((resolve, reject) => {
          open.set(
            name,
            name === "c"
              ? () => {
                  reject(new Error("c"))
                }
              : resolve,
          )
        })
      })
    const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    const all = Promise.allSettled([enter("a", 6), enter("b", 4), enter("c", 50), enter("d", 1)])
    await settle()
    expect(inside).toEqual(["a", "b"])
    open.get("a")?.()
    await settle()
    expect(inside).toEqual(["a", "b"])
    open.get("b")?.()
    await settle()
    expect(inside).toEqual(["a", "b", "c"])
    open.get("c")?.()
    await settle()
    expect(inside).toEqual(["a", "b", "c", "d"])
    open.get("d")?.()
    expect((await all).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"])
  })
})
