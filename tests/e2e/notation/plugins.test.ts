/** Plugins that are programs of their own: keys they hold, signatures that ask for them, and their place on disk. */
import { createHash } from "node:crypto"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import {
  installMockPlugin,
  type Misbehaviour,
  type MockPlugin,
  type MockPluginOptions,
} from "../../services/mock-plugin.ts"
import type { TestSigner } from "../../../src/testing/index.ts"
import { attach, type Forgery, forgeJws } from "./forged-signature.ts"
import { type Pushed, type Ran, type Rig, startRig } from "./rig.ts"

const RAW = ["SIGNATURE_GENERATOR.RAW"]
const ENVELOPE = ["SIGNATURE_GENERATOR.ENVELOPE"]
const IDENTITY = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
const REVOCATION = "SIGNATURE_VERIFIER.REVOCATION_CHECK"
const PLUGIN = "io.cncf.notary.verificationPlugin"
const EXPIRY = "io.cncf.notary.expiry"
const MINIMUM = "io.cncf.notary.verificationPluginMinVersion"

let rig: Rig
let signer: TestSigner

beforeAll(async () => {
  rig = await startRig()
  signer = await rig.authority.issueSigner()
  rig.trust("ca:test", rig.authority.rootPem)
})
afterAll(() => rig.close())
beforeEach(() => {
  rig.authority.reset()
  rig.policy()
  for (const name of ["plugins", "signingkeys.json"])
    rmSync(rig.path(`config/${name}`), { recursive: true, force: true })
})

function install(options: Partial<MockPluginOptions> = {}): MockPlugin {
  return installMockPlugin({ libexec: rig.path("config"), key: signer, ...options })
}

function commandsOf(plugin: MockPlugin): readonly string[] {
  return plugin.asked().map(({ command }) => command)
}

function requestOf(plugin: MockPlugin, command: string): Record<string, unknown> {
  const asked = plugin.asked().find((one) => one.command === command)
  return JSON.parse(asked?.request ?? "null") as Record<string, unknown>
}

const WITH_PLUGIN = ["--plugin", "mock", "--id", "key-1"]

