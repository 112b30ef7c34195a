/** Mistakes that others shipped, tried on Notary Project signatures from the registry to the last line. */
import { createPrivateKey, createPublicKey, sign } from "node:crypto"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { decodeBase64 } from "../../src/codec/base64.ts"
import { encodeDer } from "../../src/codec/der.ts"
import { decodeHex, encodeHex } from "../../src/codec/hex.ts"
import { encodePem } from "../../src/codec/pem.ts"
import { alternativeNamesExtension } from "../../src/crypto/x509/build-extensions.ts"
import type { TestSigner } from "../../src/testing/index.ts"
import { forgeChain, LEAF } from "../e2e/notation/forged-chain.ts"
import { attach, type Forgery, forgeJws } from "../e2e/notation/forged-signature.ts"
import { type Rig, startRig } from "../e2e/notation/rig.ts"
import { attackOn } from "./notation-attack.ts"

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

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

describe("times", () => {
  const flags = (store: string): readonly string[] => [
    ...["--trust-store", "ca:test", "--trust-store", store, "--identity", "*"],
  ]
  it("adv: sigstore/cosign #4881 a timestamp that is asked for and missing, or of somebody else, is an answer", async () => {
    rig.write("tsa.pem", rig.authority.timestampRootPem)
    const stranger = await startRig()
    const bare = await forged(signer)
    const missing = await rig.countersign("verify", ...flags(`tsa:${rig.path("tsa.pem")}`), bare.reference)
    expect(missing.exit).toBe(1)
    expect(missing.stdout + missing.stderr).toContain("E_TIME_MISSING")
    try {
      rig.write("other-tsa.pem", stranger.authority.timestampRootPem)
      const artifact = await rig.push()
      rig.addKey("test", signer)
      const stamp = ["--timestamp-url", rig.authority.timestampUrl, "--timestamp-root-cert", rig.path("tsa.pem")]
      expect((await rig.notation("sign", ...stamp, artifact.reference)).exit).toBe(0)
      const untrusted = await rig.countersign(
        "verify",
        ...flags(`tsa:${rig.path("other-tsa.pem")}`),
        artifact.reference,
      )
      expect(untrusted.exit).toBe(1)
      expect(untrusted.stdout + untrusted.stderr).toMatch(/E_TSA_(?:UNTRUSTED|INVALID)/)
      expect(untrusted.stdout).not.toMatch(/^verified/m)
    } finally {
      await stranger.close()
    }
  })

  it.each<[string, Forgery]>([
    [
      "before the signing time",
      { header: { "io.cncf.notary.expiry": "2020-01-01T00:00:00Z" }, critical: ["io.cncf.notary.expiry"] },
    ],
    ["not critical", { header: { "io.cncf.notary.expiry": "2999-01-01T00:00:00Z" } }],
    ["no time", { header: { "io.cncf.notary.expiry": "never" }, critical: ["io.cncf.notary.expiry"] }],
    ["a number", { header: { "io.cncf.notary.expiry": 1 }, critical: ["io.cncf.notary.expiry"] }],
    ["empty", { header: { "io.cncf.notary.expiry": "" }, critical: ["io.cncf.notary.expiry"] }],
  ])("an expiry that is %s", async (_name, forgery) => {
    await expectRefused(await forged(signer, forgery))
  })

  it.each<[string, Forgery]>([
    ["no signing time", { header: { "io.cncf.notary.signingTime": undefined } }],
    ["both times", { header: { "io.cncf.notary.authenticSigningTime": "2026-01-01T00:00:00Z" } }],
    [
      "the authority's scheme with a claimed time",
      { header: { "io.cncf.notary.signingScheme": "notary.x509.signingAuthority" } },
    ],
    ["an unknown scheme", { header: { "io.cncf.notary.signingScheme": "notary.x509.other" } }],
    ["no scheme", { header: { "io.cncf.notary.signingScheme": undefined } }],
  ])("%s", async (_name, forgery) => {
    await expectRefused(await forged(signer, forgery), undefined, "integrity: ")
  })
})

