/** Signatures of files, and the whole story of somebody who begins. */
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { decodeBase64 } from "../../../src/codec/base64.ts"
import { forgeJws } from "./forged-signature.ts"
import { type Ran, type Rig, startRig } from "./rig.ts"
import { createHash } from "node:crypto"
import type { KeyName } from "../../../src/crypto/generate.ts"
import type { TestSigner } from "../../../src/testing/index.ts"

const HOUR = 3_600_000
const PAYLOAD = { alphabet: "url", padding: "forbidden", max: 4096, what: "payload" } as const

let rig: Rig
let signer: TestSigner
let count = 0

beforeAll(async () => {
  rig = await startRig()
  signer = await rig.authority.issueSigner()
  rig.trust("ca:test", rig.authority.rootPem)
  rig.trust("tsa:test", rig.authority.timestampRootPem)
  rig.addKey("test", signer)
})
afterAll(() => rig.close())
beforeEach(() => {
  rig.clock.shift = 0
  rig.authority.reset()
  rig.blobPolicy()
})

const file = (): string => rig.write(`file${count++}.txt`, `content ${count}\n`)

async function signed(...flags: readonly string[]): Promise<{ readonly path: string; readonly signature: string }> {
  const path = file()
  const form = flags.includes("cose") ? "cose" : "jws"
  const signature = `${path}.${form}.sig`
  expect(await rig.notation2("blob", "sign", ...flags, path)).toEqual({
    exit: 0,
    stdout: `Successfully signed ${path}\n Signature file written to ${signature}\n`,
    stderr: "",
  })
  return { path, signature }
}

const verify = (path: string, signature: string, ...flags: readonly string[]): Promise<Ran> =>
  rig.notation2("blob", "verify", ...flags, "--signature", signature, path)

async function refused(ran: Promise<Ran>, text: string): Promise<void> {
  const { exit, stdout, stderr } = await ran
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" })
  expect(stderr).toContain(text)
  expect(stderr).toMatch(/(?:^|\n)Error: /)
}