describe("sign", () => {
  it.each(["jws", "cose"])("raw, %s", async (format) => {
    const plugin = install({ capabilities: RAW })
    const { reference } = await rig.push()
    const flags = [
      ...WITH_PLUGIN,
      "--signature-format",
      format,
      "--plugin-config",
      "region=eu",
      "-m",
      "a=b",
      "-e",
      "1h",
    ]
    expect(await rig.notation("sign", ...flags, reference)).toMatchObject({ exit: 0, stderr: "" })
    expect(commandsOf(plugin).filter((name) => name !== "get-plugin-metadata")).toEqual([
      "describe-key",
      "generate-signature",
    ])
    expect(requestOf(plugin, "generate-signature")).toMatchObject({
      contractVersion: "1.0",
      keyId: "key-1",
      keySpec: "EC-256",
      hashAlgorithm: "SHA-256",
      pluginConfig: { region: "eu" },
    })
    expect((await rig.notation("verify", "-m", "a=b", reference)).exit).toBe(0)
    expect((await rig.notation2("inspect", reference)).stdout).toMatch(
      /signing agent: notation-go\/\S+ .*mock\/1\.0\.0/,
    )
  })

  it("whole envelopes, with annotations of the plugin on the manifest", async () => {
    const plugin = install({ capabilities: ENVELOPE })
    const { reference } = await rig.push()
    expect(await rig.notation("sign", ...WITH_PLUGIN, "-m", "a=b", "-e", "90s", reference)).toMatchObject({ exit: 0 })
    expect(commandsOf(plugin)).toContain("generate-envelope")
    expect(requestOf(plugin, "generate-envelope")).toMatchObject({
      payloadType: "application/vnd.cncf.notary.payload.v1+json",
      signatureEnvelopeType: "application/jose+json",
      expiryDurationInSeconds: 90,
    })
    expect((await rig.notation("verify", "-m", "a=b", reference)).exit).toBe(0)
  })

  it("raw is preferred where both can be had", async () => {
    const plugin = install()
    const { reference } = await rig.push()
    expect((await rig.notation("sign", ...WITH_PLUGIN, reference)).exit).toBe(0)
    expect(commandsOf(plugin)).not.toContain("generate-envelope")
  })

  it("a key of the list, its configuration overlaid by that of the command line", async () => {
    const plugin = install({ capabilities: RAW })
    const add = [
      "key",
      "add",
      ...WITH_PLUGIN,
      "--plugin-config",
      "a=1",
      "--plugin-config",
      "b=2",
      "--default",
      "remote",
    ]
    expect((await rig.notation(...add)).stdout).toBe("remote: marked as default\n")
    const { reference } = await rig.push()
    expect((await rig.notation("sign", "--plugin-config", "b=3", reference)).exit).toBe(0)
    expect(requestOf(plugin, "describe-key")).toMatchObject({ pluginConfig: { a: "1", b: "3" } })
    const own = await rig.countersign("sign", "--key", "notation:remote", "--format", "notation", reference)
    expect(own).toMatchObject({ exit: 0, stderr: "" })
  })

  it("a timestamp with a plugin that makes whole envelopes is refused, not dropped", async () => {
    install({ capabilities: ENVELOPE })
    const root = rig.write("tsa.pem", rig.authority.timestampRootPem)
    const flags = ["--timestamp-url", rig.authority.timestampUrl, "--timestamp-root-cert", root]
    const { reference } = await rig.push()
    const ran = await rig.notation("sign", ...WITH_PLUGIN, ...flags, reference)
    expect(ran).toMatchObject({ exit: 1, stdout: "" })
    expect(ran.stderr).toContain("timestamp")
    expect(rig.authority.requests).toEqual([])
  })

  it.each<[Misbehaviour, readonly string[], string]>([
    ["throttled", RAW, "slow down"],
    ["fail-with-text", RAW, "failed to sign with the plugin mock: "],
    ["fail-silently", RAW, "failed to sign with the plugin mock: "],
    ["garbage", RAW, "failed to unmarshal the response of describe-key command for plugin mock"],
    ["describe-other-key", RAW, 'keyID in describeKey response "other" does not match request "key-1"'],
    ["sign-other-key", RAW, 'keyID in generateSignature response "other" does not match request "key-1"'],
    ["unknown-key-spec", RAW, "unknown key spec"],
    ["other-algorithm", RAW, ""],
    ["sign-other-bytes", RAW, "generated signature failed verification: "],
    ["der-signature", RAW, ""],
    ["short-signature", RAW, ""],
    ["no-chain", RAW, ""],
    ["garbage-chain", RAW, ""],
    ["other-name", RAW, 'plugin executable file name must be "notation-other" instead of "notation-mock"'],
    ["no-capabilities", RAW, "metadata validation failed for plugin mock: empty capabilities"],
    ["contract-2", RAW, 'contract version "1.0" is not in the list of the plugin supported versions [2.0]'],
    ["other-envelope-type", ENVELOPE, "signatureEnvelopeType in generateEnvelope response"],
    ["other-digest", ENVELOPE, "during signing descriptor subject has changed from "],
    ["drop-annotations", ENVELOPE, "during signing descriptor subject has changed from "],
    [
      "unknown-attribute",
      ENVELOPE,
      'following unknown attributes were added to subject descriptor: ["\\u00e9.unknown"]',
    ],
    ["break-envelope", ENVELOPE, "generated signature failed verification: "],
  ])("%s: nothing is pushed", async (misbehaviour, capabilities, text) => {
    install({ capabilities, misbehave: [misbehaviour] })
    const { reference } = await rig.push()
    rig.registry.clearRequests()
    const ran = await rig.notation("sign", ...WITH_PLUGIN, "-m", "a=b", reference)
    expect(ran).toMatchObject({ exit: 1, stdout: "" })
    expect(ran.stderr).toMatch(/^Error: /)
    expect(ran.stderr).toContain(text)
    expect(rig.registry.requests.filter(({ method }) => method === "POST" || method === "PUT")).toEqual([])
  })

  it("with a plugin that only verifies, or is not there", async () => {
    install({ capabilities: [IDENTITY] })
    const { reference } = await rig.push()
    expect((await rig.notation("sign", ...WITH_PLUGIN, reference)).stderr).toContain(
      "plugin does not have signing capabilities",
    )
    const ran = await rig.notation("sign", "--plugin", "absent", "--id", "k", reference)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toMatch(/either not found or inaccessible: stat .*absent: no such file or directory\n/)
  })

  it("blobs need raw signatures", async () => {
    const file = rig.write("file.txt", "content")
    install({ capabilities: ENVELOPE })
    const ran = await rig.notation2("blob", "sign", ...WITH_PLUGIN, file)
    expect(ran.stderr).toBe(
      'Error: the plugin "mock" lacks the signature generator capability required for blob signing\n',
    )
    install({ capabilities: RAW })
    expect((await rig.notation2("blob", "sign", ...WITH_PLUGIN, file)).exit).toBe(0)
  })
})