describe("algorithms and keys in headers", () => {
  it.each([
    "none",
    "None",
    "NONE",
    "",
    "HS256",
    "RS256",
    "PS256",
    "ES256K",
    "ES384",
    "EdDSA",
    ["ES256"],
    null,
    undefined,
    256,
  ])("adv: CVE-2022-23540 alg %j", async (alg) => {
    const artifact = await forged(signer, { header: { alg }, unprotected: { alg: "ES256" } })
    await expectRefused(artifact, undefined, "integrity: ")
    expect((await rig.notation2("inspect", artifact.reference)).stderr).not.toContain("E_INTERNAL")
  })

  describe("of attackers", () => {
    let server: Server
    let url = ""
    const asked: string[] = []
    beforeAll(async () => {
      server = createServer((request, response) => {
        asked.push(request.url ?? "")
        response.end("{}")
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    })
    afterAll(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })

    it("adv: CVE-2025-65945, CVE-2026-34240 kid, jwk, jku, x5u name no key and are not opened", async () => {
      const stranger = await forgeChain({}, {})
      const jwk = createPublicKey(stranger.keyPem).export({ format: "jwk" })
      const x5c = stranger.chain.map((der) => Buffer.from(der).toString("base64"))
      const headers = [
        { jwk },
        { jku: `${url}/jku` },
        { x5u: `${url}/x5u` },
        { x5c },
        ...["", "__proto__", "../x", "key"].map((kid) => ({ kid })),
      ]
      for (const header of headers) {
        const chain = signer.chain
        await expectRefused(await forged({ keyPem: stranger.keyPem, chain }, { header, unprotected: header }))
        const critical = Object.keys(header)
        await expectRefused(await forged(signer, { header, critical }))
      }
      expect(asked).toEqual([])
    })
  })

  it.each<[string, (parts: Record<string, unknown>) => unknown]>([
    ["two signatures", ({ payload, ...one }) => ({ payload, signatures: [one, one] })],
    ["general and flattened at once", ({ payload, ...one }) => ({ payload, ...one, signatures: [one] })],
    ["a list of envelopes", (parts) => [parts]],
    ["no protected header", ({ protected: _, ...rest }) => rest],
    ["a header that is no object", (parts) => ({ ...parts, header: [] })],
    [
      "compact",
      ({ payload, protected: header, signature }) => `${String(header)}.${String(payload)}.${String(signature)}`,
    ],
  ])("adv: CVE-2016-9122 %s", async (_name, change) => {
    const artifact = await rig.push()
    const parts = JSON.parse(forgeJws(signer, artifact.subject)) as Record<string, unknown>
    const changed = change(parts)
    await attach(rig, artifact, typeof changed === "string" ? changed : JSON.stringify(changed))
    await expectRefused(artifact)
  })

  it("adv: CVE-2026-25793 the other form of an ECDSA signature is the same signer's, not a second one's", async () => {
    const artifact = await rig.push()
    const envelope = JSON.parse(forgeJws(signer, artifact.subject)) as { signature: string }
    const raw = encodeHex(
      decodeBase64(envelope.signature, { alphabet: "url", padding: "forbidden", max: 64, what: "signature" }),
    )
    const s = (ORDER - BigInt(`0x${raw.slice(64)}`)).toString(16).padStart(64, "0")
    const signature = Buffer.from(raw.slice(0, 64) + s, "hex").toString("base64url")
    await attach(rig, artifact, JSON.stringify(envelope))
    await attach(rig, artifact, JSON.stringify({ ...envelope, signature }))
    const flags = ["--trust-store", "ca:test", "--identity", "*", "--output", "json"]
    const { stdout } = await rig.countersign("verify", ...flags, artifact.reference)
    const { artifacts } = JSON.parse(stdout) as {
      artifacts: { signatures: { state: string; signer?: { fingerprint: string } }[] }[]
    }
    const holders = artifacts[0]?.signatures.map(({ signer: by }) => by?.fingerprint) ?? []
    expect(new Set(holders).size).toBe(1)
  })
})

describe("too much", () => {
  it.each([12, 200, 10_000])("adv: CVE-2018-16875 a chain of %i certificates is not looked at", async (count) => {
    const [leaf, root] = signer.chain
    const chain = [leaf!, ...Array.from({ length: count - 1 }, () => root!)]
    const artifact = await forged({ keyPem: signer.keyPem, chain })
    rig.authority.reset()
    await expectRefused(artifact)
    expect(rig.authority.requests).toEqual([])
    expect((await rig.notation2("inspect", artifact.reference)).stderr).not.toContain("internal error")
  })

  it("adv: CVE-2025-58187 a certificate of more than 64 KiB", async () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `DNS:host${index}.example`)
    const chain = await forgeChain({}, { extensions: [...LEAF, alternativeNamesExtension(names)] })
    trustRoot(chain)
    await expectRefused(await forged(chain))
  })

  it.each<[string, string]>([
    ["nested", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["nested in the payload", JSON.stringify({ payload: nested(200), protected: "", header: {}, signature: "" })],
    ["one long string", JSON.stringify("x".repeat(1_000_000))],
    ["many members", `{${Array.from({ length: 100_000 }, (_, index) => `"k${index}":0`).join(",")}}`],
  ])("resource exhaustion, an envelope that is %s", async (_name, envelope) => {
    const artifact = await rig.push()
    await attach(rig, artifact, envelope)
    await expectRefused(artifact)
  })

  it.each<[string, string]>([
    ["nested arrays", `d284${"81".repeat(100_000)}80`],
    ["a list of 2^64 elements", "d2849bffffffffffffffff"],
    ["a map of 2^32 pairs", "d284bb00000000ffffffff"],
    ["a string of 4 GiB", "d2845b00000000ffffffff"],
  ])("adv: CBOR limits: %s", async (_name, hex) => {
    const artifact = await rig.push()
    await attach(rig, artifact, decodeHex(hex, { max: 1_000_000, what: "test" }), "application/cose")
    await expectRefused(artifact)
  })

  it("adv: CVE-2025-66031 a key file of nested sequences is no key", async () => {
    for (const label of ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"]) {
      const key = rig.write("nested.key", encodePem(label, nestedSequences(200)))
      const chain = rig.write("chain.pem", signer.chainPem)
      const { reference } = await rig.push()
      const own = ["sign", "--key", key, "--cert-chain", chain, "--format", "notation", reference]
      const ran = await rig.countersign(...own)
      expect(ran).toMatchObject({ exit: 2, stdout: "" })
      expect(ran.stderr).not.toContain("E_INTERNAL")
    }
  })
})

