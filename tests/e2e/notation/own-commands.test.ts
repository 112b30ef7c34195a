/** `countersign` with certificates: sign in several formats at once, verify by stores and identities, and say why not. */
import { createPublicKey } from "node:crypto"
import { mkdirSync, rmSync, symlinkSync } from "node:fs"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { TestSigner } from "../../../src/testing/index.ts"
import { attach, type Forgery, forgeJws } from "./forged-signature.ts"
import { type Pushed, type Ran, type Rig, startRig } from "./rig.ts"

const HOUR = 3_600_000
const SUBJECT = "x509.subject: C=US, ST=WA, O=Countersign Test"

interface Finding {
  readonly check: string
  readonly outcome: string
  readonly code?: string
  readonly observed?: string
  readonly logged?: boolean
}
interface Report {
  readonly artifacts: readonly {
    readonly state: string
    readonly decision: { readonly code?: string; readonly result: string }
    readonly signatures: readonly {
      readonly format: string
      readonly state: string
      readonly signer?: Readonly<Record<string, unknown>>
      readonly findings: readonly Finding[]
    }[]
  }[]
}

let rig: Rig
let signer: TestSigner
/** Signed in both notation formats and by key. */
let everything: Pushed

beforeAll(async () => {
  rig = await startRig()
  signer = await rig.authority.issueSigner()
  rig.trust("ca:test", rig.authority.rootPem)
  rig.write("signer.key", signer.keyPem)
  rig.write("signer.pem", signer.chainPem)
  rig.write("root.pem", rig.authority.rootPem)
  everything = await rig.push()
  const ran = await sign("cosign-v3,cosign-v2,notation,notation-cose", everything.reference)
  expect(ran).toMatchObject({ exit: 0, stderr: "" })
})
afterAll(() => rig.close())
beforeEach(() => {
  rig.clock.shift = 0
  rig.authority.reset()
})

function sign(format: string, reference: string, ...flags: readonly string[]): Promise<Ran> {
  const key = ["--key", rig.path("signer.key"), "--cert-chain", rig.path("signer.pem")]
  return rig.countersign("sign", ...key, "--format", format, ...flags, reference)
}

function verify(reference: string, ...flags: readonly string[]): Promise<Ran> {
  return rig.countersign("verify", "--trust-store", "ca:test", ...flags, reference)
}

async function report(reference: string, ...flags: readonly string[]): Promise<Report> {
  const ran = await verify(reference, "--output", "json", ...flags)
  return JSON.parse(ran.stdout) as Report
}

