/** Trusted roots, signing configs, TUF caches and bundles: made by both real cosigns and by ours out of the same files. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { decodeBase64 } from "../../src/codec/base64.ts"
import { startTestSandbox, type TestSandbox } from "../../src/testing/index.ts"
import { countersign, expectCode, havePeers, peer, type Finished } from "./peers.ts"

type Cosign = "cosign2" | "cosign3"

const ready = havePeers("cosign2", "cosign3", "openssl")
const shared = join(import.meta.dirname, "../../../shared/vectors")
const vectors = join(shared, "sigstore-bundle")
if (!existsSync(vectors)) console.warn(`skipped: no vectors in ${vectors}`)

let folder = ""
let sandbox: TestSandbox

beforeAll(async () => {
  if (!ready) return
  folder = mkdtempSync(join(tmpdir(), "countersign-create-"))
  sandbox = await startTestSandbox()
  await makeMaterial()
})
afterAll(async () => {
  if (!ready) return
  await sandbox.close()
  rmSync(folder, { recursive: true, force: true })
})

async function openssl(...args: readonly string[]): Promise<void> {
  expectCode(await peer("openssl", args, { cwd: folder }), 0)
}

/** Keys of every kind that logs have, a chain of authorities and one of a timestamp authority. */
async function makeMaterial(): Promise<void> {
  const kinds = {
    p256: ["EC", "ec_paramgen_curve:P-256"],
    p384: ["EC", "ec_paramgen_curve:P-384"],
    p521: ["EC", "ec_paramgen_curve:P-521"],
    ed: ["ED25519"],
    rsa: ["RSA", "rsa_keygen_bits:2048"],
    rsa3: ["RSA", "rsa_keygen_bits:3072"],
  }
  for (const [name, [algorithm = "", option]] of Object.entries(kinds)) {
    const options = option === undefined ? [] : ["-pkeyopt", option]
    await openssl("genpkey", "-algorithm", algorithm, ...options, "-out", `${name}.key`)
    await openssl("pkey", "-in", `${name}.key`, "-pubout", "-out", `${name}.pub`)
  }
  const subject = ["-subj", "/O=Acme <&> Söhne/OU=x/CN=first/CN=root"]
  await openssl("req", "-x509", "-utf8", "-key", "p256.key", "-out", "root.pem", ...subject, "-days", "3650")
  writeFileSync(join(folder, "ca.ext"), "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
  writeFileSync(join(folder, "tsa.ext"), "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping\n")
  for (const [name, key] of [
    ["ca", "p384"],
    ["tsa", "rsa"],
  ] as const) {
    await openssl("req", "-new", "-key", `${key}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`)
    const signer = ["-CA", "root.pem", "-CAkey", "p256.key", "-days", "100", "-extfile", `${name}.ext`]
    await openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...signer)
  }
  const text = (name: string): string => readFileSync(join(folder, name), "utf8")
  writeFileSync(join(folder, "chain.pem"), `a comment\n${text("ca.pem")}\n${text("root.pem")}`)
  writeFileSync(join(folder, "stamps.pem"), text("tsa.pem") + text("ca.pem") + text("root.pem"))
  writeFileSync(join(folder, "blob"), "hello\n")
}

/** Each tool has a home of its own; the name says whose. */
function real(tool: Cosign, home: string, ...args: readonly string[]): Promise<Finished> {
  return peer(tool, args, { cwd: folder, env: environment(`${tool}-${home}`) })
}
function ours(tool: Cosign, home: string, ...args: readonly string[]): Promise<Finished> {
  return countersign([tool, ...args], { cwd: folder, env: environment(`ours-${tool}-${home}`) })
}
function environment(home: string): Readonly<Record<string, string>> {
  return { HOME: join(folder, home), TUF_ROOT: join(folder, home, ".sigstore", "root"), COSIGN_PASSWORD: "" }
}

/** Output without the spaces that builds of Go's encoder put in; the homes have one name. */
function plain({ code, stdout, stderr }: Finished): Finished {
  const text = stdout.startsWith("{") ? `${JSON.stringify(JSON.parse(stdout))}\n` : stdout
  return { code, stdout: text.replaceAll(/(?:ours-)?cosign[23]-/g, ""), stderr }
}

