import { execFileSync } from "node:child_process"
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parsePem } from "../../../codec/pem.ts"
import { parseDetachedSct } from "../../../crypto/transparency/detached-sct.ts"
import { precertificateTbs } from "../../../crypto/transparency/precertificate.ts"
import { issuerKeyHash, parseSctExtension, verifySct } from "../../../crypto/transparency/sct.ts"
import { parseCertificate } from "../../../crypto/x509/parse-certificate.ts"
import { createCtLog } from "../ct/ct-log.ts"
import { loadOrMakeMaterial, type SandboxMaterial } from "../material/keys.ts"
import { mintToken, type TokenRequest } from "../oidc/id-tokens.ts"
import { createFulcio } from "./fulcio.ts"

const ISSUER = "http://127.0.0.1:5800/oidc"
const START = Date.UTC(2026, 10, 20, 12, 0, 0, 500)
const clock = { now: (): number => START }
const randomness = { bytes: (count: number): Uint8Array => new Uint8Array(randomBytes(count)) }
const ARC = "1.3.6.1.4.1.57264.1"
const SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"

let folder: string
let material: SandboxMaterial

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "countersign-fulcio-"))
  material = await loadOrMakeMaterial(folder, { clock, randomness })
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function fulcio(sct: "embedded" | "detached" = "embedded"): ReturnType<typeof createFulcio> {
  const { keys, fulcioChain } = material
  const ct = createCtLog({ key: keys.ct.signer, clock, issuers: fulcioChain })
  return createFulcio({
    key: keys["fulcio-intermediate"].signer,
    chain: fulcioChain,
    ct,
    clock,
    randomness,
    tokens: { key: keys.oidc.privateKey, issuer: ISSUER, audience: "sigstore", clock },
    sct: () => sct,
  })
}

const tokenOf = (about: Partial<TokenRequest> = { email: "alice@example.com" }): Promise<string> =>
  mintToken(material.keys.oidc.privateKey, { issuer: ISSUER, ...about }, START)

interface Pair {
  readonly privateKey: KeyObject
  readonly pem: string
  readonly hash: string | null
}

function pair(kind: "P-256" | "P-384" | "P-521" | "ed25519" | "rsa", bits = 2048): Pair {
  const made =
    kind === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: bits })
      : kind === "ed25519"
        ? generateKeyPairSync("ed25519")
        : generateKeyPairSync("ec", { namedCurve: kind })
  const hash = kind === "ed25519" ? null : kind === "P-384" ? "sha384" : kind === "P-521" ? "sha512" : "sha256"
  return { privateKey: made.privateKey, pem: made.publicKey.export({ type: "spki", format: "pem" }).toString(), hash }
}

const proofOf = ({ privateKey, hash }: Pair, challenge: string): string =>
  sign(hash, Buffer.from(challenge), privateKey).toString("base64")

async function post(
  path: string,
  body: unknown,
  {
    token,
    app = fulcio(),
  }: { readonly token?: string | undefined; readonly app?: ReturnType<typeof createFulcio> } = {},
): Promise<Response> {
  return app.request(path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  })
}

function keyRequest(key: Pair, challenge: string): Record<string, unknown> {
  const publicKey = { algorithm: "ECDSA", content: key.pem }
  return { publicKeyRequest: { publicKey, proofOfPossession: proofOf(key, challenge) } }
}

async function leafOf(answer: Response): Promise<string> {
  expect(answer.status).toBe(200)
  const { signedCertificateEmbeddedSct } = (await answer.json()) as Record<
    string,
    { chain: { certificates: string[] } }
  >
  const { certificates = [] } = signedCertificateEmbeddedSct?.chain ?? {}
  expect(certificates).toHaveLength(3)
  return certificates[0] ?? ""
}

const derOf = (pem: string): Uint8Array => parsePem(pem)[0]?.bytes ?? new Uint8Array()

/** Texts of Fulcio's extensions by their last arc. */
function extensionsOf(pem: string): Record<string, string> {
  const found = [...parseCertificate(derOf(pem)).extensions].filter(([oid]) => oid.startsWith(`${ARC}.`))
  return Object.fromEntries(
    found.map(([oid, { value }]) => {
      const arc = Number(oid.slice(ARC.length + 1))
      return [arc, Buffer.from(arc <= 6 ? value : value.subarray(2)).toString()]
    }),
  )
}