describe("one run, every format", () => {
  it("each reader finds its own", async () => {
    rig.policy()
    for (const face of ["notation", "notation2"] as const) {
      expect((await rig[face]("verify", everything.reference)).exit).toBe(0)
      expect((await rig[face]("list", everything.reference)).stdout.match(/ sha256:/g)).toHaveLength(2)
    }
    for (const format of ["notation", "notation-cose"]) {
      expect(await verify(everything.reference, "--identity", "*", "--format", format)).toMatchObject({ exit: 0 })
    }
  })

  it("by certificate alone, the signatures by key are no reason", async () => {
    const { artifacts } = await report(everything.reference, "--identity", "*")
    expect(artifacts[0]?.state).toBe("verified")
    const keyed = await rig.push()
    expect((await sign("cosign-v3", keyed.reference)).exit).toBe(2)
    const bare = ["sign", "--key", rig.path("signer.key"), "--format", "cosign-v3,cosign-v2", keyed.reference]
    expect((await rig.countersign(...bare)).exit).toBe(0)
    expect((await verify(keyed.reference, "--identity", "*")).exit).toBe(1)
  })

  it("a notation signature is none by key", async () => {
    const artifact = await rig.push()
    expect((await sign("notation", artifact.reference)).exit).toBe(0)
    const publicKey = createPublicKey(signer.keyPem).export({ type: "spki", format: "pem" })
    const pub = rig.write("from-key.pub", publicKey)
    const ran = await rig.countersign("verify", "--key", pub, artifact.reference)
    expect(ran.exit).toBe(1)
    expect(ran.stdout).not.toMatch(/^verified/m)
  })

  it("--if-missing leaves alone what this signer has signed in that format", async () => {
    const artifact = await rig.push()
    const count = async (): Promise<number> =>
      ((await rig.notation("list", artifact.reference)).stdout.match(/ sha256:/g) ?? []).length
    for (const [format, expected] of [
      ["notation", 1],
      ["notation", 1],
      ["notation,notation-cose", 2],
      ["notation-cose", 2],
    ] as const) {
      expect((await sign(format, artifact.reference, "--if-missing")).exit).toBe(0)
      expect(await count()).toBe(expected)
    }
    const other = await rig.authority.issueSigner()
    const key = ["--key", rig.write("other.key", other.keyPem), "--cert-chain", rig.write("other.pem", other.chainPem)]
    const ran = await rig.countersign("sign", ...key, "--format", "notation", "--if-missing", artifact.reference)
    expect(ran.exit).toBe(0)
    expect(await count()).toBe(3)
  })

  it("annotations and expiry are signed", async () => {
    const artifact = await rig.push()
    expect((await sign("notation", artifact.reference, "-a", "env=prod", "--expires", "1h")).exit).toBe(0)
    expect((await verify(artifact.reference, "--identity", "*", "-a", "env=prod")).exit).toBe(0)
    const wrong = await verify(artifact.reference, "--identity", "*", "-a", "env=test")
    expect(wrong.exit).toBe(1)
    expect(wrong.stderr + wrong.stdout).toContain("E_SIG_ANNOTATION")
    rig.clock.shift = 2 * HOUR
    const late = await verify(artifact.reference, "--identity", "*")
    expect(late.exit).toBe(1)
    expect(late.stderr + late.stdout).toContain("E_SIG_EXPIRED")
  })

  it("a timestamp is asked for, and counts", async () => {
    const artifact = await rig.push()
    const root = rig.write("tsa.pem", rig.authority.timestampRootPem)
    const stamp = ["--timestamp-url", rig.authority.timestampUrl, "--timestamp-root", root]
    expect((await sign("notation,notation-cose", artifact.reference, ...stamp)).exit).toBe(0)
    expect(rig.authority.requests.filter(({ service }) => service === "tsa")).toHaveLength(2)
    const flags = ["--identity", "*", "--trust-store", `tsa:${root}`]
    const ran = await verify(artifact.reference, ...flags)
    expect(ran.exit).toBe(0)
    expect(ran.stdout).toMatch(/time {7}\S+Z, by a trusted timestamp\n/)
    const missing = await verify(everything.reference, ...flags)
    expect(missing.exit).toBe(1)
    expect(missing.stderr + missing.stdout).toContain("E_TIME_MISSING")
    expect((await verify(everything.reference, ...flags, "--verify-timestamp", "afterCertExpiry")).exit).toBe(0)
  })

  it.each<[string, readonly string[], string]>([
    ["no chain", ["--key", "signer.key", "--format", "notation"], "--cert-chain"],
    [
      "a chain that is another key's",
      ["--key", "signer.key", "--cert-chain", "root.pem", "--format", "notation"],
      "is not the key's",
    ],
    ["expiry without notation", ["--key", "signer.key", "--format", "cosign-v3", "--expires", "1h"], "--expires"],
    [
      "half a timestamp",
      [
        "--key",
        "signer.key",
        "--cert-chain",
        "signer.pem",
        "--format",
        "notation",
        "--timestamp-url",
        "http://127.0.0.1:1",
      ],
      "half of what a timestamp needs",
    ],
    [
      "a chain without notation",
      ["--key", "signer.key", "--cert-chain", "signer.pem", "--format", "cosign-v2"],
      "--cert-chain",
    ],
    ["an unknown format", ["--key", "signer.key", "--format", "notary"], "notary"],
  ])("%s: exit code 2, nothing pushed", async (_name, flags, text) => {
    const { reference } = await rig.push()
    rig.registry.clearRequests()
    const words = flags.map((word) => (/\.(?:key|pem)$/.test(word) ? rig.path(word) : word))
    const ran = await rig.countersign("sign", ...words, reference)
    expect(ran).toMatchObject({ exit: 2, stdout: "" })
    expect(ran.stderr).toContain(text)
    expect(rig.registry.requests.filter(({ method }) => method === "PUT" || method === "POST")).toEqual([])
  })
})

