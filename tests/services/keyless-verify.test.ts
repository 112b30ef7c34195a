/** Identities, log entries and timestamps as our own commands verify them, against a private Sigstore. */
import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { verify } from "../../src/index.ts"
import { startTestRegistry, startTestSandbox, type TestRegistry, type TestSandbox } from "../../src/testing/index.ts"
import { type Ran, startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { putImage } from "../interop/images.ts"

const ALICE = "alice@example.com"

let sandbox: TestSandbox
let stranger: TestSandbox
let registry: TestRegistry
let tool: TestProcess
/** Signed by Alice: cosign-v3 with either log, cosign-v2 with the first. */
let images: Readonly<Record<"v1" | "v2" | "legacy" | "unlogged" | "keyed", string>>

beforeAll(async () => {
  ;[sandbox, stranger, registry, tool] = await Promise.all([
    startTestSandbox(),
    startTestSandbox(),
    startTestRegistry(),
    startProcess(),
  ])
  await writeFile(tool.path("root.json"), sandbox.trustedRoot)
  await writeFile(tool.path("stranger.json"), stranger.trustedRoot)
  await writeFile(tool.path("v1.json"), sandbox.signingConfig)
  await writeFile(tool.path("v2.json"), sandbox.signingConfigV2)
  await tool.write("app.txt", "the release\n")
  await tool.write("other.txt", "something else\n")
  await tool.write("password", "insecure test password")
  await tool.run("keys", "generate", "--name", "release", "--password-file", "password")
  images = {
    v1: await signedImage("v1"),
    v2: await signedImage("v2", "--signing-config", tool.path("v2.json")),
    legacy: await signedImage("legacy", "--format", "cosign-v2"),
    unlogged: await signedImage("unlogged", "--format", "cosign-v2"),
    keyed: await image("keyed"),
  }
  const keyed = ["--key", "release.key", "--password-file", "password"]
  await ok(tool.run("sign", ...keyed, "--log", ...services("v1"), "--yes", images.keyed))
  for (const config of ["v1", "v2"] as const) {
    await ok(keyless(config, "--blob", "app.txt", "--bundle", tool.path(`${config}.sigstore.json`)))
  }
  await removeEntry(images.unlogged)
}, 60_000)

afterAll(async () => {
  await tool.close()
  await Promise.all([registry.close(), sandbox.close(), stranger.close()])
})

function services(config: "v1" | "v2"): readonly string[] {
  return ["--signing-config", tool.path(`${config}.json`), "--trusted-root", tool.path("root.json")]
}

async function keyless(config: "v1" | "v2", ...args: readonly string[]): Promise<Ran> {
  const token = await sandbox.token({ email: ALICE })
  return tool.run("sign", "--keyless", "--yes", "--identity-token", token, ...services(config), ...args)
}

async function image(name: string): Promise<string> {
  const { digest } = await putImage(registry.address, `team/${name}`, `content of ${name}`)
  return `${registry.address}/team/${name}@${digest}`
}

async function signedImage(name: string, ...args: readonly string[]): Promise<string> {
  const reference = await image(name)
  const given = args[0] === "--signing-config"
  await ok(keyless(given ? "v2" : "v1", ...(given ? [] : args), reference))
  return reference
}

async function ok(running: Promise<Ran>): Promise<void> {
  const ran = await running
  if (ran.exit !== 0) throw new Error(ran.stderr)
}

/** Take the log entry from the annotations of the only layer, as signatures made with `--tlog-upload=false` are. */
async function removeEntry(reference: string): Promise<void> {
  const [, repository = "", hex = ""] = /\/(.+)@sha256:(.+)$/.exec(reference) ?? []
  const url = `${registry.url}/v2/${repository}/manifests/sha256-${hex}.sig`
  const type = "application/vnd.oci.image.manifest.v1+json"
  const manifest = (await (await fetch(url, { headers: { accept: type } })).json()) as {
    layers: { annotations: Record<string, string> }[]
  }
  expect(manifest.layers).toHaveLength(1)
  const { "dev.sigstore.cosign/bundle": entry, ...rest } = manifest.layers[0]?.annotations ?? {}
  expect(entry).toBeDefined()
  const body = JSON.stringify({ ...manifest, layers: [{ ...manifest.layers[0], annotations: rest }] })
  const answer = await fetch(url, { method: "PUT", headers: { "content-type": type }, body })
  expect(answer.status).toBe(201)
}

/** What trusts Alice, and nothing that has to be fetched. */
function alice(): readonly string[] {
  return ["--identity", ALICE, "--issuer", sandbox.services.oidc, "--trusted-root", tool.path("root.json"), "--offline"]
}

interface Document {
  readonly artifacts: readonly {
    readonly state: string
    readonly error: { readonly code: string; readonly next: readonly string[] } | null
    readonly signatures: readonly Record<string, unknown>[]
  }[]
}

async function json(...args: readonly string[]): Promise<Document["artifacts"][number]> {
  const ran = await tool.run(...args, "--output", "json")
  const [artifact] = (JSON.parse(ran.stdout) as Document).artifacts
  if (artifact === undefined) throw new Error(ran.stderr)
  return artifact
}

describe("a signature of an identity is verified offline", () => {
  it.each(["v1", "v2", "legacy"] as const)("%s, as an image's", async (name) => {
    const ran = await tool.run("verify", ...alice(), images[name])
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    expect(ran.stdout).toMatch(/^verified /)
    expect(ran.stdout).toContain(`signed by ${ALICE},`)
    expect(ran.stdout).toContain(`issuer      ${sandbox.services.oidc}`)
    expect(ran.stdout).toMatch(/vouched by {2}http:\S+ entry \d+.*\((promise|inclusion|promise and inclusion)\)/)
    expect(ran.stdout).not.toContain("not evaluated")
  })

  it.each(["v1", "v2"] as const)("%s, as a file's", async (name) => {
    const bundle = tool.path(`${name}.sigstore.json`)
    expect(await tool.run("verify", ...alice(), "--blob", "app.txt", "--bundle", bundle)).toMatchObject({
      exit: 0,
      stderr: "",
    })
    const other = await tool.run("verify", ...alice(), "--blob", "other.txt", "--bundle", bundle)
    expect(other).toMatchObject({ exit: 1 })
  })

  it("with everything about signer and witnesses in JSON", async () => {
    const { signatures } = await json("verify", ...alice(), images.v2)
    expect(signatures[0]).toMatchObject({
      state: "verified",
      signer: { kind: "keyless", name: ALICE, issuer: sandbox.services.oidc, alternativeNames: [ALICE] },
      time: { source: "timestamp", verified: true },
      witnesses: [{ kind: "log", proof: "inclusion" }, { kind: "timestamp" }],
      notEvaluated: [],
    })
  })

  it("by the library", async () => {
    const { report } = await verify({
      artifacts: [images.v1],
      sigstore: { identities: [ALICE], issuer: sandbox.services.oidc, trustedRoot: tool.path("root.json") },
    })
    expect(report.artifacts[0]?.state).toBe("verified")
  })

  it.each([
    ["one of several identities", () => ["--identity", "bob@example.com", ...alice()]],
    ["a pattern", () => ["--identity", "re2:[a-z]+@example\\.com", ...alice().slice(2)]],
    ["an e-mail address", () => ["--identity", `email:${ALICE}`, ...alice().slice(2)]],
    ["a key beside it", () => ["--key", "release.pub", ...alice()]],
    ["a timestamp", () => [...alice(), "--timestamps", "1"]],
  ])("accepting %s", async (_case, flags) => {
    expect(await tool.run("verify", ...flags(), images.v2)).toMatchObject({ exit: 0 })
  })

  it("by authorities out of a file, and nothing else", async () => {
    const flags = ["--ca-roots", `${sandbox.folder}/fulcio.pem`, "--log", "ignore", "--sct", "ignore"]
    const ran = await tool.run("verify", ...alice().slice(0, 4), ...flags, "--offline", images.v1)
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    expect(ran.stdout).toContain("not evaluated  transparency log entry")
  })
})

describe("a signature of an identity is refused", () => {
  it.each<[string, () => readonly string[], keyof typeof images, string]>([
    ["of another address", () => ["--identity", "bob@example.com", ...alice().slice(2)], "v1", "E_CERT_IDENTITY"],
    [
      "of another issuer",
      () => [...alice().slice(0, 3), "https://other.example", ...alice().slice(4)],
      "v1",
      "E_CERT_IDENTITY",
    ],
    [
      "of the beginning of the address",
      () => ["--identity", "alice@example.co", ...alice().slice(2)],
      "v1",
      "E_CERT_IDENTITY",
    ],
    ["of a pattern for a part", () => ["--identity", "re2:alice", ...alice().slice(2)], "legacy", "E_CERT_IDENTITY"],
    [
      "by another Sigstore",
      () => [...alice().slice(0, 5), tool.path("stranger.json"), "--offline"],
      "v1",
      "E_TLOG_KEY_UNKNOWN",
    ],
    [
      "by another Sigstore",
      () => [...alice().slice(0, 5), tool.path("stranger.json"), "--offline"],
      "legacy",
      "E_TLOG_KEY_UNKNOWN",
    ],
    ["in fewer logs than asked", () => [...alice(), "--log-threshold", "2"], "v1", "E_SIG_THRESHOLD"],
    ["without the timestamp asked", () => [...alice(), "--timestamps", "1"], "v1", "E_TIME_MISSING"],
    ["without entry", alice, "unlogged", "E_TLOG_MISSING"],
    ["made by a key", alice, "keyed", "E_SIG_UNTRUSTED"],
  ])("%s", async (_case, flags, name, code) => {
    const { state, error, signatures } = await json("verify", ...flags(), images[name])
    expect([state, error?.code]).toEqual(["untrusted", code])
    expect(signatures.every(({ satisfies }) => (satisfies as unknown[]).length === 0)).toBe(true)
  })

  it("naming the flags that would accept who signed", async () => {
    const { error } = await json("verify", "--identity", "bob@example.com", ...alice().slice(2), images.v1)
    expect(error?.next[0]).toBe(
      `if this signer is whom you trust: \`--identity ${ALICE} --issuer ${sandbox.services.oidc}\``,
    )
  })

  it.each(["v1", "legacy"] as const)("and an identity that nobody verified is called so: %s", async (name) => {
    const { error, signatures } = await json("verify", "--key", "release.pub", images[name])
    expect(error?.next[0]).toMatch(
      /^the identity claimed by a signature, not verified: `--identity alice@example.com --issuer http/,
    )
    expect(signatures[0]).toMatchObject({
      evidence: { certificate: { alternativeNames: [ALICE], issuer: sandbox.services.oidc }, logEntries: [{}] },
    })
  })
})

describe("a key with a log", () => {
  const trusted = (): readonly string[] => [
    "--key",
    "release.pub",
    "--trusted-root",
    tool.path("root.json"),
    "--offline",
  ]

  it("is verified with its entry", async () => {
    const ran = await tool.run("verify", ...trusted(), "--log", "require", images.keyed)
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    expect(ran.stdout).toContain("vouched by")
  })

  it("is verified without looking at the entry, and says so", async () => {
    const ran = await tool.run("verify", "--key", "release.pub", images.keyed)
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    expect(ran.stdout).toContain("not evaluated  transparency log entry")
  })

  it("is refused where the entry is another log's, or none", async () => {
    const strange = ["--key", "release.pub", "--trusted-root", tool.path("stranger.json"), "--log", "require"]
    expect(await tool.run("verify", ...strange, images.keyed)).toMatchObject({ exit: 1 })
    const plain = await image("plain")
    await ok(tool.run("sign", "--key", "release.key", "--password-file", "password", plain))
    const ran = await tool.run("verify", ...trusted(), "--log", "require", plain)
    expect(ran.stderr).toContain("[E_TLOG_MISSING]")
  })
})

describe("adv: sigstore/cosign #5012 a question about identities is refused", () => {
  it.each<[string, readonly string[]]>([
    ["without issuer", ["--identity", ALICE]],
    ["with a kind, without issuer", ["--identity", `email:${ALICE}`]],
    ["without identity", ["--issuer", "https://issuer.example"]],
    ["without identity, with a key", ["--key", "release.pub", "--issuer", "https://issuer.example"]],
    ["with an empty identity", ["--identity", "", "--issuer", "https://issuer.example"]],
    ["with an empty issuer", ["--identity", ALICE, "--issuer", ""]],
    ["with another word for the log", ["--identity", ALICE, "--issuer", "https://issuer.example", "--log", "maybe"]],
    ["with no log by number", ["--identity", ALICE, "--issuer", "https://issuer.example", "--log-threshold", "0"]],
    [
      "ignoring and counting logs",
      ["--identity", ALICE, "--issuer", "https://i.example", "--log", "ignore", "--log-threshold", "1"],
    ],
    ["with fewer than no timestamps", ["--identity", ALICE, "--issuer", "https://i.example", "--timestamps=-1"]],
    [
      "by intermediates alone",
      ["--identity", ALICE, "--issuer", "https://i.example", "--ca-intermediates", "release.pub"],
    ],
    ["with a trusted root that a key does not need", ["--key", "release.pub", "--trusted-root", "root.json"]],
    ["with an SCT that a key does not have", ["--key", "release.pub", "--sct", "ignore"]],
    ["of a workflow in the formats of notation", ["--identity", "github:acme/app", "--format", "notation"]],
  ])("%s", async (_case, flags) => {
    const ran = await tool.run("verify", ...flags, "--offline", images.v1)
    expect(ran.exit).toBe(2)
    expect(ran.stderr).toContain("[E_USAGE]")
    expect(ran.stdout).toBe("")
  })
})

describe("a legacy signature without entry", () => {
  const asking = (...urls: readonly string[]): readonly string[] => [
    ...alice().slice(0, -1),
    ...urls.flatMap((url) => ["--rekor-url", url]),
  ]

  it("is looked for in the log that is named", async () => {
    sandbox.reset()
    const ran = await tool.run("verify", ...asking(sandbox.services.rekor), images.unlogged)
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    expect(ran.stdout).toContain("vouched by")
    expect(sandbox.requests.map(({ path }) => path)).toEqual([expect.stringContaining("/log/entries/retrieve")])
  })

  it("is not looked for where it would not count anyway", async () => {
    sandbox.reset()
    const bob = ["--identity", "bob@example.com", ...asking(sandbox.services.rekor).slice(2)]
    expect((await json("verify", ...bob, images.unlogged)).state).toBe("untrusted")
    const key = ["--key", "release.pub", "--trusted-root", tool.path("root.json")]
    await json("verify", ...key, "--rekor-url", sandbox.services.rekor, images.unlogged)
    expect(sandbox.requests).toEqual([])
  })

  it("is found in one of several logs, whatever the others do", async () => {
    const ran = await tool.run("verify", ...asking("http://127.0.0.1:1", sandbox.services.rekor), images.unlogged)
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
  })

  it("stays without where the log knows nothing of it", async () => {
    const { state, error } = await json("verify", ...asking(stranger.services.rekor), images.unlogged)
    expect([state, error?.code]).toEqual(["untrusted", "E_TLOG_MISSING"])
  })

  it("leaves the question open where the log cannot be asked", async () => {
    const { state, error } = await json("verify", ...asking("http://127.0.0.1:1"), images.unlogged)
    expect([state, error?.code]).toEqual(["unknown", "E_NET_CONNECT"])
  })

  it("asks nobody when offline", async () => {
    const { state, error } = await json("verify", ...asking(sandbox.services.rekor), "--offline", images.unlogged)
    expect([state, error?.code]).toEqual(["unknown", "E_NET_OFFLINE"])
  })

  it("asks nobody about one that has an entry, or is a bundle", async () => {
    sandbox.reset()
    for (const name of ["v1", "legacy"] as const) {
      expect(await tool.run("verify", ...asking(sandbox.services.rekor), images[name])).toMatchObject({ exit: 0 })
    }
    expect(sandbox.requests).toEqual([])
  })
})

describe("one verification by digest with a trusted root in a file", () => {
  it.each<[keyof typeof images, number]>([
    ["v1", 4],
    ["v2", 4],
    ["legacy", 4],
  ])("%s makes at most %i requests, all to the registry", async (name, most) => {
    sandbox.reset()
    registry.clearRequests()
    expect(await tool.run("verify", ...alice(), images[name])).toMatchObject({ exit: 0 })
    expect(registry.requests.length).toBeGreaterThan(0)
    expect(registry.requests.length).toBeLessThanOrEqual(most)
    expect(sandbox.requests).toEqual([])
  })
})

describe("offline", () => {
  it("opens no socket for a file or a layout", async () => {
    const layout = `oci:${tool.path("layout")}:1`
    await ok(tool.run("push", layout, "app.txt:text/plain"))
    await ok(keyless("v1", layout))
    const main = fileURLToPath(new URL("../../src/bin/main.ts", import.meta.url))
    const guard = new URL("no-network.cjs", import.meta.url).href
    const run = promisify(execFile)
    const bundle = ["--blob", tool.path("app.txt"), "--bundle", tool.path("v2.sigstore.json")]
    for (const what of [bundle, [layout]]) {
      const argv = ["--import", guard, main, "verify", ...alice(), ...what]
      const { stdout, stderr } = await run(process.execPath, argv, { env: { HOME: tool.path("home") } })
      expect(stdout).toMatch(/^verified /)
      expect(stderr).toBe("")
    }
    // The guard works: a verification that needs the network trips it.
    const online = ["--import", guard, main, "verify", ...alice(), images.v1]
    await expect(run(process.execPath, online, { env: { HOME: tool.path("home") } })).rejects.toMatchObject({
      stderr: expect.stringContaining("a socket was opened") as string,
    })
  }, 60_000)
})

describe("inspect", () => {
  it.each(["v1", "v2", "legacy"] as const)("says in words what lies beside a signature: %s", async (name) => {
    const { stdout, exit } = await tool.run("inspect", images[name])
    expect(exit).toBe(0)
    expect(stdout).toContain(`identity: ${ALICE}`)
    expect(stdout).toContain(`identity issuer: ${sandbox.services.oidc}`)
    expect(stdout).toMatch(/valid: \d{4}-\S+Z to \d{4}-\S+Z/)
    expect(stdout).toMatch(/log entry seen .*\d+.* of log [0-9a-f]{64}/)
    expect(/timestamp seen +\d{4}-/.test(stdout)).toBe(name === "v2")
    expect(stdout).toContain("not verified")
  })
})
