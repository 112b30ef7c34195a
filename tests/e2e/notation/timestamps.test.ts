/** Timestamps: signatures that outlive their certificates, and authorities that lie. */
import { rmSync } from "node:fs"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { timestampSignature } from "../../../src/app/timestamp.ts"
import { createTimestampService } from "../../../src/io/services/timestamp-service.ts"
import { createHttpClient } from "../../../src/io/net/http-client.ts"
import { parseCertificate } from "../../../src/crypto/x509/parse-certificate.ts"
import { systemRandomness } from "../../../src/io/system/randomness.ts"
import { decodeBase64 } from "../../../src/codec/base64.ts"
import type { TestSigner, TransportFault, TsaFault } from "../../../src/testing/index.ts"
import { attach, forgeJws } from "./forged-signature.ts"
import { type Pushed, type Ran, type Rig, startRig } from "./rig.ts"

const DAY = 86_400_000
const HOUR = 3_600_000

let rig: Rig
/** Valid for two days around now. */
let short: TestSigner

beforeAll(async () => {
  rig = await startRig()
  rig.trust("ca:test", rig.authority.rootPem)
  rig.trust("tsa:test", rig.authority.timestampRootPem)
  rig.write("tsa.pem", rig.authority.timestampRootPem)
  short = await rig.authority.issueSigner({ revocation: "none", notAfter: Date.now() + DAY })
  rig.addKey("test", short)
})
afterAll(() => rig.close())
beforeEach(() => {
  rig.clock.shift = 0
  rig.authority.reset()
  rmSync(rig.path(".cache"), { recursive: true, force: true })
  rig.policy({ trustStores: ["ca:test", "tsa:test"] })
})

const stamp = (): readonly string[] => [
  ...["--timestamp-url", rig.authority.timestampUrl],
  ...["--timestamp-root-cert", rig.path("tsa.pem")],
]

async function signed(...flags: readonly string[]): Promise<Pushed> {
  const artifact = await rig.push()
  expect(await rig.notation("sign", ...flags, artifact.reference)).toMatchObject({ exit: 0, stderr: "" })
  return artifact
}

async function verify(artifact: Pushed, exit: number, text = ""): Promise<Ran> {
  const ran = await rig.notation("verify", artifact.reference)
  expect(ran.exit).toBe(exit)
  expect(ran.stdout).toMatch(exit === 0 ? /^Successfully verified/ : /^$/)
  expect(ran.stderr).toContain(text)
  return ran
}

const EXPIRED = 'verification time is after certificate "CN=Test Signer,O=Countersign Test,ST=WA,C=US" validity period'

describe.each(["jws", "cose"])("%s", (format) => {
  const flags = ["--signature-format", format]

  it("inside: the signature outlives its certificate", async () => {
    const artifact = await signed(...flags, ...stamp())
    await verify(artifact, 0)
    rig.clock.shift = 30 * DAY
    await verify(artifact, 0)
    expect(rig.authority.requests.filter(({ service }) => service === "tsa")).toHaveLength(1)
  })

  it("missing: refused where a tsa store is named, expired with the certificate where none is", async () => {
    const artifact = await signed(...flags)
    await verify(artifact, 1, "no timestamp countersignature was found in the signature envelope")
    rig.policy()
    await verify(artifact, 0)
    rig.clock.shift = 30 * DAY
    await verify(artifact, 1, EXPIRED)
  })

  it("a policy without tsa store does not look at it: the expired certificate counts", async () => {
    const artifact = await signed(...flags, ...stamp())
    rig.policy()
    rig.clock.shift = 30 * DAY
    await verify(artifact, 1, EXPIRED)
  })

  it("afterCertExpiry: asked for only when a certificate has expired", async () => {
    const without = await signed(...flags)
    const artifact = await signed(...flags, ...stamp())
    const signatureVerification = { level: "strict", verifyTimestamp: "afterCertExpiry" }
    rig.policy({ trustStores: ["ca:test", "tsa:test"], signatureVerification })
    await verify(without, 0)
    await verify(artifact, 0)
    rig.clock.shift = 2 * DAY
    await verify(without, 1, "no timestamp countersignature was found")
    await verify(artifact, 0)
  })
})

