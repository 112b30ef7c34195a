import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { decodeBase64 } from "../../../src/codec/base64.ts"
import { startTestRegistry, type TestRegistry } from "../../../src/testing/index.ts"
import { demoOf } from "../../../src/faces/cli/commands/demo.ts"
import { countersignProgram } from "../../../src/faces/cli/program.ts"
import type { Program } from "../../../src/faces/command.ts"
import { startProcess, type TestProcess } from "./process-world.ts"

let registry: TestRegistry
let tool: TestProcess
let app: string

const PASSWORD = ["--password-file", "password"]

beforeAll(async () => {
  registry = await startTestRegistry()
  tool = await startProcess()
  app = `${registry.address}/team/app:1.0`
  await tool.write("password", "insecure test password")
  await tool.write("app.txt", "the release\n")
  await tool.write("other.txt", "something else\n")
  await tool.write("facts.json", '{"reviewed":true}\n')
  for (const name of ["release", "stranger"]) await tool.run("keys", "generate", "--name", name, ...PASSWORD)
  await tool.run("push", app, "app.txt:text/plain")
})

afterAll(async () => {
  await tool.close()
  await registry.close()
})

/** Push a small artifact of its own for one test. */
async function pushed(name: string): Promise<string> {
  const reference = `${registry.address}/team/${name}:1`
  await tool.write(`${name}.txt`, `content of ${name}\n`)
  expect((await tool.run("push", reference, `${name}.txt`)).exit).toBe(0)
  return reference
}

interface Document {
  readonly kind: string
  readonly artifacts: readonly { readonly state: string; readonly error: { readonly code: string } | null }[]
}

describe("four answers", () => {
  it("unsigned: exit code 1 and E_SIG_NONE", async () => {
    const reference = await pushed("unsigned")
    const ran = await tool.run("verify", "--key", "release.pub", reference)
    expect(ran.exit).toBe(1)
    expect(ran.stdout).toMatch(/^unsigned {3}/)
    expect(ran.stderr).toContain("[E_SIG_NONE]")
  })

  it("verified: exit code 0 and nothing on stderr, in either format", async () => {
    for (const format of ["cosign-v3", "cosign-v2"]) {
      const reference = await pushed(`signed-${format}`)
      expect((await tool.run("sign", "--key", "release.key", ...PASSWORD, "--format", format, reference)).exit).toBe(0)
      const ran = await tool.run("verify", "--key", "release.pub", reference)
      expect(ran).toMatchObject({ exit: 0, stderr: "" })
      expect(ran.stdout).toContain(`signature  ${format}, key SHA256:`)
    }
  })

  it("untrusted: another key, exit code 1", async () => {
    const reference = await pushed("untrusted")
    await tool.run("sign", "--key", "stranger.key", ...PASSWORD, reference)
    const ran = await tool.run("verify", "--key", "release.pub", reference)
    expect(ran.exit).toBe(1)
    expect(ran.stdout).toMatch(/^untrusted {2}/)
    expect(ran.stderr).toMatch(/\[E_SIG_(UNTRUSTED|INVALID)\]/)
  })

  it("unsigned in the format asked for: E_SIG_OTHER_FORMAT names the format found", async () => {
    const reference = await pushed("other-format")
    await tool.run("sign", "--key", "release.key", ...PASSWORD, reference)
    const ran = await tool.run("verify", "--key", "release.pub", "--format", "cosign-v2", reference)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain("[E_SIG_OTHER_FORMAT]")
    expect(ran.stderr).toContain("found cosign-v3, expected cosign-v2")
  })

  it("unknown: nobody answers, exit code 3", async () => {
    const closed = await startTestRegistry()
    await closed.close()
    const reference = `${closed.address}/team/app@sha256:${"a".repeat(64)}`
    const ran = await tool.run("verify", "--key", "release.pub", "-o", "json", reference)
    expect(ran.exit).toBe(3)
    const document = JSON.parse(ran.stdout) as Document
    expect(document.artifacts[0]?.state).toBe("unknown")
    expect(ran.stderr).toContain("error: ")
  })

  it("a tag that does not exist is not unsigned", async () => {
    const ran = await tool.run("verify", "--key", "release.pub", `${registry.address}/team/app:none`)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain("[E_REF_TAG_NOT_FOUND]")
    expect(ran.stdout).not.toContain("unsigned")
  })

  it("several artifacts: every answer in order, the worst exit code, one document", async () => {
    const signed = await pushed("several-signed")
    const unsigned = await pushed("several-unsigned")
    await tool.run("sign", "--key", "release.key", ...PASSWORD, signed)
    await tool.write("list.txt", `${signed}\n${unsigned} # not yet\n`)
    const ran = await tool.run("verify", "--key", "release.pub", "--from-file", "list.txt", "-o", "json")
    expect(ran.exit).toBe(1)
    const document = JSON.parse(ran.stdout) as Document
    expect(document.artifacts.map((artifact) => [artifact.state, artifact.error?.code ?? null])).toEqual([
      ["verified", null],
      ["unsigned", "E_SIG_NONE"],
    ])
  })

  it("--quiet says it with the exit code alone, and errors on stderr", async () => {
    const reference = await pushed("quiet")
    const no = await tool.run("verify", "--quiet", "--key", "release.pub", reference)
    expect(no).toMatchObject({ exit: 1, stdout: "" })
    await tool.run("sign", "--quiet", "--key", "release.key", ...PASSWORD, reference)
    expect(await tool.run("verify", "--quiet", "--key", "release.pub", reference)).toEqual({
      exit: 0,
      stdout: "",
      stderr: "",
    })
  })
})

