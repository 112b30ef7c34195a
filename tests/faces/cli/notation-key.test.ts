/** Keys of notation's configuration, named to commands that do not sign, and what `trust list` says of empty stores. */
import { generateKeyPairSync } from "node:crypto"
import { mkdirSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Ran, startProcess, type TestProcess } from "./process-world.ts"

interface Diagnosis {
  readonly accepted: boolean
  readonly checks: readonly { readonly rule: string; readonly outcome: string }[]
}

describe("--key notation:NAME", () => {
  let tool: TestProcess
  const doctor = (...argv: readonly string[]): Promise<Ran> =>
    tool.run("cert", "doctor", ...argv, tool.path("chain.pem"))

  beforeAll(async () => {
    tool = await startProcess()
    mkdirSync(tool.path(".config/notation"), { recursive: true })
    for (const name of ["rel", "other"]) {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
      await tool.write(`${name}.key`, privateKey.export({ type: "pkcs8", format: "pem" }).toString())
    }
    const subject = ["--subject", "C=US, ST=WA, O=acme", "--cert", tool.path("chain.pem")]
    expect(await tool.run("cert", "self-sign", "--key", "rel.key", ...subject)).toMatchObject({ exit: 0 })
    await tool.write("hello.txt", "hello")
    const entry = (name: string): object => ({
      name,
      keyPath: tool.path(`${name}.key`),
      certPath: tool.path("chain.pem"),
    })
    const keys = [entry("rel"), entry("other"), { name: "kept", id: "1", pluginName: "vault" }]
    await tool.write(".config/notation/signingkeys.json", JSON.stringify({ default: "rel", keys }))
  })
  afterAll(() => tool.close())

  it.each([
    ["notation:rel", true],
    ["notation:", true],
    ["notation:other", false],
  ])("cert doctor --key %s: accepted %s", async (key, accepted) => {
    const ran = await doctor("--key", key, "-o", "json")
    expect(ran).toMatchObject({ exit: accepted ? 0 : 1, stderr: "" })
    expect((JSON.parse(ran.stdout) as Diagnosis).accepted).toBe(accepted)
  })

  it.each([
    ["notation:none", "signing key none not found [E_KEY_NOT_FOUND]"],
    ["notation:kept", "the plugin vault keeps the key"],
  ])("cert doctor --key %s: %s", async (key, text) => {
    const ran = await doctor("--key", key)
    expect(ran).toMatchObject({ exit: 2, stdout: "" })
    expect(ran.stderr).toContain(text)
  })

  it.each([
    ["verify", "127.0.0.1:1/app:1"],
    ["explain", "127.0.0.1:1/app:1"],
    ["verify", "--blob", "hello.txt", "--signature", "hello.txt"],
  ])("%s %s says what verifies instead", async (...argv) => {
    const ran = await tool.run(...argv, "--key", "notation:rel")
    expect(ran).toMatchObject({ exit: 2, stdout: "" })
    expect(ran.stderr).toMatch(/notation:rel is a key to sign with \[E_USAGE\][^]*--trust-store ca:NAME --identity/)
    expect(ran.stderr).not.toContain("no such file")
  })

  it.each([
    [["tsa"], "no certificates are trusted in stores of type tsa;"],
    [["signingAuthority"], "no certificates are trusted in stores of type signingAuthority;"],
    [[], "ca:acme "],
  ])("trust list %j with a store of type ca alone", async (argv, text) => {
    await tool.run("trust", "add", "--store", "ca:acme", "--yes", tool.path("chain.pem"))
    const ran = await tool.run("trust", "list", ...argv)
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    expect(ran.stdout).toContain(text)
  })
})
