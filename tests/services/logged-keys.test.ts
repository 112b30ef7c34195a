/** Signatures of every kind of key in both versions of logs, each verified again. */
import { copyFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { generatePrivateKey } from "../../src/crypto/generate.ts"
import { publicKeyOf, publicKeyPem } from "../../src/crypto/public-key.ts"
import { startTestRegistry, startTestSandbox, type TestRegistry, type TestSandbox } from "../../src/testing/index.ts"
import { startProcess, type Ran, type TestProcess } from "../faces/cli/process-world.ts"
import { putImage } from "../interop/images.ts"

const EMAIL = "alice@example.com"
let sandbox: TestSandbox
let registry: TestRegistry
let program: TestProcess
let sequence = 0

beforeAll(async () => {
  sandbox = await startTestSandbox()
  registry = await startTestRegistry()
  program = await startProcess()
  await copyFile(sandbox.files.trustedRoot, program.path("root.json"))
  await copyFile(sandbox.files.signingConfig, program.path("v1.json"))
  await copyFile(sandbox.files.signingConfigV2, program.path("v2.json"))
  await program.write("app.txt", "an app\n")
  await program.write("predicate.json", '{"hello":"world"}')
}, 60_000)

afterAll(async () => {
  await program.close()
  await registry.close()
  await sandbox.close()
})

async function image(): Promise<string> {
  const name = `demo/app${sequence++}`
  const { digest } = await putImage(registry.address, name, `content ${sequence}`)
  return `${registry.address}/${name}@${digest}`
}

const root = (): readonly string[] => ["--trusted-root", program.path("root.json")]
const trust = (): readonly string[] => ["--identity", EMAIL, "--issuer", sandbox.services.oidc, ...root()]

function expectExit(ran: Ran, exit: number): void {
  expect(ran.exit, ran.stderr).toBe(exit)
}

describe("keys of every kind in logs", () => {
  const kinds = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa", "ed25519"] as const
  const about = ["--type", "custom", "--predicate", "predicate.json"]

  beforeAll(async () => {
    for (const kind of kinds) {
      const key = await generatePrivateKey(kind)
      await program.write(`${kind}.key`, key.export({ type: "pkcs8", format: "pem" }).toString())
      await program.write(`${kind}.pub`, publicKeyPem(publicKeyOf(key)))
    }
  }, 60_000)

  it.each(kinds.flatMap((kind) => [[kind, "v1"] as const, [kind, "v2"] as const]))(
    "%s, log %s",
    async (kind, config) => {
      const services = ["--log", "--yes", "--signing-config", program.path(`${config}.json`), ...root()]
      const signing = ["--key", `${kind}.key`, ...services]
      const trusting = ["--key", `${kind}.pub`, "--log", "require", ...root()]
      expectExit(await program.run("sign", ...signing, "--blob", "app.txt", "--bundle", "k.json"), 0)
      expectExit(await program.run("verify", ...trusting, "--blob", "app.txt", "--bundle", "k.json"), 0)
      const attested = await program.run("attest", ...signing, "--blob", "app.txt", "--bundle", "ka.json", ...about)
      const reference = await image()
      const signed = await program.run("sign", ...signing, reference)
      if (kind === "ed25519" && config === "v2") {
        // Statements are signed as they are, and a log of digests cannot verify that.
        for (const ran of [attested, signed])
          expect([ran.exit, ran.stderr]).toEqual([2, expect.stringContaining("E_KEY_TYPE")])
        return
      }
      expectExit(attested, 0)
      const verifying = ["--blob", "app.txt", "--bundle", "ka.json", "--attestation", "custom"]
      expectExit(await program.run("verify", ...trusting, ...verifying), 0)
      expectExit(signed, 0)
      expectExit(await program.run("verify", ...trusting, reference), 0)
    },
  )

  it.each([
    ["sign", [], []],
    ["attest", about, ["--attestation", "custom"]],
  ])("%s with a timestamp alone, which nobody need agree to", async (command, more, verifying) => {
    const stamp = ["--timestamp-url", sandbox.services.timestamp]
    const written = ["--blob", "app.txt", "--bundle", "stamped.json"]
    expectExit(await program.run(command, "--key", "ecdsa-p256.key", ...stamp, ...written, ...more), 0)
    const demand = ["--key", "ecdsa-p256.pub", "--timestamps", "1", ...root()]
    expectExit(await program.run("verify", ...demand, ...written, ...verifying), 0)
    const reference = await image()
    expectExit(await program.run(command, "--key", "ecdsa-p256.key", ...stamp, reference, ...more), 0)
    expectExit(await program.run("verify", ...demand, reference, ...verifying), 0)
  })

  it.each(["ecdsa-sha2-384-nistp384", "ecdsa-sha2-512-nistp521", "rsa-sign-pkcs1-2048-sha256", "ed25519"])(
    "a new key of kind %s",
    async (algorithm) => {
      const reference = await image()
      const token = await sandbox.token({ email: EMAIL })
      const services = ["--signing-config", program.path("v1.json"), ...root()]
      const keyless = ["--keyless", "--yes", "--identity-token", token, ...services]
      const ran = await program.run("sign", reference, ...keyless, "--signing-algorithm", algorithm)
      expectExit(ran, 0)
      expectExit(await program.run("verify", reference, ...trust()), 0)
    },
  )
})