describe("sign and attest", () => {
  it("signs annotations, and verify asks for their exact value", async () => {
    const reference = await pushed("annotated")
    const flags = ["--format", "cosign-v3,cosign-v2", "-a", "env=prod", "-a", "note=a=b"]
    await tool.run("sign", "--key", "release.key", ...PASSWORD, ...flags, reference)
    const good = await tool.run("verify", "--key", "release.pub", "-a", "env=prod", "-a", "note=a=b", reference)
    expect(good.exit).toBe(0)
    expect(good.stdout).toContain("env=prod, note=a=b")
    for (const wrong of ["env=test", "env=", "Env=prod", "missing=x"]) {
      const bad = await tool.run("verify", "--key", "release.pub", "-a", wrong, reference)
      expect(bad.exit, wrong).toBe(1)
      expect(bad.stderr).toContain("[E_SIG_ANNOTATION]")
    }
  })

  it("--if-missing writes once", async () => {
    const reference = await pushed("if-missing")
    const argv = ["sign", "--key", "release.key", ...PASSWORD, "--if-missing", "--format", "cosign-v2", reference]
    expect((await tool.run(...argv)).stdout).not.toContain("was there already")
    registry.clearRequests()
    expect((await tool.run(...argv)).stdout).toContain("was there already")
    expect(registry.requests.filter((request) => request.method !== "GET" && request.method !== "HEAD")).toEqual([])
  })

  it("one artifact that fails does not stop the others, and stdout stays one document", async () => {
    const reference = await pushed("half")
    const ran = await tool.run(
      "sign",
      "--key",
      "release.key",
      ...PASSWORD,
      "-o",
      "json",
      reference,
      `${reference}-none`,
    )
    expect(ran.exit).toBe(1)
    const document = JSON.parse(ran.stdout) as Document
    expect(document.kind).toBe("SigningReport")
    expect(document.artifacts.map((artifact) => artifact.error?.code ?? null)).toEqual([null, "E_REF_TAG_NOT_FOUND"])
    expect(ran.stderr).toContain("E_REF_TAG_NOT_FOUND")
  })

  it("a wrong password attempts nothing: exit code 2", async () => {
    await tool.write("wrong", "another password")
    registry.clearRequests()
    const ran = await tool.run("sign", "--key", "release.key", "--password-file", "wrong", app)
    expect(ran.exit).toBe(2)
    expect(ran.stderr).toContain("[E_KEY_PASSWORD]")
    expect(ran.stdout + ran.stderr).not.toContain("another password")
    expect(registry.requests).toEqual([])
  })

  it("an attestation is found by its type and is no signature", async () => {
    const reference = await pushed("attested")
    const flags = ["--type", "custom", "--predicate", "facts.json", "--format", "cosign-v3,cosign-v2"]
    expect((await tool.run("attest", "--key", "release.key", ...PASSWORD, ...flags, reference)).exit).toBe(0)
    const good = await tool.run("verify", "--key", "release.pub", "--attestation", "custom", reference)
    expect(good.exit).toBe(0)
    expect(good.stdout).toContain("of https://cosign.sigstore.dev/attestation/v1")
    const type = await tool.run("verify", "--key", "release.pub", "--attestation", "spdxjson", reference)
    expect(type.exit).toBe(1)
    const signature = await tool.run("verify", "--key", "release.pub", reference)
    expect(signature.exit).toBe(1)
    expect(signature.stdout).not.toMatch(/^verified/m)
  })

  it("refuses a predicate type that is none", async () => {
    const flags = ["--type", "no such type", "--predicate", "facts.json"]
    expect(await tool.run("attest", "--key", "release.key", ...PASSWORD, ...flags, app)).toMatchObject({ exit: 2 })
    expect(await tool.run("verify", "--key", "release.pub", "--attestation", "no such type", app)).toMatchObject({
      exit: 2,
    })
  })
})