/** Both are the same: exit code, stdout to the byte, stderr save our hints. */
async function expectSame(tool: Cosign, args: readonly string[]): Promise<void> {
  const [wanted, seen] = [await real(tool, "same", ...args), await ours(tool, "same", ...args)]
  const withoutHints = { ...seen, stderr: seen.stderr.replaceAll(/^hint: .*\n/gm, "") }
  expect(plain(withoutHints)).toEqual(plain(wanted))
  if (seen.stdout.startsWith("{")) expect(seen.stdout).toBe(plain(seen).stdout)
}

const START = "start-time=2024-01-01T00:00:00Z"

describe.skipIf(!ready)("trusted-root create", () => {
  it.each(["p256", "p384", "p521", "ed", "rsa", "rsa3"])("a log with key %s", async (key) => {
    const log = `url=https://log.example,public-key=${key}.pub,${START}`
    await expectSame("cosign3", ["trusted-root", "create", "--rekor", log])
    await expectSame("cosign3", ["trusted-root", "create", "--ctfe", `${log},end-time=2025-01-01T12:00:00.25+02:00`])
    await expectSame("cosign3", ["trusted-root", "create", "--rekor", `${log},origin=log.example/1`])
    await expectSame("cosign2", ["trusted-root", "create", "--rekor-key", `${key}.pub`, "--ctfe-key", `${key}.pub`])
    const old = ["--rekor-key", `${key}.pub,log.example/1`, "--rekor-url", "https://log.example"]
    await expectSame("cosign3", ["trusted-root", "create", ...old])
  })

  it("authorities", async () => {
    await expectSame("cosign3", [
      "trusted-root",
      "create",
      "--fulcio",
      "url=https://ca.example,certificate-chain=chain.pem",
    ])
    const stamps = "url=https://tsa.example,certificate-chain=stamps.pem"
    await expectSame("cosign3", ["trusted-root", "create", "--tsa", stamps])
    await expectSame("cosign3", ["trusted-root", "create", "--tsa", `${stamps},${START},end-time=2034-01-01T00:00:00Z`])
    const old = ["--certificate-chain", "chain.pem", "--timestamp-certificate-chain", "stamps.pem"]
    for (const tool of ["cosign2", "cosign3"] as const) await expectSame(tool, ["trusted-root", "create", ...old])
  })

  it.each(["nope.pub", "root.pem", "blob"])("refuses the key %s in the same words", async (key) => {
    await expectSame("cosign3", ["trusted-root", "create", "--rekor", `url=u,public-key=${key},${START}`])
    await expectSame("cosign2", ["trusted-root", "create", "--rekor-key", key])
  })

  it("writes a file that the real tool verifies with", async () => {
    const { services } = sandbox
    const at = (name: string): string => join(sandbox.folder, name)
    const since = "start-time=2020-01-01T00:00:00Z"
    const made = await ours(
      ...(["cosign3", "own", "trusted-root", "create", "--out", "root.json"] as const),
      ...["--fulcio", `url=${services.fulcio},certificate-chain=${at("fulcio.pem")},${since}`],
      ...["--ctfe", `url=${services.fulcio},public-key=${at("ctfe.pub")},${since}`],
      ...["--rekor", `url=${services.rekor},public-key=${at("rekor.pub")},${since}`],
      ...["--tsa", `url=${services.timestamp},certificate-chain=${at("tsa.pem")},${since}`],
    )
    expect(made).toEqual({ code: 0, stdout: "", stderr: "" })
    const token = await sandbox.token({ email: "alice@example.com" })
    const config = ["--signing-config", sandbox.files.signingConfig, "--trusted-root", "root.json"]
    const sign = ["sign-blob", "-y", ...config, "--identity-token", token, "--bundle", "with-root.json", "blob"]
    expectCode(await real("cosign3", "own", ...sign), 0)
    const who = ["--certificate-identity", "alice@example.com", "--certificate-oidc-issuer", services.oidc]
    const verify = ["verify-blob", "--trusted-root", "root.json", "--bundle", "with-root.json", ...who, "blob"]
    expectCode(await real("cosign3", "own", ...verify), 0)
  })
})

