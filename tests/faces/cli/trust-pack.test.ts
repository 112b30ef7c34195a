/** Trust data of a TUF repository, packed and unpacked, by the command itself. */
import { generateKeyPairSync } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { DAY, TestMirror, TRUSTED_ROOT } from "../../services/tuf-mirror.ts"
import { type Ran, startProcess, type TestProcess } from "./process-world.ts"

let tool: TestProcess

beforeEach(async () => {
  tool = await startProcess()
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  await tool.write("packer.key", privateKey.export({ format: "pem", type: "pkcs8" }) as string)
  await tool.write("packer.pub", publicKey.export({ format: "pem", type: "spki" }) as string)
})
afterEach(() => tool.close())

const filesBelow = (path: string): readonly string[] =>
  existsSync(path) ? readdirSync(path, { recursive: true, encoding: "utf8" }).toSorted() : []

describe("trust update and status", () => {
  let mirror: TestMirror
  beforeEach(async () => {
    const end = Date.now() + DAY
    mirror = await TestMirror.start({ expires: { root: end, targets: end, snapshot: end, timestamp: end } })
    writeFileSync(tool.path("root.json"), mirror.file("1.root.json"))
  })
  afterEach(() => mirror.stop())

  it("begins with a repository, refreshes it and tells the age of its data", async () => {
    const made = await tool.run(
      "trust",
      "update",
      "--mirror",
      mirror.url,
      "--root",
      tool.path("root.json"),
      "--output",
      "json",
    )
    expect(made.exit).toBe(0)
    expect(JSON.parse(made.stdout)).toMatchObject({
      kind: "TrustUpdated",
      mirror: mirror.url,
      source: "tuf",
      roles: [
        { name: "root", version: 1, expired: false },
        { name: "timestamp" },
        { name: "snapshot" },
        { name: "targets" },
      ],
    })
    await mirror.bump("targets", "snapshot", "timestamp")
    mirror.asked = []
    const status = await tool.run("trust", "status", "--output", "json")
    expect(mirror.asked).toEqual([])
    expect(JSON.parse(status.stdout)).toMatchObject({
      kind: "TrustStatus",
      source: "cache",
      roles: [{}, { version: 1 }, {}, {}],
    })
    const updated = await tool.run("trust", "update")
    expect([updated.exit, updated.stderr]).toEqual([0, ""])
    expect(updated.stdout).toMatch(/timestamp {2}2 /)
  })

  it.each<[string, readonly string[], number, string]>([
    ["a repository without a root", ["--mirror", "http://127.0.0.1:1/x"], 3, "E_TRUST_MISSING"],
    ["a root from a URL without a checksum", ["--root", "http://127.0.0.1:1/root.json"], 2, "E_USAGE"],
    ["a checksum without a root", ["--root-checksum", "00"], 2, "E_USAGE"],
    ["a checksum that is none", ["--root", "@root.json", "--root-checksum", "00"], 2, "E_USAGE"],
    ["another checksum", ["--root", "@root.json", "--root-checksum", "0".repeat(64)], 2, "E_TRUST_MALFORMED"],
    ["a root that is none", ["--mirror", "http://127.0.0.1:1/x", "--root", "@bad.json"], 3, "E_TRUST_MALFORMED"],
    ["--offline", ["--offline"], 2, "E_USAGE"],
  ])("refuses %s", async (_, args, code, error) => {
    writeFileSync(tool.path("bad.json"), "{}")
    const ran = await tool.run("trust", "update", ...args.map((word) => word.replace(/^@/, `${tool.path("")}/`)))
    expect(ran.stderr).toContain(error)
    expect([ran.exit, ran.stdout]).toEqual([code, ""])
    expect(filesBelow(tool.path(".sigstore"))).toEqual([])
  })

  it("packs what it has, for a place without a network", async () => {
    await tool.run("trust", "update", "--mirror", mirror.url, "--root", tool.path("root.json"))
    mirror.asked = []
    const packed = await tool.run(
      "trust",
      "pack",
      "--sigstore",
      "--offline",
      "--key",
      "packer.key",
      "--out",
      tool.path("trust.pack"),
    )
    expect([packed.exit, packed.stderr]).toEqual([0, ""])
    expect(mirror.asked).toEqual([])
    await tool.run("trust", "unpack", tool.path("trust.pack"), "--key", "packer.pub", "--into", tool.path("out"))
    expect(readFileSync(tool.path("out/sigstore/trusted_root.json"), "utf8")).toBe(TRUSTED_ROOT)
    expect(filesBelow(tool.path("out/sigstore"))).toEqual(["signing_config.json", "trusted_root.json"])
  })
})