describe("verify", () => {
  /** An artifact with a signature that asks for the plugin. */
  async function asking(attributes: Record<string, unknown>, forgery: Forgery = {}): Promise<Pushed> {
    const artifact = await rig.push()
    const header = { ...attributes, ...forgery.header }
    await attach(
      rig,
      artifact,
      forgeJws(signer, artifact.subject, { critical: Object.keys(attributes), ...forgery, header }),
    )
    return artifact
  }
  const verify = (artifact: Pushed, ...flags: readonly string[]): Promise<Ran> =>
    rig.notation("verify", ...flags, artifact.reference)

  async function refused(artifact: Pushed, text: string): Promise<void> {
    const ran = await verify(artifact)
    expect(ran).toMatchObject({ exit: 1, stdout: "" })
    expect(ran.stderr).toContain(text)
  }

  it("both capabilities: the plugin answers, no responder is asked", async () => {
    const plugin = install({ capabilities: [IDENTITY, REVOCATION] })
    const artifact = await asking({ [PLUGIN]: "mock", "example.rule": "x" })
    rig.policy({ trustedIdentities: ["x509.subject: C=DE, ST=BE, O=Somebody Else", "own:anything"] })
    expect(await verify(artifact, "--plugin-config", "a=1")).toMatchObject({ exit: 0, stderr: "" })
    expect(rig.authority.requests).toEqual([])
    expect(requestOf(plugin, "verify-signature")).toMatchObject({
      contractVersion: "1.0",
      pluginConfig: { a: "1" },
      signature: {
        criticalAttributes: {
          contentType: "application/vnd.cncf.notary.payload.v1+json",
          signingScheme: "notary.x509",
          expiry: "0001-01-01T00:00:00Z",
          extendedAttributes: { "example.rule": "x" },
        },
        unprocessedAttributes: ["example.rule"],
        certificateChain: signer.chain.map((der) => Buffer.from(der).toString("base64")),
      },
      trustPolicy: {
        trustedIdentities: ["x509.subject: C=DE, ST=BE, O=Somebody Else", "own:anything"],
        signatureVerification: [IDENTITY, REVOCATION],
      },
    })
  })

  it("identity alone: revocation stays ours", async () => {
    const plugin = install({ capabilities: [IDENTITY] })
    const artifact = await asking({ [PLUGIN]: "mock" })
    expect((await verify(artifact)).exit).toBe(0)
    expect(rig.authority.requests).toHaveLength(1)
    expect(requestOf(plugin, "verify-signature")).toMatchObject({
      signature: { unprocessedAttributes: null },
      trustPolicy: { signatureVerification: [IDENTITY] },
    })
  })

  it("revocation alone: the identity stays ours; skipped by the policy, nobody is asked", async () => {
    const plugin = install({ capabilities: [REVOCATION] })
    const artifact = await asking({ [PLUGIN]: "mock" })
    expect((await verify(artifact)).exit).toBe(0)
    expect(rig.authority.requests).toEqual([])
    expect(commandsOf(plugin)).toContain("verify-signature")
    rig.policy({ trustedIdentities: ["x509.subject: C=US, ST=WA, O=Somebody Else"] })
    await refused(artifact, "does not match the X.509 trusted identities")
    rig.policy({ signatureVerification: { level: "strict", override: { revocation: "skip" } } })
    const fresh = install({ capabilities: [REVOCATION] })
    expect((await verify(artifact)).exit).toBe(0)
    expect(commandsOf(fresh)).not.toContain("verify-signature")
  })

  it("the chain must be trusted whatever the plugin would say", async () => {
    const plugin = install({ capabilities: [IDENTITY, REVOCATION] })
    const artifact = await asking({ [PLUGIN]: "mock" })
    rig.trust("ca:others", (await rig.authority.issueSigner({ chainLength: 1 })).rootPem)
    rig.policy({ trustStores: ["ca:others"] })
    await refused(artifact, "does not contain any trusted certificate")
    expect(commandsOf(plugin)).not.toContain("verify-signature")
  })

  it.each<[string, string, string, readonly string[]]>([
    [IDENTITY, "trusted identify verification", "authenticity", ["strict", "permissive"]],
    [REVOCATION, "revocation check", "revocation", ["strict"]],
  ])("a no about %s counts as the level says", async (capability, text, validation, enforcing) => {
    install({
      capabilities: [IDENTITY, REVOCATION],
      results: { [capability]: { success: false, reason: "not today" } },
    })
    const artifact = await asking({ [PLUGIN]: "mock" })
    for (const level of ["strict", "permissive", "audit"]) {
      rig.policy({ signatureVerification: { level } })
      const ran = await verify(artifact)
      expect(ran.exit).toBe(enforcing.includes(level) ? 1 : 0)
      expect(ran.stderr).toContain(validation)
      expect(ran.stderr).toMatch(
        new RegExp(`${text} by (?:verification )?plugin "mock" failed with reason "not today"`),
      )
    }
  })

  it.each<[Misbehaviour, string]>([
    ["no-results", `verification plugin "mock" failed to verify "${IDENTITY}"`],
    [
      "process-nothing",
      'extended critical attribute "example.rule" was not processed by the verification plugin "mock" (all extended critical attributes must be processed by the verification plugin)',
    ],
    ["throttled", "slow down"],
    ["fail-with-text", ""],
    ["fail-silently", ""],
    ["garbage", "failed to unmarshal the response of verify-signature command for plugin mock"],
    ["nothing", ""],
    ["other-name", 'plugin executable file name must be "notation-other" instead of "notation-mock"'],
    ["contract-2", "is not in the list of the plugin supported versions [2.0]"],
  ])("%s ends it, whatever the level", async (misbehaviour, text) => {
    install({ capabilities: [IDENTITY, REVOCATION], misbehave: [misbehaviour] })
    const artifact = await asking({ [PLUGIN]: "mock", "example.rule": "x" })
    for (const level of ["strict", "audit"]) {
      rig.policy({ signatureVerification: { level } })
      await refused(artifact, text)
    }
  })

  it.each([
    ["1.0.0", "1.0.0", true],
    ["1.0.11", "1.0.9", true],
    ["1.0.0", "1.0.1", false],
    ["1.0.9", "1.0.11", false],
    ["1.0.0-alpha", "1.0.0", false],
    ["1.0.0", "1.0.0-rc.1", true],
    ["1.0.0-alpha.beta", "1.0.0-alpha.1", true],
    ["1.0.0+build", "1.0.0", true],
  ])("plugin %s where %s is asked for: %s", async (version, minimum, enough) => {
    install({ capabilities: [IDENTITY], version })
    const artifact = await asking({ [PLUGIN]: "mock", [MINIMUM]: minimum })
    if (enough) expect((await verify(artifact)).exit).toBe(0)
    else {
      const name = `found plugin mock with version ${version} but signature verification`
      await refused(artifact, `${name} needs plugin version greater than or equal to ${minimum}`)
    }
  })

  it("missing, without verifier capabilities, or of no version", async () => {
    const artifact = await asking({ [PLUGIN]: "mock" })
    await refused(artifact, 'error while locating the verification plugin "mock", make sure the plugin is installed')
    install({ capabilities: RAW })
    await refused(artifact, `digital signature requires plugin "mock" with signature verification capabilities`)
    install({ capabilities: [IDENTITY], version: "v1" })
    await refused(artifact, "plugin mock has pluginVersion v1 which is not in valid semver format")
    rig.policy({ signatureVerification: { level: "audit" } })
    await refused(artifact, "plugin mock has pluginVersion v1")
  })

  it.each<[string, Record<string, unknown>, Forgery]>([
    ["not critical", { [PLUGIN]: "mock" }, { critical: [] }],
    ["a number", { [PLUGIN]: 1 }, {}],
    ["empty", { [PLUGIN]: "" }, {}],
    ["blank", { [PLUGIN]: "  " }, {}],
    ["a path", { [PLUGIN]: "../../mock" }, {}],
    ["a bad minimum", { [PLUGIN]: "mock", [MINIMUM]: "one" }, {}],
    ["a minimum that is not critical", { [PLUGIN]: "mock", [MINIMUM]: "1.0.0" }, { critical: [PLUGIN] }],
  ])("the attribute is %s", async (_name, attributes, forgery) => {
    install({ capabilities: [IDENTITY, REVOCATION] })
    await refused(await asking(attributes, forgery), "signature verification failed for all the signatures")
  })

  it("a critical attribute that no plugin is named for is not understood; one that is not critical is nobody's", async () => {
    install({ capabilities: [IDENTITY, REVOCATION] })
    await refused(await asking({ "example.rule": "x" }), 'critical attribute "example.rule" is not understood')
    rig.policy({ signatureVerification: { level: "audit" } })
    await refused(await asking({ "example.rule": "x" }), 'critical attribute "example.rule" is not understood')
    rig.policy()
    const harmless = await asking({}, { header: { "example.note": "x" } })
    expect((await verify(harmless)).exit).toBe(0)
  })

  describe.each<[string, () => void, string]>([
    ["is not there", () => undefined, "E_PLUGIN_NOT_FOUND"],
    ["fails", () => install({ capabilities: [IDENTITY], misbehave: ["contract-2"] }), "E_PLUGIN_"],
    ["only signs", () => install({ capabilities: RAW }), "E_PLUGIN_FAILED"],
  ])("countersign, where the plugin %s", (_name, prepare, code) => {
    const own = async (
      artifact: Pushed,
      ...flags: readonly string[]
    ): Promise<Ran & { readonly artifact: unknown }> => {
      const trusted = ["--trust-store", "ca:test", "--identity", "*", ...flags]
      const ran = await rig.countersign("verify", "--output", "json", ...trusted, artifact.reference)
      const report = JSON.parse(ran.stdout) as { readonly artifacts: readonly unknown[] }
      return { ...ran, artifact: report.artifacts[0] }
    }
    const by = async (holder: TestSigner, forgery: Forgery = {}): Promise<Pushed> => {
      prepare()
      const artifact = await rig.push()
      const header = { [PLUGIN]: "mock", ...forgery.header }
      const critical = [PLUGIN, ...(forgery.critical ?? [])]
      await attach(rig, artifact, forgeJws(holder, artifact.subject, { ...forgery, header, critical }))
      return artifact
    }

    it("a signature that is good but for it leaves the question open, whatever the level", async () => {
      const artifact = await by(signer)
      for (const level of ["strict", "permissive", "audit"]) {
        const ran = await own(artifact, "--level", level)
        expect(ran).toMatchObject({ exit: 3, artifact: { state: "unknown", decision: { result: "error" } } })
        expect(ran.stdout).toContain(code)
      }
    })

    it.each<[string, () => Promise<Pushed>, string]>([
      ["by a stranger", async () => by(await rig.authority.issueSigner({ chainLength: 1 })), "E_CERT_UNTRUSTED"],
      [
        "about something else",
        () => by(signer, { target: { digest: `sha256:${"1".repeat(64)}` } }),
        "E_SIG_SUBJECT_MISMATCH",
      ],
      [
        "that has expired",
        () =>
          by(signer, {
            at: Date.now() - 7_200_000,
            header: { [EXPIRY]: new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+Z$/, "Z") },
            critical: [EXPIRY],
          }),
        "E_SIG_EXPIRED",
      ],
      ["that does not hold", () => by(signer, { broken: true }), "E_SIG_INVALID"],
    ])("one %s is refused", async (_what, make, reason) => {
      expect(await own(await make())).toMatchObject({
        exit: 1,
        artifact: { state: "untrusted", decision: { code: reason, result: "fail" } },
      })
    })

    it("the notation faces name the plugin first", async () => {
      const artifact = await by(await rig.authority.issueSigner({ chainLength: 1 }))
      rig.policy({ trustStores: ["ca:absent"] })
      const ran = await verify(artifact, "--debug")
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      expect(ran.stderr).toMatch(/: plugin: .*\nError: signature verification failed for all the signatures/)
      expect(ran.stderr).not.toMatch(/store "absent"|Validating cert chain/)
    })

    it("sign --if-missing takes no notice of it", async () => {
      const artifact = await by(signer)
      rig.addKey("test", signer)
      const ran = await rig.countersign(
        ...["sign", "--format", "notation", "--if-missing", "--key", "notation:test", artifact.reference],
      )
      expect(ran).toMatchObject({ exit: 0, stderr: "" })
      rmSync(rig.path("config/plugins"), { recursive: true, force: true })
      expect(await own(artifact)).toMatchObject({ exit: 0 })
    })
  })

  it("sign --if-missing starts no plugin", async () => {
    const plugin = install({ capabilities: [IDENTITY, REVOCATION] })
    const stranger = await rig.authority.issueSigner({ chainLength: 1 })
    const artifact = await rig.push()
    await attach(
      rig,
      artifact,
      forgeJws(stranger, artifact.subject, { header: { [PLUGIN]: "mock" }, critical: [PLUGIN] }),
    )
    rig.addKey("test", signer)
    const ran = await rig.countersign(
      ...["sign", "--format", "notation", "--if-missing", "--key", "notation:test", artifact.reference],
    )
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    expect(commandsOf(plugin)).toEqual([])
  })

  it("COUNTERSIGN_NOTATION_COMPAT takes it with a warning", async () => {
    install({ capabilities: [IDENTITY, REVOCATION] })
    rig.env["COUNTERSIGN_NOTATION_COMPAT"] = "critical-attributes"
    try {
      const ran = await verify(await asking({ "example.rule": "x" }))
      expect(ran.exit).toBe(0)
      expect(ran.stderr).toContain('Warning: integrity was set to "log" and failed with error: critical attribute')
    } finally {
      delete rig.env["COUNTERSIGN_NOTATION_COMPAT"]
    }
  })
})

