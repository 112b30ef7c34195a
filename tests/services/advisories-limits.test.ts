/** Documents without measure beside an artifact: bounded, and never a yes. */
import { readFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { startProcess, type Ran, type TestProcess } from "../faces/cli/process-world.ts"
import { bundle, claim, claimLayer, envelope, newKey, Repository, signStatement, type Descriptor } from "./forgery.ts"

let registry: TestRegistry
let tool: TestProcess
let count = 0
const key = newKey()
const other = newKey()

beforeAll(async () => {
  registry = await startTestRegistry()
  tool = await startProcess()
  await tool.write("insecure-test.pub", key.publicPem)
  await tool.write("insecure-test.key", key.privatePem)
})

afterAll(async () => {
  await tool.close()
  await registry.close()
})

/** A new artifact in a repository of its own. */
async function artifact(): Promise<{ name: string; repository: Repository; subject: Descriptor }> {
  count += 1
  const repository = new Repository(`${registry.url}/v2/team/limits${count}`)
  const subject = await repository.artifact("1", [await repository.blob("text/plain", `content ${count}`)])
  return { name: `${registry.address}/team/limits${count}:1`, repository, subject }
}

const verify = (name: string, ...flags: readonly string[]): Promise<Ran> =>
  tool.run("verify", "--key", "insecure-test.pub", ...flags, name)

/** The question stays open: more is there than is read. */
function expectLimit(ran: Ran): void {
  expect(ran.stderr).toContain("[E_LIMIT_EXCEEDED]")
  expect(ran.exit).toBe(3)
  expect(ran.stdout).not.toMatch(/^(verified|unsigned)/m)
}

describe("signatures without number", () => {
  /** Claims by another key, each of its own. */
  const claims = (repository: Repository, digest: string, many: number): Promise<readonly Descriptor[]> =>
    Promise.all(
      Array.from({ length: many }, (_, index) =>
        claimLayer(repository, other, JSON.stringify({ ...claim(digest), optional: { index: String(index) } })),
      ),
    )

  it("adv: CVE-2023-46737 the hundred and first is not read, and is not forgotten", async () => {
    const { name, repository, subject } = await artifact()
    const good = await claimLayer(repository, key, JSON.stringify(claim(subject.digest)))
    const others = await claims(repository, subject.digest, 100)
    await repository.tagged(subject.digest, "sig", [...others, good])
    expectLimit(await verify(name, "--format", "cosign-v2"))
    await repository.tagged(subject.digest, "sig", [...others.slice(0, 99), good])
    expect((await verify(name, "--format", "cosign-v2")).exit).toBe(0)
  })

  it("adv: CVE-2023-46737 more than 1,000 layers are not looked at", async () => {
    const { name, repository, subject } = await artifact()
    const [layer] = await claims(repository, subject.digest, 1)
    const good = await claimLayer(repository, key, JSON.stringify(claim(subject.digest)))
    await repository.tagged(subject.digest, "sig", [good, ...Array.from({ length: 1000 }, () => layer ?? good)])
    expectLimit(await verify(name, "--format", "cosign-v2"))
  })

  it("adv: CVE-2023-33957 more than a hundred bundles", async () => {
    const { name, repository, subject } = await artifact()
    for (let index = 0; index < 101; index += 1) {
      const payload = JSON.stringify({ ...signStatement(subject.digest), predicate: { index } })
      await repository.referrer(subject, bundle(other.hint, envelope(other, { payload })))
    }
    expectLimit(await verify(name))
  })
})

describe("documents without measure", () => {
  const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
  const DSSE = "application/vnd.dsse.envelope.v1+json"

  it("adv: resource exhaustion, a hundred layers with one document of nothing but brackets", async () => {
    const { name, repository, subject } = await artifact()
    const brackets = Array.from({ length: 1_390_000 }, () => "{}").join(",")
    const text = JSON.stringify({ ...claim(subject.digest), optional: { a: 0 } })
    const blob = await repository.blob(SIMPLE_SIGNING, text.replace('"a":0', `"a":[${brackets}]`))
    const layers = Array.from({ length: 100 }, (_, index) => ({
      ...blob,
      annotations: { "dev.cosignproject.cosign/signature": Buffer.from(`signature ${index}`).toString("base64") },
    }))
    await repository.tagged(subject.digest, "sig", layers)
    const ran = await verify(name, "--format", "cosign-v2")
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain("[E_LIMIT_EXCEEDED]")
    expect(ran.stdout).not.toMatch(/^verified/m)
  })

  it("adv: resource exhaustion, what somebody signed and we do not trust is shown in part", async () => {
    const { name, repository, subject } = await artifact()
    const optional = { list: Array.from({ length: 50_000 }, () => ({})), text: "x".repeat(100_000) }
    const text = JSON.stringify({ ...claim(subject.digest), optional })
    await repository.tagged(subject.digest, "sig", [await claimLayer(repository, other, text)])
    for (const command of [
      ["explain", "--key", "insecure-test.pub"],
      ["verify", "--key", "insecure-test.pub"],
    ]) {
      const ran = await tool.run(...command, "-o", "json", name)
      expect(ran.exit).toBe(1)
      expect(ran.stdout).toContain("more not shown")
      expect(ran.stdout.length).toBeLessThan(100_000)
    }
    const inspected = await tool.run("inspect", "-o", "json", name)
    expect(inspected.stdout).toContain("(100000 characters)")
  })

  it("adv: resource exhaustion, attestations under the signature tag are listed, not read", async () => {
    const { name, repository, subject } = await artifact()
    const good = await claimLayer(repository, key, JSON.stringify(claim(subject.digest)))
    const wrong = await repository.blob(DSSE, envelope(key, { payload: JSON.stringify(signStatement(subject.digest)) }))
    await repository.tagged(subject.digest, "sig", [wrong])
    const without = await verify(name, "--format", "cosign-v2")
    expect(without.stderr).toContain("[E_SIG_NONE]")
    expect(registry.requests.filter(({ path }) => path.endsWith(`/blobs/${wrong.digest}`))).toEqual([])
    await repository.tagged(subject.digest, "sig", [wrong, good])
    expect((await verify(name, "--format", "cosign-v2")).exit).toBe(0)
  })
})

describe("statements without measure", () => {
  it.each<[string, (hex: string) => unknown]>([
    ["1,025 subjects", (hex) => Array.from({ length: 1025 }, () => ({ digest: { sha256: hex } }))],
    [
      "33 digests of a subject",
      (hex) => [
        {
          digest: { sha256: hex, ...Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`a${index}`, "00"])) },
        },
      ],
    ],
  ])("adv: GHSA-cq38-jh5f-37mq %s", async (_name, subjectOf) => {
    const { name, repository, subject } = await artifact()
    const payload = JSON.stringify({ ...signStatement(subject.digest), subject: subjectOf(subject.digest.slice(7)) })
    await repository.referrer(subject, bundle(key.hint, envelope(key, { payload })))
    const ran = await verify(name)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain("[E_LIMIT_EXCEEDED]")
    expect(ran.stdout).not.toMatch(/^verified/m)
  })
})

