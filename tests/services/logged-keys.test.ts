/** Signatures of every kind of key in both versions of logs, each verified again. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { generatePrivateKey } from "../../src/crypto/generate.ts"
import { publicKeyOf, publicKeyPem } from "../../src/crypto/public-key.ts"
import { expectExit, startKeylessWorld, type KeylessWorld } from "./keyless-world.ts"

let world: KeylessWorld

beforeAll(async () => {
  world = await startKeylessWorld()
}, 60_000)

afterAll(() => world.close())

describe("keys of every kind in logs", () => {
  const kinds = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa", "ed25519"] as const
  const about = ["--type", "custom", "--predicate", "predicate.json"]

  beforeAll(async () => {
    for (const kind of kinds) {
      const key = await generatePrivateKey(kind)
      await world.program.write(`${kind}.key`, key.export({ type: "pkcs8", format: "pem" }).toString())
      await world.program.write(`${kind}.pub`, publicKeyPem(publicKeyOf(key)))
    }
  }, 60_000)

  it.each(kinds.flatMap((kind) => [[kind, "v1"] as const, [kind, "v2"] as const]))(
    "%s, log %s",
    async (kind, config) => {
      const services = ["--log", "--yes", "--signing-config", world.program.path(`${config}.json`), ...world.root()]
      const signing = ["--key", `${kind}.key`, ...services]
      const trusting = ["--key", `${kind}.pub`, "--log", "require", ...world.root()]
      expectExit(await world.program.run("sign", ...signing, "--blob", "app.txt", "--bundle", "k.json"), 0)
      expectExit(await world.program.run("verify", ...trusting, "--blob", "app.txt", "--bundle", "k.json"), 0)
      const attested = await world.program.run(
        "attest",
        ...signing,
        "--blob",
        "app.txt",
        "--bundle",
        "ka.json",
        ...about,
      )
      const reference = await world.image()
      const signed = await world.program.run("sign", ...signing, reference)
      if (kind === "ed25519" && config === "v2") {
        // Statements are signed as they are, and a log of digests cannot verify that.
        for (const ran of [attested, signed])
          expect([ran.exit, ran.stderr]).toEqual([2, expect.stringContaining("E_KEY_TYPE")])
        return
      }
      expectExit(attested, 0)
      const verifying = ["--blob", "app.txt", "--bundle", "ka.json", "--attestation", "custom"]
      expectExit(await world.program.run("verify", ...trusting, ...verifying), 0)
      expectExit(signed, 0)
      expectExit(await world.program.run("verify", ...trusting, reference), 0)
    },
  )

  it.each([
    ["sign", [], []],
    ["attest", about, ["--attestation", "custom"]],
  ])("%s with a timestamp alone, which nobody need agree to", async (command, more, verifying) => {
    const stamp = ["--timestamp-url", world.sandbox.services.timestamp]
    const written = ["--blob", "app.txt", "--bundle", "stamped.json"]
    expectExit(await world.program.run(command, "--key", "ecdsa-p256.key", ...stamp, ...written, ...more), 0)
    const demand = ["--key", "ecdsa-p256.pub", "--timestamps", "1", ...world.root()]
    expectExit(await world.program.run("verify", ...demand, ...written, ...verifying), 0)
    const reference = await world.image()
    expectExit(await world.program.run(command, "--key", "ecdsa-p256.key", ...stamp, reference, ...more), 0)
    expectExit(await world.program.run("verify", ...demand, reference, ...verifying), 0)
  })

  it.each(["ecdsa-sha2-384-nistp384", "ecdsa-sha2-512-nistp521", "rsa-sign-pkcs1-2048-sha256", "ed25519"])(
    "a new key of kind %s",
    async (algorithm) => {
      const reference = await world.image()
      const ran = await world.program.run(
        "sign",
        reference,
        ...(await world.keyless()),
        "--signing-algorithm",
        algorithm,
      )
      expectExit(ran, 0)
      expectExit(await world.program.run("verify", reference, ...world.trust()), 0)
    },
  )
})