describe("list, tree, inspect, explain", () => {
  it("show both formats where they lie", async () => {
    const reference = await pushed("shown")
    await tool.run("sign", "--key", "release.key", ...PASSWORD, "--format", "cosign-v3,cosign-v2", reference)
    for (const verb of ["list", "tree", "inspect"]) {
      const ran = await tool.run(verb, reference)
      expect(ran, verb).toMatchObject({ exit: 0, stderr: "" })
      for (const part of ["cosign-v3", "cosign-v2", "referrers API", "signature tag"])
        expect(ran.stdout).toContain(part)
      const document = JSON.parse((await tool.run(verb, "-o", "json", reference)).stdout) as Record<string, unknown>
      expect(document).toMatchObject({ kind: "AttachedList", verified: false })
    }
    expect((await tool.run("inspect", reference)).stdout).toContain("not verified")
  })

  it("explain reads every place, shows every check, and has the exit code of verify", async () => {
    const reference = await pushed("explained")
    await tool.run("sign", "--key", "release.key", ...PASSWORD, "--format", "cosign-v3,cosign-v2", reference)
    const good = await tool.run("explain", "--key", "release.pub", reference)
    expect(good).toMatchObject({ exit: 0, stderr: "" })
    for (const part of [
      "signature 2 of 2",
      "subject.digest",
      "expected  sha256:",
      "observed  sha256:",
      "decision  allow",
    ]) {
      expect(good.stdout).toContain(part)
    }
    const bad = await tool.run("explain", "--key", "stranger.pub", reference)
    expect(bad.exit).toBe(1)
    expect(bad.stdout).toContain("decision  deny")
    expect(bad.stdout).toContain("failed   signature.cryptographic")
  })
})

