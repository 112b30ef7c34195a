import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { RevocationService } from "../core/service-ports.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import { parseCertificate } from "../crypto/x509/parse-certificate.ts"
import type { TargetReach } from "../io/net/forbidden-target.ts"
import { createHttpClient } from "../io/net/http-client.ts"
import type { HttpClient } from "../io/net/http-types.ts"
import { failure } from "../io/net/test-servers.ts"
import { createRevocationService } from "../io/services/revocation-service.ts"
import type { AuthorityFaults } from "../testing/authority/authority-faults.ts"
import { startTestAuthority, type TestAuthority, type TestSigner } from "../testing/authority/test-authority.ts"
import { checkRevocation, oncePerCertificate, type RevocationAnswer } from "./revocation.ts"

let pki: TestAuthority
let http: HttpClient
let folder: string

beforeAll(async () => {
  pki = await startTestAuthority()
})
afterAll(async () => {
  await pki.close()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-revocation-"))
  http = createHttpClient({ userAgent: "t" })
})
afterEach(async () => {
  pki.reset()
  await http.close()
  rmSync(folder, { recursive: true, force: true })
})

function service(reach: TargetReach = "loopback", cached = true): RevocationService {
  return createRevocationService({
    http: () => Promise.resolve(http),
    cacheFolder: cached ? join(folder, "crl") : undefined,
    clock: { now: () => Date.now() },
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    reach,
    allowHosts: [],
    times: { startMs: 1000, totalMs: 2000, ocspMs: 1000 },
  })
}

const chainOf = (signer: TestSigner): Certificate[] => signer.chain.map(parseCertificate)
const check = (signer: TestSigner, using = service(), more = {}): Promise<RevocationAnswer> =>
  checkRevocation(using, chainOf(signer), { at: Date.now(), ...more })
const statuses = ({ certificates }: RevocationAnswer): string[] =>
  certificates.map(({ status, method }) => `${status} ${method}`)