describe.skipIf(!ready)("signing-config create", () => {
  const service = `url=https://x.example,api-version=2,${START},operator=op`
  it.each([
    [[]],
    [["--fulcio", service, "--fulcio", `${service},end-time=2030-01-01T00:00:00Z`, "--oidc-provider", service]],
    [["--rekor", service, "--rekor-config", "exact:3", "--tsa", service, "--tsa-config", "All"]],
    [["--rekor", service]],
    [["--rekor", service, "--rekor-config", "SOME"]],
    [["--fulcio", `${service},end-time=never`]],
    [["--fulcio", `url=https://x.example,api-version=1.5,${START},operator=op`]],
  ])("%j", async (flags) => {
    await expectSame("cosign3", ["signing-config", "create", ...flags])
  })
})

describe.skipIf(!ready)("initialize", () => {
  const initialize = (): readonly string[] => [
    ...["initialize", "--mirror", sandbox.services.tuf, "--root", sandbox.files.tufRoot],
  ]

  it("says the same; the defaults that come of it are the same", async () => {
    const sorted = (finished: Finished): unknown => {
      const text = plain(finished).stdout
      expect(text).toMatch(/^Root status: \n {/)
      const status = JSON.parse(text.slice(text.indexOf("{"))) as { readonly targets: readonly string[] }
      return { ...status, targets: status.targets.toSorted() }
    }
    const [wanted, seen] = [
      await real("cosign2", "tuf", ...initialize()),
      await ours("cosign2", "tuf", ...initialize()),
    ]
    expect(sorted(seen)).toEqual(sorted(wanted))
    for (const run of [real, ours]) {
      expect(await run("cosign3", "tuf", ...initialize())).toEqual({ code: 0, stdout: "", stderr: "" })
    }
    for (const flags of [
      ["signing-config", "create", "--with-default-services"],
      ["signing-config", "create", "--with-default-rekor-v2", "--no-default-oidc"],
      ["trusted-root", "create", "--with-default-services", "--no-default-rekor"],
    ]) {
      const [theirs, own] = [await real("cosign3", "tuf", ...flags), await ours("cosign3", "tuf", ...flags)]
      expect(own).toEqual(theirs)
    }
  })

  it("takes a root from a URL, and holds it against a checksum", async () => {
    const root = `${sandbox.services.tuf}/1.root.json`
    const args = ["initialize", "--mirror", sandbox.services.tuf, "--root", root]
    for (const tool of ["cosign2", "cosign3"] as const) {
      const wrong = [...args, "--root-checksum", "0".repeat(64)]
      const [theirs, own] = [await real(tool, "url", ...wrong), await ours(tool, "url", ...wrong)]
      expect(own).toEqual(theirs)
      expect((await ours(tool, "url", ...args)).stderr).toBe((await real(tool, "url", ...args)).stderr)
    }
  })
})

describe.skipIf(!ready)("bundle create", () => {
  /** The log signs its promise anew with each answer. */
  const withoutPromise = (text: string): string =>
    text.replace(/"signedEntryTimestamp":"[^"]*"/, '"signedEntryTimestamp":""')
  const log = (): readonly string[] => ["--rekor-url", sandbox.services.rekor]

  beforeAll(async () => {
    if (!ready) return
    expectCode(await real("cosign2", "sign", "generate-key-pair"), 0)
    const { services, environment: env } = sandbox
    const sign = async (...args: readonly string[]): Promise<void> => {
      const options = { cwd: folder, env: { ...environment("signer"), ...env } }
      expectCode(await peer("cosign2", [...args, "blob"], options), 0)
    }
    const key = ["-y", "--key", "cosign.key", ...log()]
    // COMPAT(cosign 2.5): it refuses the first entry of a log.
    await sign("sign-blob", ...key, "--output-signature", "first.sig")
    await sign("sign-blob", ...key, "--output-signature", "key.sig", "--bundle", "key.json")
    writeFileSync(join(folder, "predicate.json"), "{}")
    await sign("attest-blob", ...key, "--predicate", "predicate.json", "--type", "custom", "--bundle", "attested.json")
    const token = ["--identity-token", await sandbox.token({ email: "alice@example.com" })]
    const urls = ["--fulcio-url", services.fulcio, "--oidc-issuer", services.oidc, ...log()]
    const stamp = ["--timestamp-server-url", services.timestamp, "--rfc3161-timestamp", "keyless.tsr"]
    const outputs = ["--output-signature", "keyless.sig", "--output-certificate", "keyless.crt"]
    await sign("sign-blob", "-y", ...urls, ...token, ...stamp, ...outputs, "--bundle", "keyless.json")
    const legacy = JSON.parse(readFileSync(join(folder, "attested.json"), "utf8")) as { base64Signature: string }
    writeFileSync(join(folder, "envelope.json"), decodeBase64(legacy.base64Signature, { what: "envelope", max: 1e6 }))
  })

  it.each([
    ["a signature", ["--signature", "key.sig", "--key", "cosign.pub"]],
    ["a bundle of a key", ["--bundle", "key.json", "--key", "cosign.pub"]],
    ["a bundle of an identity", ["--bundle", "keyless.json"]],
    ["parts", ["--signature", "keyless.sig", "--certificate", "keyless.crt", "--rfc3161-timestamp", "keyless.tsr"]],
    ["an envelope", ["--attestation", "envelope.json", "--signature", "key.sig", "--key", "cosign.pub"]],
  ])("out of %s", async (_name, flags) => {
    for (const tool of ["cosign2", "cosign3"] as const) {
      const args = ["bundle", "create", "--artifact", "blob", ...flags, ...log()]
      const [theirs, own] = [await real(tool, "bundle", ...args), await ours(tool, "bundle", ...args)]
      const [wanted, seen] = [plain(theirs), plain(own)]
      expect({ ...seen, stdout: withoutPromise(seen.stdout) }).toEqual({
        ...wanted,
        stdout: withoutPromise(wanted.stdout),
      })
    }
  })

  it("what comes out verifies with the real tool", async () => {
    const made = async (out: string, ...flags: readonly string[]): Promise<void> => {
      const args = ["bundle", "create", "--artifact", "blob", ...flags, ...log(), "--out", out]
      expectCode(await ours("cosign3", "bundle", ...args), 0)
    }
    const root = ["--trusted-root", sandbox.files.trustedRoot]
    await made("out-keyless.json", "--bundle", "keyless.json")
    const who = ["--certificate-identity", "alice@example.com", "--certificate-oidc-issuer", sandbox.services.oidc]
    const verify = ["verify-blob", ...root, "--bundle", "out-keyless.json", ...who, "blob"]
    expectCode(await real("cosign3", "bundle", ...verify), 0)
    // The member `cert` holds a public key, which the real tool takes for a certificate and fails.
    await made("out-attested.json", "--bundle", "attested.json", "--key", "cosign.pub")
    const attested = ["--bundle", "out-attested.json", "--key", "cosign.pub", "--type", "custom", "blob"]
    expectCode(await real("cosign3", "bundle", "verify-blob-attestation", ...root, ...attested), 0)
  })

  it("refuses what the log does not have", async () => {
    const sign = ["sign-blob", "--key", "cosign.key", "--tlog-upload=false", "--output-signature", "other.sig"]
    expectCode(await real("cosign2", "sign", ...sign, "predicate.json"), 0)
    const flags = ["--artifact", "predicate.json", "--signature", "other.sig", "--key", "cosign.pub", ...log()]
    for (const tool of ["cosign2", "cosign3"] as const) await expectSame(tool, ["bundle", "create", ...flags])
  })
})

describe.skipIf(!ready || !existsSync(vectors))("bundle upgrade", () => {
  const others = join(shared, "sigstore-js-bundles")
  const cases = [
    ...["happy-path-v0.1", "happy-path-v0.3", "intoto-with-custom-trust-root"].map((name) =>
      join(vectors, name, "bundle.sigstore.json"),
    ),
    ...(existsSync(others) ? readdirSync(others) : [])
      .filter((name) => /^bundleV0[23].*\.sigstore$/.test(name))
      .map((name) => join(others, name)),
  ]
  it.each(cases)("%s", async (path) => {
    const [theirs, own] = [
      await real("cosign3", "up", "bundle", "upgrade", path),
      await ours("cosign3", "up", "bundle", "upgrade", path),
    ]
    expect(plain(own)).toEqual(plain(theirs))
  })
})
