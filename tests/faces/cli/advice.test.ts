/** What a message tells to do next is what helps, in words of the command line that was used. */
import { generateKeyPairSync } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { cosignProgram } from "../../../src/faces/cosign/program.ts"
import { startProcess, type TestProcess } from "./process-world.ts"

let own: TestProcess
let face: TestProcess

beforeAll(async () => {
  own = await startProcess()
  face = await startProcess(cosignProgram)
  await own.write("password", "secret\n")
  for (const tool of [own, face]) {
    await tool.write("hello.txt", "hello\n")
    await tool.write("facts.txt", "{}")
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    await tool.write("plain.pub", publicKey.export({ type: "spki", format: "pem" }) as string)
  }
  for (const name of [own.path("release"), face.path("release")]) {
    const made = await own.run("keys", "generate", "--name", name, "--password-file", own.path("password"))
    expect(made.exit).toBe(0)
  }
  const flags = ["--key", "release.key", "--password-file", "password", "--blob", "hello.txt"]
  const attested = await own.run("attest", ...flags, "--type", "custom", "--predicate", "facts.txt", "--bundle", "att")
  expect(attested).toMatchObject({ exit: 0 })
})

afterAll(async () => {
  await own.close()
  await face.close()
})

describe("countersign", () => {
  it.each([
    ["a public key to sign with", ["sign", "--key", "plain.pub", "registry.example/app"], /public key.*private key/s],
    [
      "an encrypted key to import",
      ["keys", "import", "--name", "x", "--password-file", "password", "release.key"],
      /hint: .*`countersign sign --key/,
    ],
    ["no key at all to inspect", ["keys", "inspect", "hello.txt"], /^error: hello\.txt is no key|no key/m],
    ["a password and no terminal", ["keys", "inspect", "release.key"], /--password-file/],
    [
      "a token without --keyless",
      ["sign", "--identity-token", "t", "registry.example/app"],
      /why +--identity-token is about an identity[^]*hint: .*`--keyless`/,
    ],
    [
      "a provider without --keyless, for a file",
      ["sign", "--oidc-provider", "envvar", "--blob", "hello.txt", "--bundle", "b"],
      /hint: .*`--keyless`/,
    ],
    [
      "a token without --keyless, for a statement",
      ["attest", "--identity-token", "t", "--type", "custom", "--predicate", "facts.txt", "registry.example/app"],
      /hint: .*`--keyless`/,
    ],
    ["a misspelt flag", ["sign", "--fromat", "cosign-v2", "registry.example/app"], /did you mean `--format`/],
    ["one letter too many", ["verify", "--keys", "plain.pub", "registry.example/app"], /did you mean `--key`/],
  ])("%s", async (_name, argv, wanted) => {
    const ran = await own.run(...argv)
    expect(ran.exit).toBe(2)
    expect(ran.stderr).toMatch(wanted)
  })

  it("an attestation of another type, in a file", async () => {
    const flags = ["--key", "release.pub", "--blob", "hello.txt", "--bundle", "att"]
    const ran = await own.run("verify", ...flags, "--attestation", "spdx")
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toMatch(/why +found https:\/\/cosign\.sigstore\.dev\/attestation\/v1$/m)
    expect(ran.stderr).toContain("`countersign attest`")
    const plain = await own.run("verify", ...flags)
    expect(plain.exit).toBe(1)
    expect(plain.stderr).toContain("--attestation")
  })

  it("--version prints the version", async () => {
    expect(await own.run("--version")).toEqual(await own.run("version"))
  })

  it("--help names the faces", async () => {
    const { stdout } = await own.run("--help")
    expect(stdout).toContain("countersign cosign")
    expect(stdout).toContain("countersign cosign2")
  })

  it("keys generate --help lists the types", async () => {
    const { stdout } = await own.run("keys", "generate", "--help")
    for (const type of ["ecdsa-p384", "rsa", "ed25519"]) expect(stdout).toContain(type)
  })
})

describe("cosign", () => {
  it("an empty password is said to be empty", async () => {
    const ran = await face.run(
      "sign-blob",
      "--key",
      "release.key",
      "--tlog-upload=false",
      "--use-signing-config=false",
      "--bundle",
      "b",
      "hello.txt",
    )
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain("decryption failed")
    expect(ran.stderr).toMatch(/hint: .*empty.*COSIGN_PASSWORD/)
  })

  it("hints name the face's own commands", async () => {
    const flags = ["--tlog-upload=false", "--use-signing-config=false", "--bundle", "b"]
    const ran = await face.run("sign-blob", "--key", "plain.pub", ...flags, "hello.txt")
    expect(ran.stderr).toContain("unsupported pem type: PUBLIC KEY")
    const none = await face.run("sign-blob", "--key", "hello.txt", ...flags, "hello.txt")
    expect(none.stderr).toContain("hint: generate a key with `cosign generate-key-pair`")
    expect(none.stderr).not.toContain("countersign keys")
  })
})
