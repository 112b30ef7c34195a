/**
 * Our faces sign with the same words as both real cosigns, over the sandbox's services: both say the same, and the real
 * ones verify what ours made. Digests, indices and signatures aside.
 */
import { copyFile, readFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { decodeBase64 } from "../../src/codec/base64.ts"
import { cosign2Program, cosignProgram } from "../../src/faces/cosign/program.ts"
import { startTestRegistry, startTestSandbox, type TestRegistry, type TestSandbox } from "../../src/testing/index.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { putImage } from "./images.ts"
import { expectCode, havePeers, peer, run, type Finished } from "./peers.ts"

type Cosign = "cosign2" | "cosign3"
type Who = "key" | "identity"
const WHO = ["key", "identity"] as const
const BOTH = ["cosign2", "cosign3"] as const
const EMAIL = "alice@example.com"
const ABOUT = ["--type", "custom", "--predicate"]

let sandbox: TestSandbox
let registry: TestRegistry
let ours: Readonly<Record<Cosign, TestProcess>>
let sequence = 0

const path = (name: string): string => ours.cosign3.path(name)

function real(tool: Cosign, ...args: readonly string[]): Promise<Finished> {
  // cosign 3 takes no trusted root for files of the old kind.
  const env = tool === "cosign2" || args.includes("--new-bundle-format=false") ? sandbox.environment : {}
  return peer(tool, args, { cwd: path("."), env: { COSIGN_PASSWORD: "", ...env } })
}

async function image(): Promise<string> {
  const name = `demo/app${sequence++}`
  const { digest } = await putImage(registry.address, name, `content ${sequence}`)
  return `${registry.address}/${name}@${digest}`
}

/** What differs from run to run, made equal. */
function plain(text: string, reference: string): string {
  return text
    .replaceAll(reference, "IMAGE")
    .replaceAll(reference.slice(0, reference.indexOf("@")), "REPOSITORY")
    .replaceAll(/index: \d+/g, "index: N")
    .replaceAll(/(?<=time: {2})\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \+0000 UTC$/gm, "TIME")
    .replaceAll(/^[A-Za-z0-9+/]{86,}={0,2}$/gm, "SIGNATURE")
    .replaceAll(/"(?:sig|payload)":"[^"]+"/g, '"…":"…"')
    .replaceAll(/^hint: .*\n/gm, "")
}

/** Both do the same, each about an artifact of its own; returns ours. */
async function same(tool: Cosign, words: (artifact: string) => readonly string[], code = 0): Promise<string> {
  const [a, b] = [await image(), await image()]
  const theirs = await real(tool, ...words(a))
  const own = await ours[tool].run(...words(b))
  const said = { code: own.exit, stdout: plain(own.stdout, b), stderr: plain(own.stderr, b) }
  expect(
    said,
    words("IMAGE")
      .filter((word) => word.length < 200)
      .join(" "),
  ).toEqual({
    code: theirs.code,
    stdout: plain(theirs.stdout, a),
    stderr: plain(theirs.stderr, a),
  })
  expect(own.exit).toBe(code)
  return b
}

/** Flags of who signs. */
async function signer(who: Who): Promise<readonly string[]> {
  if (who === "key") return ["-y", "--key", path("cosign.key")]
  return ["-y", "--identity-token", await sandbox.token({ email: EMAIL })]
}

/** Flags that name the services one by one. */
function urls(stamped: boolean): readonly string[] {
  const { fulcio, rekor, oidc, timestamp } = sandbox.services
  const named = ["--fulcio-url", fulcio, "--rekor-url", rekor, "--oidc-issuer", oidc]
  return stamped ? [...named, "--timestamp-server-url", timestamp] : named
}

const configured = (config: string): readonly string[] => [
  "--signing-config",
  path(config),
  "--trusted-root",
  path("root.json"),
]
const legacy3 = (): readonly string[] => [
  ...["--new-bundle-format=false", "--use-signing-config=false", "--trusted-root", path("root.json")],
]

/** Flags of whom to trust. */
function trust(tool: Cosign, who: Who, root = tool === "cosign3"): readonly string[] {
  const whom =
    who === "key"
      ? ["--key", path("cosign.pub")]
      : ["--certificate-identity", EMAIL, "--certificate-oidc-issuer", sandbox.services.oidc]
  return root ? [...whom, "--trusted-root", path("root.json")] : whom
}

async function verified(tool: Cosign, ...args: readonly string[]): Promise<void> {
  expectCode(await real(tool, ...args), 0)
}

describe.runIf(havePeers("cosign2", "cosign3"))("signing in the faces", () => {
  beforeAll(async () => {
    sandbox = await startTestSandbox()
    registry = await startTestRegistry()
    const env = { COSIGN_PASSWORD: "" }
    const cosign3 = await startProcess(cosignProgram, { env })
    const cosign2 = await startProcess(cosign2Program, { env: { ...env, ...sandbox.environment } })
    ours = { cosign2, cosign3 }
    await cosign3.write("app.bin", "an app\n")
    await cosign3.write("about.json", '{"hello":"world"}')
    await copyFile(sandbox.files.trustedRoot, path("root.json"))
    await copyFile(sandbox.files.signingConfig, path("v1.json"))
    await copyFile(sandbox.files.signingConfigV2, path("v2.json"))
    await verified("cosign3", "generate-key-pair")
  })

  afterAll(async () => {
    await ours.cosign2.close()
    await ours.cosign3.close()
    await registry.close()
    await sandbox.close()
  })

  it.each(BOTH)("%s with a certificate of one's own", async (tool) => {
    const openssl = async (...args: readonly string[]): Promise<void> => {
      expectCode(await run("openssl", args, { cwd: path(".") }), 0)
    }
    const subject = ["-subj", "/CN=own authority"]
    await openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ca.pem")
    await openssl("req", "-x509", "-new", "-key", "ca.pem", "-subj", "/CN=another", "-days", "2", "-out", "other.crt")
    await openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "own.pem")
    await openssl("req", "-x509", "-new", "-key", "ca.pem", ...subject, "-days", "2", "-out", "ca.crt")
    await ours.cosign3.write(
      "leaf.ext",
      "extendedKeyUsage=codeSigning\nkeyUsage=digitalSignature\nsubjectAltName=email:own@example.com\n",
    )
    await openssl("req", "-new", "-key", "own.pem", "-subj", "/", "-out", "own.csr")
    const issuing = ["-CA", "ca.crt", "-CAkey", "ca.pem", "-CAcreateserial", "-days", "1", "-extfile", "leaf.ext"]
    await openssl("x509", "-req", "-in", "own.csr", ...issuing, "-out", "own.crt")
    expectCode(await real("cosign3", "import-key-pair", "-y", "--key", "own.pem", "--output-key-prefix", "own"), 0)
    const off = [
      ...(tool === "cosign3" ? ["--new-bundle-format=false", "--use-signing-config=false"] : []),
      "--tlog-upload=false",
    ]
    const certificate = ["--certificate", path("own.crt"), "--certificate-chain", path("ca.crt")]
    const flags = ["-y", "--key", path("own.key"), ...off, ...certificate]
    const signed = await same(tool, (artifact) => ["sign", ...flags, artifact])
    const whom = ["--certificate-identity", "own@example.com", "--certificate-oidc-issuer-regexp", ".*"]
    const demand = [...whom, "--ca-roots", path("ca.crt"), "--insecure-ignore-sct", "--insecure-ignore-tlog=true"]
    expectCode(await real("cosign2", "verify", ...demand, signed), 0)
    const about = [...ABOUT, path("about.json")]
    const attested = await same(tool, (artifact) => ["attest", ...flags, ...about, artifact])
    expectCode(await real("cosign2", "verify-attestation", ...demand, "--type", "custom", attested), 0)
    for (const wrong of [
      ["--certificate", path("ca.crt")],
      ["--certificate", path("own.crt"), "--certificate-chain", path("other.crt")],
      ["--certificate", path("own.key")],
      ["--certificate-chain", path("ca.crt")],
    ]) {
      const words = ["sign", "-y", "--key", path("own.key"), ...off, ...wrong]
      const [theirs, own] = [await real(tool, ...words, signed), await ours[tool].run(...words, signed)]
      expect([theirs.code, own.exit], own.stderr).toEqual([1, 1])
      const reason = (text: string): string => /getting signer: [^:]*/.exec(text)?.[0] ?? text
      expect(reason(own.stderr)).toBe(reason(theirs.stderr))
    }
  })

  it.each(BOTH)("%s certifies a key that is there", async (tool) => {
    const services = tool === "cosign2" ? urls(false) : configured("v1.json")
    const flags = [...(await signer("key")), "--issue-certificate", ...(await signer("identity")), ...services]
    const signed = await same(tool, (artifact) => ["sign", ...flags, artifact])
    await verified(tool, "verify", ...trust(tool, "identity"), signed)
  })

  it.each(["ecdsa-sha2-384-nistp384", "ecdsa-sha2-512-nistp521", "rsa-sign-pkcs1-2048-sha256"])(
    "cosign 3 signs with a new key for %s",
    async (algorithm) => {
      const [app, bundle] = [path("app.bin"), path("algorithm.json")]
      for (const config of ["v1.json", "v2.json"]) {
        const flags = [...(await signer("identity")), ...configured(config), "--signing-algorithm", algorithm]
        await same("cosign3", () => ["sign-blob", ...flags, "--bundle", bundle, app])
        const times = config === "v2.json" ? ["--use-signed-timestamps"] : []
        await verified("cosign3", "verify-blob", ...trust("cosign3", "identity"), ...times, "--bundle", bundle, app)
      }
      const old = [...(await signer("identity")), ...legacy3(), ...urls(false), "--signing-algorithm", algorithm]
      await same("cosign3", () => ["sign-blob", ...old, "--bundle", bundle, app])
    },
  )

  it("cosign 2 and 3 sign several artifacts in one command", async () => {
    const others = [await image(), await image()]
    const flags = [...(await signer("identity")), ...urls(false)]
    const [a, b] = [
      await real("cosign2", "sign", ...flags, ...others),
      await ours.cosign2.run("sign", ...flags, ...others),
    ]
    expect(plain(b.stderr, others[0]!)).toBe(plain(a.stderr, others[0]!))
    const bundles = [...(await signer("identity")), ...configured("v2.json")]
    const [c, d] = [
      await real("cosign3", "sign", ...bundles, ...others),
      await ours.cosign3.run("sign", ...bundles, ...others),
    ]
    expect(plain(d.stderr, others[0]!)).toBe(plain(c.stderr, others[0]!))
  })

  describe.each(WHO)("by %s", (who) => {
    it.each(["v1.json", "v2.json"])("cosign 3, bundles, %s", async (config) => {
      const flags = [...(await signer(who)), ...configured(config)]
      const times = config === "v2.json" && who === "identity" ? ["--use-signed-timestamps"] : []
      const demand = [...trust("cosign3", who), ...times]
      const signed = await same("cosign3", (artifact) => ["sign", ...flags, "-a", "stage=prod", artifact])
      await verified("cosign3", "verify", ...demand, "-a", "stage=prod", signed)
      const about = [...ABOUT, path("about.json")]
      const attested = await same("cosign3", (artifact) => ["attest", ...flags, ...about, artifact])
      await verified("cosign3", "verify-attestation", ...demand, "--type", "custom", attested)
      const [app, bundle] = [path("app.bin"), path("app.json")]
      await same("cosign3", () => ["sign-blob", ...flags, "--bundle", bundle, app])
      await verified("cosign3", "verify-blob", ...demand, "--bundle", bundle, app)
      await same("cosign3", () => ["attest-blob", ...flags, ...about, "--bundle", bundle, app])
      await verified("cosign3", "verify-blob-attestation", ...demand, "--type", "custom", "--bundle", bundle, app)
    })

    it.each([false, true])("cosign 3 with URLs, timestamps %s", async (stamped) => {
      const flags = [...(await signer(who)), ...legacy3(), ...urls(stamped)]
      const times = stamped ? ["--use-signed-timestamps"] : []
      const about = [...ABOUT, path("about.json")]
      const signed = await same("cosign3", (artifact) => ["sign", ...flags, artifact])
      const file = path("old.json")
      await same("cosign3", (artifact) => ["attest", ...flags, ...about, "--bundle", file, artifact])
      const written = JSON.parse(await readFile(file, "utf8")) as Readonly<Record<string, string>>
      expect(Object.keys(written)).toEqual(["base64Signature", "cert", "rekorBundle"])
      const envelope = decodeBase64(written["base64Signature"]!, { max: 10_000, what: "envelope" })
      expect(new TextDecoder().decode(envelope)).toContain('{"payload":"')
      const attested = await image()
      expect((await ours.cosign3.run("attest", ...flags, ...about, attested)).exit).toBe(0)
      for (const tool of BOTH) {
        const old = tool === "cosign3" ? ["--new-bundle-format=false"] : []
        await verified(tool, "verify", ...trust(tool, who), ...old, ...times, signed)
        await verified(tool, "verify-attestation", ...trust(tool, who), ...old, ...times, "--type", "custom", attested)
      }
      const app = path("app.bin")
      const stamp = stamped ? ["--rfc3161-timestamp", path("tsr.json")] : []
      const certificate = ["--output-certificate", path("out.pem")]
      await same("cosign3", () => ["sign-blob", ...flags, ...stamp, ...certificate, "--bundle", file, app])
      const asked = [...stamp, ...times, "--bundle", file, app]
      await verified("cosign3", "verify-blob", ...trust("cosign3", who, false), "--new-bundle-format=false", ...asked)
      const bundled = flags.filter((flag) => flag !== "--new-bundle-format=false")
      await same("cosign3", (artifact) => ["sign", ...bundled, "--bundle", path("i.json"), artifact])
    })

    it.each([false, true])("cosign 2, timestamps %s", async (stamped) => {
      const flags = [...(await signer(who)), ...urls(stamped)]
      const times = stamped ? ["--use-signed-timestamps"] : []
      const about = [...ABOUT, path("about.json")]
      const outputs = ["--output-certificate", path("c.pem"), "--output-signature", path("s.sig")]
      const signed = await same("cosign2", (artifact) => ["sign", ...flags, ...outputs, artifact])
      expect(await readFile(path("c.pem"), "utf8")).toContain(who === "key" ? "PUBLIC KEY" : "CERTIFICATE")
      const kinds = await Promise.all(["dsse", "intoto"].map(async (kind) => [kind, await image()] as const))
      for (const [kind, attested] of kinds) {
        const words = ["attest", ...flags, ...about, "--rekor-entry-type", kind]
        await same("cosign2", (artifact) => [...words, artifact])
        expect((await ours.cosign2.run(...words, attested)).exit).toBe(0)
        for (const tool of BOTH) {
          const old = tool === "cosign3" ? ["--new-bundle-format=false"] : []
          const demand = [...trust(tool, who), ...old, ...times]
          await verified(tool, "verify-attestation", ...demand, "--type", "custom", attested)
        }
      }
      for (const tool of BOTH) {
        const old = tool === "cosign3" ? ["--new-bundle-format=false"] : []
        await verified(tool, "verify", ...trust(tool, who), ...old, ...times, signed)
      }
    })

    it.each([false, true])("cosign 2, files, timestamps %s", async (stamped) => {
      const flags = [...(await signer(who)), ...urls(stamped)]
      const times = stamped ? ["--use-signed-timestamps"] : []
      const about = [...ABOUT, path("about.json")]
      const [app, file] = [path("app.bin"), path("two.json")]
      const stamp = stamped ? ["--rfc3161-timestamp", path("two.tsr")] : []
      await same("cosign2", () => ["sign-blob", ...flags, ...stamp, "--bundle", file, app])
      await verified("cosign2", "verify-blob", ...trust("cosign2", who), ...stamp, ...times, "--bundle", file, app)
      const output = ["--output-signature", path("two.sig"), "--output-certificate", path("two.pem")]
      await same("cosign2", () => ["sign-blob", ...flags, ...stamp, "--bundle", file, ...output, app])
      await same("cosign2", () => ["sign-blob", ...flags, "--new-bundle-format", "--bundle", file, app])
      await verified("cosign3", "verify-blob", ...trust("cosign3", who), ...times, "--bundle", file, app)
      const stampFile = stamped ? ["--rfc3161-timestamp-bundle", path("att.tsr")] : []
      await same("cosign2", () => ["attest-blob", ...flags, ...about, ...stampFile, "--bundle", file, app])
      const stampGiven = stamped ? ["--rfc3161-timestamp", path("att.tsr")] : []
      const demand = [...trust("cosign2", who), ...stampGiven, ...times, "--type", "custom", "--bundle", file]
      await verified("cosign2", "verify-blob-attestation", ...demand, app)
      await same("cosign2", () => ["attest-blob", ...flags, ...about, "--new-bundle-format", "--bundle", file, app])
      await verified(
        "cosign3",
        "verify-blob-attestation",
        ...trust("cosign3", who),
        ...times,
        "--type",
        "custom",
        "--bundle",
        file,
        app,
      )
    })
  })
})
