/** Signing for identities, and logging signatures of keys, against a private Sigstore: what works, and what must not. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { SandboxFaults, TestRegistry, TestSandbox } from "../../src/testing/index.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { EMAIL, expectExit, PASSWORD, startKeylessWorld, type KeylessWorld } from "./keyless-world.ts"

let world: KeylessWorld
let sandbox: TestSandbox
let registry: TestRegistry
let program: TestProcess
let flags: { readonly v1: readonly string[]; readonly v2: readonly string[] }
let token: string

beforeAll(async () => {
  world = await startKeylessWorld()
  ;({ sandbox, registry, program } = world)
  expectExit(await program.run("keys", "generate", "--name", "signer", ...PASSWORD), 0)
}, 60_000)

beforeEach(async () => {
  flags = { v1: await world.keyless("v1"), v2: await world.keyless("v2") }
  token = flags.v1[flags.v1.indexOf("--identity-token") + 1] ?? ""
})

afterEach(() => {
  sandbox.reset()
  registry.reset()
})

afterAll(() => world.close())

const image = (): Promise<string> => world.image()
const root = (): readonly string[] => world.root()
const keyless = (config: "v1" | "v2" = "v1"): readonly string[] => flags[config]
const trust = (): readonly string[] => world.trust()
const posted = (): readonly string[] => world.posted()
const pushed = (): readonly string[] => world.pushed()

describe("signing for an identity", () => {
  it("takes services and trust out of the TUF repository in use, and tells their age only when they are old", async () => {
    const other = await startProcess()
    try {
      const { tufRoot } = sandbox.files
      expectExit(await other.run("trust", "update", "--mirror", sandbox.services.tuf, "--root", tufRoot), 0)
      const reference = await image()
      const given = ["--keyless", "--yes", "--identity-token", await sandbox.token({ email: EMAIL })]
      const signed = await other.run("sign", ...given, reference)
      expectExit(signed, 0)
      expect(signed.stderr).toMatch(/^this becomes public/)
      const who = ["--identity", EMAIL, "--issuer", sandbox.services.oidc]
      expect(await other.run("verify", ...who, reference)).toMatchObject({ exit: 0, stderr: "" })
      const offline = await other.run("verify", ...who, "--offline", reference)
      expectExit(offline, 0)
      expect(offline.stderr).toMatch(/^the trusted root comes from the cache of http:\S+ and is less than a day old\n$/)
    } finally {
      await other.close()
    }
  })

  it.each(["v1", "v2"] as const)("signs and attests an artifact, log %s", async (config) => {
    const reference = await image()
    expectExit(await program.run("sign", reference, ...keyless(config), "-a", "stage=prod"), 0)
    expectExit(await program.run("verify", reference, ...trust(), "-a", "stage=prod"), 0)
    const predicate = ["--type", "custom", "--predicate", "predicate.json"]
    expectExit(await program.run("attest", reference, ...keyless(config), ...predicate), 0)
    expectExit(await program.run("verify", reference, ...trust(), "--attestation", "custom"), 0)
    const other = ["--identity", "mallory@example.com", "--issuer", sandbox.services.oidc, ...root()]
    const refused = await program.run("verify", reference, ...other)
    expectExit(refused, 1)
    expect(refused.stderr).toContain("E_CERT_IDENTITY")
  })

  it.each(["v1", "v2"] as const)("signs and attests a file, log %s", async (config) => {
    expectExit(await program.run("sign", "--blob", "app.txt", "--bundle", "app.json", ...keyless(config)), 0)
    expectExit(await program.run("verify", "--blob", "app.txt", "--bundle", "app.json", ...trust()), 0)
    const predicate = ["--type", "custom", "--predicate", "predicate.json"]
    const attested = await program.run(
      "attest",
      "--blob",
      "app.txt",
      "--bundle",
      "a.json",
      ...predicate,
      ...keyless(config),
    )
    expectExit(attested, 0)
    const verified = await program.run(
      ...["verify", "--blob", "app.txt", "--bundle", "a.json", "--attestation", "custom", ...trust()],
    )
    expectExit(verified, 0)
  })

  it("signs in the format of cosign 2, with certificate, entry and timestamp as annotations", async () => {
    const reference = await image()
    const stamp = ["--timestamp-url", sandbox.services.timestamp]
    expectExit(await program.run("sign", reference, ...keyless(), ...stamp, "--format", "cosign-v2"), 0)
    expectExit(await program.run("verify", reference, ...trust(), "--timestamps", "1", "--format", "cosign-v2"), 0)
  })

  it("asks once for identity and certificate, however many artifacts there are", async () => {
    const references = [await image(), await image(), await image()]
    const ran = await program.run("sign", ...references, ...keyless(), "--output", "json")
    expectExit(ran, 0)
    expect(posted().filter((path) => path.includes("signingCert"))).toHaveLength(1)
    expect(posted().filter((path) => path.includes("/log/entries"))).toHaveLength(3)
    const report = JSON.parse(ran.stdout) as { artifacts: { signatures: { sigstore: Record<string, unknown> }[] }[] }
    for (const { signatures } of report.artifacts) {
      expect(signatures[0]?.sigstore).toMatchObject({
        identity: { name: EMAIL, issuer: sandbox.services.oidc },
        logEntries: [{ log: sandbox.services.rekor }],
        verified: true,
      })
    }
  })

  it("names identity, entry and timestamp to people", async () => {
    const ran = await program.run("sign", await image(), ...keyless("v2"))
    expect(ran.stdout).toContain(`identity   ${EMAIL} at ${sandbox.services.oidc}`)
    expect(ran.stdout).toMatch(/log entry {2}http\S+\/rekor2 index \d+/)
    expect(ran.stdout).toMatch(/timestamp {2}http\S+\/tsa\/\S+ at \d{4}-/)
  })

  it.each([
    ["with a signing config", (): readonly string[] => ["--signing-config", program.path("v1.json")], "E_USAGE"],
    ["without", (): readonly string[] => [], ""],
    ["with the legacy API", (): readonly string[] => ["--fulcio-version", "1"], ""],
  ])("takes URLs of services, %s", async (_, more, code) => {
    const { fulcio, rekor } = sandbox.services
    const urls = ["--fulcio-url", fulcio, "--rekor-url", rekor, "--identity-token", token, "--keyless", "--yes"]
    const reference = await image()
    const ran = await program.run("sign", reference, ...urls, ...more())
    const warned = /warning: without --trusted-root, .* are checked for form and content/g
    if (code === "") {
      expectExit(ran, 0)
      expect(ran.stderr.match(warned)).toHaveLength(1)
      const checked = await program.run("sign", await image(), ...urls, ...more(), ...root())
      expectExit(checked, 0)
      expect(checked.stderr).not.toMatch(warned)
      expectExit(await program.run("verify", reference, ...trust()), 0)
    } else {
      expectExit(ran, 2)
      expect(ran.stderr).toContain("cannot specify service URLs and use signing config")
    }
  })

  it("logs signatures of keys where it is asked", async () => {
    const reference = await image()
    const log = ["--log", "--yes", "--signing-config", program.path("v1.json"), ...root()]
    expectExit(await program.run("sign", "--key", "signer.key", ...PASSWORD, reference, ...log), 0)
    expectExit(await program.run("verify", "--key", "signer.pub", reference, "--log", "require", ...root()), 0)
    expect(posted().some((path) => path.includes("signingCert"))).toBe(false)
  })

  it("gets a certificate for a key that is given", async () => {
    const reference = await image()
    expectExit(await program.run("sign", "--key", "signer.key", ...PASSWORD, reference, ...keyless()), 0)
    expectExit(await program.run("verify", reference, ...trust()), 0)
  })
})

describe("what becomes public", () => {
  it("is shown by --preview, and nothing is signed", async () => {
    const reference = await image()
    registry.clearRequests()
    const ran = await program.run("sign", reference, ...keyless("v2"), "--preview", "--output", "json", "-a", "x=y")
    expectExit(ran, 0)
    expect(JSON.parse(ran.stdout)).toMatchObject({
      kind: "SigningPlan",
      identity: { name: EMAIL, issuer: sandbox.services.oidc, authority: sandbox.services.fulcio },
      logs: [{ url: sandbox.services.rekor2, version: 2 }],
      timestamps: [sandbox.services.timestamp],
      items: [{ artifact: reference, digest: reference.split("@")[1], annotations: { x: "y" }, published: "hashes" }],
    })
    expect([...posted(), ...pushed()]).toEqual([])
  })

  it.each([
    ["sign", []],
    ["attest", ["--type", "custom", "--predicate", "predicate.json"]],
  ])("needs consent: %s without --yes and without a terminal", async (command, more) => {
    const reference = await image()
    registry.clearRequests()
    const without = keyless().filter((word) => word !== "--yes")
    const ran = await program.run(command, reference, ...without, ...more)
    expectExit(ran, 2)
    expect(ran.stderr).toContain("E_KEY_NO_TERMINAL")
    expect(ran.stderr).toContain(`identity     ${EMAIL}`)
    expect([...posted(), ...pushed()]).toEqual([])
  })

  it("asks nobody to log in for what a log cannot hold", async () => {
    const ran = await program.run("sign", await image(), ...keyless("v2"), "--signing-algorithm", "ed25519")
    expectExit(ran, 2)
    expect(ran.stderr).toContain("E_KEY_TYPE")
    expect(posted()).toEqual([])
  })

  it("asks nobody to log in for artifacts that do not exist", async () => {
    const ran = await program.run("sign", `${registry.address}/demo/none:1`, ...keyless())
    expectExit(ran, 1)
    expect(ran.stderr).toContain("E_REF_TAG_NOT_FOUND")
    expect(posted()).toEqual([])
  })
})

describe("services that fail for a moment", () => {
  it.each<[string, "v1" | "v2", SandboxFaults]>([
    ["a log that has the entry already", "v1", { conflict: { times: 1 } }],
    ["a version 2 log that has the entry already", "v2", { conflict: { times: 1 } }],
  ])("%s makes no duplicates", async (_, config, faults) => {
    const reference = await image()
    sandbox.setFaults(faults)
    expectExit(await program.run("sign", reference, ...keyless(config)), 0)
    sandbox.setFaults({})
    expectExit(await program.run("verify", reference, ...trust()), 0)
  })
})

describe("services that misbehave", () => {
  const rekor = ({ path }: { readonly path: string }): boolean => path.includes("/log/entries")
  const fulcio = ({ path }: { readonly path: string }): boolean => path.includes("/signingCert")
  const tsa = ({ path }: { readonly path: string }): boolean => path.includes("/tsa/")

  it.each<[string, "v1" | "v2", SandboxFaults, string]>([
    ["wrong SCT", "v1", { sct: "wrong-signature" }, "E_CERT_SCT"],
    ["SCT of an unknown log", "v1", { sct: "unknown-log" }, "E_CERT_SCT"],
    ["SCT that a bundle cannot hold", "v1", { sct: "detached" }, "E_CERT_SCT"],
    ["wrong promise", "v1", { log: "wrong-promise" }, "E_TLOG_PROOF"],
    ["promise of another time", "v1", { log: "wrong-time" }, "E_TLOG_PROOF"],
    ["no promise", "v1", { log: "missing-promise" }, "E_SERVICE_PROTOCOL"],
    ["no inclusion proof", "v1", { log: "missing-proof" }, "E_SERVICE_PROTOCOL"],
    ["no inclusion proof (2)", "v2", { log: "missing-proof" }, "E_SERVICE_PROTOCOL"],
    ["wrong inclusion proof", "v1", { log: "wrong-proof" }, "E_TLOG_PROOF"],
    ["wrong inclusion proof (2)", "v2", { log: "wrong-proof" }, "E_TLOG_PROOF"],
    ["wrong root", "v1", { log: "wrong-root" }, "E_TLOG_PROOF"],
    ["bad checkpoint", "v1", { log: "bad-checkpoint" }, "E_TLOG_PROOF"],
    ["bad checkpoint (2)", "v2", { log: "bad-checkpoint" }, "E_TLOG_PROOF"],
    ["entry about something else", "v1", { log: "wrong-body" }, "E_SERVICE_PROTOCOL"],
    ["entry about something else (2)", "v2", { log: "wrong-body" }, "E_SERVICE_PROTOCOL"],
    ["timestamp refused", "v2", { timestamp: "rejection" }, "E_TSA_INVALID"],
    ["timestamp of something else", "v2", { timestamp: "wrong-imprint" }, "E_TSA_INVALID"],
    ["timestamp that does not verify", "v2", { timestamp: "wrong-signature" }, "E_TSA"],
    ["log answers with garbage", "v1", { transport: "garbage", where: rekor }, "E_SERVICE_PROTOCOL"],
    ["log is not there", "v1", { transport: "status-404", where: rekor }, "E_SERVICE_REFUSED"],
    ["log answers without end", "v1", { transport: "huge", where: rekor }, "E_NET_TOO_LARGE"],
    ["log sends us elsewhere", "v1", { transport: "redirect-loopback", where: rekor }, "E_NET_FORBIDDEN_TARGET"],
    ["authority answers with garbage", "v1", { transport: "garbage", where: fulcio }, "E_SERVICE_PROTOCOL"],
    ["authority sends us elsewhere", "v1", { transport: "redirect-loopback", where: fulcio }, "E_NET_FORBIDDEN_TARGET"],
    ["timestamp authority is not there", "v2", { transport: "status-404", where: tsa }, "E_TSA_INVALID"],
    ["certificate that has ended", "v1", { clockSkewMs: { fulcio: -3_600_000 } }, "E_SERVICE_PROTOCOL"],
  ])("%s: a clear error, and nothing is stored", async (_, config, faults, code) => {
    const reference = await image()
    registry.clearRequests()
    sandbox.setFaults(faults)
    const ran = await program.run("sign", reference, ...keyless(config))
    expect(ran.exit, ran.stdout).not.toBe(0)
    expect(ran.stderr).toContain(`[${code}`)
    expect(ran.stderr).not.toContain("E_INTERNAL")
    expect(ran.stdout).not.toContain("signed  ")
    expect(pushed()).toEqual([])
    // SECURITY: a token is good for minutes, and errors are pasted into tickets.
    expect(ran.stderr).not.toContain(token.split(".")[1])
    expect(ran.stderr).not.toContain(token.split(".")[2])
  })

  it("finishes the other format before it says that one failed, and names what is stored", async () => {
    const reference = await image()
    let asked = 0
    const first = (request: { readonly path: string }): boolean => rekor(request) && ++asked === 1
    sandbox.setFaults({ transport: "status-404", where: first })
    const ran = await program.run("sign", reference, ...keyless(), "--format", "cosign-v2", "--format", "cosign-v3")
    expectExit(ran, 3)
    const [, stored = ""] = /stored all the same, in another format: (cosign-v[23])/.exec(ran.stderr) ?? []
    sandbox.setFaults({})
    expectExit(await program.run("verify", reference, ...trust(), "--format", stored), 0)
  })

  it.each([
    ["authority", fulcio],
    ["log", rekor],
    ["timestamp authority", tsa],
  ])("does not wait for ever for an %s that hangs", async (_, where) => {
    const reference = await image()
    registry.clearRequests()
    sandbox.setFaults({ transport: "hang", where })
    const ran = await program.run("sign", reference, ...keyless("v2"), "--timeout", "2s")
    expectExit(ran, 3)
    expect(ran.stderr).toContain("E_NET_TIMEOUT")
    expect(pushed()).toEqual([])
  })

  it("says when a log cuts its answer short", async () => {
    const reference = await image()
    registry.clearRequests()
    sandbox.setFaults({ transport: "truncated", where: rekor })
    const ran = await program.run("sign", reference, ...keyless(), "--timeout", "5s")
    expectExit(ran, 3)
    expect(ran.stderr).toMatch(/E_NET_CONNECT|E_NET_TIMEOUT|E_SERVICE_PROTOCOL/)
    expect(pushed()).toEqual([])
  })

  it("logs nothing for a certificate that nobody would trust", async () => {
    sandbox.setFaults({ sct: "wrong-signature" })
    await program.run("sign", await image(), ...keyless())
    expect(posted().filter((path) => path.includes("/log/entries"))).toEqual([])
  })

  it("logs nothing for a name that no verifier takes", async () => {
    const odd = await sandbox.token({ subject: "alice\u001b[2J" })
    const words = keyless().map((word) => (word === token ? odd : word))
    const ran = await program.run("sign", await image(), ...words)
    expect(ran.exit).not.toBe(0)
    expect(ran.stderr).toContain("E_CERT_IDENTITY")
    expect(ran.stderr).not.toContain("\u001b")
    expect(posted().filter((path) => path.includes("/log/entries"))).toEqual([])
  })

  it("refuses a token that the authority refuses, in its words", async () => {
    const expired = await sandbox.token({ email: EMAIL, claims: { exp: 1_000_000_000 } })
    const words = keyless().map((word) => (word === token ? expired : word))
    const ran = await program.run("sign", await image(), ...words)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain("E_OIDC_REJECTED")
    expect(ran.stderr).not.toContain(expired.split(".")[2])
  })
})

describe("services of the TUF repository", () => {
  it("are used where none are named, and their answers are checked with its trusted root", async () => {
    const { TUF_MIRROR = "", TUF_ROOT_JSON = "" } = sandbox.environment
    const client = await startProcess(undefined, { env: { TUF_MIRROR, TUF_ROOT_JSON } })
    try {
      await client.write("app.txt", "an app\n")
      const signing = [
        "sign",
        "--keyless",
        "--yes",
        "--identity-token",
        token,
        "--blob",
        "app.txt",
        "--bundle",
        "b.json",
      ]
      const ran = await client.run(...signing, "--output", "json")
      expectExit(ran, 0)
      const answer = JSON.parse(ran.stdout) as { sigstore: { verified: boolean; logEntries: { log: string }[] } }
      expect(answer.sigstore.verified).toBe(true)
      expect(answer.sigstore.logEntries.map(({ log }) => log)).toEqual([sandbox.services.rekor])
      const who = ["--identity", EMAIL, "--issuer", sandbox.services.oidc]
      expectExit(await client.run("verify", "--blob", "app.txt", "--bundle", "b.json", ...who), 0)
      sandbox.setFaults({ sct: "unknown-log" })
      const refused = await client.run(...signing)
      expectExit(refused, 1)
      expect(refused.stderr).toContain("E_CERT_SCT")
    } finally {
      await client.close()
    }
  })
})