describe("files", () => {
  it("are signed and verified with a bundle and with a detached signature", async () => {
    const outputs = ["--bundle", "app.sigstore.json", "--signature", "app.sig"]
    expect((await tool.run("sign", "--key", "release.key", ...PASSWORD, "--blob", "app.txt", ...outputs)).exit).toBe(0)
    for (const evidence of [
      ["--bundle", "app.sigstore.json"],
      ["--signature", "app.sig"],
    ]) {
      const argv = ["verify", "--key", "release.pub", ...evidence, "--offline", "--blob"]
      expect(await tool.run(...argv, "app.txt"), evidence[0]).toMatchObject({ exit: 0, stderr: "" })
      expect(await tool.run(...argv, "other.txt"), evidence[0]).toMatchObject({ exit: 1 })
      const stranger = argv.map((word) => (word === "release.pub" ? "stranger.pub" : word))
      const refused = await tool.run(...stranger, "app.txt")
      expect(refused.exit).toBe(1)
      expect(refused.stderr).toContain("countersign explain --blob")
      expect((await tool.run("explain", ...stranger.slice(1), "app.txt")).stdout).toContain("decision  deny")
    }
  })

  it("bundles are shown without trust, beside the file they may be about", async () => {
    const output = ["--bundle", "shown.sigstore.json"]
    expect((await tool.run("sign", "--key", "release.key", ...PASSWORD, "--blob", "app.txt", ...output)).exit).toBe(0)
    const shown = await tool.run("inspect", ...output)
    expect(shown).toMatchObject({ exit: 0, stderr: "" })
    for (const part of [/^not verified: /, /cosign-v3 \(not verified\)/, /messageDigest/])
      expect(shown.stdout).toMatch(part)
    expect(shown.stdout).not.toContain("about it")
    for (const [file, words, about] of [
      ["app.txt", "says so (not verified)", "same"],
      ["other.txt", "no: it names another file", "another"],
    ] as const) {
      expect((await tool.run("inspect", ...output, "--blob", file)).stdout).toContain(words)
      const { stdout } = await tool.run("inspect", ...output, "--blob", file, "-o", "json")
      expect(JSON.parse(stdout)).toMatchObject({
        kind: "InspectedBundle",
        verified: false,
        item: { format: "cosign-v3", kind: "signature", location: { store: "file" } },
        file: { about, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string },
      })
    }
    const path = tool.path("shown.sigstore.json")
    expect((await tool.run("inspect", path)).stdout).toBe((await tool.run("inspect", "--bundle", path)).stdout)
    const absent = await tool.run("inspect", tool.path("absent.json"))
    expect([absent.exit, absent.stderr]).toEqual([2, expect.stringContaining("[E_REF_INVALID]")])
    const alone = JSON.parse((await tool.run("inspect", ...output, "-o", "json")).stdout) as Record<string, unknown>
    expect(alone).toMatchObject({ file: null })
  })

  it.each([
    ["nothing", [], "[E_USAGE]", "--bundle FILE"],
    ["a file alone", ["--blob", "app.txt"], "[E_USAGE]", "--bundle FILE"],
    ["two things", ["--bundle", "app.txt", "registry.example/app:1"], "[E_USAGE]", "one of them"],
    ["a registry for a file", ["--bundle", "app.txt", "--signature-repository", "r.example/s"], "[E_USAGE]", "a file"],
    ["no bundle", ["--bundle", "app.txt"], "[E_FORMAT_MALFORMED]", "JSON"],
    ["no file", ["--bundle", "absent.json"], "[E_FILE_NOT_FOUND]", "absent.json"],
    ["an empty name", ["--bundle="], "[E_USAGE]", "an empty value"],
  ] as const)("inspect refuses %s", async (_name, argv, code, words) => {
    const ran = await tool.run("inspect", ...argv)
    expect(ran.exit).not.toBe(0)
    expect(ran.stderr).toContain(code)
    expect(ran.stderr).toContain(words)
  })

  it("raw signatures are read as well as base64", async () => {
    await tool.run("sign", "--key", "release.key", ...PASSWORD, "--blob", "app.txt", "--signature", "raw.b64")
    const base64 = await readFile(tool.path("raw.b64"), "utf8")
    const raw = decodeBase64(base64, { alphabet: "standard", padding: "required", max: 1024, what: "signature" })
    await writeFile(tool.path("raw.sig"), raw)
    const argv = ["verify", "--key", "release.pub", "--blob", "app.txt", "--signature"]
    expect(await tool.run(...argv, "raw.sig")).toMatchObject({ exit: 0 })
    expect(await tool.run(...argv, "app.txt")).toMatchObject({ exit: 1 })
  })

  it("attested files need the type", async () => {
    const flags = ["--type", "custom", "--predicate", "facts.json", "--blob", "app.txt"]
    const outputs = ["--bundle", "att.json", "--envelope", "att.dsse"]
    expect((await tool.run("attest", "--key", "release.key", ...PASSWORD, ...flags, ...outputs)).exit).toBe(0)
    for (const evidence of [
      ["--bundle", "att.json"],
      ["--envelope", "att.dsse"],
    ]) {
      const argv = ["verify", "--key", "release.pub", "--blob", "app.txt", ...evidence, "--attestation"]
      expect(await tool.run(...argv, "custom"), evidence[0]).toMatchObject({ exit: 0 })
      expect(await tool.run(...argv, "spdxjson"), evidence[0]).toMatchObject({ exit: 1 })
    }
    const asSignature = ["verify", "--key", "release.pub", "--blob", "app.txt", "--bundle", "att.json"]
    expect((await tool.run(...asSignature)).exit).not.toBe(0)
  })
})