describe("indexes without end", () => {
  it("adv: GHSA-298f-872v-2rcx nested deeper than eight levels", async () => {
    const { name, repository, subject } = await artifact()
    let inner = subject
    for (let level = 0; level < 10; level += 1) inner = await repository.index([inner])
    await repository.index([inner], "deep")
    const deep = name.replace(/:1$/, ":deep")
    expectLimit(await verify(deep, "--recursive"))
    const signed = await tool.run("sign", "--key", "insecure-test.key", "--recursive", deep)
    expect(signed.exit).toBe(3)
    expect(signed.stderr).toContain("[E_LIMIT_EXCEEDED]")
    expect((await tool.run("list", deep)).stdout).toContain("nothing attached")
  })
})

describe("indexes that say of something what it is not", () => {
  const MANIFEST = "application/vnd.oci.image.manifest.v1+json"

  it("adv: CVE-2021-41190 an index listed as an image hides nothing", async () => {
    const { name, repository, subject } = await artifact()
    const inner = await repository.index([subject])
    const outer = await repository.index([{ ...inner, mediaType: MANIFEST }], "all")
    const all = name.replace(/:1$/, ":all")
    for (const one of [inner, outer]) {
      const layer = await claimLayer(repository, key, JSON.stringify(claim(one.digest)))
      await repository.tagged(one.digest, "sig", [layer])
    }
    expect((await verify(all)).exit).toBe(0)
    for (const command of ["verify --key insecure-test.pub", "sign --key insecure-test.key"]) {
      const ran = await tool.run(...command.split(" "), "--recursive", all)
      expect(ran.exit, command).not.toBe(0)
      expect(ran.stderr, command).toContain("[E_FORMAT_MALFORMED]")
      expect(ran.stdout, command).not.toMatch(/^(verified|signed)/m)
    }
  })
})

