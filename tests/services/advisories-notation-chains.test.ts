/** Chains that others took for good, tried on Notary Project signatures from the registry to the last line. */
import { createHash, createPrivateKey } from "node:crypto"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { encodePem } from "../../src/codec/pem.ts"
import { basicConstraintsExtension, keyUsageExtension } from "../../src/crypto/x509/build-extensions.ts"
import type { TestSigner } from "../../src/testing/index.ts"
import { type ForgedChain, forgeChain, LEAF, type Link } from "../e2e/notation/forged-chain.ts"
import type { Forgery } from "../e2e/notation/forged-signature.ts"
import { type Pushed, type Rig, startRig } from "../e2e/notation/rig.ts"
import { attackOn } from "./notation-attack.ts"

const HOUR = 3_600_000
const DAY = 24 * HOUR

let rig: Rig
let signer: TestSigner

beforeAll(async () => {
  rig = await startRig()
  signer = await rig.authority.issueSigner()
  rig.trust("ca:test", rig.authority.rootPem)
})
afterAll(() => rig.close())
beforeEach(() => {
  rig.clock.shift = 0
  rig.policy()
})

const { expectRefused, forged, trustRoot } = attackOn(() => rig)

async function expectAccepted({ reference }: Pushed): Promise<void> {
  expect(await rig.notation("verify", reference)).toMatchObject({ exit: 0, stderr: "" })
  const own = await rig.countersign("verify", "--trust-store", "ca:test", "--identity", "*", reference)
  expect(own.exit).toBe(0)
}

describe("the validity of every certificate counts, not that of the leaf alone", () => {
  const past = { from: -3 * DAY, until: -HOUR }
  const future = { from: HOUR, until: 3 * DAY }
  it.each<[string, readonly Link[], string]>([
    ["expired root", [past, {}, {}], "E_CERT_EXPIRED"],
    ["expired intermediate", [{}, past, {}], "E_CERT_EXPIRED"],
    ["expired upper intermediate", [{}, past, {}, {}], "E_CERT_EXPIRED"],
    ["expired leaf", [{}, {}, past], "E_CERT_EXPIRED"],
    ["root of tomorrow", [future, {}, {}], "E_CERT_NOT_YET_VALID"],
    ["intermediate of tomorrow", [{}, future, {}], "E_CERT_NOT_YET_VALID"],
    ["leaf of tomorrow", [{}, {}, future], "E_CERT_NOT_YET_VALID"],
  ])("%s", async (_name, links, code) => {
    const chain = await forgeChain(...links)
    trustRoot(chain)
    await expectRefused(await forged(chain), code, "authenticTimestamp: verification time is ")
    // The time that the signer claims does not help.
    await expectRefused(await forged(chain, { at: Date.now() - 2 * DAY }), code)
  })

  it("at the time a signing authority vouches for, too", async () => {
    const chain = await forgeChain({}, { from: -HOUR }, { from: -2 * DAY })
    rig.trust("signingAuthority:test", encodePem("CERTIFICATE", chain.chain.at(-1)!))
    rig.policy({ trustStores: ["signingAuthority:test"] })
    const at = (time: number): Forgery => ({
      header: {
        "io.cncf.notary.signingScheme": "notary.x509.signingAuthority",
        "io.cncf.notary.signingTime": undefined,
        "io.cncf.notary.authenticSigningTime": new Date(time).toISOString().replace(/\.\d+Z$/, "Z"),
      },
      critical: ["io.cncf.notary.authenticSigningTime"],
    })
    const good = await forged(chain, at(Date.now() - HOUR / 2))
    expect((await rig.notation("verify", good.reference)).exit).toBe(0)
    const early = await forged(chain, at(Date.now() - 12 * HOUR))
    const ran = await rig.notation("verify", early.reference)
    expect(ran).toMatchObject({ exit: 1, stdout: "" })
    expect(ran.stderr).toContain('certificate "CN=link 1,O=Forged,ST=WA,C=US" was not valid when the digital signature')
  })

  it("nothing is signed with such a chain", async () => {
    for (const links of [
      [past, {}, {}],
      [{}, past, {}],
      [{}, {}, past],
      [{}, {}, future],
    ]) {
      const { keyPem, chain } = await forgeChain(...links)
      const chainPem = chain.map((der) => encodePem("CERTIFICATE", der)).join("")
      rig.addKey("forged", { keyPem, chainPem })
      const { reference } = await rig.push()
      const ran = await rig.notation("sign", "--key", "forged", reference)
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      expect(ran.stderr).toContain("was invalid at signing time of ")
      expect((await rig.notation("list", reference)).stdout).toContain("has no associated signature")
    }
  })
})

