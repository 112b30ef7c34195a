/** Signing for identities: services that do not add up, and options that contradict each other. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { expectExit, startKeylessWorld, type KeylessWorld } from "./keyless-world.ts"

let world: KeylessWorld
let flags: { readonly v1: readonly string[]; readonly v2: readonly string[] }

beforeAll(async () => {
  world = await startKeylessWorld()
}, 60_000)

beforeEach(async () => {
  flags = { v1: await world.keyless("v1"), v2: await world.keyless("v2") }
})

afterEach(() => {
  world.sandbox.reset()
  world.registry.reset()
})

afterAll(() => world.close())

const keyless = (config: "v1" | "v2" = "v1"): readonly string[] => flags[config]

describe("several services", () => {
  /** The signing config with two rows for one kind of service. */
  async function twice(kind: "rekorTlogUrls" | "tsaUrls", second: string): Promise<readonly string[]> {
    const config = JSON.parse(new TextDecoder().decode(world.sandbox.signingConfigV2)) as Record<
      string,
      { url: string }[]
    >
    const [row] = config[kind] ?? []
    const selected = { rekorTlogConfig: { selector: "ALL" }, tsaConfig: { selector: "ALL" } }
    const rows = [row, { ...row, url: second, operator: "another" }]
    await world.program.write("twice.json", JSON.stringify({ ...config, ...selected, [kind]: rows }))
    return keyless("v2").map((word) =>
      word === world.program.path("v2.json") ? world.program.path("twice.json") : word,
    )
  }

  it.each([
    ["log", "rekorTlogUrls", (): string => `${world.sandbox.services.rekor2}/`],
    ["authority", "tsaUrls", (): string => `${world.sandbox.services.timestamp}?second`],
  ] as const)("one %s under two names is one, and not what was asked", async (_, kind, url) => {
    const reference = await world.image()
    const words = await twice(kind, url())
    world.registry.clearRequests()
    const ran = await world.program.run("sign", reference, ...words)
    expect(ran.exit, ran.stderr).not.toBe(0)
    expect(ran.stderr).not.toContain("E_INTERNAL")
    expect(world.pushed()).toEqual([])
  })
})

describe("options that contradict each other", () => {
  const reference = "registry.example/app:1"
  it.each<[string, () => readonly string[], string]>([
    [
      "a config without logs for a key that logs",
      () => ["sign", reference, "--key", "signer.key", "--no-log"],
      "--no-log",
    ],
    [
      "token without identity",
      () => ["sign", reference, "--key", "signer.key", "--identity-token", "x"],
      "--identity-token",
    ],
    [
      "log and no log",
      () => ["sign", reference, "--key", "signer.key", "--log", "--no-log"],
      "--log and --no-log at once",
    ],
    [
      "version 2 logs without timestamps",
      () => {
        const urls = ["--fulcio-url", "http://127.0.0.1:1", "--rekor-url", "http://127.0.0.1:1", "--rekor-version", "2"]
        return [
          "sign",
          "--keyless",
          "--yes",
          "--identity-token",
          "a.b.c",
          ...urls,
          "--blob",
          "app.txt",
          "--bundle",
          "b.json",
        ]
      },
      "a timestamp authority must be provided to request a short-lived certificate that will be logged to Rekor",
    ],
    [
      "identity with a format of certificates",
      () => ["sign", reference, ...keyless(), "--format", "notation"],
      "notation",
    ],
    [
      "version 2 log in the format of cosign 2",
      () => ["sign", reference, ...keyless("v2"), "--format", "cosign-v2"],
      "cannot hold entries of version 2 logs",
    ],
    [
      "if missing for an identity",
      () => ["sign", reference, ...keyless(), "--if-missing"],
      "every run makes a new key",
    ],
    [
      "neither log nor timestamp",
      () => ["sign", "--blob", "app.txt", "--bundle", "b.json", ...keyless(), "--no-log"],
      "needs a log or a timestamp authority",
    ],
    [
      "a signature without its certificate",
      () => ["sign", "--blob", "app.txt", "--signature", "app.sig", ...keyless()],
      "--signature cannot hold what --keyless gives",
    ],
    [
      "an envelope without its entry",
      () => {
        const about = ["--type", "custom", "--predicate", "predicate.json", "--envelope", "e.json"]
        return ["attest", "--key", "signer.key", "--log", "--blob", "app.txt", ...about]
      },
      "--envelope cannot hold what --log gives",
    ],
    [
      "unknown algorithm",
      () => ["sign", "--blob", "app.txt", "--bundle", "b.json", ...keyless(), "--signing-algorithm", "rsa-512"],
      "rsa-512",
    ],
  ])("%s", async (_, argv, text) => {
    const ran = await world.program.run(...argv())
    expectExit(ran, 2)
    expect(ran.stderr).toContain(text)
    expect(world.posted()).toEqual([])
  })
})