describe("tokens", () => {
  it("of another signature", async () => {
    const artifact = await signed(...stamp())
    const other = await rig.push()
    const envelope = await envelopeOf(artifact)
    const parts = JSON.parse(envelope) as { header: Record<string, string> }
    const unprotected = {
      "io.cncf.notary.timestampSignature": parts.header["io.cncf.notary.timestampSignature"],
    }
    await attach(rig, other, forgeJws(short, other.subject, { unprotected }))
    await verify(other, 1, "failed to get timestamp from timestamp countersignature with error: ")
  })

  it.each([
    ["no token at all", "aGVsbG8="],
    ["an empty sequence", "MAA="],
  ])("%s", async (_name, token) => {
    const artifact = await rig.push()
    const unprotected = { "io.cncf.notary.timestampSignature": token }
    await attach(rig, artifact, forgeJws(short, artifact.subject, { unprotected }))
    await verify(artifact, 1, "failed to parse timestamp countersignature with error: ")
  })
})

/** The only signature envelope of an artifact, out of the registry. */
async function envelopeOf({ repository, subject }: Pushed): Promise<string> {
  const base = `${rig.registry.url}/v2/${repository.slice(rig.registry.address.length + 1)}`
  const get = async (path: string): Promise<Response> => {
    const answer = await fetch(`${base}/${path}`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json" },
    })
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
    return answer
  }
  const list = (await (await get(`referrers/${subject.digest}`)).json()) as { manifests: { digest: string }[] }
  const manifest = (await (await get(`manifests/${list.manifests[0]?.digest ?? ""}`)).json()) as {
    layers: { digest: string }[]
  }
  return (await get(`blobs/${manifest.layers[0]?.digest ?? ""}`)).text()
}

describe("outside the validity of the certificate", () => {
  it("made after it expired", async () => {
    const artifact = await signed()
    const envelope = JSON.parse(await envelopeOf(artifact)) as { signature: string; header: object }
    rig.clock.shift = 2 * DAY
    // Somebody has the old signature stamped today.
    const late = await stamped(envelope.signature)
    const restamped = await rig.push()
    const text = JSON.stringify({ ...envelope, header: { ...envelope.header, ...late } })
    await attach(rig, { ...restamped, subject: artifact.subject, repository: artifact.repository }, text)
    const ran = await rig.notation("verify", artifact.reference)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain(
      'timestamp can be after certificate "CN=Test Signer,O=Countersign Test,ST=WA,C=US" validity period',
    )
  })

  it("made before it begins", async () => {
    const later = await rig.authority.issueSigner({ revocation: "none", notBefore: Date.now() + HOUR })
    const artifact = await rig.push()
    const draft = JSON.parse(forgeJws(later, artifact.subject)) as { signature: string; header: object }
    const header = { ...draft.header, ...(await stamped(draft.signature)) }
    await attach(rig, artifact, JSON.stringify({ ...draft, header }))
    rig.clock.shift = 2 * HOUR
    const ran = await rig.notation("verify", artifact.reference)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toMatch(/timestamp can be before certificate .* validity period, it will be valid from/)
  })
})

/** A token of the authority over a raw signature, as a header of the envelope. */
async function stamped(signature: string): Promise<Record<string, string>> {
  const client = createHttpClient({ userAgent: "test" })
  try {
    const token = await timestampSignature(
      {
        timestamps: createTimestampService({ http: () => Promise.resolve(client) }),
        clock: rig.clock,
        randomness: systemRandomness,
      },
      {
        url: rig.authority.timestampUrl,
        root: parseCertificate(rig.authority.timestampChain.at(-1)!),
        hash: "sha256",
        signature: decodeBase64(signature, { max: 512, what: "signature", alphabet: "url", padding: "forbidden" }),
        checkRevocation: () => Promise.resolve({}),
      },
    )
    return { "io.cncf.notary.timestampSignature": Buffer.from(token).toString("base64") }
  } finally {
    await client.close()
  }
}