describe("certificates", () => {
  it.each(["P-256", "P-384", "P-521", "ed25519", "rsa"] as const)("for a key of kind %s", async (kind) => {
    const key = pair(kind)
    const answer = await post("/api/v2/signingCert", keyRequest(key, "alice@example.com"), { token: await tokenOf() })
    const leaf = new X509Certificate(await leafOf(answer))
    expect(leaf.checkPrivateKey(key.privateKey)).toBe(true)
  })

  it("have no subject, one name, ten minutes, code signing, and an issuer in two forms", async () => {
    const answer = await post("/api/v2/signingCert", keyRequest(pair("P-256"), "alice@example.com"), {
      token: await tokenOf({ email: "alice@example.com", subject: "opaque" }),
    })
    const pem = await leafOf(answer)
    const certificate = parseCertificate(derOf(pem))
    expect(certificate.subject.rdns).toEqual([])
    expect(certificate.alternativeNames).toEqual(["email:alice@example.com"])
    expect(certificate.extensions.get("2.5.29.17")?.critical).toBe(true)
    expect(certificate.notAfter - certificate.notBefore).toBe(600_000)
    expect(certificate.notBefore).toBe(START - 500)
    expect(certificate.extendedKeyUsage).toEqual(["1.3.6.1.5.5.7.3.3"])
    expect([...(certificate.keyUsage ?? [])]).toEqual(["digitalSignature"])
    expect(extensionsOf(pem)).toEqual({ 1: ISSUER, 8: ISSUER, 24: "opaque" })
  })

  it("are believed by openssl under the chain that comes with them", async () => {
    const answer = await post("/api/v2/signingCert", keyRequest(pair("P-256"), "alice@example.com"), {
      token: await tokenOf(),
    })
    writeFileSync(join(folder, "leaf.pem"), await leafOf(answer))
    const [intermediate = "", root = ""] = (await (await fulcio().request("/api/v1/rootCert")).text()).split(
      /(?<=-----END CERTIFICATE-----\n)/,
    )
    writeFileSync(join(folder, "intermediate.pem"), intermediate)
    writeFileSync(join(folder, "root.pem"), root)
    const args = ["verify", "-attime", String(Math.floor(START / 1000)), "-x509_strict", "-ignore_critical"]
    const files = ["-CAfile", join(folder, "root.pem"), "-untrusted", join(folder, "intermediate.pem")]
    const said = execFileSync("openssl", [...args, ...files, join(folder, "leaf.pem")], { encoding: "utf8" })
    expect(said).toContain("OK")
  })

  it("hold a promise of the log over what they are without it", async () => {
    const answer = await post("/api/v2/signingCert", keyRequest(pair("P-256"), "alice@example.com"), {
      token: await tokenOf(),
    })
    const certificate = parseCertificate(derOf(await leafOf(answer)))
    const [sct] = parseSctExtension(certificate.extensions.get(SCT_LIST)?.value ?? new Uint8Array())
    const issuer = parseCertificate(material.fulcioChain[0] ?? new Uint8Array())
    const entry = {
      kind: "precert",
      issuerKeyHash: issuerKeyHash(issuer.spki),
      tbs: precertificateTbs(certificate.raw),
    } as const
    expect(sct?.timestamp).toBe(BigInt(START))
    expect(sct !== undefined && verifySct(sct, entry, material.keys.ct.signer.publicKey)).toBe(true)
  })

  it("come with a promise beside them where that is asked for, in both APIs", async () => {
    const app = fulcio("detached")
    const key = pair("P-256")
    const token = await tokenOf()
    const v2 = await post("/api/v2/signingCert", keyRequest(key, "alice@example.com"), { token, app })
    const { signedCertificateDetachedSct } = (await v2.json()) as Record<
      string,
      { chain: { certificates: string[] }; signedCertificateTimestamp: string }
    >
    const certificate = derOf(signedCertificateDetachedSct?.chain.certificates[0] ?? "")
    expect(parseCertificate(certificate).extensions.has(SCT_LIST)).toBe(false)
    const sct = parseDetachedSct(
      new Uint8Array(Buffer.from(atob(signedCertificateDetachedSct?.signedCertificateTimestamp ?? ""))),
    )
    expect(verifySct(sct, { kind: "x509", certificate }, material.keys.ct.signer.publicKey)).toBe(true)
    const v1 = await post("/api/v1/signingCert", legacyRequest(key, "alice@example.com"), { token, app })
    expect(v1.status).toBe(201)
    expect(parseDetachedSct(new Uint8Array(Buffer.from(atob(v1.headers.get("sct") ?? "")))).timestamp).toBe(
      BigInt(START),
    )
  })
})

function legacyRequest(key: Pair, challenge: string): Record<string, unknown> {
  return {
    publicKey: { content: Buffer.from(key.pem).toString("base64"), algorithm: "ecdsa" },
    signedEmailAddress: proofOf(key, challenge),
    certificateSigningRequest: null,
  }
}