describe("sign and verify", () => {
  it.each(["jws", "cose"])("%s", async (format) => {
    const { path, signature } = await signed("--signature-format", format, "-m", "a=b", "-e", "1h")
    expect(statSync(signature).mode & 0o777).toBe(0o600)
    const ran = await verify(path, signature, "-m", "a=b", "--media-type", "application/octet-stream")
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    expect(ran.stdout).toContain(`Successfully verified signature for ${path}\n`)
    expect(ran.stdout).toMatch(/\nKEY +VALUE +\na +b +\n$/)
    rig.clock.shift = 2 * HOUR
    await refused(verify(path, signature), 'expiry: digital signature has expired on "')
  })

  it.each<[KeyName, string]>([
    ["rsa-2048", "sha256"],
    ["rsa-3072", "sha384"],
    ["ecdsa-p384", "sha384"],
    ["ecdsa-p521", "sha512"],
  ])("%s: the file is named by %s", async (keyType, algorithm) => {
    rig.addKey("own", await rig.authority.issueSigner({ keyType }))
    const { path, signature } = await signed("--key", "own")
    rig.addKey("test", signer)
    const { payload } = JSON.parse(readFileSync(signature, "utf8")) as { payload: string }
    const hex = createHash(algorithm).update(readFileSync(path)).digest("hex")
    expect(JSON.parse(new TextDecoder().decode(decodeBase64(payload, PAYLOAD)))).toEqual({
      targetArtifact: {
        digest: `${algorithm}:${hex}`,
        mediaType: "application/octet-stream",
        size: readFileSync(path).length,
      },
    })
    expect((await verify(path, signature)).exit).toBe(0)
  })

  it("a changed file, another file, an empty one", async () => {
    const { path, signature } = await signed()
    const text = "integrity check failed. signature does not match the given blob"
    const last = `Error: provided signature verification failed against blob ${path}\n`
    writeFileSync(path, "changed\n")
    await refused(verify(path, signature), text)
    expect((await verify(path, signature)).stderr.endsWith(last)).toBe(true)
    writeFileSync(path, "")
    await refused(verify(path, signature), text)
    await refused(verify(file(), signature), text)
  })

  it("the media type counts when it is asked for", async () => {
    const { path, signature } = await signed("--media-type", "text/plain")
    expect((await verify(path, signature)).exit).toBe(0)
    expect((await verify(path, signature, "--media-type", "text/plain")).exit).toBe(0)
    await refused(
      verify(path, signature, "--media-type", "text/html"),
      "integrity check failed. signature does not match the given blob",
    )
  })

  it("metadata that is not signed", async () => {
    const { path, signature } = await signed("-m", "a=b")
    await refused(verify(path, signature, "-m", "a=c"), "unable to find specified metadata in the signature")
  })

  it("a signature of an artifact is none of a file", async () => {
    const path = file()
    const digest = `sha256:${createHash("sha256").update(readFileSync(path)).digest("hex")}`
    const target = { mediaType: "application/octet-stream", digest, size: readFileSync(path).length }
    const signature = rig.write("forged.jws.sig", forgeJws(signer, target))
    expect((await verify(path, signature)).exit).toBe(0)
    // The hash that does not belong to the key is not taken instead.
    const sha512 = `sha512:${createHash("sha512").update(readFileSync(path)).digest("hex")}`
    rig.write("forged.jws.sig", forgeJws(signer, { ...target, digest: sha512 }))
    await refused(verify(path, signature), "integrity check failed. signature does not match the given blob")
    rig.write("forged.jws.sig", forgeJws(signer, { ...target, size: target.size + 1 }))
    await refused(verify(path, signature), "")
    rig.write("forged.jws.sig", forgeJws(signer, target, { broken: true }))
    await refused(verify(path, signature), "integrity: signature is invalid. Error: ")
  })

  it.each<[string, string]>([
    ["{", "integrity"],
    ["", ""],
    ["null", ""],
    ["[]", ""],
    ['{"payload":"","protected":"","header":{},"signature":""}', ""],
  ])("a signature file that holds %j", async (content) => {
    await refused(
      verify(file(), rig.write("bad.jws.sig", content)),
      "provided signature verification failed against blob",
    )
    await refused(verify(file(), rig.write("bad.cose.sig", content)), "provided signature verification failed against")
  })

  it.each([
    ["a.txt", "invalid signature filename a.txt. The file extension must be .sig"],
    ["sig", "invalid signature filename sig. The file extension must be .sig"],
    [
      "a.sig",
      "invalid signature filename a.sig. A valid signature file name must contain signature format and .sig file extension",
    ],
    ["a.xml.sig", 'signature format "xml" not supported'],
  ])("a signature file of the name %s", async (name, text) => {
    const { path, signature } = await signed()
    const other = rig.write(name, readFileSync(signature))
    await refused(verify(path, other), text)
    await refused(rig.notation2("blob", "inspect", other), text)
  })

  it("the other format's name", async () => {
    const { path, signature } = await signed()
    await refused(verify(path, rig.write("a.cose.sig", readFileSync(signature))), "")
    expect((await verify(path, rig.write("a.JWS.SIG", readFileSync(signature)))).exit).toBe(0)
  })

  it("asks before it overwrites", async () => {
    const { path, signature } = await signed()
    const before = readFileSync(signature)
    const question = "The signature file already exists, do you want to overwrite it? [y/N] "
    rig.stdin("n\n")
    expect(await rig.notation2("blob", "sign", path)).toMatchObject({
      exit: 0,
      stdout: `${question}Operation cancelled.\n`,
    })
    expect(readFileSync(signature)).toEqual(before)
    const forced = await rig.notation2("blob", "sign", "--force", path)
    expect(forced.stderr).toBe("Warning: existing signature file will be overwritten\n")
    expect(readFileSync(signature)).not.toEqual(before)
  })

  it("writes where it is told", async () => {
    const path = file()
    rig.write("signatures/keep", "")
    const folder = rig.path("signatures")
    expect((await rig.notation2("blob", "sign", "--signature-directory", folder, path)).exit).toBe(0)
    expect((await verify(path, `${folder}/${path.split("/").at(-1) ?? ""}.jws.sig`)).exit).toBe(0)
  })

  it("revoked, and with a timestamp", async () => {
    const own = await rig.authority.issueSigner()
    rig.addKey("revoked", own)
    const { path, signature } = await signed("--key", "revoked")
    rig.addKey("test", signer)
    rig.authority.revoke(own)
    await refused(verify(path, signature), "is revoked")
    const root = rig.write("tsa.pem", rig.authority.timestampRootPem)
    const stamped = await signed("--timestamp-url", rig.authority.timestampUrl, "--timestamp-root-cert", root)
    rig.blobPolicy({ trustStores: ["ca:test", "tsa:test"] })
    expect((await verify(stamped.path, stamped.signature)).exit).toBe(0)
    await refused(verify(path, signature), "no timestamp countersignature was found in the signature envelope")
  })
})

