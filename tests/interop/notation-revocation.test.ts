/** The real `notation` against the test authority, and the cache of revocation lists that both share. */
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { checkRevocation, type RevocationAnswer } from "../../src/app/revocation.ts"
import { parseCertificate } from "../../src/crypto/x509/parse-certificate.ts"
import { createHttpClient } from "../../src/io/net/http-client.ts"
import { createRevocationService } from "../../src/io/services/revocation-service.ts"
import { startTestAuthority, type TestAuthority, type TestSigner } from "../../src/testing/authority/test-authority.ts"
import { startTestRegistry, type TestRegistry } from "../../src/testing/test-registry.ts"
import { type Finished, havePeers, peer } from "./peers.ts"

let folder: string
let registry: TestRegistry
let artifact: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "countersign-notation-revocation-"))
  registry = await startTestRegistry({ sparse: true })
  const type = "application/vnd.oci.image.manifest.v1+json"
  const empty = { mediaType: "application/vnd.oci.empty.v1+json", digest: digest("{}"), size: 2 }
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    artifactType: "text/plain",
    config: empty,
    layers: [empty],
  })
  await fetch(`${registry.url}/v2/test/app/manifests/${digest(manifest)}`, {
    method: "PUT",
    body: manifest,
    headers: { "content-type": type },
  })
  artifact = `${registry.address}/test/app@${digest(manifest)}`
})

afterEach(async () => {
  await registry.close()
  rmSync(folder, { recursive: true, force: true })
})

function digest(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`
}

const notation = (...args: readonly string[]): Promise<Finished> =>
  peer("notation", args, {
    cwd: folder,
    env: { NOTATION_CONFIG: join(folder, "config"), NOTATION_CACHE: join(folder, "cache") },
  })

const verify = (): Promise<Finished> => notation("verify", "-d", "--insecure-registry", artifact)

async function sign(signer: TestSigner): Promise<void> {
  const config = join(folder, "config")
  mkdirSync(join(config, "truststore/x509/ca/test"), { recursive: true })
  writeFileSync(join(config, "truststore/x509/ca/test/root.pem"), signer.rootPem)
  writeFileSync(join(config, "signer.key"), signer.keyPem, { mode: 0o600 })
  writeFileSync(join(config, "signer.crt"), signer.chainPem)
  const key = { name: "signer", keyPath: join(config, "signer.key"), certPath: join(config, "signer.crt") }
  writeFileSync(join(config, "signingkeys.json"), JSON.stringify({ default: "signer", keys: [key] }))
  const policy = {
    name: "test",
    registryScopes: ["*"],
    signatureVerification: { level: "strict" },
    trustStores: ["ca:test"],
    trustedIdentities: ["*"],
  }
  writeFileSync(join(config, "trustpolicy.json"), JSON.stringify({ version: "1.0", trustPolicies: [policy] }), {
    mode: 0o600,
  })
  const signed = await notation("sign", "--insecure-registry", artifact)
  expect(signed.stderr + signed.stdout).toContain("Successfully signed")
}

async function ours(signer: TestSigner, onlyCache = false): Promise<RevocationAnswer> {
  const http = createHttpClient({ userAgent: "t" })
  const service = createRevocationService({
    http: () => Promise.resolve(http),
    cacheFolder: join(folder, "cache/crl"),
    clock: { now: () => Date.now() },
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    reach: "loopback",
    allowHosts: [],
    onlyCache,
  })
  try {
    return await checkRevocation(service, signer.chain.map(parseCertificate), { at: Date.now() })
  } finally {
    await http.close()
  }
}

const cached = (url: string): string => join(folder, "cache/crl", createHash("sha256").update(url).digest("hex"))

describe.skipIf(!havePeers("notation"))("notation", () => {
  let pki: TestAuthority
  afterEach(async () => {
    await pki.close()
  })

  it.each([2, 3, 4] as const)("believes our responder, chains of %i", async (chainLength) => {
    pki = await startTestAuthority({ revocation: "ocsp" })
    const signer = await pki.issueSigner({ chainLength })
    await sign(signer)
    const good = await verify()
    expect(good.stdout).toContain("Successfully verified")
    expect(pki.requests.filter(({ service, method }) => service === "ocsp" && method === "GET")).toHaveLength(
      chainLength - 1,
    )
    expect((await ours(signer)).decisive).toBe(undefined)
    pki.revoke(signer.chain[chainLength - 2]!, { reason: 1 })
    const revoked = await verify()
    expect(revoked.code).toBe(1)
    expect(revoked.stderr).toMatch(/is revoked/)
    const { decisive } = await ours(signer)
    expect(decisive?.status).toBe("revoked")
    expect(revoked.stderr).toContain(`"${decisive?.subject}" is revoked`)
  })

  it.each([false, true])("shares the cache of lists both ways; deltas: %s", async (deltas) => {
    pki = await startTestAuthority({ revocation: "crl", deltas })
    const signer = await pki.issueSigner()
    await sign(signer)
    const url = `${pki.url}/crl/0/base.crl`
    expect((await verify()).stdout).toContain("Successfully verified")
    expect(existsSync(cached(url))).toBe(true)
    const theirs = JSON.parse(readFileSync(cached(url), "utf8")) as Record<string, string>
    expect(Object.keys(theirs)).toEqual(deltas ? ["baseCRL", "deltaCRL"] : ["baseCRL"])
    expect((await ours(signer, true)).certificates[0]).toMatchObject({ status: "good", method: "crl" })

    rmSync(join(folder, "cache"), { recursive: true })
    expect((await ours(signer)).decisive).toBe(undefined)
    expect(Object.keys(JSON.parse(readFileSync(cached(url), "utf8")) as object)).toEqual(Object.keys(theirs))
    pki.reset()
    expect((await verify()).stdout).toContain("Successfully verified")
    expect(pki.requests).toEqual([])

    rmSync(join(folder, "cache"), { recursive: true })
    pki.publish()
    pki.revoke(signer, { reason: 6 })
    if (!deltas) pki.publish()
    expect((await ours(signer)).decisive?.status).toBe("revoked")
    const revoked = await verify()
    expect(revoked.code).toBe(1)
    expect(revoked.stderr).toMatch(/is revoked/)
  })

  it.each(["status-500", "garbage", "expired", "wrong-issuer", "unknown-critical", "missing-next-update"] as const)(
    "agrees that a list is of no use: %s",
    async (crl) => {
      pki = await startTestAuthority({ revocation: "crl" })
      const signer = await pki.issueSigner()
      await sign(signer)
      pki.setFaults({ crl })
      expect((await ours(signer)).decisive?.status).toBe("unknown")
      const theirs = await verify()
      expect(theirs.code).toBe(1)
      expect(theirs.stderr).toMatch(/revocation status is unknown/)
    },
  )
})
