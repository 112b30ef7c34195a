import { randomBytes } from "node:crypto"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { limits } from "../../core/limits.ts"
import { digestOf } from "../../crypto/hash.ts"
import { buildTimestampRequest } from "../../crypto/rfc3161/request.ts"
import { parseTimestampResponse } from "../../crypto/rfc3161/response.ts"
import { verifySignature } from "../../crypto/verify.ts"
import { CertificateListReader } from "../../crypto/x509/crl-reader.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { judgeTimestamp } from "../../trust/timestamp.ts"
import { chainFault } from "../../trust/x509/chain-rules.ts"
import type { TsaFault } from "./authority-faults.ts"
import { startTestAuthority, type TestAuthority } from "./test-authority.ts"

let pki: TestAuthority

beforeAll(async () => {
  pki = await startTestAuthority()
})
afterEach(() => {
  pki.reset()
})
afterAll(async () => {
  await pki.close()
})

describe("signers", () => {
  it.each([
    ["ecdsa-p256", 1],
    ["ecdsa-p384", 2],
    ["ecdsa-p521", 3],
    ["rsa-2048", 4],
    ["rsa-3072", 2],
  ] as const)("%s with a chain of %i", async (keyType, chainLength) => {
    const signer = await pki.issueSigner({ keyType, chainLength })
    const chain = signer.chain.map(parseCertificate)
    expect(chain).toHaveLength(chainLength)
    expect(chainFault(chain, "code-signing")).toBe(undefined)
    expect(signer.chainPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(chainLength)
    expect(signer.rootPem).toBe(chainLength === 1 ? signer.chainPem : pki.rootPem)
    expect(signer.keyPem).toContain("BEGIN PRIVATE KEY")
    const message = Uint8Array.of(1, 2, 3)
    const [scheme] = signer.key.schemes
    expect(verifySignature(chain[0]!.publicKey!, scheme!, message, await signer.key.sign(message, scheme!))).toBe(true)
  })

  it("may be out of their time, and have another name", async () => {
    const signer = await pki.issueSigner({ notBefore: 0, notAfter: 1000, subject: [["CN", "old"]], revocation: "none" })
    const [leaf] = signer.chain.map(parseCertificate)
    expect(leaf).toMatchObject({ notBefore: 0, notAfter: 1000, ocspUrls: [], crlUrls: [] })
    expect(leaf?.subject.text).toBe("CN=old")
  })

  it("of others are not revoked here", async () => {
    const other = await startTestAuthority()
    try {
      const stranger = await other.issueSigner({ chainLength: 1, subject: [["CN", "stranger"]] })
      expect(() => {
        pki.revoke(stranger)
      }).toThrow("has not issued CN=stranger")
    } finally {
      await other.close()
    }
  })
})

async function stamp(message: Uint8Array): Promise<ReturnType<typeof judgeTimestamp> | "no token"> {
  const nonce = BigInt(`0x${randomBytes(8).toString("hex")}`)
  const body = new Uint8Array(buildTimestampRequest({ hash: "sha256", digest: digestOf("sha256", message), nonce }))
  const headers = { "content-type": "application/timestamp-query" }
  const response = await fetch(pki.timestampUrl, { method: "POST", body, headers })
  const { token } = parseTimestampResponse(new Uint8Array(await response.arrayBuffer()))
  if (token === undefined) return "no token"
  const roots = pki.timestampChain.slice(-1).map(parseCertificate)
  return judgeTimestamp({ token, message, roots })
}

describe("timestamps", () => {
  const message = new TextEncoder().encode("message")

  it("hold", async () => {
    expect(await stamp(message)).toHaveProperty("genTime")
    expect(pki.requests).toEqual([{ service: "tsa", method: "POST", path: "/tsa" }])
  })

  it.each<[TsaFault, "fault" | "no token" | "genTime"]>([
    ["rejection", "no token"],
    ["wrong-imprint", "fault"],
    ["wrong-certificate", "fault"],
    ["wrong-signature", "fault"],
    // Whoever asked has to compare these with what was asked.
    ["wrong-nonce", "genTime"],
    ["wrong-policy", "genTime"],
  ])("%s", async (tsa, expected) => {
    pki.setFaults({ tsa })
    const judged = await stamp(message)
    if (judged === "no token") expect(expected).toBe("no token")
    else expect(judged).toHaveProperty(expected)
  })
})

describe("faults of the way", () => {
  const list = (): string => `${pki.url}/crl/0/base.crl`
  const serve = async (): Promise<Response> => fetch(list(), { redirect: "manual" })

  it.each([
    ["status-500", 500],
    ["status-404", 404],
    ["status-206", 206],
  ] as const)("%s has a good body", async (crl, status) => {
    pki.setFaults({ crl })
    const response = await serve()
    expect(response.status).toBe(status)
    const reader = new CertificateListReader([])
    reader.push(new Uint8Array(await response.arrayBuffer()))
    expect(reader.end().entries).toEqual([])
  })

  it("redirects", async () => {
    pki.setFaults({ crl: "redirect-metadata" })
    expect((await serve()).headers.get("location")).toBe("http://169.254.169.254/latest/meta-data/")
    pki.setFaults({ crl: "redirect-forever" })
    expect((await serve()).headers.get("location")).toBe(list())
    pki.setFaults({ crl: "redirect-loopback" })
    expect(await (await fetch(list())).text()).toBe("elsewhere")
  })

  it("huge is larger than any limit", async () => {
    pki.setFaults({ crl: "huge" })
    let size = 0
    const body = (await serve()).body as unknown as AsyncIterable<Uint8Array>
    for await (const chunk of body) {
      size += chunk.length
      if (size > limits.ocspBytes * 10) break
    }
    expect(size).toBeGreaterThan(limits.ocspBytes)
  })

  it("hanging ends with the server, and only some requests may be chosen", async () => {
    const other = await startTestAuthority({ faults: { crl: "hang", where: ({ path }) => path.endsWith("delta.crl") } })
    expect((await fetch(`${other.url}/crl/0/base.crl`)).status).toBe(200)
    expect((await fetch(`${other.url}/crl/7/base.crl`)).status).toBe(404)
    expect((await fetch(`${other.url}/elsewhere`)).status).toBe(404)
    const hanging = fetch(`${other.url}/crl/0/delta.crl`)
    const ended = expect(hanging).rejects.toThrow()
    while (other.requests.length < 4) await new Promise((resolve) => setImmediate(resolve))
    await other.close()
    await ended
  })
})