describe("the authority's root", () => {
  it("in no tsa store", async () => {
    const artifact = await signed(...stamp())
    const stranger = await startRig()
    try {
      rig.trust("tsa:others", stranger.authority.timestampRootPem)
    } finally {
      await stranger.close()
    }
    rig.policy({ trustStores: ["ca:test", "tsa:others"] })
    await verify(artifact, 1, "failed to verify the timestamp countersignature with error: ")
  })

  it.each([
    [
      "of signers in the tsa store",
      (): string => rig.authority.rootPem,
      "failed to verify the timestamp countersignature",
    ],
    [
      "a leaf in the tsa store",
      (): string => short.chainPem.split(/(?<=END CERTIFICATE-----\n)/)[0] ?? "",
      "failed to load tsa trust store with error: ",
    ],
  ])("%s", async (_name, pem, text) => {
    const artifact = await signed(...stamp())
    rmSync(rig.path("config/truststore/x509/tsa/wrong"), { recursive: true, force: true })
    rig.trust("tsa:wrong", pem())
    rig.policy({ trustStores: ["ca:test", "tsa:wrong"] })
    await verify(artifact, 1, text)
  })

  it("a store that does not exist", async () => {
    const artifact = await signed(...stamp())
    rig.policy({ trustStores: ["ca:test", "tsa:absent"] })
    const text = 'failed to load tsa trust store with error: the trust store "absent" of type "tsa" does not exist'
    await verify(artifact, 1, text)
    const signatureVerification = { level: "permissive" }
    rig.policy({ trustStores: ["ca:test", "tsa:absent"], signatureVerification })
    await verify(artifact, 0, `Warning: authenticTimestamp was set to "log" and failed with error: ${text}\n`)
  })
})

describe("revocation of the timestamp authority", () => {
  it("adv: GHSA-45v3-38pc-874v revoked: nothing is signed, and what is signed is refused", async () => {
    const own = await startRig()
    try {
      own.trust("ca:test", own.authority.rootPem)
      own.trust("tsa:test", own.authority.timestampRootPem)
      const root = own.write("tsa.pem", own.authority.timestampRootPem)
      own.addKey("test", await own.authority.issueSigner({ revocation: "none" }))
      const flags = ["--timestamp-url", own.authority.timestampUrl, "--timestamp-root-cert", root]
      const before = await own.push()
      expect((await own.notation("sign", ...flags, before.reference)).exit).toBe(0)
      own.authority.revoke(own.authority.timestampChain[0]!)
      const revoked =
        'timestamping certificate with subject "CN=Test Timestamp Authority,O=Countersign Test,ST=WA,C=US" is revoked'
      const after = await own.push()
      own.registry.clearRequests()
      const ran = await own.notation("sign", ...flags, after.reference)
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      expect(ran.stderr).toContain(`timestamp: ${revoked}`)
      expect(own.registry.requests.filter(({ method }) => method !== "HEAD" && method !== "GET")).toEqual([])
      // Whatever the policy says of revocation: a revoked authority vouches for no time.
      for (const [revocation, exit] of [
        ["enforce", 1],
        ["skip", 1],
        ["log", 1],
      ] as const) {
        const signatureVerification = { level: "strict", override: { revocation } }
        own.policy({ trustStores: ["ca:test", "tsa:test"], signatureVerification })
        const verified = await own.notation("verify", before.reference)
        expect(verified.exit).toBe(exit)
        expect(verified.stderr).toContain(`authenticTimestamp: ${revoked}`)
      }
      own.authority.setFaults({ ocsp: "unknown", crl: "status-404" })
      own.policy({ trustStores: ["ca:test", "tsa:test"] })
      const unknown = await own.notation("verify", before.reference)
      expect(unknown.exit).toBe(1)
      expect(unknown.stderr).toMatch(/timestamping certificate with subject .* revocation status is unknown/)
    } finally {
      await own.close()
    }
  })
})