describe("how revocation is asked for", () => {
  it.each([
    ["none", ["not-revocable none", "not-revocable none"], 0],
    ["ocsp", ["good ocsp", "not-revocable none"], 1],
    ["crl", ["good crl", "not-revocable none"], 1],
    ["both", ["good ocsp", "not-revocable none"], 1],
  ] as const)("%s", async (revocation, expected, requests) => {
    const answer = await check(await pki.issueSigner({ revocation }))
    expect(statuses(answer)).toEqual(expected)
    expect(answer.decisive).toBe(undefined)
    expect(pki.requests).toHaveLength(requests)
  })

  it("every certificate but the root, side by side; the one nearest the leaf decides", async () => {
    const signer = await pki.issueSigner({ chainLength: 4 })
    expect(statuses(await check(signer))).toEqual(["good ocsp", "good ocsp", "good ocsp", "not-revocable none"])
    pki.revoke(signer.chain[2]!, { reason: 2 })
    expect((await check(signer)).decisive?.subject).toContain("CN=Test Intermediate 1")
    pki.revoke(signer.chain[1]!, { reason: 2 })
    const answer = await check(signer)
    expect(statuses(answer)).toEqual(["good ocsp", "revoked ocsp", "revoked ocsp", "not-revocable none"])
    expect(answer.decisive).toMatchObject({
      status: "revoked",
      subject: "CN=Test Intermediate 2,O=Countersign Test,ST=WA,C=US",
    })
    pki.revoke(signer, { reason: 1 })
    expect((await check(signer)).decisive?.why).toMatch(/^revoked at 20.*reason keyCompromise/)
  })

  it("a list that somebody put into the cache is fetched anew, once", async () => {
    const signer = await pki.issueSigner({ revocation: "crl" })
    pki.setFaults({ crl: "wrong-issuer" })
    expect(statuses(await check(signer))[0]).toBe("unknown crl")
    pki.reset()
    pki.revoke(signer)
    const using = oncePerCertificate(service())
    expect(statuses(await check(signer, using))[0]).toBe("revoked crl")
    expect(statuses(await check(signer, using))[0]).toBe("revoked crl")
    expect(pki.requests).toHaveLength(1)
  })

  it("revoked beats unknown, and hanging responders are waited for side by side", async () => {
    const other = await startTestAuthority({ revocation: "ocsp" })
    try {
      const signer = await other.issueSigner({ chainLength: 4 })
      other.revoke(signer.chain[2]!)
      other.setFaults({ ocsp: "hang", where: ({ path }) => !path.startsWith("/ocsp/0") })
      const answer = await check(signer)
      expect(statuses(answer)).toEqual(["unknown ocsp", "unknown ocsp", "revoked ocsp", "not-revocable none"])
      expect(answer.decisive).toMatchObject({ status: "revoked" })
      expect(other.requests).toHaveLength(3)
      expect(answer.certificates[0]).toMatchObject({ code: "E_NET_TIMEOUT" })
    } finally {
      await other.close()
    }
  })

  it("the list decides where no responder tells", async () => {
    const signer = await pki.issueSigner()
    pki.setFaults({ ocsp: "unknown" })
    expect(statuses(await check(signer))).toEqual(["good ocsp-fallback-crl", "not-revocable none"])
    pki.setFaults({ ocsp: "status-500", crl: "expired" })
    const { decisive } = await check(signer, service("loopback", false))
    expect(decisive?.status).toBe("unknown")
    expect(decisive?.why).toMatch(/status code 500.*expired CRL/)
  })

  it("responders in order: the first definite answer decides", async () => {
    const ours = `${pki.url}/ocsp/0`
    const signer = await pki.issueSigner({
      urls: { ocsp: ["http://169.254.169.254/", `${pki.url}/nothing`, ours, ours] },
    })
    expect(statuses(await check(signer))[0]).toBe("good ocsp")
    expect(pki.requests.map(({ service: name }) => name)).toEqual(["none", "ocsp"])
    pki.setFaults({ ocsp: "unknown" })
    expect(statuses(await check(signer))[0]).toBe("unknown ocsp")
    expect(pki.requests).toHaveLength(4)
  })

  it("adv: GHSA-pwjx-qhcg-rvj4: every distribution point is looked at", async () => {
    const signer = await pki.issueSigner({ urls: { crl: [`${pki.url}/nothing`, `${pki.url}/crl/0/base.crl`] } })
    expect((await check(signer)).decisive?.status).toBe("unknown")
    pki.revoke(signer)
    expect((await check(signer, service("loopback", false))).decisive?.status).toBe("revoked")
  })

  it("names more lists or responders than are asked", async () => {
    const many = Array.from({ length: 12 }, (_, index) => `${pki.url}/nothing/${index}`)
    const { decisive } = await check(await pki.issueSigner({ urls: { ocsp: many } }))
    expect(decisive?.status).toBe("unknown")
    expect(pki.requests).toHaveLength(8)
    const lists = Array.from({ length: 9 }, () => `${pki.url}/crl/0/base.crl`)
    expect((await check(await pki.issueSigner({ urls: { crl: lists } }))).decisive?.status).toBe("unknown")
  })

  it("several signatures by one certificate ask once", async () => {
    const signer = await pki.issueSigner({ chainLength: 3 })
    const once = oncePerCertificate(service())
    for (let time = 0; time < 3; time++) await check(signer, once)
    expect(pki.requests).toHaveLength(2)
  })

  it("deltas: holds and their end", async () => {
    const other = await startTestAuthority({ revocation: "crl", deltas: true })
    try {
      const signer = await other.issueSigner()
      const status = async (): Promise<string | undefined> =>
        (await check(signer, service("loopback", false))).certificates[0]?.status
      other.publish()
      expect(await status()).toBe("good")
      other.revoke(signer, { reason: 6, revokedAt: Date.now() - 10_000 })
      expect(await status()).toBe("revoked")
      other.publish()
      other.restore(signer)
      expect(await status()).toBe("good")
      other.revoke(signer, { reason: 1 })
      expect(await status()).toBe("revoked")
      other.setFaults({ crl: "status-404", where: ({ path }) => path.endsWith("delta.crl") })
      expect(await status()).toBe("unknown")
    } finally {
      await other.close()
    }
  })

  it("a signature that is older than the invalidity date of its certificate stands", async () => {
    const signer = await pki.issueSigner({ revocation: "crl" })
    const invalidityDate = Math.floor(Date.now() / 1000) * 1000
    pki.revoke(signer, { reason: 1, invalidityDate })
    expect((await check(signer, service(), { authenticSigningTime: invalidityDate - 1 })).decisive).toBe(undefined)
    expect((await check(signer, service(), { authenticSigningTime: invalidityDate })).decisive?.status).toBe("revoked")
    expect((await check(signer)).decisive?.status).toBe("revoked")
  })
})

