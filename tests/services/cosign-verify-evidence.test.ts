/** The cosign faces hold signatures against certificates, log entries and timestamps, and against each other. */
import { copyFile, readFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { cosign2Program, cosignProgram } from "../../src/faces/cosign/program.ts"
import { startTestRegistry, startTestSandbox, type TestRegistry, type TestSandbox } from "../../src/testing/index.ts"
import { startProcess, type Ran, type TestProcess } from "../faces/cli/process-world.ts"
import { putImage } from "../interop/images.ts"

type Face = "cosign2" | "cosign3"
const FACES = ["cosign2", "cosign3"] as const
const EMAIL = "alice@example.com"

let sandbox: TestSandbox
let registry: TestRegistry
let face: Readonly<Record<Face, TestProcess>>
let image: string

const file = (name: string): string => face.cosign2.path(name)
const identity = (email = EMAIL): readonly string[] => [
  ...["--certificate-identity", email],
  ...["--certificate-oidc-issuer", sandbox.services.oidc],
]

async function signing(email = EMAIL): Promise<readonly string[]> {
  const { fulcio, rekor, oidc } = sandbox.services
  const urls = ["--fulcio-url", fulcio, "--rekor-url", rekor, "--oidc-issuer", oidc]
  return ["-y", ...urls, "--identity-token", await sandbox.token({ email })]
}

async function run(name: Face, ...args: readonly string[]): Promise<Ran> {
  return face[name].run(...args.map((word) => (word.startsWith("./") ? file(word.slice(2)) : word)))
}

async function accepted(name: Face, ...args: readonly string[]): Promise<Ran> {
  const ran = await run(name, ...args)
  expect(ran.exit, ran.stderr).toBe(0)
  return ran
}

async function refused(name: Face, why: RegExp | string, ...args: readonly string[]): Promise<void> {
  const ran = await run(name, ...args)
  expect(ran.exit, args.join(" ")).not.toBe(0)
  expect(ran.stdout).toBe("")
  expect(ran.stderr).not.toContain("Verified OK")
  expect(ran.stderr).toMatch(why)
}

beforeAll(async () => {
  sandbox = await startTestSandbox()
  registry = await startTestRegistry()
  const env = sandbox.environment
  face = { cosign2: await startProcess(cosign2Program, { env }), cosign3: await startProcess(cosignProgram) }
  for (const name of ["a", "b"]) await face.cosign2.write(`${name}.bin`, `content of ${name}\n`)
  await face.cosign2.write("empty.json", '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
  await copyFile(sandbox.files.trustedRoot, file("root.json"))
  await copyFile(sandbox.files.signingConfig, file("v1.json"))
  await copyFile(sandbox.files.signingConfigV2, file("v2.json"))
  for (const name of ["a", "b"]) {
    const parts = ["--bundle", `./${name}.json`, "--output-signature", `./${name}.sig`]
    const certificate = ["--output-certificate", `./${name}.crt`]
    await accepted("cosign2", "sign-blob", ...(await signing()), ...parts, ...certificate, `./${name}.bin`)
  }
  for (const config of ["v1", "v2"]) {
    const token = ["--identity-token", await sandbox.token({ email: EMAIL })]
    const services = ["-y", "--signing-config", `./${config}.json`, "--trusted-root", "./root.json", ...token]
    await accepted("cosign3", "sign-blob", ...services, "--bundle", `./${config}.sigstore.json`, "./a.bin")
  }
  const { digest } = await putImage(registry.address, "team/app", "content")
  image = `${registry.address}/team/app@${digest}`
  await accepted("cosign2", "sign", ...(await signing()), image)
})

afterAll(async () => {
  for (const name of FACES) await face[name].close()
  await registry.close()
  await sandbox.close()
})

describe("legacy bundles of files", () => {
  const verify = (bundle: string): readonly string[] => ["verify-blob", ...identity(), "--bundle", bundle]

  it("verify with trust by the piece", async () => {
    await accepted("cosign2", ...verify("./a.json"), "./a.bin")
    await accepted("cosign2", ...verify("./a.json"), "--signature", "./a.sig", "--certificate", "./a.crt", "./a.bin")
  })

  it("adv: GHSA-8gw7-4j42-w388 evidence of one file does not do for another", async () => {
    await refused("cosign2", /matching bundle to payload/, ...verify("./a.json"), "./b.bin")
    await refused(
      "cosign2",
      /signature in bundle does not match/,
      ...verify("./a.json"),
      "--signature",
      "./b.sig",
      "./a.bin",
    )
    await refused(
      "cosign2",
      /the cert passed in does not match/,
      ...verify("./a.json"),
      "--certificate",
      "./b.crt",
      "./a.bin",
    )
    const other = ["verify-blob", ...identity("bob@example.com"), "--bundle", "./a.json", "./a.bin"]
    await refused("cosign2", /none of the expected identities matched/, ...other)
  })

  it("adv: GHSA-8gw7-4j42-w388 adv: sigstore-java #856 the entry is about this signature", async () => {
    const [a, b] = await Promise.all(
      ["a", "b"].map(
        async (name) => JSON.parse(await readFile(file(`${name}.json`), "utf8")) as Record<string, unknown>,
      ),
    )
    await face.cosign2.write("mixed.json", JSON.stringify({ ...a, rekorBundle: b?.["rekorBundle"] }))
    await face.cosign2.write("swapped.json", JSON.stringify({ ...a, base64Signature: b?.["base64Signature"] }))
    await face.cosign2.write("recertified.json", JSON.stringify({ ...a, cert: b?.["cert"] }))
    for (const name of ["mixed", "swapped", "recertified"]) {
      await refused("cosign2", /error verifying bundle: /, ...verify(`./${name}.json`), "./a.bin")
    }
  })

  it("do without their entry only when the log is switched off", async () => {
    const bundle = JSON.parse(await readFile(file("a.json"), "utf8")) as Record<string, unknown>
    delete bundle["rekorBundle"]
    await face.cosign2.write("unlogged.json", JSON.stringify(bundle))
    await refused("cosign2", /offline verification failed/, ...verify("./unlogged.json"), "--offline", "./a.bin")
    // The log still has it.
    await accepted("cosign2", ...verify("./unlogged.json"), "--rekor-url", sandbox.services.rekor, "./a.bin")
    await accepted("cosign2", ...verify("./unlogged.json"), "--insecure-ignore-tlog", "./a.bin")
  })

  it("adv: sigstore/cosign #4881 have a timestamp where one is demanded", async () => {
    const flags = ["--use-signed-timestamps", "--rfc3161-timestamp", "./empty.json"]
    await refused("cosign2", /SignedRFC3161Timestamp/, ...verify("./a.json"), ...flags, "./a.bin")
    await face.cosign2.write("odd.tsr", '{"SignedRFC3161Timestamp":"AAAA"}')
    const odd = ["--use-signed-timestamps", "--rfc3161-timestamp", "./odd.tsr"]
    await refused("cosign2", /unable to verify RFC3161 timestamp bundle/, ...verify("./a.json"), ...odd, "./a.bin")
  })
})

describe.each(["v1", "v2"])("bundles of files, log %s", (config) => {
  const verify = (...more: readonly string[]): readonly string[] => [
    ...["verify-blob", "--bundle", `./${config}.sigstore.json`],
    ...more,
  ]
  const trusted = ["--trusted-root", "./root.json"]

  it("verify offline with a trusted root, and ask nobody", async () => {
    sandbox.reset()
    await accepted("cosign3", ...verify(...identity(), ...trusted, "--offline"), "./a.bin")
    expect(sandbox.requests).toEqual([])
  })

  it.each([
    ["another file", "./b.bin", []],
    ["another identity", "./a.bin", ["--certificate-identity=bob@example.com"]],
    ["another issuer", "./a.bin", ["--certificate-oidc-issuer=https://issuer.example"]],
    ["a workflow", "./a.bin", ["--certificate-github-workflow-repository=acme/app"]],
    ["nobody trusted", "./a.bin", ["--trusted-root=EMPTY"]],
    ["nobody trusted, no log", "./a.bin", ["--trusted-root=EMPTY", "--insecure-ignore-tlog"]],
    ["nobody trusted at all", "./a.bin", ["--trusted-root=EMPTY", "--insecure-ignore-tlog", "--insecure-ignore-sct"]],
  ])("refuse %s", async (_, blob, flags) => {
    const more = flags.map((flag) => flag.replace("EMPTY", file("empty.json")))
    await refused("cosign3", /^Error: failed to verify /m, ...verify(...identity(), ...trusted), ...more, blob)
  })

  it("are whole: no byte of them can be another", async () => {
    const bundle = await readFile(file(`${config}.sigstore.json`), "utf8")
    // Of a version 2 log the root is that of the checkpoint, whatever stands beside it.
    const roots = config === "v1" ? ["rootHash"] : []
    const members = ["signedEntryTimestamp", "canonicalizedBody", "signature", "digest", "rawBytes", ...roots]
    for (const member of members) {
      const match = new RegExp(`"${member}": ?"([^"]{20,})"`).exec(bundle)
      // A log of version 2 promises nothing.
      if (match?.[1] === undefined) continue
      const at = match.index + match[0].length - match[1].length + 10
      const changed = bundle.slice(0, at) + (bundle[at] === "A" ? "B" : "A") + bundle.slice(at + 1)
      await face.cosign2.write("changed.json", changed)
      const ran = await run(
        "cosign3",
        "verify-blob",
        "--bundle",
        "./changed.json",
        ...identity(),
        ...trusted,
        "./a.bin",
      )
      expect(ran.exit, member).toBe(1)
      expect(ran.stderr).not.toContain("Verified OK")
    }
  })
})

describe("images", () => {
  it.each(FACES)("%s prints who signed, and what was checked", async (name) => {
    const trusted = name === "cosign3" ? ["--trusted-root", "./root.json"] : []
    const ran = await accepted(name, "verify", ...identity(), ...trusted, image)
    const [claim] = JSON.parse(ran.stdout) as readonly { readonly optional: Record<string, unknown> }[]
    const issuer = sandbox.services.oidc
    expect(claim?.optional).toMatchObject({ Subject: EMAIL, Issuer: issuer, "1.3.6.1.4.1.57264.1.1": issuer })
    expect(Object.keys(claim?.optional ?? {})).toEqual(["1.3.6.1.4.1.57264.1.1", "Bundle", "Issuer", "Subject"])
    expect(ran.stderr).toContain("  - Existence of the claims in the transparency log was verified offline\n")
    expect(ran.stderr).toContain("  - The code-signing certificate was verified using trusted certificate authority")
    const skipped = await accepted(name, "verify", ...identity(), ...trusted, "--insecure-ignore-tlog", image)
    expect(skipped.stderr).not.toContain("Existence of the claims")
  })

  it("print what a workflow of GitHub was", async () => {
    const { digest } = await putImage(registry.address, "team/built", "built")
    const built = `${registry.address}/team/built@${digest}`
    const workflow = "acme/app/.github/workflows/release.yml@refs/heads/main"
    const claims = { repository: "acme/app", ref: "refs/heads/main", event_name: "push", job_workflow_ref: workflow }
    const { fulcio, rekor, oidc } = sandbox.services
    const urls = ["--fulcio-url", fulcio, "--rekor-url", rekor, "--oidc-issuer", oidc]
    await accepted("cosign2", "sign", "-y", ...urls, "--identity-token", await sandbox.token({ claims }), built)
    const name = ["--certificate-identity", `https://github.com/${workflow}`, "--certificate-oidc-issuer", oidc]
    const wanted = [
      "--certificate-github-workflow-repository",
      "acme/app",
      "--certificate-github-workflow-trigger",
      "push",
    ]
    const ran = await accepted("cosign2", "verify", ...name, ...wanted, "-o", "text", built)
    expect(ran.stderr).toContain(
      `Certificate subject: https://github.com/${workflow}\nCertificate issuer URL: ${oidc}\nGitHub Workflow Trigger: push\n` +
        "GitHub Workflow Repository: acme/app\nGitHub Workflow Ref: refs/heads/main\n",
    )
    const json = await accepted("cosign2", "verify", ...name, built)
    expect(json.stdout).toContain(`"1.3.6.1.4.1.57264.1.5":"acme/app"`)
    expect(json.stdout).toContain(`"githubWorkflowTrigger":"push"`)
    const other = ["--certificate-github-workflow-ref", "refs/heads/other"]
    await refused(
      "cosign2",
      /expected GitHub Workflow Ref not found in certificate/,
      "verify",
      ...name,
      ...other,
      built,
    )
  })

  it("ask for no trust data where a key alone decides", async () => {
    const { digest } = await putImage(registry.address, "team/keyed", "keyed")
    const keyed = `${registry.address}/team/keyed@${digest}`
    const lonely = await startProcess(cosignProgram, { env: { TUF_MIRROR: "http://127.0.0.1:1", COSIGN_PASSWORD: "" } })
    try {
      expect((await lonely.run("generate-key-pair", "--output-key-prefix", lonely.path("k"))).exit).toBe(0)
      const old = ["--use-signing-config=false", "--tlog-upload=false", "--new-bundle-format=false"]
      expect((await lonely.run("sign", "--key", lonely.path("k.key"), ...old, keyed)).exit).toBe(0)
      const verify = ["verify", "--key", lonely.path("k.pub")]
      expect((await lonely.run(...verify, "--insecure-ignore-tlog", keyed)).exit).toBe(0)
      const asked = await lonely.run(...verify, keyed)
      expect(asked.exit).toBe(1)
      expect(asked.stderr).toContain("Error: setting trusted material: getting trusted root from TUF: ")
    } finally {
      await lonely.close()
    }
  })
})