describe("identities", () => {
  it("each kind, right and wrong", async () => {
    const { reference } = everything
    const { artifacts } = await report(reference, "--identity", "*")
    const found = artifacts[0]?.signatures.find(({ state }) => state === "verified")?.signer
    expect(found).toMatchObject({ kind: "certificate", trustStore: "ca:test" })
    const thumbprint = String(found?.["thumbprint"])
    const serial = String(found?.["serial"])
    const right = [
      SUBJECT,
      `x509.thumbprint:${thumbprint}`,
      `x509.thumbprint:${thumbprint.toUpperCase()}`,
      "x509.issuer: C=US, ST=WA, O=Countersign Test, CN=Test Root",
      `x509.serial:${serial}`,
    ]
    for (const identity of right) expect((await verify(reference, "--identity", identity)).exit, identity).toBe(0)
    const wrong = [
      "x509.subject: C=US, ST=WA, O=Countersign",
      `x509.thumbprint:${"0".repeat(64)}`,
      "x509.issuer: C=US, ST=WA, O=Other",
      `x509.serial:${serial}0`,
      "x509.san:DNS:example.com",
    ]
    for (const identity of wrong) {
      const ran = await verify(reference, "--identity", identity)
      expect(ran.exit, identity).toBe(1)
      expect(ran.stderr + ran.stdout).toContain("E_CERT_IDENTITY")
    }
    expect((await verify(reference, "--identity", wrong[0]!, "--identity", right[1]!)).exit).toBe(0)
  })

  it.each([
    ["", 2],
    ["somebody", 2],
    ["x509.thumbprint:abc", 2],
    ["x509.serial:xyz", 2],
    ["x509.san:nobody", 2],
    ["x509.subject: CN=only", 2],
    ["own:plugin", 2],
    ["arn:aws:signer:us-west-2:1:/signing-profiles/x", 1],
  ])("%j is refused", async (identity, exit) => {
    const ran = await verify(everything.reference, "--identity", identity)
    expect(ran.exit).toBe(exit)
    expect(ran.stdout).not.toMatch(/^verified/m)
  })

  it("stores without identity, identity without stores, neither", async () => {
    for (const flags of [["--trust-store", "ca:test"], ["--identity", "*"], []]) {
      const ran = await rig.countersign("verify", ...flags, everything.reference)
      expect(ran).toMatchObject({ exit: 2, stdout: "" })
    }
  })

  it("a store out of a file, and others that do not do", async () => {
    const by = (store: string): Promise<Ran> =>
      rig.countersign("verify", "--trust-store", store, "--identity", "*", everything.reference)
    expect((await by(`ca:${rig.path("root.pem")}`)).exit).toBe(0)
    const stranger = await rig.authority.issueSigner({ chainLength: 1 })
    expect((await by(`ca:${rig.write("stranger.pem", stranger.rootPem)}`)).exit).toBe(1)
    for (const store of [
      "ca:absent",
      `ca:${rig.path("absent.pem")}`,
      `ca:${rig.path("signer.pem")}`,
      `ca:${rig.write("empty.pem", "")}`,
    ]) {
      const ran = await by(store)
      expect(ran.exit, store).not.toBe(0)
      expect(ran.stdout, store).not.toMatch(/^verified/m)
    }
    for (const store of ["test", "root:test", "ca:", "ca:a b"]) {
      expect(await by(store), store).toMatchObject({ exit: 2, stdout: "" })
    }
    expect((await by(`signingAuthority:${rig.path("root.pem")}`)).exit).not.toBe(0)
  })
})