describe("policies", () => {
  it("the named one, else the global one", async () => {
    const { path, signature } = await signed()
    rig.blobPolicy(
      { name: "strangers", globalPolicy: undefined, trustedIdentities: ["x509.subject: C=US, ST=WA, O=Other"] },
      { name: "everybody" },
    )
    expect((await verify(path, signature)).exit).toBe(0)
    expect((await verify(path, signature, "--policy-name", "everybody")).exit).toBe(0)
    await refused(verify(path, signature, "--policy-name", "strangers"), "does not match the X.509 trusted identities")
    await refused(
      verify(path, signature, "--policy-name", "nobody"),
      'no applicable blob trust policy with name "nobody"',
    )
    rig.blobPolicy({ name: "local", globalPolicy: false })
    await refused(verify(path, signature), "no global blob trust policy")
  })

  it("skip: said, and nothing is looked at", async () => {
    const path = file()
    const skip = { signatureVerification: { level: "skip" }, trustStores: [], trustedIdentities: [] }
    rig.blobPolicy({ name: "skipped", globalPolicy: false, ...skip })
    const ran = await verify(path, rig.write("any.jws.sig", "{}"), "--policy-name", "skipped")
    expect(ran.stdout).toBe(`Trust policy is configured to skip signature verification for ${path}\n`)
    expect(ran.exit).toBe(0)
    rig.blobPolicy(skip)
    await refused(verify(path, rig.path("any.jws.sig")), "")
  })

  it("two global ones, and one for artifacts", async () => {
    const { path, signature } = await signed()
    rig.blobPolicy({ name: "a" }, { name: "b" })
    await refused(
      verify(path, signature),
      "multiple blob trust policy statements have globalPolicy set to true. Only one trust policy statement can be marked as global policy",
    )
    rmSync(rig.path("config/trustpolicy.blob.json"))
    rig.policy()
    await refused(verify(path, signature), "trust policy is not present")
  })

  it("init writes one that works", async () => {
    rmSync(rig.path("config/trustpolicy.blob.json"))
    const init = [
      "--name",
      "mine",
      "--trust-store",
      "ca:test",
      "--trusted-identity",
      "x509.subject: C=US, ST=WA, O=Countersign Test",
    ]
    const ran = await rig.notation2("blob", "policy", "init", ...init, "--global")
    expect(ran.stdout).toBe(
      `Successfully initialized blob trust policy file to ${rig.path("config/trustpolicy.blob.json")}.\n`,
    )
    const { path, signature } = await signed()
    expect((await verify(path, signature)).exit).toBe(0)
    expect((await rig.notation2("blob", "policy", "show")).stdout).toBe(
      readFileSync(rig.path("config/trustpolicy.blob.json"), "utf8"),
    )
  })
})

it("inspect: tree and JSON", async () => {
  const { path, signature } = await signed("-m", "a=b")
  const tree = await rig.notation2("blob", "inspect", signature)
  expect(tree.stdout.startsWith(`${signature}\n├── signature algorithm: ECDSA-SHA-256\n`)).toBe(true)
  expect(tree.stdout).toContain("│   └── a: b\n")
  const json = JSON.parse((await rig.notation2("blob", "inspect", "-o", "json", signature)).stdout) as object
  expect(json).toMatchObject({
    signatureEnvelopeType: "application/jose+json",
    userDefinedAttributes: { a: "b" },
    signedArtifact: { mediaType: "application/octet-stream", size: readFileSync(path).length },
  })
  expect(json).not.toHaveProperty("digest")
  await refused(rig.notation2("blob", "inspect", "-o", "yaml", signature), "unrecognized output format yaml")
})

describe.each(["notation", "notation2"] as const)("from nothing to verified: %s", (face) => {
  it("a test certificate, a policy, a signature", async () => {
    const own = await startRig()
    try {
      const { reference, tagged } = await own.push("v1")
      expect((await own[face]("list", reference)).stdout).toContain("has no associated signature")
      const made = await own[face]("cert", "generate-test", "--default", "wabbit-networks.io")
      expect(made.exit).toBe(0)
      expect(made.stdout).toContain(
        "Successfully added wabbit-networks.io.crt to named store wabbit-networks.io of type ca\n",
      )
      expect((await own[face]("key", "ls")).stdout).toContain("* wabbit-networks.io")
      expect((await own[face]("cert", "ls")).stdout).toMatch(/\nca +wabbit-networks\.io +wabbit-networks\.io\.crt +\n/)
      expect((await own[face]("sign", tagged)).exit).toBe(0)
      expect((await own[face]("ls", reference)).stdout).toMatch(/ {4}└── sha256:[0-9a-f]{64}\n/)
      const unsaid = await own[face]("verify", reference)
      expect(unsaid.exit).toBe(1)
      expect(unsaid.stderr).toContain("trust policy is not present")
      const statement = {
        name: "wabbit-networks-images",
        registryScopes: ["*"],
        signatureVerification: { level: "strict" },
        trustStores: ["ca:wabbit-networks.io"],
        trustedIdentities: ["x509.subject: C=US, ST=WA, L=Seattle, O=Notary, CN=wabbit-networks.io"],
      }
      const policy = own.write("policy.json", JSON.stringify({ version: "1.0", trustPolicies: [statement] }))
      expect((await own[face]("policy", "import", policy)).exit).toBe(0)
      expect((await own[face]("policy", "show")).stdout).toBe(readFileSync(policy, "utf8"))
      expect((await own[face]("verify", reference)).stdout).toBe(`Successfully verified signature for ${reference}\n`)
      own.clock.shift = 25 * HOUR
      expect((await own[face]("verify", reference)).stderr).toContain("verification time is after certificate")
      own.clock.shift = 0
      const gone = await own[face](
        "cert",
        "delete",
        "-t",
        "ca",
        "-s",
        "wabbit-networks.io",
        "-y",
        "wabbit-networks.io.crt",
      )
      expect(gone.exit).toBe(0)
      expect((await own[face]("verify", reference)).exit).toBe(1)
      expect((await own[face]("key", "delete", "wabbit-networks.io")).stdout).toMatch(
        /^Removed default key wabbit-networks\.io/,
      )
      expect((await own[face]("sign", reference)).stderr).toBe(
        "Error: default signing key not set. Please set default signing key or specify a key name\n",
      )
    } finally {
      await own.close()
    }
  })
})