describe("an issuer must be a certificate authority", () => {
  const usage = keyUsageExtension(["digitalSignature"])
  const certSign = keyUsageExtension(["keyCertSign"])
  it.each<[string, Link]>([
    ["a signer's certificate", { extensions: LEAF }],
    ["no extensions", { extensions: [] }],
    ["key usage alone", { extensions: [certSign] }],
    ["not an authority, may sign certificates", { extensions: [basicConstraintsExtension(false), certSign] }],
    ["an authority that may not sign certificates", { extensions: [basicConstraintsExtension(true), usage] }],
    ["an authority without key usage", { extensions: [basicConstraintsExtension(true)] }],
    ["an authority for nothing below another", { extensions: [basicConstraintsExtension(true, 0), certSign] }],
  ])("%s", async (name, link) => {
    const links = name.startsWith("an authority for nothing") ? [{}, link, {}, {}] : [{}, link, {}]
    const chain = await forgeChain(...links)
    trustRoot(chain)
    await expectRefused(await forged(chain), undefined, "certificate-chain is invalid, ")
  })

  it("a signer we trust certifies nobody else", async () => {
    const leaf = createPrivateKey(signer.keyPem)
    const below = await forgeChain({ name: "Victim", signedBy: leaf, extensions: LEAF })
    await expectRefused(await forged({ keyPem: below.keyPem, chain: [...below.chain, ...signer.chain] }))
  })

  it("the root as well", async () => {
    for (const extensions of [[], LEAF, [basicConstraintsExtension(false), certSign]]) {
      const chain = await forgeChain({ extensions }, {})
      await expectRefused(await forged(chain))
    }
  })
})

describe("extensions that limit what a certificate is for", () => {
  /** dNSName "example.com" as the only permitted name. */
  const nameConstraints = {
    oid: "2.5.29.30",
    critical: true,
    value: Uint8Array.from([
      0x30,
      0x11,
      0xa0,
      0x0f,
      0x30,
      0x0d,
      0x82,
      0x0b,
      ...new TextEncoder().encode("example.com"),
    ]),
  }
  const unheardOf = { oid: "2.999.1", critical: true, value: Uint8Array.of(5, 0) }
  const authority = [basicConstraintsExtension(true), keyUsageExtension(["keyCertSign"])]
  it.each<[string, readonly Link[]]>([
    ["adv: CVE-2025-61727 name constraints in the root", [{ extensions: [...authority, nameConstraints] }, {}, {}]],
    ["adv: CVE-2025-61727 name constraints below it", [{}, { extensions: [...authority, nameConstraints] }, {}]],
    ["adv: CVE-2026-33810 an unknown critical extension in the root", [{ extensions: [...authority, unheardOf] }, {}]],
    ["adv: CVE-2026-33810 one in the intermediate", [{}, { extensions: [...authority, unheardOf] }, {}]],
    ["adv: CVE-2026-33810 one in the leaf", [{}, { extensions: [...LEAF, unheardOf] }]],
    [
      "adv: CVE-2026-27138 an extension that holds nothing",
      [{}, { extensions: [...LEAF, { ...unheardOf, oid: "2.5.29.17", value: new Uint8Array(0) }] }],
    ],
  ])("%s", async (_name, links) => {
    const chain = await forgeChain(...links)
    trustRoot(chain)
    await expectRefused(await forged(chain))
  })

  it.each<[string, Uint8Array]>([
    ["an empty DNS name", Uint8Array.of(0x30, 2, 0x82, 0)],
    ["an empty list", Uint8Array.of(0x30, 0)],
    ["an address of three bytes", Uint8Array.of(0x30, 5, 0x87, 3, 1, 2, 3)],
    ["a name longer than the list", Uint8Array.of(0x30, 2, 0x82, 9)],
  ])("adv: CVE-2026-27138 alternative names with %s end in an answer", async (_name, value) => {
    const chain = await forgeChain({}, { extensions: [...LEAF, { oid: "2.5.29.17", critical: false, value }] })
    trustRoot(chain)
    const { reference } = await forged(chain)
    const flags = ["--trust-store", "ca:test", "--identity", "x509.san:DNS:example.com"]
    const ran = await rig.countersign("verify", ...flags, reference)
    expect(ran.exit).toBe(1)
    expect(ran.stdout + ran.stderr).not.toContain("E_INTERNAL")
  })
})