describe("levels", () => {
  async function expired(): Promise<Pushed> {
    const artifact = await rig.push()
    expect((await sign("notation", artifact.reference, "--expires", "1h")).exit).toBe(0)
    rig.clock.shift = 2 * HOUR
    return artifact
  }

  it.each<[readonly string[], number]>([
    [[], 1],
    [["--level", "strict"], 1],
    [["--level", "permissive"], 0],
    [["--level", "audit"], 0],
    [["--override", "expiry=log"], 0],
    [["--level", "audit", "--override", "expiry=enforce"], 1],
    [["--level", "permissive", "--override", "expiry=enforce", "--override", "revocation=skip"], 1],
  ])("%j: exit code %i", async (flags, exit) => {
    const { reference } = await expired()
    const ran = await verify(reference, "--identity", "*", ...flags)
    expect(ran.exit).toBe(exit)
    expect(ran.stdout + ran.stderr).toContain("digital signature has expired on")
    const findings = (await report(reference, "--identity", "*", ...flags)).artifacts[0]?.signatures[0]?.findings
    const finding = findings?.find(({ check }) => check === "signature.expiry")
    const expected: unknown = expect.stringMatching(/^an expiry after \d/)
    expect(finding).toMatchObject({ outcome: "failed", code: "E_SIG_EXPIRED", expected })
    expect(finding?.logged).toBe(exit === 0 ? true : undefined)
  })

  it.each([
    [["--level", "skip"]],
    [["--level", "none"]],
    [["--override", "integrity=log"]],
    [["--override", "expiry=skip"]],
    [["--override", "expiry"]],
    [["--override", "unknown=log"]],
  ])("%j is refused", async (flags) => {
    expect(await verify(everything.reference, "--identity", "*", ...flags)).toMatchObject({ exit: 2, stdout: "" })
  })

  it("adv: CVE-2024-23332 what was not enforced is named in text and JSON", async () => {
    const own = await rig.authority.issueSigner()
    const artifact = await rig.push()
    await attach(rig, artifact, forgeJws(own, artifact.subject))
    rig.authority.revoke(own)
    const flags = ["--identity", "*", "--level", "permissive"]
    const ran = await verify(artifact.reference, ...flags)
    expect(ran.exit).toBe(0)
    expect(ran.stdout + ran.stderr).toMatch(/revocation.* is revoked/)
    const findings = (await report(artifact.reference, ...flags)).artifacts[0]?.signatures[0]?.findings ?? []
    expect(findings.filter(({ logged }) => logged === true)).toMatchObject([
      { check: "revocation", outcome: "failed", code: "E_CERT_REVOKED" },
    ])
    // Which checks ran is listed as well.
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        "certificate.chain",
        "certificate.trusted",
        "signer.identity",
        "signature.expiry",
        "timestamp",
      ]),
    )
    const strict = await verify(artifact.reference, "--identity", "*")
    expect(strict.exit).toBe(1)
    expect(strict.stdout + strict.stderr).toContain("E_CERT_REVOKED")
  })
})