describe("push, pull, tag", () => {
  it("bring the same bytes back under every tag", async () => {
    const reference = await pushed("moved")
    expect((await tool.run("tag", reference, "2", "latest")).exit).toBe(0)
    const latest = reference.replace(/:1$/, ":latest")
    expect((await tool.run("pull", "--to", "out", latest)).exit).toBe(0)
    expect(await readFile(tool.path("out/moved.txt"), "utf8")).toBe("content of moved\n")
    const again = await tool.run("pull", "--to", "out", latest)
    expect(again.exit).toBe(4)
    expect(again.stderr).toMatch(/no file was written.*--overwrite.*--to FOLDER[^]*E_FILE_EXISTS/s)
    expect((await tool.run("pull", "--to", "out", "--overwrite", latest)).exit).toBe(0)
  })
})

describe("--recursive", () => {
  interface Tree {
    readonly artifacts: readonly { readonly state: string; readonly children: readonly { readonly state: string }[] }[]
  }

  /** An index of the repository that lists one artifact, pushed under a tag of its own. */
  async function indexOf(repository: string, child: string, tag: string): Promise<string> {
    const pushed = JSON.parse((await tool.run("list", "-o", "json", child)).stdout) as { subject: object }
    const mediaType = "application/vnd.oci.image.index.v1+json"
    const answer = await fetch(`${registry.url}/v2/team/${repository}/manifests/${tag}`, {
      method: "PUT",
      headers: { "content-type": mediaType },
      body: JSON.stringify({ schemaVersion: 2, mediaType, manifests: [pushed.subject] }),
    })
    expect(answer.status).toBe(201)
    return `${registry.address}/team/${repository}:${tag}`
  }

  it("signs and verifies an index and what it lists; one unsigned child is a no", async () => {
    const child = await pushed("recursive")
    const index = await indexOf("recursive", child, "all")
    const verify = ["verify", "--key", "release.pub", "--recursive", "-o", "json", index]
    await tool.run("sign", "--key", "release.key", ...PASSWORD, index)
    const half = await tool.run(...verify)
    expect(half.exit).toBe(1)
    const [artifact] = (JSON.parse(half.stdout) as Tree).artifacts
    expect([artifact?.state, artifact?.children.map(({ state }) => state)]).toEqual(["unsigned", ["unsigned"]])
    const signed = await tool.run("sign", "--key", "release.key", ...PASSWORD, "--recursive", index)
    expect(signed.stdout.match(/^signed /gm)).toHaveLength(2)
    const whole = await tool.run(...verify)
    expect(whole.exit).toBe(0)
    expect((JSON.parse(whole.stdout) as Tree).artifacts[0]?.children.map(({ state }) => state)).toEqual(["verified"])
    expect((await tool.run("explain", "--key", "release.pub", "--recursive", index)).stdout).toContain(
      "  decision  allow",
    )
  })
})

