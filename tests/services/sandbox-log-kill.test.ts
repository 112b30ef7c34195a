import { type ChildProcess, spawn } from "node:child_process"
import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { decodeBase64 } from "../../src/codec/base64.ts"
import { verifyConsistency, verifyInclusion } from "../../src/crypto/transparency/merkle.ts"

const script = fileURLToPath(new URL("sandbox-log-process.ts", import.meta.url))
const CLIENTS = 16
/** Milliseconds; machines that do much else are slow. */
const LONG = 300_000

let folder: string
let logKey: KeyObject
const children: ChildProcess[] = []
const signer = generateKeyPairSync("ec", { namedCurve: "P-256" })
const pem = signer.publicKey.export({ type: "spki", format: "pem" }).toString()
const spki = signer.publicKey.export({ type: "spki", format: "der" })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-log-kill-"))
  for (const name of ["v1", "v2"]) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    await writeFile(join(folder, `${name}.pem`), privateKey.export({ type: "pkcs8", format: "pem" }))
    if (name === "v1") logKey = publicKey
  }
})
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
  await rm(folder, { recursive: true, force: true })
})

async function start(durability: string): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [script, folder, durability], { stdio: ["ignore", "pipe", "inherit"] })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) return { url: line, child }
  throw new Error("the logs did not start")
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.kill("SIGKILL")
  await ended
}

interface Proof {
  readonly checkpoint: string
  readonly hashes: readonly string[]
  readonly rootHash: string
  readonly treeSize: number
  readonly logIndex: number
}
interface Entry {
  readonly body: string
  readonly logIndex: number
  readonly integratedTime: number
  readonly verification: { readonly inclusionProof: Proof }
}

const base64 = (data: string | Uint8Array): string => Buffer.from(data).toString("base64")
const bytesOf = (text: string): Uint8Array => decodeBase64(text, { max: 1 << 20, what: "test" })
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"))
const leafOf = (body: Uint8Array): Uint8Array =>
  new Uint8Array(createHash("sha256").update(Uint8Array.of(0)).update(body).digest())

function post(url: string, body: object): Promise<Response> {
  return fetch(url, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } })
}

function hashedrekord(text: string): object {
  const value = createHash("sha256").update(text).digest("hex")
  const content = base64(sign("sha256", Buffer.from(text), signer.privateKey))
  const signature = { content, publicKey: { content: base64(pem) } }
  return {
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: { data: { hash: { algorithm: "sha256", value } }, signature },
  }
}

function hashedrekordV2(text: string): object {
  const digest = createHash("sha256").update(text).digest("base64")
  const verifier = { keyDetails: "PKIX_ECDSA_P256_SHA_256", publicKey: { rawBytes: base64(spki) } }
  const content = base64(sign("sha256", Buffer.from(text), signer.privateKey))
  return { hashedRekordRequestV002: { digest, signature: { content, verifier } } }
}

/** Size and root of a checkpoint whose signature holds, by Node alone. */
function treeOf(checkpoint: string): { size: number; root: Uint8Array } {
  const [text = "", signature = ""] = checkpoint.split("\n\n")
  const blob = bytesOf(signature.trim().split(" ")[2] ?? "")
  expect(verify("sha256", Buffer.from(`${text}\n`), logKey, blob.subarray(4))).toBe(true)
  const [, size = "", root = ""] = text.split("\n")
  return { size: Number(size), root: bytesOf(root) }
}

/** Everything that was answered 201 by version 1. */
type Answered = Map<string, Entry>

/** What was answered 201, by version. */
interface AnsweredBoth {
  readonly v1: Answered
  /** Body by index. */
  readonly v2: Map<string, string>
}

/** Add entries until the connection ends. @param noted - called after each answer that was noted. */
async function writer(url: string, name: string, answered: AnsweredBoth, noted: () => void): Promise<void> {
  for (let round = 0; ; round++) {
    const response = await post(`${url}/api/v1/log/entries`, hashedrekord(`${name}-${round}`))
    expect(response.status).toBe(201)
    const added = (await response.json()) as Record<string, Entry>
    for (const [uuid, entry] of Object.entries(added)) answered.v1.set(uuid, entry)
    noted()
    if (round % 8 !== 0) continue
    const second = await post(`${url}/api/v2/log/entries`, hashedrekordV2(`${name}-${round}`))
    expect(second.status).toBe(201)
    const { logIndex, canonicalizedBody } = (await second.json()) as { logIndex: string; canonicalizedBody: string }
    answered.v2.set(logIndex, canonicalizedBody)
  }
}