describe("whom they are for", () => {
  const WORKFLOW = "acme/app/.github/workflows/release.yml@refs/heads/main"

  it("a workflow, with what its token says", async () => {
    const claims = {
      job_workflow_ref: WORKFLOW,
      job_workflow_sha: "1".repeat(40),
      workflow_ref: WORKFLOW,
      workflow_sha: "2".repeat(40),
      repository: "acme/app",
      repository_id: "11",
      repository_owner: "acme",
      repository_owner_id: "12",
      repository_visibility: "public",
      ref: "refs/heads/main",
      sha: "3".repeat(40),
      event_name: "push",
      workflow: "release",
      runner_environment: "github-hosted",
      run_id: "17",
      run_attempt: "2",
    }
    const challenge = "repo:acme/app:ref:refs/heads/main"
    const token = await tokenOf({ claims })
    const pem = await leafOf(await post("/api/v2/signingCert", keyRequest(pair("P-256"), challenge), { token }))
    expect(parseCertificate(derOf(pem)).alternativeNames).toEqual([`URI:https://github.com/${WORKFLOW}`])
    expect(extensionsOf(pem)).toEqual({
      1: ISSUER,
      2: "push",
      3: "3".repeat(40),
      4: "release",
      5: "acme/app",
      6: "refs/heads/main",
      8: ISSUER,
      9: `https://github.com/${WORKFLOW}`,
      10: "1".repeat(40),
      11: "github-hosted",
      12: "https://github.com/acme/app",
      13: "3".repeat(40),
      14: "refs/heads/main",
      15: "11",
      16: "https://github.com/acme",
      17: "12",
      18: `https://github.com/${WORKFLOW}`,
      19: "2".repeat(40),
      20: "push",
      21: "https://github.com/acme/app/actions/runs/17/attempts/2",
      22: "public",
      24: challenge,
    })
  })

  it("a subject that is a URI", async () => {
    const token = await tokenOf({ subject: "spiffe://example.com/build" })
    const request = keyRequest(pair("P-256"), "spiffe://example.com/build")
    const pem = await leafOf(await post("/api/v2/signingCert", request, { token }))
    expect(parseCertificate(derOf(pem)).alternativeNames).toEqual(["URI:spiffe://example.com/build"])
  })

  it("a user name, as OtherName with the host of the issuer", async () => {
    const token = await tokenOf({ subject: "builder" })
    const pem = await leafOf(await post("/api/v2/signingCert", keyRequest(pair("P-256"), "builder"), { token }))
    writeFileSync(join(folder, "user.pem"), pem)
    const args = ["x509", "-in", join(folder, "user.pem"), "-noout", "-ext", "subjectAltName"]
    expect(execFileSync("openssl", args, { encoding: "utf8" })).toMatch(
      /critical[^]*1\.3\.6\.1\.4\.1\.57264\.1\.7.*builder!127\.0\.0\.1/,
    )
  })

  it.each([
    ["an e-mail address that is not verified", { email_verified: false }],
    ["a verification that is no word", { email_verified: 1 }],
    ["an e-mail address that is none", { email: "not an address" }],
    ["neither e-mail address nor subject", { email: "", sub: "" }],
    ["claims that are arrays", { email: ["alice@example.com"], sub: ["x"] }],
  ])("adv: GHSA-4xh5-jcj2-ch8q not for %s", async (_, claims) => {
    const token = await tokenOf({ email: "alice@example.com", claims })
    const answer = await post("/api/v2/signingCert", keyRequest(pair("P-256"), "alice@example.com"), { token })
    expect(answer.status).toBe(400)
  })
})

describe("certificate signing requests", () => {
  it.each([
    ["ECDSA", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]],
    ["RSA", ["-newkey", "rsa:2048"]],
    ["Ed25519", ["-newkey", "ed25519"]],
  ])("by openssl, %s", async (_, args) => {
    const csr = request(args)
    const token = await tokenOf()
    const body = { credentials: { oidcIdentityToken: token }, certificateSigningRequest: btoa(csr) }
    const pem = await leafOf(await post("/api/v2/signingCert", body))
    // What the request says of its holder is not believed.
    expect(parseCertificate(derOf(pem)).subject.rdns).toEqual([])
    expect(new X509Certificate(pem).checkPrivateKey(createPrivateKey(readFileSync(join(folder, "csr.key"))))).toBe(true)
    expect((await post("/api/v1/signingCert", { certificateSigningRequest: btoa(csr) }, { token })).status).toBe(201)
  })

  it("whose signature does not hold, or that are none, are refused", async () => {
    const token = await tokenOf()
    const der = Buffer.from(derOf(request(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])))
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
    const pem = (label: string, bytes: Buffer): string =>
      btoa(`-----BEGIN ${label}-----\n${bytes.toString("base64")}\n-----END ${label}-----\n`)
    for (const csr of [
      pem("CERTIFICATE REQUEST", der),
      pem("CERTIFICATE REQUEST", der.subarray(0, 40)),
      pem("CERTIFICATE", der),
      btoa("nothing"),
      "%%%",
    ]) {
      expect((await post("/api/v2/signingCert", { certificateSigningRequest: csr }, { token })).status).toBe(400)
    }
  })

  function request(args: readonly string[]): string {
    const files = ["-keyout", join(folder, "csr.key"), "-out", join(folder, "csr.pem")]
    execFileSync("openssl", ["req", "-new", "-nodes", "-subj", "/CN=mallory", ...args, ...files], { stdio: "ignore" })
    return readFileSync(join(folder, "csr.pem"), "utf8")
  }
})

