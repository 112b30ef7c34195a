/** Every command line of the guides about the Notary Project, run as it stands there; only the addresses are ours. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { mkdir, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestAuthority, type TestAuthority, type TestSigner } from "../../src/testing/index.ts"
import { expectCode, findPeer, havePeers, peer, run, type Finished } from "./peers.ts"
import { startOurs, type InteropRegistry } from "./registries.ts"

const root = new URL("../../", import.meta.url)
const launcher = fileURLToPath(new URL("countersign", root))

/** The shell script that a page's console blocks are, or those under one heading of it. */
function scriptOf(page: string, heading?: string): string {
  const whole = readFileSync(new URL(`docs/guides/${page}`, root), "utf8")
  const text = heading === undefined ? whole : sectionOf(whole, heading)
  const blocks = [...text.matchAll(/^( *)```console\n([\s\S]*?)^ *```$/gm)].map(([, indent = "", block = ""]) =>
    block.split("\n").map((line) => line.slice(indent.length).replace(/^\$ /, "")),
  )
  return blocks.flat().join("\n")
}

function sectionOf(page: string, heading: string): string {
  const [, after] = page.split(`\n## ${heading}\n`)
  if (after === undefined) throw new Error(`no heading ${heading}`)
  return after.split("\n## ")[0] ?? ""
}

describe("guides about the Notary Project", () => {
  let folder: string
  let bin: string
  let authority: TestAuthority
  let registry: InteropRegistry
  const env = (): Record<string, string> => ({
    PATH: [bin, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
    NOTATION_CONFIG: join(folder, "config"),
    NOTATION_CACHE: join(folder, "cache"),
    COUNTERSIGN_PASSWORD: "secret",
  })
  const shell = (text: string): Promise<Finished> => {
    const script = text
      .replaceAll("127.0.0.1:5000", registry.address)
      .replaceAll("http://timestamp.example", authority.timestampUrl)
    return run("/bin/sh", ["-euxc", script], { cwd: folder, env: env() })
  }
  const image = (): string => `${registry.address}/demo/hello:1.0`

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "countersign-guides-"))
    bin = join(folder, "bin")
    await mkdir(bin)
    await symlink(launcher, join(bin, "countersign"))
    ;[registry, authority] = await Promise.all([startOurs(), startTestAuthority()])
    writeFileSync(join(folder, "tsa-root.pem"), authority.timestampRootPem)
  })
  afterAll(async () => {
    await Promise.all([registry.stop(), authority.close()])
    rmSync(folder, { recursive: true, force: true })
  })

  it("notation.md", async () => {
    expectCode(await shell(scriptOf("notation.md")), 0)
    if (!havePeers("notation")) return
    const verify = ["verify", "--insecure-registry", image()]
    expectCode(await peer("notation", verify, { cwd: folder, env: env() }), 0)
  })

  it("timestamps.md", async () => {
    const script = scriptOf("timestamps.md")
    expect(script).toContain("countersign notation sign")
    expectCode(await shell(script), 0)
  })

  /** The commands of a script, each in a configuration of its own in which nothing is known yet. */
  it.each([
    ["ours", () => launcher],
    ["the real one", () => findPeer("notation")],
  ])("keys.md, lend keys to notation: %s", async (_, find) => {
    const program = find()
    if (program === undefined) return
    const config = join(folder, `lent-${dirname(program).replaceAll("/", "-")}`)
    await mkdir(join(config, "bin"), { recursive: true })
    await symlink(program, join(config, "bin", "notation"))
    const script = `export NOTATION_CONFIG="${config}" NOTATION_LIBEXEC="${config}" PATH="${config}/bin:$PATH"\n${scriptOf("keys.md", "Lend keys to notation")}`
    expect(script).toContain("notation plugin uninstall")
    expectCode(await shell(script), 0)
  })

  it("revocation.md", async () => {
    const [strict = "", log = "", skip = "", hosts = "", ...more] = scriptOf("revocation.md")
      .split("\n")
      .filter((line) => line !== "")
    expect(more).toEqual([])
    const signBy = async (name: string): Promise<TestSigner> => {
      const signer = await authority.issueSigner({ chainLength: 3 })
      writeFileSync(join(folder, `${name}.key`), signer.keyPem)
      writeFileSync(join(folder, `${name}.pem`), signer.chainPem)
      writeFileSync(join(folder, "authority.pem"), signer.rootPem)
      const where = "127.0.0.1:5000/demo/hello:1.0"
      const sign = `countersign sign --key ${name}.key --cert-chain ${name}.pem --format notation ${where}`
      const trust = "countersign trust add --store ca:acme --yes authority.pem"
      expectCode(await shell(`countersign push ${where} ${name}.pem:text/plain\n${sign}\n${trust}`), 0)
      return signer
    }
    const taken = await signBy("taken")
    expectCode(await shell(strict), 0)
    expectCode(await shell(`${hosts}\n${strict}`), 0)
    authority.revoke(taken)
    authority.publish()
    const refused = expectCode(await shell(strict), 1)
    expect(refused.stderr + refused.stdout).toContain("is revoked")
    expectCode(await shell(`${log}\n${skip}`), 0)
    await signBy("lonely")
    authority.setFaults({ ocsp: "try-later", crl: "status-500" })
    rmSync(join(folder, "cache"), { recursive: true, force: true })
    const unknown = await shell(strict)
    expect(unknown.code).not.toBe(0)
    expect(unknown.stderr + unknown.stdout).toContain("revocation status is unknown")
    expectCode(await shell(`${log}\n${skip}`), 0)
    authority.reset()
  })

  it("moving-from-notation.md", async () => {
    expectCode(await shell(scriptOf("moving-from-notation.md")), 0)
  })
})
