/** Every flag of every command is read by it or refused: nothing that is asked for is dropped (GHSA-52v5-jr5w-gjxr). */
import { generateKeyPairSync } from "node:crypto"
import { mkdir } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { countersignProgram } from "../../src/faces/cli/program.ts"
import { cosign2Program, cosignProgram } from "../../src/faces/cosign/program.ts"
import type { FlagSpec, Program } from "../../src/faces/command.ts"
import { startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { recordFlags, type RecordedProgram } from "./flag-recorder.ts"

let registry: TestRegistry
let own: TestProcess
const recorded = recordFlags(countersignProgram)

/** Names in command lines below: files of the folder and artifacts. */
const names: Record<string, string> = {}

beforeAll(async () => {
  registry = await startTestRegistry()
  own = await startProcess(recorded.program)
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  await own.write("insecure-test.pem", privateKey.export({ type: "pkcs8", format: "pem" }) as string)
  await own.write("insecure-test.pub", publicKey.export({ type: "spki", format: "pem" }) as string)
  const files = { "app.txt": "the release\n", "facts.json": "{}", password: "insecure test password", empty: "" }
  await own.write("root.json", `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`)
  for (const [name, text] of Object.entries(files)) await own.write(name, text)
  await own.write("list", `${registry.address}/team/app:1\n`)
  await mkdir(own.path("out"))
  Object.assign(names, {
    APP: `${registry.address}/team/app:1`,
    HOST: registry.address,
    KEY: own.path("insecure-test.pem"),
  })
  Object.assign(names, { PUB: own.path("insecure-test.pub"), FILE: own.path("app.txt"), FACTS: own.path("facts.json") })
  Object.assign(names, { PASSWORD: own.path("password"), EMPTY: own.path("empty"), LIST: own.path("list") })
  Object.assign(names, {
    OUT: own.path("out"),
    NEW: own.path("out/new"),
    REPOSITORY: `${registry.address}/team/signatures`,
  })
  Object.assign(names, {
    FACE: own.path("face.key"),
    FACEPUB: own.path("face.pub"),
    BUNDLE: own.path("app.sigstore.json"),
  })
  Object.assign(names, { CHAIN: own.path("chain.pem"), STORE: `ca:${own.path("chain.pem")}` })
  Object.assign(names, { ENVELOPE: own.path("app.jws.sig") })
  Object.assign(names, { ATTESTED: own.path("app.att.json"), DSSE: own.path("app.dsse"), SIG: own.path("app.sig") })
  for (const line of [
    "push APP FILE",
    "keys generate --name FACENAME --password-file EMPTY".replace("FACENAME", own.path("face")),
    "sign --key FACE --password-file EMPTY --format cosign-v2,cosign-v3 APP",
    "attest --key FACE --password-file EMPTY --type custom --predicate FACTS --format cosign-v2,cosign-v3 APP",
    "sign --key FACE --password-file EMPTY --blob FILE --bundle BUNDLE --signature SIG",
    "cert self-sign --key KEY --subject C=US,ST=WA,O=x,CN=y --cert CHAIN",
    "sign --key KEY --cert-chain CHAIN --format notation APP",
    "sign --key KEY --cert-chain CHAIN --format notation --blob FILE --signature ENVELOPE",
    "attest --key FACE --password-file EMPTY --type custom --predicate FACTS --blob FILE --bundle ATTESTED --envelope DSSE",
  ]) {
    const ran = await own.run(...words(line))
    expect(ran, line).toMatchObject({ exit: 0 })
  }
})

afterAll(async () => {
  await own.close()
  await registry.close()
})

const words = (line: string): readonly string[] => line.split(" ").map((word) => names[word] ?? word)

/** A value that fits a flag. */
const VALUES: Readonly<Record<string, string>> = {
  annotation: "a=b",
  attestation: "custom",
  "from-file": "LIST",
  "signature-repository": "REPOSITORY",
  blob: "FILE",
  bundle: "BUNDLE",
  signature: "SIG",
  envelope: "DSSE",
  key: "PUB",
  "password-file": "PASSWORD",
  predicate: "FACTS",
  statement: "FACTS",
  type: "custom",
  to: "OUT",
  name: "NEW",
  timeout: "20s",
  authfile: "FACTS",
  username: "somebody",
  "cert-chain": "CHAIN",
  "trust-store": "STORE",
  identity: "*",
  override: "expiry=log",
  "plugin-config": "a=b",
  expires: "1h",
  subject: "C=US",
  cert: "NEW",
  lifetime: "1h",
  store: "ca:x",
  from: "APP",
  certificate: "leaf",
  at: "2026-01-01T00:00:00Z",
}

function given(flag: FlagSpec, line: string): readonly string[] {
  if (flag.type === "bool") return [`--${flag.name}`]
  const written = /^(sign|attest)/.test(line) && ["bundle", "signature", "envelope"].includes(flag.name)
  const value = (written ? "NEW" : VALUES[flag.name]) ?? flag.choices?.at(-1) ?? "NEW"
  return [`--${flag.name}`, names[value] ?? value]
}

/** Asks for nothing that a command without network and messages could do otherwise. */
const TRIVIAL: Readonly<Record<string, readonly string[]>> = {
  version: ["verbose", "debug", "timeout", "offline"],
  completion: ["quiet", "verbose", "debug", "timeout", "offline"],
}

describe("own commands", () => {
  const lines = [
    "sign --key KEY APP",
    "sign --key KEY --blob FILE --bundle NEW",
    "sign --key KEY --cert-chain CHAIN --format notation APP",
    "sign --key KEY --cert-chain CHAIN --format notation-cose --blob FILE --signature NEW",
    "attest --key KEY --type custom --predicate FACTS APP",
    "attest --key KEY --type custom --predicate FACTS --blob FILE --bundle NEW",
    "verify --key PUB APP",
    "verify --key FACEPUB --blob FILE --bundle BUNDLE",
    "verify --key FACEPUB --blob FILE --bundle ATTESTED --attestation custom",
    "explain --key PUB APP",
    "explain --key FACEPUB --blob FILE --signature SIG",
    "verify --trust-store STORE --identity * APP",
    "explain --trust-store STORE --identity * --blob FILE --signature ENVELOPE",
    "cert self-sign --key KEY --subject C=US,ST=WA,O=x,CN=y --cert NEW",
    "cert doctor CHAIN",
    "trust add --store ca:x --yes CHAIN",
    "trust add --store ca:x --yes --from APP",
    "trust list",
    "trust show ca:x",
    "trust remove --yes ca:x",
    "list APP",
    "tree APP",
    "inspect APP",
    "push APP FILE",
    "pull --to OUT --overwrite APP",
    "tag APP 2",
    "keys public PUB",
    "keys inspect PUB",
    "keys import --name NEW --password-file PASSWORD KEY",
    "login --username somebody HOST",
    "logout HOST",
    "version",
    "completion bash",
  ]

  it.each(lines)("adv: GHSA-52v5-jr5w-gjxr %s: no flag is dropped", async (line) => {
    const command = countersignProgram.commands.find(({ path }) => `${line} `.startsWith(`${path.join(" ")} `))
    recorded.take()
    await own.run(...words(line))
    const read = recorded.take()
    const dropped: string[] = []
    for (const flag of [...(command?.flags ?? []), ...countersignProgram.globalFlags]) {
      if (read.has(flag.name)) continue
      if (line.includes(`--${flag.name} `) || TRIVIAL[command?.path.join(" ") ?? ""]?.includes(flag.name)) continue
      recorded.take()
      const ran = await own.run(...words(line), ...given(flag, line))
      const refused = ran.exit === 2 && ran.stderr.includes(`--${flag.name}`)
      if (!refused && !recorded.take().has(flag.name)) dropped.push(flag.name)
    }
    expect(dropped).toEqual([])
  })

  it.each(["serve", "demo", "version", "completion bash"])(
    "adv: GHSA-52v5-jr5w-gjxr %s refuses flags about a connection it does not make",
    async (line) => {
      for (const flag of ["--plain-http", "--insecure-skip-tls-verify", "--registry-cacert=x", "--authfile=x"]) {
        const ran = await own.run(...words(line), flag)
        expect(ran.exit, flag).toBe(2)
        expect(ran.stderr).toContain(`${flag.replace(/=.*/, "")} cannot be used here [E_USAGE]`)
      }
    },
  )

  it("adv: GHSA-52v5-jr5w-gjxr an empty value is no value: every flag with text refuses it", async () => {
    for (const line of lines) {
      const command = countersignProgram.commands.find(({ path }) => `${line} `.startsWith(`${path.join(" ")} `))
      for (const flag of [...(command?.flags ?? []), ...countersignProgram.globalFlags]) {
        if (flag.type !== "string") continue
        const ran = await own.run(...words(line), `--${flag.name}=`)
        expect(ran, `${line} --${flag.name}=`).toMatchObject({ exit: 2, stdout: "" })
        expect(ran.stderr).toContain(`an empty value for --${flag.name} [E_USAGE]`)
      }
    }
  })

  it.each([
    ["verify --key", "E_USAGE"],
    ["verify APP", "E_TRUST_MISSING"],
    ["verify --key= APP", "E_USAGE"],
    ["verify --key PUB --format= APP", "E_USAGE"],
    ["verify --key PUB", "E_USAGE"],
    ["verify --key PUB --from-file EMPTY", "E_USAGE"],
    ["verify --key PUB --blob FILE", "E_USAGE"],
    ["verify --key PUB --blob FILE --bundle BUNDLE --signature SIG", "E_USAGE"],
    ["verify --key PUB --blob FILE --bundle BUNDLE APP", "E_USAGE"],
    ["verify --key PUB --annotation =x APP", "E_USAGE"],
    ["verify --key PUB --annotation x APP", "E_USAGE"],
    ["verify --key PUB --annotation x=1 --annotation x=2 APP", "E_USAGE"],
    ["verify --key PUB --certificate-identity x APP", "E_USAGE"],
    ["verify --key PUB --timeout 0s APP", "E_USAGE"],
    ["sign APP", "E_USAGE"],
    ["sign --key KEY", "E_USAGE"],
    ["sign --key KEY --format cosign-v9 APP", "E_USAGE"],
    ["attest --key KEY APP", "E_USAGE"],
    ["attest --key KEY --predicate FACTS APP", "E_USAGE"],
  ])("adv: sigstore/sigstore-go #609 empty means refuse: %s", async (line, code) => {
    registry.clearRequests()
    const ran = await own.run(...words(line))
    expect(ran).toMatchObject({ exit: 2, stdout: "" })
    expect(ran.stderr).toContain(`[${code}]`)
    expect(registry.requests).toEqual([])
  })
})

/** Flags of the cosign faces that change nothing, and why that is what they ask for. */
const NO_EFFECT: Readonly<Record<string, string>> = {
  yes: "nothing is asked that it could answer, except where a file would be overwritten",
  "insecure-skip-verify": "skips a check of certificates, which signing by key does not make",
  "insecure-ignore-sct": "skips a check of certificates, which verifying by key does not make",
  "experimental-oci11": "referrers are always looked at",
  offline: "no service but the registry is ever asked",
  "max-workers": "of the blob commands: there is one blob",
  "new-bundle-format": "of the blob commands: what a bundle is shows itself",
  output: "of verify-attestation: cosign prints envelopes whatever it says",
  b64: "writes no signature beside a bundle",
  "attachment-tag-prefix": "of generate: a payload has no tag",
  digestAlg: "names the algorithm of --digest, which a blob at hand replaces",
  timeout: "of commands that wait for nothing",
  verbose: "of commands that send no request",
}

describe.each<[string, Program]>([
  ["cosign", cosignProgram],
  ["cosign2", cosign2Program],
])("%s", (name, program) => {
  const face: RecordedProgram = recordFlags(program)
  let tool: TestProcess

  beforeAll(async () => {
    tool = await startProcess(face.program)
  })
  afterAll(() => tool.close())

  const signing = "--key FACE --tlog-upload=false" + (name === "cosign" ? " --use-signing-config=false" : "")
  const verifying = "--key FACEPUB --insecure-ignore-tlog"
  const lines = [
    `sign ${signing} APP`,
    `sign-blob ${signing} --bundle NEW FILE`,
    `attest ${signing} --type custom --predicate FACTS APP`,
    `attest-blob ${signing} --type custom --predicate FACTS --bundle NEW FILE`,
    `verify ${verifying} APP`,
    `verify-attestation ${verifying} --type custom APP`,
    `verify-blob ${verifying} --bundle BUNDLE FILE`,
    `verify-blob-attestation ${verifying} --type custom --bundle ATTESTED FILE`,
    "tree APP",
    "triangulate APP",
    "generate APP",
    "public-key --key FACE",
    "version",
    "env",
  ]

  it.each(lines)("adv: GHSA-52v5-jr5w-gjxr %s: no flag is dropped", async (line) => {
    const command = program.commands.find(({ path }) => line.startsWith(`${path[0] ?? ""} `) || line === path[0])
    expect(command).toBeDefined()
    face.take()
    await tool.run(...words(line))
    const read = face.take()
    const dropped: string[] = []
    for (const flag of [...(command?.flags ?? []), ...program.globalFlags]) {
      if (read.has(flag.name) && !Object.hasOwn(flag, "refused")) continue
      if (Object.hasOwn(NO_EFFECT, flag.name) || flag.name === "output-file") continue
      face.take()
      const ran = await tool.run(...words(line), ...given(flag, line))
      const refused = ran.exit !== 0 && ran.stderr.includes(`--${flag.name} `)
      const warned = ran.stderr.includes(
        `--${flag.name} is deprecated when using --new-bundle-format and will be ignored`,
      )
      if (!refused && !warned && !face.take().has(flag.name)) dropped.push(flag.name)
    }
    expect(dropped).toEqual([])
  })

  it.each(["--certificate-identity=x", "--certificate-oidc-issuer-regexp=.*"])(
    "adv: sigstore/cosign #5012 %s beside a key is refused, not ignored",
    async (flag) => {
      for (const line of lines.filter((one) => one.startsWith("verify"))) {
        const ran = await tool.run(...words(line), flag)
        expect(ran.exit, line).not.toBe(0)
        expect(ran.stdout).toBe("")
        expect(ran.stderr).not.toContain("Verified OK")
      }
    },
  )

  it("adv: sigstore/cosign #5012 keyless without identity verifies nothing", async () => {
    for (const line of lines.filter((one) => one.startsWith("verify"))) {
      const ran = await tool.run(...words(line.replace("--key FACEPUB ", "")))
      expect(ran.exit, line).not.toBe(0)
      expect(ran.stdout).toBe("")
      expect(ran.stderr).not.toContain("Verified OK")
    }
  })

  it("adv: GHSA-whqx-f9j3-ch6m who asks for the log in so many words gets no yes without it", async () => {
    for (const line of lines.filter((one) => one.startsWith("verify"))) {
      expect((await tool.run(...words(line))).exit, line).toBe(0)
      for (const flags of [[], ["--insecure-ignore-tlog=false"], ["--private-infrastructure=false"]]) {
        const asked = [...words(line.replace(" --insecure-ignore-tlog", "")), "--trusted-root", own.path("root.json")]
        const ran = await tool.run(...asked, ...flags)
        expect(ran.exit, line).not.toBe(0)
        expect(ran.stdout).toBe("")
        expect(ran.stderr).not.toContain("Verified OK")
      }
    }
  })
})