/** Base64url of JSON nested so deep. */
function nested(levels: number): string {
  return Buffer.from(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`).toString("base64url")
}

function nestedSequences(levels: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(0)
  for (let level = 0; level < levels; level++) bytes = encodeDer(0x30, bytes)
  return bytes
}

describe("names that objects have of themselves", () => {
  it("adv: prototype pollution (forge CVE-2020-7720, class) in headers, metadata and policies", async () => {
    const artifact = await rig.push()
    const { digest, mediaType, size } = artifact.subject
    const target = `{"mediaType":"${mediaType}","digest":"${digest}","size":${size},"annotations":{"__proto__":"x","constructor":"y"}}`
    const header = `{"alg":"ES256","crit":["io.cncf.notary.signingScheme"],"cty":"application/vnd.cncf.notary.payload.v1+json","io.cncf.notary.signingScheme":"notary.x509","io.cncf.notary.signingTime":"${new Date().toISOString().replace(/\.\d+Z$/, "Z")}","__proto__":{"expiry":1},"toString":"z"}`
    const encode = (text: string): string => Buffer.from(text).toString("base64url")
    const parts = { payload: encode(`{"targetArtifact":${target}}`), protected: encode(header) }
    const key = { key: createPrivateKey(signer.keyPem), dsaEncoding: "ieee-p1363" as const }
    const signature = sign("sha256", Buffer.from(`${parts.protected}.${parts.payload}`), key).toString("base64url")
    const x5c = signer.chain.map((der) => Buffer.from(der).toString("base64"))
    await attach(rig, artifact, JSON.stringify({ ...parts, header: { x5c }, signature }))
    // Plain data or refused, and never what nobody signed.
    const plain = await rig.notation("verify", artifact.reference)
    expect(plain.stderr).not.toContain("internal error")
    for (const wanted of ["toString=z", "hasOwnProperty=x", "valueOf=x", "polluted=1"]) {
      expect(await rig.notation("verify", "-m", wanted, artifact.reference)).toMatchObject({ exit: 1, stdout: "" })
    }
    const unsigned = await forged(signer)
    for (const wanted of ["__proto__=x", "constructor=y", "toString=z"]) {
      expect(await rig.notation("verify", "-m", wanted, unsigned.reference)).toMatchObject({ exit: 1, stdout: "" })
    }
    rig.write("config/trustpolicy.json", '{"__proto__":{"version":"1.0","trustPolicies":[]},"trustPolicies":[]}')
    expect(await rig.notation("verify", artifact.reference)).toMatchObject({ exit: 1, stdout: "" })
  })
})