describe("signature tags", () => {
  const hex = "a".repeat(64)

  it.each([
    `sha256-${hex.slice(1)}.sig`,
    "sha256-.sig",
    "sha256-zz.sig",
    `sha256-${hex}.sig.sig`,
    `sha512-${hex}.sig`,
    `SHA256-${hex}.sig`,
  ])("adv: zot-4204 %s is a tag like any other", async (tag) => {
    const { name, repository } = await artifact()
    await repository.artifact(tag, [await repository.blob("text/plain", tag)])
    const ran = await verify(name)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain("[E_SIG_NONE]")
    expect((await tool.run("list", name)).exit).toBe(0)
    expect((await verify(name.replace(/:1$/, `:${tag}`))).stderr).toContain("[E_SIG_NONE]")
  })
})

describe("the text of a signature", () => {
  const ANNOTATION = "dev.cosignproject.cosign/signature"

  it.each<[string, (text: string) => string]>([
    ["with a line break", (text) => `${text}\n`],
    ["with a blank in it", (text) => `${text.slice(0, 10)} ${text.slice(10)}`],
    ["without padding", (text) => text.replace(/=+$/, "").slice(0, -1)],
    ["with more behind it", (text) => `${text}AAAA`],
    ["that is empty", () => ""],
    ["that is no base64", () => "\u0001"],
  ])("adv: sigstore-rs #550, panva/jose 0ebb971 an annotation %s", async (_name, change) => {
    const { name, repository, subject } = await artifact()
    const layer = await claimLayer(repository, key, JSON.stringify(claim(subject.digest)))
    const text = layer.annotations?.[ANNOTATION] ?? ""
    await repository.tagged(subject.digest, "sig", [{ ...layer, annotations: { [ANNOTATION]: change(text) } }])
    const ran = await verify(name)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toMatch(/\[E_(FORMAT_MALFORMED|SIG_INVALID|SIG_UNTRUSTED)\]/)
    expect(ran.stdout).not.toMatch(/^verified/m)
  })

  it("adv: sigstore-rs #550 a file may end with a line break", async () => {
    await tool.write("app.txt", "the release\n")
    await tool.run("sign", "--key", "insecure-test.key", "--blob", "app.txt", "--signature", "made.sig")
    const text = (await readFile(tool.path("made.sig"), "utf8")).trim()
    for (const good of [text, `${text}\n`, `${text}\r\n`]) {
      await tool.write("app.sig", good)
      const ran = await tool.run("verify", "--key", "insecure-test.pub", "--blob", "app.txt", "--signature", "app.sig")
      expect(ran.exit, JSON.stringify(good.slice(-3))).toBe(0)
    }
    for (const bad of [`${text.slice(0, 8)}\n${text.slice(8)}`, `${text}x`, ""]) {
      await tool.write("app.sig", bad)
      const ran = await tool.run("verify", "--key", "insecure-test.pub", "--blob", "app.txt", "--signature", "app.sig")
      expect(ran.exit, JSON.stringify(bad.slice(0, 12))).toBe(1)
      expect(ran.stdout).not.toMatch(/^verified/m)
    }
  })
})