describe("signing", () => {
  it.each<TsaFault | Exclude<TransportFault, "hang" | "trickle" | "redirect-metadata" | "redirect-forever">>([
    "rejection",
    "wrong-nonce",
    "wrong-imprint",
    "wrong-certificate",
    "wrong-signature",
    "status-500",
    "status-404",
    "garbage",
    "huge",
    "redirect-loopback",
  ])("with an authority that answers %s pushes nothing", async (tsa) => {
    rig.authority.setFaults({ tsa })
    const artifact = await rig.push()
    rig.registry.clearRequests()
    const ran = await rig.notation("sign", ...stamp(), artifact.reference)
    expect(ran).toMatchObject({ exit: 1, stdout: "" })
    expect(ran.stderr).toMatch(/^Error: timestamp: /)
    expect(rig.registry.requests.filter(({ method }) => method === "POST" || method === "PUT")).toEqual([])
  })

  it.each<[string, readonly string[], string]>([
    ["an empty URL", ["--timestamp-url", "", "--timestamp-root-cert", "x"], "timestamping: tsa url cannot be empty"],
    [
      "an empty root",
      ["--timestamp-url", "x", "--timestamp-root-cert", ""],
      "timestamping: tsa root certificate path cannot be empty",
    ],
    [
      "no root",
      ["--timestamp-url", "http://127.0.0.1:1"],
      "if any flags in the group [timestamp-url timestamp-root-cert] are set they must all be set; missing [timestamp-root-cert]",
    ],
  ])("%s", async (_name, flags, text) => {
    const { reference } = await rig.push()
    expect(await rig.notation("sign", ...flags, reference)).toEqual({ exit: 1, stdout: "", stderr: `Error: ${text}\n` })
  })

  it.each<[string, () => string, string]>([
    [
      "two roots",
      () => rig.authority.timestampRootPem + rig.authority.rootPem,
      "found more than one certificates from ",
    ],
    ["nothing", () => "", "cannot find any certificate from "],
    [
      "an intermediate",
      () => short.chainPem.split(/(?<=END CERTIFICATE-----\n)/)[0] ?? "",
      "failed to check root certificate with error: ",
    ],
  ])("with a root file of %s", async (name, pem, text) => {
    const root = rig.write(`${name}.pem`, pem())
    const { reference } = await rig.push()
    const flags = ["--timestamp-url", rig.authority.timestampUrl, "--timestamp-root-cert", root]
    const ran = await rig.notation("sign", ...flags, reference)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain(text)
    expect(rig.authority.requests).toEqual([])
  })

  it("with the root of another authority", async () => {
    const root = rig.write("signers.pem", rig.authority.rootPem)
    const { reference } = await rig.push()
    const flags = ["--timestamp-url", rig.authority.timestampUrl, "--timestamp-root-cert", root]
    const ran = await rig.notation("sign", ...flags, reference)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toMatch(/^Error: timestamp: failed to verify signed token: /)
  })
})

it("inspect shows the range and the authority's certificates", async () => {
  const { reference } = await signed(...stamp())
  const tree = await rig.notation2("inspect", reference)
  expect(tree.stdout).toMatch(/timestamp signature\n.*timestamp: \[[A-Z][a-z]{2} .*, [A-Z][a-z]{2} .*\]/)
  expect(tree.stdout).toContain("issued to: CN=Test Timestamp Authority,O=Countersign Test,ST=WA,C=US")
  const json = JSON.parse((await rig.notation2("inspect", "-o", "json", reference)).stdout) as {
    signatures: { unsignedAttributes: { timestampSignature: { timestamp: string; certificates: unknown[] } } }[]
  }
  const { timestamp, certificates } = json.signatures[0]!.unsignedAttributes.timestampSignature
  expect(timestamp).toMatch(/^\[20\d\d-\d\d-\d\dT[\d:.]+Z, 20\d\d-\d\d-\d\dT[\d:.]+Z\]$/)
  expect(certificates).toHaveLength(2)
})