describe("install, list, uninstall", () => {
  /** A program file to install, written where no plugin is looked for. */
  function source(version: string, options: Partial<MockPluginOptions> = {}): string {
    return installMockPlugin({ libexec: rig.path(`source-${version}`), version, ...options }).path
  }
  const at = (): string => rig.path("config/plugins/mock/notation-mock")

  it("a story", async () => {
    const first = source("1.0.0")
    expect(await rig.notation("plugin", "install", "--file", first)).toEqual({
      exit: 0,
      stdout: "Successfully installed plugin mock, version 1.0.0\n",
      stderr: "",
    })
    expect(readFileSync(at())).toEqual(readFileSync(first))
    const listed = await rig.notation("plugin", "ls")
    expect(listed.stdout).toMatch(
      /^NAME +DESCRIPTION +VERSION +CAPABILITIES +ERROR +\nmock +a plugin for tests +1\.0\.0 +\[SIGNATURE_GENERATOR\.RAW .*\] +<nil> +\n$/,
    )
    expect((await rig.notation("plugin", "install", "--file", first)).stderr).toContain(
      "Error: plugin installation failed: plugin mock with version 1.0.0 already exists",
    )
    const newer = source("1.1.0")
    expect((await rig.notation("plugin", "add", "--file", newer)).stdout).toBe(
      "Successfully updated plugin mock from version 1.0.0 to 1.1.0\n",
    )
    const older = await rig.notation("plugin", "install", "--file", first)
    expect(older.exit).toBe(1)
    expect(older.stderr).toContain(
      'The installing plugin version 1.0.0 is lower than the existing plugin version 1.1.0.\nIt is not recommended to install an older version. To force the installation, use the "--force" option',
    )
    expect((await rig.notation("plugin", "install", "--force", "--file", first)).exit).toBe(0)
    rig.stdin("n\n")
    const asked = await rig.notation("plugin", "uninstall", "mock")
    expect(asked).toMatchObject({
      exit: 0,
      stdout: 'Are you sure you want to uninstall plugin "mock"? [y/N] Operation cancelled.\n',
    })
    rig.stdin("y\n")
    const removed = await rig.notation("plugin", "rm", "mock")
    expect(removed.stdout).toContain("Successfully uninstalled plugin mock\n")
    expect(existsSync(at())).toBe(false)
  })

  it("the sum must be the file's", async () => {
    const file = source("1.0.0")
    const sum = createHash("sha256").update(readFileSync(file)).digest("hex")
    const wrong = "0".repeat(64)
    expect((await rig.notation("plugin", "install", "--file", "--sha256sum", wrong, file)).stderr).toContain(
      `plugin installation failed: plugin SHA-256 checksum does not match user input. Expecting ${wrong}`,
    )
    expect(existsSync(at())).toBe(false)
    const right = ["plugin", "install", "--file", "--sha256sum", sum.toUpperCase(), file]
    expect((await rig.notation(...right)).exit).toBe(0)
  })

  it.each<[string, Misbehaviour]>([
    ["of another name", "other-name"],
    ["without capabilities", "no-capabilities"],
    ["of another contract", "contract-2"],
  ])("a plugin %s is not installed", async (_name, misbehaviour) => {
    const file = source("1.0.0", { misbehave: [misbehaviour] })
    const ran = await rig.notation("plugin", "install", "--file", file)
    expect(ran).toMatchObject({ exit: 1, stdout: "" })
    expect(ran.stderr).toMatch(/^Error: plugin installation failed: /)
    expect(existsSync(at())).toBe(false)
  })

  it("a broken plugin is listed with what is wrong", async () => {
    install({ misbehave: ["no-capabilities"] })
    expect((await rig.notation("plugin", "list")).stdout).toMatch(/\nmock .*empty capabilities/)
  })
})
