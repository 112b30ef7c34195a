/** Revocation from the certificate's URL to the last line on the terminal. */
import { createHash } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { decodeBase64 } from "../../../src/codec/base64.ts"
import type { AuthorityFaults, CrlFault, OcspFault, SignerRequest, TestSigner } from "../../../src/testing/index.ts"
import { attach, forgeJws } from "./forged-signature.ts"
import { type Pushed, type Ran, type Rig, startRig } from "./rig.ts"

const HOUR = 3_600_000
const LEAF = "CN=Test Signer,O=Countersign Test,ST=WA,C=US"
const IDENTITY = ["--trust-store", "ca:test", "--identity", "*"]

let rig: Rig

beforeAll(async () => {
  rig = await startRig()
  rig.trust("ca:test", rig.authority.rootPem)
})
afterAll(() => rig.close())
beforeEach(() => {
  rig.clock.shift = 0
  rig.authority.reset()
  rig.policy()
  rmSync(cache(), { recursive: true, force: true })
})

function cache(): string {
  return rig.path(".cache/crl")
}

interface Signed {
  readonly artifact: Pushed
  readonly signer: TestSigner
}

async function signed(request: SignerRequest): Promise<Signed> {
  const signer = await rig.authority.issueSigner(request)
  const artifact = await rig.push()
  rig.addKey("test", signer)
  expect(await rig.notation("sign", artifact.reference)).toMatchObject({ exit: 0, stderr: "" })
  rig.authority.reset()
  return { artifact, signer }
}

const verify = ({ artifact }: Signed): Promise<Ran> => rig.notation("verify", artifact.reference)

async function refused(one: Signed, status: string, subject = LEAF): Promise<Ran> {
  const ran = await verify(one)
  expect(ran).toMatchObject({ exit: 1, stdout: "" })
  expect(ran.stderr).toContain(`revocation: signing certificate with subject ${JSON.stringify(subject)} ${status}`)
  expect(ran.stderr).toContain("Error: signature verification failed for all the signatures associated with ")
  return ran
}

async function accepted(one: Signed): Promise<void> {
  expect(await verify(one)).toMatchObject({ exit: 0, stderr: "" })
}

const services = (): readonly string[] => rig.authority.requests.map(({ service }) => service)

describe("asked", () => {
  it("nobody when the certificate names nobody", async () => {
    await accepted(await signed({ revocation: "none" }))
    expect(rig.authority.requests).toEqual([])
  })

  it("OCSP before lists; each certificate but the root once, however many signatures", async () => {
    const one = await signed({ chainLength: 3 })
    await rig.notation("sign", one.artifact.reference)
    await accepted(one)
    expect(services()).toEqual(["ocsp", "ocsp"])
  })

  it("nobody when the chain ends in no trust store, whatever the level", async () => {
    const one = await signed({})
    const stranger = await rig.authority.issueSigner({ chainLength: 1 })
    rig.trust("ca:others", stranger.rootPem)
    for (const level of ["strict", "audit"]) {
      rig.policy({ trustStores: ["ca:others"], signatureVerification: { level } })
      expect((await verify(one)).exit).toBe(level === "audit" ? 0 : 1)
    }
    expect(rig.authority.requests).toEqual([])
  })

  it("nobody for a signature that does not hold", async () => {
    const { signer } = await signed({})
    const artifact = await rig.push()
    await attach(rig, artifact, forgeJws(signer, artifact.subject, { broken: true }))
    expect((await verify({ artifact, signer })).exit).toBe(1)
    expect(rig.authority.requests).toEqual([])
  })
})