describe("layouts", () => {
  it("hold artifacts and signatures of both formats, without a connection", async () => {
    const layout = `oci:${tool.path("layout")}`
    const offline = ["--offline"]
    registry.clearRequests()
    expect(await tool.run("push", ...offline, `${layout}:1.0`, "app.txt")).toMatchObject({ exit: 0, stderr: "" })
    expect(await tool.run("verify", ...offline, "--key", "release.pub", `${layout}:1.0`)).toMatchObject({ exit: 1 })
    const flags = ["--format", "cosign-v3,cosign-v2"]
    const signed = await tool.run("sign", ...offline, "--key", "release.key", ...PASSWORD, ...flags, `${layout}:1.0`)
    expect(signed).toMatchObject({ exit: 0, stderr: "" })
    for (const format of ["cosign-v3", "cosign-v2"]) {
      const ran = await tool.run("verify", ...offline, "--key", "release.pub", "--format", format, `${layout}:1.0`)
      expect(ran, format).toMatchObject({ exit: 0, stderr: "" })
    }
    expect(await tool.run("verify", ...offline, "--key", "stranger.pub", `${layout}:1.0`)).toMatchObject({ exit: 1 })
    expect(registry.requests).toEqual([])
  })
})

describe("keys", () => {
  it("public and inspect agree about both halves", async () => {
    const pem = await tool.run("keys", "public", "release.pub")
    expect(pem.stdout).toMatch(/^-----BEGIN PUBLIC KEY-----\n[\s\S]+-----END PUBLIC KEY-----\n$/)
    const facts = JSON.parse((await tool.run("keys", "inspect", "-o", "json", "release.pub")).stdout) as object
    expect(facts).toMatchObject({ kind: "Key", type: "ecdsa-p256", bits: 256 })
    expect((await tool.run("keys", "inspect", "release.pub")).stdout).toContain("fingerprint  SHA256:")
  })

  it("never overwrites a key: exit code 4", async () => {
    const before = await readFile(tool.path("release.key"), "utf8")
    const ran = await tool.run("keys", "generate", "--name", "release", ...PASSWORD)
    expect(ran.exit).toBe(4)
    expect(ran.stderr).toContain("[E_FILE_EXISTS]")
    expect(await readFile(tool.path("release.key"), "utf8")).toBe(before)
  })
})

describe("demo", () => {
  it("every step ends as it must, offline, and nothing is left", async () => {
    const ran = await tool.run("demo")
    expect(ran.stderr).toBe("")
    expect(ran.stdout).toMatch(/demo: (\d+) of \1 steps ended as they must\n$/)
    expect(ran.exit).toBe(0)
    for (const code of ["E_SIG_NONE", "E_SIG_UNTRUSTED", "E_SIG_SUBJECT_MISMATCH"]) expect(ran.stdout).toContain(code)
    const folder = /\$ cd (\S+)/.exec(ran.stdout)?.[1] ?? ""
    expect(existsSync(folder)).toBe(false)
  })

  it("signs for an identity and verifies it offline when its services are gone", async () => {
    const { stdout } = await tool.run("demo")
    const [, after = ""] = stdout.split("are stopped; only the registry is left")
    expect(after).toMatch(/^\$ countersign verify --offline .*alice@example\.com/m)
    expect(after).toMatch(/signed by alice@example\.com.*vouched by {2}http:\S+ entry 0/s)
    expect(after).toContain("[E_CERT_IDENTITY]")
    // The identity token is a secret.
    expect(stdout).not.toMatch(/eyJ[\w-]{20}/)
  })

  it("a step that ends otherwise is said, stops the tour, and is exit code 70", async () => {
    // A program that forgot how to sign.
    const commands = countersignProgram.commands.filter((command) => command.path[0] !== "sign")
    const broken: Program = { ...countersignProgram, commands }
    const withTour: Program = {
      ...broken,
      commands: commands.map((command) =>
        command.path[0] === "demo" ? { ...command, load: () => Promise.resolve(demoOf(broken)) } : command,
      ),
    }
    const other = await startProcess(withTour)
    const ran = await other.run("demo")
    await other.close()
    expect(ran.exit).toBe(70)
    expect(ran.stdout).toContain("unexpected: exit code 2; expected exit code 0")
    expect(ran.stdout).toContain("demo: 4 of 5 steps ended as they must")
    expect(ran.stderr).toContain("[E_INTERNAL]")
  })

  it("is one document for programs", async () => {
    const ran = await tool.run("demo", "--output", "json", "--quiet")
    expect(JSON.parse(ran.stdout)).toMatchObject({ kind: "Demo", expected: true })
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
  })
})