describe("one certificate is used for everything", () => {
  it.each<[string, (stranger: ForgedChain) => Promise<Pick<ForgedChain, "keyPem" | "chain">>]>([
    ["somebody's signature beside our chain", ({ keyPem }) => Promise.resolve({ keyPem, chain: signer.chain })],
    [
      "a stranger's leaf before our chain",
      ({ keyPem, chain }) => Promise.resolve({ keyPem, chain: [chain[0]!, ...signer.chain] }),
    ],
    [
      "a stranger's leaf under our root",
      ({ keyPem, chain }) => Promise.resolve({ keyPem, chain: [chain[0]!, signer.chain.at(-1)!] }),
    ],
    [
      "our chain behind the stranger's",
      ({ keyPem, chain }) => Promise.resolve({ keyPem, chain: [...chain, ...signer.chain] }),
    ],
    [
      "our root behind the stranger's",
      ({ keyPem, chain }) => Promise.resolve({ keyPem, chain: [...chain, signer.chain.at(-1)!] }),
    ],
    [
      "our leaf behind the stranger's",
      ({ keyPem, chain }) => Promise.resolve({ keyPem, chain: [chain[0]!, signer.chain[0]!, ...chain.slice(1)] }),
    ],
    ["the leaf twice", () => Promise.resolve({ keyPem: signer.keyPem, chain: [signer.chain[0]!, ...signer.chain] })],
    [
      "a root of the same name by another key",
      async () => {
        const root = await forgeChain({ name: "same" })
        trustRoot(root)
        return forgeChain({ name: "same" }, {})
      },
    ],
    [
      "a leaf whose issuer has the trusted name but did not sign it",
      async () => {
        const chain = await forgeChain({}, {})
        trustRoot(chain)
        const other = await forgeChain({ name: "link 0" }, {})
        return { keyPem: other.keyPem, chain: [other.chain[0]!, chain.chain[1]!] }
      },
    ],
    ["our chain upside down", () => Promise.resolve({ keyPem: signer.keyPem, chain: signer.chain.toReversed() })],
    ["our leaf alone", () => Promise.resolve({ keyPem: signer.keyPem, chain: signer.chain.slice(0, 1) })],
    ["no certificate", () => Promise.resolve({ keyPem: signer.keyPem, chain: [] })],
  ])("%s", async (_name, make) => {
    const stranger = await forgeChain({}, {}, {})
    const artifact = await forged(await make(stranger))
    const ran = await rig.notation("verify", artifact.reference)
    expect(ran).toMatchObject({ exit: 1, stdout: "" })
    const own = await rig.countersign("verify", "--trust-store", "ca:test", "--identity", "*", artifact.reference)
    expect(own.exit).toBe(1)
    expect(own.stdout).not.toMatch(/^verified/m)
  })

  it("identities are those of the leaf, never of another certificate of the chain", async () => {
    const chain = await forgeChain({ name: "Trusted" }, { name: "Trusted" }, { name: "Nobody" })
    trustRoot(chain)
    const artifact = await forged(chain)
    await expectAccepted(artifact)
    const prints = chain.chain.map((der) => createHash("sha256").update(der).digest("hex"))
    const by = async (identity: string): Promise<number> =>
      (await rig.countersign("verify", "--trust-store", "ca:test", "--identity", identity, artifact.reference)).exit
    expect(await by(`x509.thumbprint:${prints[0] ?? ""}`)).toBe(0)
    for (const print of prints.slice(1)) expect(await by(`x509.thumbprint:${print}`)).toBe(1)
    expect(await by("x509.subject: C=US, ST=WA, O=Forged, CN=Nobody")).toBe(0)
    expect(await by("x509.subject: C=US, ST=WA, O=Forged, CN=Trusted")).toBe(1)
  })
})