describe("OCSP", () => {
  it("revoked leaf, in text and JSON of our own command too", async () => {
    const one = await signed({ revocation: "ocsp" })
    rig.authority.revoke(one.signer, { reason: 1 })
    await refused(one, "is revoked")
    const own = await rig.countersign("verify", ...IDENTITY, one.artifact.reference)
    expect(own.exit).toBe(1)
    expect(own.stdout + own.stderr).toContain("E_CERT_REVOKED")
    expect(own.stdout).not.toMatch(/^verified/m)
    const explained = await rig.countersign("explain", "-o", "json", ...IDENTITY, one.artifact.reference)
    expect(explained.stdout).toMatch(
      /"detail": "revoked at .*, reason keyCompromise \(OCSP\), as http:\/\/127\.\S+ says"/,
    )
  })

  it("revoked intermediate; the message names it", async () => {
    const pki = await startRig()
    try {
      const signer = await pki.authority.issueSigner({ chainLength: 3 })
      pki.addKey("test", signer)
      pki.trust("ca:test", pki.authority.rootPem)
      pki.policy()
      const { reference } = await pki.push()
      expect((await pki.notation("sign", reference)).exit).toBe(0)
      pki.authority.revoke(signer.chain[1]!)
      const ran = await pki.notation("verify", reference)
      expect(ran.exit).toBe(1)
      expect(ran.stderr).toContain('"CN=Test Intermediate 1,O=Countersign Test,ST=WA,C=US" is revoked')
    } finally {
      await pki.close()
    }
  })

  it.each<OcspFault | "status-500" | "garbage" | "status-404" | "status-206">([
    "wrong-signer",
    "delegate-without-eku",
    "other-serial",
    "stale",
    "future",
    "unknown",
    "missing-next-update",
    "critical-extension",
    "try-later",
    "unauthorized",
    "status-500",
    "status-404",
    "status-206",
    "garbage",
  ])("%s is no answer: strict refuses, permissive warns", async (ocsp) => {
    const one = await signed({ revocation: "ocsp" })
    rig.authority.setFaults({ ocsp })
    await refused(one, "revocation status is unknown")
    rig.policy({ signatureVerification: { level: "permissive" } })
    const ran = await verify(one)
    expect(ran.exit).toBe(0)
    expect(ran.stderr).toBe(
      `Warning: revocation was set to "log" and failed with error: signing certificate with subject "${LEAF}" revocation status is unknown\n`,
    )
  })

  it.each<[string, AuthorityFaults, number]>([
    ["list says good", { ocsp: "unknown" }, 0],
    ["list is out of date", { ocsp: "status-500", crl: "expired" }, 1],
    ["list cannot be had", { ocsp: "garbage", crl: "status-404" }, 1],
  ])("falls back to lists: %s", async (_name, faults, exit) => {
    const one = await signed({ revocation: "both" })
    rig.authority.setFaults(faults)
    expect((await verify(one)).exit).toBe(exit)
    expect(services()).toEqual(["ocsp", "crl"])
  })

  it("falls back to lists: the list says revoked", async () => {
    const one = await signed({ revocation: "both" })
    rig.authority.revoke(one.signer)
    rig.authority.setFaults({ ocsp: "unknown" })
    await refused(one, "is revoked")
    const { stderr } = await rig.notation("verify", one.artifact.reference)
    expect(stderr).toMatch(/revocation: .* is revoked \(revoked at .*\(CRL\), as http:\/\/127\.\S+ says\)\n/)
  })

  it("what a responder says is not kept", async () => {
    const one = await signed({ revocation: "ocsp" })
    await accepted(one)
    rig.authority.revoke(one.signer)
    await refused(one, "is revoked")
  })
})