describe("refusals", () => {
  it.each([
    ["a proof over another text", async () => [keyRequest(pair("P-256"), "bob@example.com"), await tokenOf()]],
    [
      "a proof by another key",
      async () => {
        const body = keyRequest(pair("P-256"), "alice@example.com") as {
          publicKeyRequest: { publicKey: { content: string } }
        }
        body.publicKeyRequest.publicKey.content = pair("P-256").pem
        return [body, await tokenOf()]
      },
    ],
    ["no proof", async () => [{ publicKeyRequest: { publicKey: { content: pair("P-256").pem } } }, await tokenOf()]],
    ["no key", async () => [{}, await tokenOf()]],
    ["a key that is none", async () => [{ publicKeyRequest: { publicKey: { content: "x" } } }, await tokenOf()]],
    ["RSA with 1024 bits", async () => [keyRequest(pair("rsa", 1024), "alice@example.com"), await tokenOf()]],
    ["no token", () => Promise.resolve([keyRequest(pair("P-256"), "alice@example.com"), undefined])],
    [
      "a token for another audience",
      async () => [
        keyRequest(pair("P-256"), "alice@example.com"),
        await tokenOf({ email: "alice@example.com", audience: "other" }),
      ],
    ],
    [
      "a token that has expired",
      async () => [
        keyRequest(pair("P-256"), "alice@example.com"),
        await tokenOf({ email: "alice@example.com", lifetime: -1 }),
      ],
    ],
    [
      "a token of another issuer",
      async () => [
        keyRequest(pair("P-256"), "alice@example.com"),
        await tokenOf({ email: "alice@example.com", issuer: "http://evil.example" }),
      ],
    ],
    ["no JSON", async () => ["{", await tokenOf()]],
    ["an array", async () => ["[]", await tokenOf()]],
    ["a member twice", async () => ['{"a":1,"a":2}', await tokenOf()]],
  ] as readonly (readonly [string, () => Promise<readonly [unknown, string | undefined]>])[])("%s", async (_, make) => {
    const [body, token] = await make()
    const answer = await post("/api/v2/signingCert", body, { token })
    expect(answer.status).toBe(400)
    const said = (await answer.json()) as Record<string, unknown>
    expect(said).toMatchObject({ code: 3, details: [] })
    // SECURITY: the token is a secret.
    if (token !== undefined) expect(String(said["message"])).not.toContain(token.slice(-20))
  })

  it("what is too large is not read to its end", async () => {
    const answer = await post("/api/v2/signingCert", `{"a":"${"x".repeat(200_000)}"}`, { token: await tokenOf() })
    expect(answer.status).toBe(413)
  })

  it("every node of a request replaced by something else never ends in an error of the server", async () => {
    const token = await tokenOf()
    const good = { credentials: { oidcIdentityToken: token }, ...keyRequest(pair("P-256"), "alice@example.com") }
    const app = fulcio()
    for (const replacement of [null, {}, [], "", -1, true]) {
      for (const path of pathsOf(good)) {
        const body = replaced(good, path, replacement)
        expect((await post("/api/v2/signingCert", body, { app })).status, path.join(".")).toBe(400)
      }
    }
  })
})

function pathsOf(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([name, item]) =>
    // Which algorithm it is stands in the key.
    name === "algorithm" ? [] : [[...at, name], ...pathsOf(item, [...at, name])],
  )
}

function replaced(value: unknown, [first, ...rest]: readonly string[], by: unknown): unknown {
  if (first === undefined) return by
  const object = value as Record<string, unknown>
  return { ...object, [first]: replaced(object[first], rest, by) }
}

describe("what everybody may know", () => {
  it("is the chain and the issuer", async () => {
    const bundle = (await (await fulcio().request("/api/v2/trustBundle")).json()) as {
      chains: { certificates: string[] }[]
    }
    expect(bundle.chains[0]?.certificates.map((pem) => Buffer.from(derOf(pem)).toString("hex"))).toEqual(
      material.fulcioChain.map((der) => Buffer.from(der).toString("hex")),
    )
    const { issuers } = (await (await fulcio().request("/api/v2/configuration")).json()) as { issuers: unknown[] }
    expect(issuers).toMatchObject([{ issuerUrl: ISSUER, audience: "sigstore", challengeClaim: "email" }])
    expect(await (await fulcio().request("/api/v9")).json()).toMatchObject({ code: 5 })
  })
})
