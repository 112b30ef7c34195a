import { beforeAll, describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { SigningKey } from "../../core/ports.ts"
import { generatePrivateKey } from "../../crypto/generate.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import { encodePack, packMessage, packPayload, packScheme } from "../../envelopes/trust-pack/trust-pack.ts"
import type { AppContext } from "../requests.ts"
import { unpackTrust } from "./unpack.ts"

let key: SigningKey

beforeAll(async () => {
  key = localSigningKey(await generatePrivateKey())
})

/** Files in memory; `onWrite` is told of each before it is there. */
class MemoryFiles {
  readonly content = new Map<string, Uint8Array>()
  onWrite: (path: string) => Promise<unknown> | undefined = () => undefined

  exists(path: string): Promise<boolean> {
    return Promise.resolve(this.content.has(path))
  }
  read(path: string): Promise<Uint8Array> {
    const bytes = this.content.get(path)
    return bytes === undefined ? Promise.reject(new Error(path)) : Promise.resolve(bytes)
  }
  async writeStream(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await this.onWrite(path)
    for await (const chunk of chunks) this.content.set(path, chunk)
  }
  text(path: string): string {
    return new TextDecoder().decode(this.content.get(path))
  }
}

async function packed(version: number, text: string): Promise<Uint8Array> {
  const files = [{ path: "a/x.pem", bytes: new TextEncoder().encode(text) }]
  const payload = packPayload({ name: "trust", version, created: 0, files })
  return encodePack(payload, key.publicKey, await key.sign(packMessage(payload), packScheme(key.publicKey)))
}

/** A folder of memory with packs of three versions. */
async function begin(into = "out") {
  const files = new MemoryFiles()
  for (const version of [1, 2, 3]) files.content.set(`${version}.pack`, await packed(version, `of ${version}`))
  const app = { files } as unknown as AppContext
  const unpack = (version: number) =>
    unpackTrust(app, { file: `${version}.pack`, keys: [key.publicKey], into, state: "state" })
  const state = (): unknown => {
    const path = [...files.content.keys()].find((name) => name.startsWith("state/")) ?? ""
    return (JSON.parse(files.text(path)) as { readonly version: unknown }).version
  }
  return { files, unpack, state }
}

describe("packs that are unpacked at once", () => {
  it("the newest stays, though an older one came between", async () => {
    const { files, unpack, state } = await begin()
    await unpack(1)
    const before = new Map(files.content)
    let done = false
    files.onWrite = (path) => {
      if (path !== "out/a/x.pem" || done) return undefined
      done = true
      // Another process that read the state before this one wrote it.
      for (const [name, bytes] of before) if (name.startsWith("state/")) files.content.set(name, bytes)
      return undefined
    }
    await unpack(3)
    expect([files.text("out/a/x.pem"), state()]).toEqual(["of 3", 3])
  })

  it("the older fails when a newer one came between", async () => {
    const { files, unpack, state } = await begin()
    let newer: Promise<unknown> | undefined
    files.onWrite = (path) => {
      if (newer !== undefined || path !== "out/a/x.pem") return undefined
      newer = unpack(3)
      return newer
    }
    const error: unknown = await unpack(2).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ToolError)
    expect((error as ToolError).code).toBe("E_TRUST_ROLLBACK")
    expect(state()).toBe(3)
    await unpack(3)
    expect(files.text("out/a/x.pem")).toBe("of 3")
  })
})

it.each([
  ["out", "out/a/x.pem"],
  ["out//", "out/a/x.pem"],
  ["/", "//a/x.pem"],
  ["", "./a/x.pem"],
])("unpacks into %j, and nowhere else", async (into, path) => {
  const { files, unpack } = await begin(into)
  await unpack(1)
  expect([...files.content.keys()].filter((name) => name.endsWith("x.pem"))).toEqual([path])
})