describe("reasons", () => {
  it("are given without being asked for", async () => {
    const [other, artifact] = [await rig.push(), await rig.push()]
    await attach(rig, artifact, forgeJws(signer, other.subject))
    await attach(rig, artifact, forgeJws(signer, artifact.subject, { broken: true }))
    const ran = await verify(artifact.reference, "--identity", "*")
    expect(ran.exit).toBe(1)
    const text = ran.stdout + ran.stderr
    expect(text).toMatch(/E_SIG_(?:SUBJECT_MISMATCH|INVALID|UNTRUSTED)/)
    const explained = await rig.countersign(
      "explain",
      "--trust-store",
      "ca:test",
      "--identity",
      "*",
      artifact.reference,
    )
    expect(explained.exit).toBe(1)
    expect(explained.stdout).toContain("content descriptor mismatch")
    expect(explained.stdout).toContain("signature is invalid. Error: verification error")
  })

  it("unsigned, and signed by somebody else, are told apart", async () => {
    const { reference } = await rig.push()
    expect((await report(reference, "--identity", "*")).artifacts[0]).toMatchObject({ state: "unsigned" })
    const artifact = await rig.push()
    await attach(rig, artifact, forgeJws(await rig.authority.issueSigner({ chainLength: 1 }), artifact.subject))
    expect((await report(artifact.reference, "--identity", "*")).artifacts[0]).toMatchObject({
      state: "untrusted",
      decision: { code: "E_CERT_UNTRUSTED" },
    })
  })

  describe("a trust store that cannot be read", () => {
    const unread = (type: string): string => {
      const path = rig.path(`config/truststore/x509/${type}`)
      mkdirSync(rig.path("config/truststore/x509"), { recursive: true })
      rmSync(path, { recursive: true, force: true })
      symlinkSync(path, path)
      return `${type}:loop`
    }
    const by = async (artifact: Pushed, ...flags: readonly string[]): Promise<Report & { readonly exit: number }> => {
      const ran = await rig.countersign("verify", "--output", "json", "--identity", "*", ...flags, artifact.reference)
      return { exit: ran.exit, ...(JSON.parse(ran.stdout) as Report) }
    }

    it("leaves the question open, whatever else lies beside the signature", async () => {
      const store = unread("signingAuthority")
      const header = {
        "io.cncf.notary.signingScheme": "notary.x509.signingAuthority",
        "io.cncf.notary.authenticSigningTime": new Date().toISOString().replace(/\.\d+Z$/, "Z"),
        "io.cncf.notary.signingTime": undefined,
      }
      const critical = ["io.cncf.notary.authenticSigningTime"]
      const artifact = await rig.push()
      await attach(rig, artifact, forgeJws(signer, artifact.subject, { broken: true }))
      await attach(rig, artifact, forgeJws(signer, artifact.subject, { header, critical }))
      const ran = await by(artifact, "--trust-store", store)
      expect(ran).toMatchObject({
        exit: 3,
        artifacts: [{ state: "unknown", decision: { code: "E_IO", result: "error" } }],
      })
      expect(ran.artifacts[0]?.signatures.map(({ state }) => state).sort()).toEqual(["unknown", "untrusted"])
      const elsewhere = await rig.push()
      await attach(rig, elsewhere, forgeJws(signer, artifact.subject, { header, critical }))
      expect(await by(elsewhere, "--trust-store", store)).toMatchObject({
        exit: 1,
        artifacts: [{ state: "untrusted", decision: { code: "E_SIG_SUBJECT_MISMATCH", result: "fail" } }],
      })
    })

    it("so does one of timestamps", async () => {
      const store = unread("tsa")
      const artifact = await rig.push()
      await attach(rig, artifact, forgeJws(signer, artifact.subject))
      const ran = await by(artifact, "--trust-store", "ca:test", "--trust-store", store)
      expect(ran).toMatchObject({
        exit: 3,
        artifacts: [{ state: "unknown", decision: { code: "E_IO", result: "error" } }],
      })
    })
  })

  it("revocation that nobody tells leaves the question open: exit code 3", async () => {
    rig.authority.setFaults({ ocsp: "status-500", crl: "status-500" })
    const own = await rig.authority.issueSigner()
    const artifact = await rig.push()
    await attach(rig, artifact, forgeJws(own, artifact.subject))
    const ran = await verify(artifact.reference, "--identity", "*")
    expect(ran.exit).toBe(3)
    expect((await report(artifact.reference, "--identity", "*")).artifacts[0]?.state).toBe("unknown")
    expect(ran.stdout + ran.stderr).toContain("E_CERT_REVOCATION_UNKNOWN")
  })

  it.each<[string, Forgery, readonly string[], string]>([
    ["another artifact", { target: { digest: `sha256:${"1".repeat(64)}` } }, [], "E_SIG_SUBJECT_MISMATCH"],
    ["no such annotation", {}, ["--annotation", "a=b"], "E_SIG_ANNOTATION"],
    ["another payload type", { header: { cty: "text/plain" } }, [], "E_SIG_UNTRUSTED"],
  ])("revocation that nobody tells does not soften a no: %s", async (_name, forgery, flags, code) => {
    rig.authority.setFaults({ ocsp: "status-500", crl: "status-500" })
    const own = await rig.authority.issueSigner()
    const artifact = await rig.push()
    await attach(rig, artifact, forgeJws(own, artifact.subject, forgery))
    expect((await verify(artifact.reference, "--identity", "*", ...flags)).exit).toBe(1)
    expect((await report(artifact.reference, "--identity", "*", ...flags)).artifacts[0]).toMatchObject({
      state: "untrusted",
      decision: { code, result: "fail" },
    })
  })
})