describe("trust pack and unpack", () => {
  beforeEach(() => {
    writeFileSync(tool.path("ring.gpg"), "ring")
    writeFileSync(tool.path("policy.json"), "{}")
  })

  /** Files to pack lie in the folder of the test. */
  const inFolder = (word: string): string =>
    word.replace(/(^|=)(ring\.gpg|policy\.json|absent)$/, `$1${tool.path("$2")}`)
  const pack = (out: string, ...args: readonly string[]): Promise<Ran> =>
    tool.run("trust", "pack", "--key", "packer.key", "--out", tool.path(out), ...args.map(inFolder))
  const unpack = (file: string, into: string, ...args: readonly string[]): Promise<Ran> =>
    tool.run("trust", "unpack", tool.path(file), "--key", "packer.pub", "--into", tool.path(into), ...args)

  it("brings any file, under its own name or another", async () => {
    expect((await pack("a.pack", "ring.gpg", "policies/release.json=policy.json")).exit).toBe(0)
    const ran = await unpack("a.pack", "out", "--output", "json")
    expect(JSON.parse(ran.stdout)).toMatchObject({
      kind: "TrustUnpacked",
      name: "trust",
      files: [{ size: 4 }, { size: 2 }],
    })
    expect(filesBelow(tool.path("out"))).toEqual(["files", "files/ring.gpg", "policies", "policies/release.json"])
  })

  it("brings notation's trust stores and policies to where notation looks", async () => {
    const stores = tool.path(".config/notation/truststore/x509/ca/acme")
    mkdirSync(stores, { recursive: true })
    writeFileSync(join(stores, "root.pem"), "certificate")
    writeFileSync(tool.path(".config/notation/trustpolicy.json"), "{}")
    expect((await pack("n.pack", "--notation")).exit).toBe(0)
    await unpack("n.pack", "config")
    expect(readFileSync(tool.path("config/notation/truststore/x509/ca/acme/root.pem"), "utf8")).toBe("certificate")
    expect(readFileSync(tool.path("config/notation/trustpolicy.json"), "utf8")).toBe("{}")
  })

  it("says so where notation has nothing to bring, and makes no empty pack", async () => {
    const warned = await pack("n.pack", "--notation", "ring.gpg")
    expect([warned.exit, warned.stderr]).toEqual([
      0,
      expect.stringMatching(/^warning: nothing of --notation is in the pack: /),
    ])
    expect((await pack("r.pack", "ring.gpg")).stderr).toBe("")
    expect(await pack("e.pack", "--notation")).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("nothing to pack") as string,
    })
    expect(existsSync(tool.path("e.pack"))).toBe(false)
  })

  it("never replaces a pack, and says what to do", async () => {
    expect((await pack("a.pack", "ring.gpg")).exit).toBe(0)
    const before = readFileSync(tool.path("a.pack"))
    const again = await pack("a.pack", "ring.gpg")
    expect(again.exit).toBe(4)
    expect(again.stderr).toMatch(/E_FILE_EXISTS[^]*choose another file with `--out`, or remove/)
    expect(readFileSync(tool.path("a.pack"))).toEqual(before)
  })

  it("adv: GHSA-vxvc-cg7j-rwqj an older pack is refused, whatever lies in the folder", async () => {
    await pack("1.pack", "--pack-version", "1", "ring.gpg")
    await pack("2.pack", "--pack-version", "2", "policy.json")
    await pack("other.pack", "--pack-version", "2", "ring.gpg")
    await pack("series.pack", "--pack-version", "1", "--name=another", "ring.gpg")
    expect((await unpack("1.pack", "out")).exit).toBe(0)
    expect((await unpack("2.pack", "out")).exit).toBe(0)
    expect((await unpack("2.pack", "out")).exit).toBe(0)
    for (const [file, into] of [
      ["1.pack", "out"],
      ["1.pack", "elsewhere"],
      ["other.pack", "out"],
    ] as const) {
      const ran = await unpack(file, into)
      expect(ran.stderr).toContain("E_TRUST_ROLLBACK")
      expect([ran.exit, ran.stdout]).toEqual([3, ""])
    }
    expect(filesBelow(tool.path("elsewhere"))).toEqual([])
    expect((await unpack("series.pack", "out")).exit).toBe(0)
  })

  it("names what an earlier pack brought and this one has no more", async () => {
    await pack("1.pack", "--pack-version", "1", "stores/old.pem=ring.gpg", "stores/new.pem=policy.json")
    await pack("2.pack", "--pack-version", "2", "stores/new.pem=policy.json")
    await pack("3.pack", "--pack-version", "3", "stores/new.pem=policy.json")
    expect((await unpack("1.pack", "out")).stderr).toBe("")
    for (const file of ["2.pack", "2.pack", "3.pack"]) {
      const ran = await unpack(file, "out", "--output", "json")
      expect(ran.stderr).toContain("out/stores/old.pem is of an earlier pack and not in this one")
      expect(JSON.parse(ran.stdout)).toMatchObject({ left: ["stores/old.pem"] })
    }
    const elsewhere = await unpack("3.pack", "elsewhere", "--output", "json")
    expect([elsewhere.stderr, JSON.parse(elsewhere.stdout)]).toEqual(["", expect.objectContaining({ left: [] })])
  })

  it("writes nothing of a pack that is not in order", async () => {
    await pack("a.pack", "ring.gpg")
    const document = JSON.parse(readFileSync(tool.path("a.pack"), "utf8")) as { payload: string }
    const payload = atob(document.payload).replace('"version":', '"version":9')
    writeFileSync(
      tool.path("b.pack"),
      JSON.stringify({ ...document, payload: Buffer.from(payload).toString("base64") }),
    )
    const ran = await unpack("b.pack", "out")
    expect(ran.stderr).toMatch(/E_SIG_INVALID[^]* holds for SHA256:[A-Za-z0-9+/]{43}$/m)
    expect([ran.exit, ran.stdout, filesBelow(tool.path("out"))]).toEqual([1, "", []])
    expect(filesBelow(tool.path(".local"))).toEqual([])
  })

  it("replaces a link of that name, and does not write where it leads", async () => {
    await pack("a.pack", "ring.gpg")
    mkdirSync(tool.path("out/files"), { recursive: true })
    symlinkSync(tool.path("policy.json"), tool.path("out/files/ring.gpg"))
    expect((await unpack("a.pack", "out")).exit).toBe(0)
    expect(readFileSync(tool.path("policy.json"), "utf8")).toBe("{}")
    expect(readFileSync(tool.path("out/files/ring.gpg"), "utf8")).toBe("ring")
  })

  it("adv: GHSA-g5v4-5x39-vwhx follows no link to another folder", async () => {
    await pack("a.pack", "policies/deep/release.json=policy.json")
    mkdirSync(tool.path("out"))
    mkdirSync(tool.path("elsewhere"))
    symlinkSync(tool.path("elsewhere"), tool.path("out/policies"))
    const ran = await unpack("a.pack", "out")
    expect(ran.stderr).toContain("out/policies is a link")
    expect([ran.exit, ran.stdout, filesBelow(tool.path("elsewhere"))]).toEqual([3, "", []])
    symlinkSync(tool.path("elsewhere"), tool.path("mine"))
    expect((await unpack("a.pack", "mine/")).exit).toBe(0)
    expect(filesBelow(tool.path("elsewhere"))).toEqual(["policies", "policies/deep", "policies/deep/release.json"])
  })

  it("does not take what it cannot read of earlier packs for nothing", async () => {
    await pack("a.pack", "ring.gpg")
    await unpack("a.pack", "out", "--state", tool.path("seen"))
    const [name = ""] = readdirSync(tool.path("seen"))
    writeFileSync(tool.path(`seen/${name}`), "")
    const ran = await unpack("a.pack", "out", "--state", tool.path("seen"))
    expect(ran.stderr).toContain("E_TRUST_MALFORMED")
    expect(ran.exit).toBe(2)
  })

  it.each<[string, readonly string[]]>([
    ["nothing", []],
    ["a path upwards", ["../x=ring.gpg"]],
    ["an absolute path", ["/x=ring.gpg"]],
    ["one path twice", ["a=ring.gpg", "A=policy.json"]],
    ["version 0", ["--pack-version", "0", "ring.gpg"]],
    ["a series that is a path", ["--name=a/b", "ring.gpg"]],
  ])("does not pack %s", async (_, args) => {
    const ran = await pack("bad.pack", ...args)
    expect(ran.stderr).toContain("E_USAGE")
    expect([ran.exit, ran.stdout, existsSync(tool.path("bad.pack"))]).toEqual([2, "", false])
  })

  it("says what is missing", async () => {
    expect((await tool.run("trust", "pack", "--out", tool.path("x"), tool.path("ring.gpg"))).stderr).toContain(
      "no key to sign with",
    )
    expect((await tool.run("trust", "pack", "--key", "packer.key", tool.path("ring.gpg"))).stderr).toContain(
      "no file to write",
    )
    expect((await tool.run("trust", "unpack", "x")).stderr).toContain("no key to verify the pack with")
    expect((await pack("y.pack", "absent")).stderr).toContain("E_FILE_NOT_FOUND")
  })
})