describe("lists", () => {
  it("are kept under the names and in the form of notation, and not asked for again while they are good", async () => {
    const one = await signed({ revocation: "crl" })
    await accepted(one)
    await accepted(one)
    expect(services()).toEqual(["crl"])
    const [name = ""] = readdirSync(cache())
    const url = `${rig.authority.url}/crl/0/base.crl`
    expect(name).toBe(createHash("sha256").update(url).digest("hex"))
    const stored = JSON.parse(readFileSync(join(cache(), name), "utf8")) as Record<string, string>
    expect(Object.keys(stored)).toEqual(["baseCRL"])
    expect(decodeBase64(stored["baseCRL"] ?? "", { max: 4096, what: "list" })[0]).toBe(0x30)
  })

  it("that are kept and expired are fetched again; what is revoked by now counts", async () => {
    const one = await signed({ revocation: "crl" })
    await accepted(one)
    rig.authority.revoke(one.signer)
    rig.clock.shift = 2 * HOUR
    await refused(one, "is revoked")
    expect(services()).toEqual(["crl", "crl"])
  })

  it("revoked leaf", async () => {
    const one = await signed({ revocation: "crl" })
    rig.authority.revoke(one.signer)
    await refused(one, "is revoked")
    rig.policy({ signatureVerification: { level: "strict", override: { revocation: "log" } } })
    expect((await verify(one)).stderr).toMatch(/^Warning: revocation was set to "log" .* is revoked\n$/)
  })

  it("on hold, and no longer", async () => {
    const one = await signed({ revocation: "crl" })
    rig.authority.revoke(one.signer, { reason: 6 })
    await refused(one, "is revoked")
    rmSync(cache(), { recursive: true })
    rig.authority.restore(one.signer)
    await accepted(one)
  })

  it.each<CrlFault | "status-500" | "status-404" | "garbage" | "huge">([
    "expired",
    "future",
    "unsigned",
    "wrong-issuer",
    "unknown-critical",
    "missing-next-update",
    "indirect",
    "some-reasons",
    "other-point",
    "delta-as-base",
    "status-500",
    "status-404",
    "garbage",
    "huge",
  ])("%s are no answer", async (crl) => {
    const one = await signed({ revocation: "crl" })
    rig.authority.setFaults({ crl })
    await refused(one, "revocation status is unknown")
    // What was kept of it does not stand in the way of the right list.
    rig.authority.setFaults({})
    await accepted(one)
  })

  it.each<[string, (file: string) => void]>([
    [
      "garbage",
      (file) => {
        writeFileSync(file, "garbage")
      },
    ],
    [
      "a folder",
      (file) => {
        rmSync(file)
        mkdirSync(file)
      },
    ],
    [
      "another authority's list",
      (file) => {
        writeFileSync(file, JSON.stringify({ baseCRL: Buffer.from("3003020101", "hex").toString("base64") }))
      },
    ],
  ])("%s in the cache changes nothing", async (_name, spoil) => {
    const one = await signed({ revocation: "crl" })
    await accepted(one)
    const [name = ""] = readdirSync(cache())
    spoil(join(cache(), name))
    expect((await verify(one)).exit).toBe(0)
    rig.authority.revoke(one.signer)
    rig.clock.shift = 2 * HOUR
    await refused(one, "is revoked")
  })

  it("a cache somebody else filled cannot make a revoked certificate good", async () => {
    const one = await signed({ revocation: "crl" })
    rig.authority.revoke(one.signer)
    await refused(one, "is revoked")
    const [name = ""] = readdirSync(cache())
    const other = await startRig({ revocation: "crl" })
    try {
      // The other authority has the same name and another key.
      const answer = await fetch(`${other.authority.url}/crl/0/base.crl`)
      const baseCRL = Buffer.from(await answer.arrayBuffer()).toString("base64")
      writeFileSync(join(cache(), name), JSON.stringify({ baseCRL }))
    } finally {
      await other.close()
    }
    await refused(one, "is revoked")
  })
})

describe("deltas", () => {
  it("hold what was revoked since the list", async () => {
    const pki = await startRig({ deltas: true, revocation: "crl" })
    try {
      const signer = await pki.authority.issueSigner()
      pki.addKey("test", signer)
      pki.trust("ca:test", pki.authority.rootPem)
      pki.policy()
      const { reference } = await pki.push()
      expect((await pki.notation("sign", reference)).exit).toBe(0)
      pki.authority.publish()
      expect((await pki.notation("verify", reference)).exit).toBe(0)
      rmSync(pki.path(".cache/crl"), { recursive: true })
      pki.authority.revoke(signer)
      expect((await pki.notation("verify", reference)).stderr).toContain("is revoked")
      rmSync(pki.path(".cache/crl"), { recursive: true })
      pki.authority.setFaults({ crl: "status-404", where: ({ path }) => path.endsWith("delta.crl") })
      expect((await pki.notation("verify", reference)).stderr).toContain("revocation status is unknown")
    } finally {
      await pki.close()
    }
  })
})