async function expectAll(url: string, answered: Answered): Promise<void> {
  const info = (await (await fetch(`${url}/api/v1/log`)).json()) as { signedTreeHead: string; treeSize: number }
  const latest = treeOf(info.signedTreeHead)
  const older = new Map<number, Uint8Array>()
  for (const [uuid, entry] of answered) {
    const found = (await (await fetch(`${url}/api/v1/log/entries/${uuid}`)).json()) as Record<string, Entry>
    const { body, logIndex, integratedTime, verification } = found[uuid]!
    expect({ body, logIndex, integratedTime }).toEqual({
      body: entry.body,
      logIndex: entry.logIndex,
      integratedTime: entry.integratedTime,
    })
    const { hashes, treeSize, rootHash } = verification.inclusionProof
    expect([treeSize, hex(rootHash)]).toEqual([latest.size, latest.root])
    const claim = { index: BigInt(logIndex), size: BigInt(treeSize), leaf: leafOf(bytesOf(body)), root: latest.root }
    expect(verifyInclusion({ ...claim, hashes: hashes.map(hex) })).toBe(true)
    const then = treeOf(entry.verification.inclusionProof.checkpoint)
    expect(older.get(then.size) ?? then.root).toEqual(then.root)
    older.set(then.size, then.root)
  }
  const sizes = [...older.keys(), latest.size].sort((a, b) => a - b)
  older.set(latest.size, latest.root)
  for (const [at, size1] of sizes.entries()) {
    const size2 = sizes[at + 1] ?? latest.size
    if (size1 === size2) continue
    const response = await fetch(`${url}/api/v1/log/proof?firstSize=${size1}&lastSize=${size2}`)
    const { hashes } = (await response.json()) as { hashes: string[] }
    const roots = { root1: older.get(size1)!, root2: older.get(size2)! }
    const claim = { size1: BigInt(size1), size2: BigInt(size2), ...roots, hashes: hashes.map(hex) }
    expect(verifyConsistency(claim)).toBe(true)
  }
}

async function expectAll2(url: string, answered: Map<string, string>): Promise<void> {
  const size = Number((await (await fetch(`${url}/api/v2/checkpoint`)).text()).split("\n")[1])
  expect(size).toBeGreaterThanOrEqual(answered.size)
  for (const [logIndex, body] of answered) {
    const index = Number(logIndex)
    const tile = String(Math.floor(index / 256)).padStart(3, "0")
    const width = (index % 256) + 1
    const path = `${url}/api/v2/tile/0/${tile}${width === 256 ? "" : `.p/${width}`}`
    const hashes = new Uint8Array(await (await fetch(path)).arrayBuffer())
    expect(hashes.subarray(-32)).toEqual(leafOf(bytesOf(body)))
  }
}

/** Let many write to a server until so many entries were answered, then kill it at once. */
async function writeAndKill(durability: string, enough: number, answered: AnsweredBoth): Promise<void> {
  const { url, child } = await start(durability)
  const { promise: reached, resolve } = Promise.withResolvers<undefined>()
  const noted = (): void => {
    if (answered.v1.size >= enough) resolve(undefined)
  }
  const writers = Array.from({ length: CLIENTS }, (_, at) => writer(url, `w${enough}-${at}`, answered, noted))
  const ended = Promise.allSettled(writers)
  await Promise.race([reached, ended])
  await kill(child)
  for (const result of await ended) {
    // Connections end; answers that are wrong do not.
    expect((result as PromiseRejectedResult).reason).toBeInstanceOf(TypeError)
  }
}

describe("a log that is killed at any moment of 1,000 entries", () => {
  it.each(["full", "fast"])(
    "has every entry it answered, and only grows (%s)",
    { timeout: LONG },
    async (durability) => {
      const answered: AnsweredBoth = { v1: new Map(), v2: new Map() }
      for (const enough of [40, 300, 301, 700, 1000]) await writeAndKill(durability, enough, answered)
      const { url } = await start(durability)
      expect(answered.v1.size).toBeGreaterThanOrEqual(1000)
      expect(new Set([...answered.v1.values()].map(({ logIndex }) => logIndex)).size).toBe(answered.v1.size)
      await expectAll(url, answered.v1)
      await expectAll2(url, answered.v2)
    },
  )
})

describe("many writers", () => {
  it("50 at once each get their own index, and entries they share are one", async () => {
    const { url } = await start("fast")
    const shared = hashedrekord("shared")
    const entry = (response: Response) =>
      response.json().then((json) => Object.values(json as Record<string, Entry>)[0]!)
    const own = await Promise.all(
      Array.from({ length: 50 }, async (_, at) => {
        const indices: number[] = []
        for (let round = 0; round < 4; round++) {
          const response = await post(`${url}/api/v1/log/entries`, hashedrekord(`own-${at}-${round}`))
          expect(response.status).toBe(201)
          indices.push((await entry(response)).logIndex)
        }
        return indices
      }),
    )
    expect(own.flat().sort((a, b) => a - b)).toEqual([...Array(200).keys()])
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const response = await post(`${url}/api/v1/log/entries`, shared)
        return [response.status, response.headers.get("location")]
      }),
    )
    expect(statuses.filter(([status]) => status === 201)).toHaveLength(1)
    expect(statuses.filter(([status]) => status === 409)).toHaveLength(49)
    expect(new Set(statuses.map(([, location]) => location)).size).toBe(1)
  })
})