describe("what is no answer leaves the question open", () => {
  const ocspFaults = [
    "hang",
    "trickle",
    "status-500",
    "status-404",
    "status-206",
    "garbage",
    "huge",
    "redirect-metadata",
    "redirect-forever",
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
  ] as const satisfies readonly AuthorityFaults["ocsp"][]
  it.each(ocspFaults)("adv: OCSP classes: %s", async (ocsp) => {
    const signer = await pki.issueSigner({ revocation: "ocsp" })
    pki.setFaults({ ocsp })
    for (const revoked of [false, true]) {
      if (revoked) pki.revoke(signer)
      const { decisive, certificates } = await check(signer)
      expect(decisive?.status).toBe("unknown")
      expect(decisive?.why).not.toBe("")
      if (ocsp === "redirect-metadata") expect(certificates[0]?.why).toContain("E_NET_FORBIDDEN_TARGET")
    }
  })

  const crlFaults = [
    "hang",
    "trickle",
    "status-500",
    "status-404",
    "status-206",
    "garbage",
    "huge",
    "redirect-metadata",
    "redirect-forever",
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
  ] as const satisfies readonly AuthorityFaults["crl"][]
  it.each(crlFaults)("adv: RUSTSEC-2026-0104 and others, list: %s", async (crl) => {
    const signer = await pki.issueSigner({ revocation: "crl" })
    pki.revoke(signer)
    pki.setFaults({ crl })
    const { decisive, certificates } = await check(signer)
    expect(decisive?.status).toBe("unknown")
    if (crl === "redirect-metadata") expect(certificates[0]?.why).toContain("E_NET_FORBIDDEN_TARGET")
    if (["hang", "garbage", "huge", "expired"].includes(crl))
      expect(readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)))).toEqual([])
  })

  it("adv: revocation SSRF: nothing local is asked for a public artifact", async () => {
    const { decisive, certificates } = await check(await pki.issueSigner(), service("public"))
    expect(decisive?.status).toBe("unknown")
    expect(certificates[0]).toMatchObject({ code: "E_NET_FORBIDDEN_TARGET" })
    expect(certificates[0]?.why).toContain("E_NET_FORBIDDEN_TARGET")
    expect(pki.requests).toEqual([])
  })

  it.each([
    "http://169.254.169.254/x",
    "file:///etc/passwd",
    "ldap://ca.test/cn=ca",
    "http://[::1]/",
    "https://ca.test/",
  ])("adv: revocation SSRF: %s is not fetched", async (url) => {
    for (const urls of [{ ocsp: [url] }, { crl: [url] }]) {
      const { decisive, certificates } = await check(await pki.issueSigner({ urls }), service("public"))
      expect(decisive?.status).toBe("unknown")
      expect(certificates[0]?.code).toBe(
        url.startsWith("https") ? "E_CERT_REVOCATION_UNKNOWN" : "E_NET_FORBIDDEN_TARGET",
      )
    }
  })
})

describe("what is no question", () => {
  it("refuses chains that are empty or too long, and stops when told", async () => {
    const signer = await pki.issueSigner()
    expect((await failure(checkRevocation(service(), [], { at: 0 }))).code).toBe("E_CERT_CHAIN")
    const [leaf] = chainOf(signer)
    expect((await failure(checkRevocation(service(), Array<Certificate>(11).fill(leaf!), { at: 0 }))).code).toBe(
      "E_LIMIT_EXCEEDED",
    )
    pki.setFaults({ ocsp: "hang" })
    await expect(check(signer, service(), { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough")
  })
})
