/** One artifact with signatures of several families: the answer is about those that could count. */
import { generateKeyPairSync } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { TestSigner } from "../../../src/testing/index.ts"
import { type Pushed, type Ran, type Rig, startRig } from "./rig.ts"

let rig: Rig
let signer: TestSigner

beforeAll(async () => {
  rig = await startRig({ revocation: "none" })
  signer = await rig.authority.issueSigner()
  const stranger = await startRig({ revocation: "none" })
  rig.write("stranger.pem", stranger.authority.rootPem)
  await stranger.close()
  rig.write("root.pem", rig.authority.rootPem)
  rig.write("signer.key", signer.keyPem)
  rig.write("signer.pem", signer.chainPem)
})
afterAll(() => rig.close())

async function signed(...formats: readonly string[]): Promise<Pushed> {
  const artifact = await rig.push()
  for (const format of formats) {
    const chain = format.startsWith("notation") ? ["--cert-chain", rig.path("signer.pem")] : []
    const ran = await rig.countersign(
      "sign",
      "--key",
      rig.path("signer.key"),
      ...chain,
      "--format",
      format,
      artifact.tagged,
    )
    expect(ran).toMatchObject({ exit: 0 })
  }
  return artifact
}

function verify({ tagged }: Pushed, store: string, ...flags: readonly string[]): Promise<Ran> {
  return rig.countersign("verify", "--trust-store", `ca:${rig.path(store)}`, "--identity", "*", ...flags, tagged)
}

describe.each([
  [["cosign-v3", "notation"]],
  [["notation", "cosign-v3"]],
  [["cosign-v2", "cosign-v3", "notation-cose"]],
  [["notation-cose", "cosign-v2"]],
  [["notation"]],
])("signed as %j", (formats) => {
  it("counts by its certificate", async () => {
    expect(await verify(await signed(...formats), "root.pem")).toMatchObject({ exit: 0 })
  })

  it("by a stranger's root it is untrusted, and the certificate is the reason", async () => {
    const ran = await verify(await signed(...formats), "stranger.pem")
    expect(ran.exit).toBe(1)
    expect(ran.stdout).toMatch(/^untrusted /)
    expect(ran.stderr).toContain("[E_CERT_UNTRUSTED]")
    expect(ran.stderr).not.toContain("E_SIG_OTHER_FORMAT")
  })

  it("for somebody else's identity it is untrusted, and the identity is the reason", async () => {
    const { tagged } = await signed(...formats)
    const trusted = ["--trust-store", `ca:${rig.path("root.pem")}`, "--identity", "x509.subject: C=DE, ST=BE, O=Nobody"]
    const ran = await rig.countersign("verify", ...trusted, tagged)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain("[E_CERT_IDENTITY]")
  })
})

describe("signed in a family that cannot count", () => {
  it.each(["cosign-v2", "cosign-v3"])("by %s alone", async (format) => {
    const ran = await verify(await signed(format), "root.pem")
    expect(ran.exit).toBe(1)
    expect(ran.stdout).toMatch(/^unsigned /)
    expect(ran.stderr).toContain("is signed, but not in a format that was asked for [E_SIG_OTHER_FORMAT]")
    expect(ran.stderr).toContain("expected notation or notation-cose")
  })

  it("by certificate, asked by key", async () => {
    const { tagged } = await signed("notation")
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    rig.write("other.pub", publicKey.export({ type: "spki", format: "pem" }))
    const ran = await rig.countersign("verify", "--key", rig.path("other.pub"), tagged)
    expect(ran.exit).toBe(1)
    expect(ran.stdout).toMatch(/^unsigned /)
    expect(ran.stderr).toContain("[E_SIG_OTHER_FORMAT]")
  })
})
