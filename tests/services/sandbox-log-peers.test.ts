import { execFile } from "node:child_process"
import { createHash, createSign, generateKeyPairSync } from "node:crypto"
import { existsSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { getRequestListener } from "@hono/node-server"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startLogs, type TestLogs } from "../../src/servers/sandbox/rekor/rekor-fixture.ts"

const run = promisify(execFile)

/** Real programs: from INTEROP_BIN first, then PATH. */
function peer(name: string): string | undefined {
  const folders = [process.env["INTEROP_BIN"] ?? "", ...(process.env["PATH"] ?? "").split(delimiter)]
  return folders.map((folder) => join(folder, name)).find((path) => path !== name && existsSync(path))
}

const program = peer("rekor-cli")
const openssl = peer("openssl")
for (const [name, path] of Object.entries({ "rekor-cli": program, openssl })) {
  if (path === undefined)
    console.warn(`MISSING PEER: ${name} is neither in INTEROP_BIN nor on PATH; its tests are skipped`)
}

let folder: string
let logs: TestLogs
let server: Server
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-rekor-cli-"))
  logs = await startLogs()
  const listener = getRequestListener((request) => logs.rekor.v1.fetch(request))
  server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  url = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : ""
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await logs.close()
  await rm(folder, { recursive: true, force: true })
})

/** Its output; its home is ours, where it remembers the tree it saw. */
async function rekor(...args: readonly string[]): Promise<string> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder }
  const { stdout, stderr } = await run(program ?? "", [...args, "--rekor_server", url], { cwd: folder, env })
  return stdout + stderr
}

async function refused(...args: readonly string[]): Promise<string> {
  const error: unknown = await rekor(...args).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(Error)
  return (error as { stderr: string }).stderr
}

async function file(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(folder, name), content)
  return name
}

const signer = generateKeyPairSync("ec", { namedCurve: "P-256" })
const signatureOf = (data: string): Buffer => createSign("sha256").update(data).sign(signer.privateKey)
const sha256 = (data: string): string => createHash("sha256").update(data).digest("hex")

async function hashed(text: string): Promise<readonly string[]> {
  return [
    ...["--type", "hashedrekord", "--pki-format", "x509", "--artifact-hash", sha256(text)],
    ...["--signature", await file(`${text}.sig`, signatureOf(text))],
    ...["--public-key", await file("key.pem", signer.publicKey.export({ type: "spki", format: "pem" }))],
  ]
}

async function attested(type: string, payload: string): Promise<readonly string[]> {
  const payloadType = "application/vnd.in-toto+json"
  const sig = signatureOf(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} ${payload}`).toString("base64")
  const envelope = { payloadType, payload: Buffer.from(payload).toString("base64"), signatures: [{ keyid: "", sig }] }
  return [
    ...[
      "--type",
      type,
      "--pki-format",
      "x509",
      "--artifact",
      await file(`${sha256(type)}.json`, JSON.stringify(envelope)),
    ],
    ...["--public-key", await file("key.pem", signer.publicKey.export({ type: "spki", format: "pem" }))],
  ]
}

const uuidIn = (output: string): string => /[0-9a-f]{80}/.exec(output)?.[0] ?? "none"

describe.skipIf(program === undefined)("rekor-cli against the sandbox's log", () => {
  it("uploads, finds, gets and verifies entries of each kind, and sees the tree grow", async () => {
    const statement = JSON.stringify({
      _type: "https://in-toto.io/Statement/v0.1",
      subject: [{ name: "app", digest: { sha256: "ab".repeat(32) } }],
      predicateType: "p",
      predicate: {},
    })
    const kinds = [await hashed("a"), await attested("dsse", statement), await attested("intoto:0.0.2", statement)]
    for (const [index, args] of kinds.entries()) {
      const uploaded = await rekor("upload", ...args)
      expect(uploaded).toContain(`Created entry at index ${index}`)
      const uuid = uuidIn(uploaded)
      const again = await rekor("upload", ...args)
      expect([again.includes("Entry already exists"), uuidIn(again)]).toEqual([true, uuid])
      expect(await rekor("verify", ...args)).toContain(`Entry Index in Current Tree: ${index}`)
      expect(await rekor("verify", "--uuid", uuid)).toContain(`Entry Hash: ${uuid.slice(16)}`)
      expect(await rekor("get", "--uuid", uuid)).toContain(`Index: ${index}`)
      expect(await rekor("get", "--log-index", String(index))).toContain(uuid)
      const info = await rekor("loginfo")
      expect(info).toContain("Verification Successful!")
      expect(info).toMatch(new RegExp(`Active Tree Size: +${index + 1}\\n`))
      // Against the state that the last call left.
      expect(info.includes("No previous log state")).toBe(index === 0)
    }
    const search = async (...args: readonly string[]): Promise<number> =>
      (await rekor("search", ...args)).match(/[0-9a-f]{80}/g)?.length ?? 0
    expect(await search("--sha", sha256("a"))).toBe(1)
    expect(await search("--sha", "ab".repeat(32))).toBe(2)
    expect(await search("--public-key", "key.pem", "--pki-format", "x509")).toBe(3)
    expect(await rekor("logproof", "--first-size", "1", "--last-size", "3")).toMatch(
      /Hashes: \[[0-9a-f]{64},[0-9a-f]{64}\]/,
    )
  })

  it("trusts the tree after a restart", async () => {
    logs = await logs.again()
    await rekor("upload", ...(await hashed("later")))
    const info = await rekor("loginfo")
    expect(info).toContain("Verification Successful!")
    expect(info).not.toContain("No previous log state")
  })

  it("does not find in one log what another has", async () => {
    const kept = logs
    logs = await startLogs()
    try {
      await rekor("upload", ...(await hashed("other")))
      expect(await refused("verify", ...(await hashed("a")))).toContain("cannot be located")
    } finally {
      await logs.close()
      logs = kept
    }
  })

  it("is told what is wrong", async () => {
    const args = [...(await hashed("b"))]
    args[args.indexOf("--signature") + 1] = await file("wrong.sig", signatureOf("c"))
    expect(await refused("upload", ...args)).toMatch(/verifying signature|invalid signature/)
    expect(await refused("get", "--log-index", "99")).toContain("404")
    expect(await refused("logproof", "--last-size", "99")).toContain("greater than what is currently observable")
    expect(await refused("search", "--sha", "00".repeat(32))).toContain("no matching entries")
  })

  it.skipIf(openssl === undefined)("finds certificates by the names in them", async () => {
    const subject = ["-subj", "/CN=a", "-addext", "subjectAltName=email:Jane@Example.com,URI:https://ci.example/run"]
    await file("cert.key", signer.privateKey.export({ type: "pkcs8", format: "pem" }))
    const args = ["req", "-x509", "-key", "cert.key", "-out", "cert.pem", "-days", "1", ...subject]
    await run(openssl ?? "", args, { cwd: folder })
    const signed = [...(await hashed("d"))]
    signed[signed.indexOf("--public-key") + 1] = "cert.pem"
    const uuid = uuidIn(await rekor("upload", ...signed))
    expect(await rekor("search", "--email", "jane@example.com")).toContain(uuid)
    expect(await rekor("verify", ...signed)).toContain("Inclusion Proof:")
  })
})
