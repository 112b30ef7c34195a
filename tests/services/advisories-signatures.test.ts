/** Forged, broken and misplaced signatures, each by a key that is trusted, end to end: never verified. */
import { createHash, createPublicKey, verify as verifyBytes } from "node:crypto"
import { readFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { cosign2Program, cosignProgram } from "../../src/faces/cosign/program.ts"
import { startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { startProcess, type Ran, type TestProcess } from "../faces/cli/process-world.ts"
import {
  bundle,
  claim,
  claimLayer,
  digestOf,
  envelope,
  newKey,
  preAuth,
  Repository,
  signStatement,
  type Descriptor,
  type Envelope,
} from "./forgery.ts"

let registry: TestRegistry
let tool: TestProcess
let count = 0
const key = newKey()
const other = newKey()
const SPDX = "https://spdx.dev/Document"

beforeAll(async () => {
  registry = await startTestRegistry()
  tool = await startProcess()
  await tool.write("trusted.pub", key.publicPem)
  await tool.write("trusted.key", key.privatePem)
  await tool.write("other.key", other.privatePem)
  await tool.write("app.txt", "the release\n")
  await tool.write("other.txt", "another one\n")
})

afterAll(async () => {
  await tool.close()
  await registry.close()
})

interface Artifact {
  readonly name: string
  readonly repository: Repository
  readonly subject: Descriptor
}

/** A new artifact in a repository of its own. */
async function artifact(): Promise<Artifact> {
  count += 1
  const repository = new Repository(`${registry.url}/v2/team/app${count}`)
  const layer = await repository.blob("text/plain", `content ${count}`)
  return {
    name: `${registry.address}/team/app${count}:1`,
    repository,
    subject: await repository.artifact("1", [layer]),
  }
}

const verify = (name: string, ...flags: readonly string[]): Promise<Ran> =>
  tool.run("verify", "--key", "trusted.pub", ...flags, name)

/** Not verified, said with its code in both forms, by verify and by explain. */
async function expectNo(name: string, codes: RegExp, ...flags: readonly string[]): Promise<void> {
  const ran = await verify(name, ...flags)
  expect(ran.stderr).toMatch(/^error: .*\[E_[A-Z_]+\]$/m)
  expect(/\[(E_[A-Z_]+)\]$/m.exec(ran.stderr)?.[1]).toMatch(codes)
  expect(ran.exit).toBe(1)
  expect(ran.stdout).not.toMatch(/^verified/m)
  const json = await verify(name, "-o", "json", ...flags)
  expect(JSON.parse(json.stdout)).toMatchObject({ artifacts: [{ decision: { verdict: "deny" } }] })
  expect(json.stdout).not.toMatch(/"state": "verified"|"verdict": "allow"/)
  const explained = await tool.run("explain", "--key", "trusted.pub", ...flags, name)
  expect(explained).toMatchObject({ exit: 1 })
  expect(explained.stdout).toContain("decision  deny")
}

/** Bytes of what this program wrote, by another decoder. */
const base64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0))

/** A statement about the subject, changed. */
function statement(digest: string, changes: Record<string, unknown> = {}): string {
  return JSON.stringify({ ...signStatement(digest), ...changes })
}

describe("controls: what is made here verifies when nothing is wrong", () => {
  it("claim, signing statement, attestation", async () => {
    const { name, repository, subject } = await artifact()
    await repository.tagged(subject.digest, "sig", [
      await claimLayer(repository, key, JSON.stringify(claim(subject.digest))),
    ])
    expect((await verify(name, "--format", "cosign-v2")).exit).toBe(0)
    await repository.referrer(subject, bundle(key.hint, envelope(key, { payload: statement(subject.digest) })))
    expect((await verify(name, "--format", "cosign-v3")).exit).toBe(0)
    const attested = statement(subject.digest, { predicateType: SPDX })
    await repository.referrer(subject, bundle(key.hint, envelope(key, { payload: attested })))
    expect((await verify(name, "--attestation", SPDX)).exit).toBe(0)
  })
})

describe("the subject", () => {
  it("adv: GHSA-mhg6-2q2v-9h2c a good signature of another artifact, in every form", async () => {
    const wanted = await artifact()
    const { subject: signed } = await artifact()
    const { repository, subject, name } = wanted
    await repository.tagged(subject.digest, "sig", [
      await claimLayer(repository, key, JSON.stringify(claim(signed.digest))),
    ])
    await repository.referrer(subject, bundle(key.hint, envelope(key, { payload: statement(signed.digest) })))
    const attested = statement(signed.digest, { predicateType: SPDX })
    await repository.referrer(subject, bundle(key.hint, envelope(key, { payload: attested })))
    for (const format of ["cosign-v2", "cosign-v3"]) await expectNo(name, /E_SIG_SUBJECT_MISMATCH/, "--format", format)
    await expectNo(name, /E_SIG_SUBJECT_MISMATCH/, "--attestation", SPDX)
  })

  it.each<[string, (hex: string) => unknown]>([
    ["under another algorithm's name", (hex) => [{ digest: { sha512: hex } }]],
    ["under an unknown algorithm", (hex) => [{ digest: { sha3: hex } }]],
    ["under a name in capitals", (hex) => [{ digest: { SHA256: hex } }]],
    ["in capitals", (hex) => [{ digest: { sha256: hex.toUpperCase() } }]],
    ["with its prefix", (hex) => [{ digest: { sha256: `sha256:${hex}` } }]],
    ["cut short", (hex) => [{ digest: { sha256: hex.slice(0, 63) } }]],
    ["with something behind", (hex) => [{ digest: { sha256: `${hex} ` } }]],
    ["in the name only", (hex) => [{ name: `a@sha256:${hex}`, digest: { sha256: "0".repeat(64) } }]],
    ["as a list", (hex) => [{ digest: { sha256: [hex] } }]],
    ["of a null subject", () => [null]],
    ["of no subjects", () => []],
    ["of null subjects", () => null],
    ["of a subject that is one", (hex) => ({ digest: { sha256: hex } })],
    ["of a subject without digest", () => [{}]],
    ["that is null", () => [{ digest: null }]],
    ["with a null value", () => [{ digest: { sha256: null } }]],
    ["beside a null subject", (hex) => [{ digest: { sha256: hex } }, null]],
    ["in the prototype", (hex) => [{ digest: JSON.parse(`{"__proto__":{"sha256":"${hex}"}}`) as object }]],
  ])("adv: GHSA-mhg6-2q2v-9h2c, cosign-5016 a digest %s", async (_name, subjectOf) => {
    const { name, repository, subject } = await artifact()
    const changed = { subject: subjectOf(subject.digest.slice(7)) }
    const attested = statement(subject.digest, { ...changed, predicateType: SPDX })
    await repository.referrer(subject, bundle(key.hint, envelope(key, { payload: statement(subject.digest, changed) })))
    await repository.referrer(subject, bundle(key.hint, envelope(key, { payload: attested })))
    await expectNo(name, /E_SIG_SUBJECT_MISMATCH|E_FORMAT_MALFORMED/)
    await expectNo(name, /E_SIG_SUBJECT_MISMATCH|E_FORMAT_MALFORMED/, "--attestation", SPDX)
  })

  it.each<[string, unknown]>([
    ["without prefix", (digest: string) => digest.slice(7)],
    ["of another algorithm", (digest: string) => digest.replace("sha256", "sha512")],
    ["in capitals", (digest: string) => digest.toUpperCase()],
    ["with a blank", (digest: string) => `${digest} `],
    ["that is empty", () => ""],
    ["that is null", () => null],
    ["that is a list", (digest: string) => [digest]],
  ])("adv: zot-4202 a claim about a digest %s", async (_name, change) => {
    const { name, repository, subject } = await artifact()
    const payload = JSON.stringify(claim((change as (digest: string) => string)(subject.digest)))
    await repository.tagged(subject.digest, "sig", [await claimLayer(repository, key, payload)])
    await expectNo(name, /E_SIG_SUBJECT_MISMATCH|E_FORMAT_MALFORMED/)
  })
})

describe("the payload", () => {
  it.each<[string, (digest: string) => Envelope]>([
    ["is no JSON", () => ({ payload: "signed, and no statement" })],
    ["is empty", () => ({ payload: "" })],
    ["is null", () => ({ payload: "null" })],
    ["is a list", () => ({ payload: "[]" })],
    ["is a string", () => ({ payload: '"x"' })],
    ["is no UTF-8", () => ({ payload: Uint8Array.of(0x7b, 0xff, 0x7d) })],
    ["ends too early", (digest) => ({ payload: statement(digest).slice(0, -1) })],
    ["goes on behind its end", (digest) => ({ payload: `${statement(digest)}{}` })],
    ["has a key twice", (digest) => ({ payload: statement(digest).replace("{", '{"predicateType":"a",') })],
    ["has another type", (digest) => ({ payload: statement(digest, { _type: "https://example.com/Statement" }) })],
    ["has no type", (digest) => ({ payload: statement(digest, { _type: undefined }) })],
    ["has a predicate type that is a number", (digest) => ({ payload: statement(digest, { predicateType: 1 }) })],
    ["has no predicate type", (digest) => ({ payload: statement(digest, { predicateType: undefined }) })],
    ["is of another payload type", (digest) => ({ payload: statement(digest), payloadType: "text/plain" })],
    [
      "is of a payload type like the right one",
      (digest) => ({ payload: statement(digest), payloadType: "application/vnd.in-toto+json " }),
    ],
    [
      "is nested too deep",
      (digest) => ({
        payload: statement(digest).replace('"predicate":{}', `"predicate":${"[".repeat(200)}${"]".repeat(200)}`),
      }),
    ],
  ])("adv: GHSA-w6c6-c85g-mmv6 signed by the right key, a payload that %s", async (_name, make) => {
    const { name, repository, subject } = await artifact()
    const made = make(subject.digest)
    await repository.referrer(subject, bundle(key.hint, envelope(key, made)))
    const layer = await repository.blob("application/vnd.dsse.envelope.v1+json", envelope(key, made))
    const annotations = { "dev.cosignproject.cosign/signature": "", predicateType: SPDX }
    await repository.tagged(subject.digest, "att", [{ ...layer, annotations }])
    await expectNo(name, /^E_(FORMAT|SIG|LIMIT)_/)
    await expectNo(name, /^E_(FORMAT|SIG|LIMIT)_/, "--attestation", SPDX)
  })

  it.each<[string, (digest: string) => string | Uint8Array]>([
    ["is no JSON", () => "signed, and no claim"],
    ["is empty JSON", () => "{}"],
    ["is null", () => "null"],
    ["has no critical part", () => '{"optional":null}'],
    ["has a null critical part", () => '{"critical":null,"optional":null}'],
    ["has two critical parts", (digest) => JSON.stringify(claim(digest)).replace("{", '{"Critical":{},')],
    ["has a list of options", (digest) => JSON.stringify({ ...claim(digest), optional: [] })],
    ["has another type", (digest) => JSON.stringify(claim(digest)).replace("cosign container", "other container")],
    ["goes on behind its end", (digest) => `${JSON.stringify(claim(digest))}x`],
    ["is no UTF-8", () => Uint8Array.of(0x7b, 0xff, 0x7d)],
  ])("adv: GHSA-w6c6-c85g-mmv6 signed by the right key, a claim that %s", async (_name, make) => {
    const { name, repository, subject } = await artifact()
    await repository.tagged(subject.digest, "sig", [await claimLayer(repository, key, make(subject.digest))])
    await expectNo(name, /^E_(FORMAT|SIG)_/)
  })

  it("adv: GHSA-vjxv-45g9-9296 an attestation of a type that was not asked for", async () => {
    const { name, repository, subject } = await artifact()
    const payload = statement(subject.digest, { predicateType: "https://cosign.sigstore.dev/attestation/vuln/v1" })
    await repository.referrer(subject, bundle(key.hint, envelope(key, { payload })))
    expect((await verify(name, "--attestation", "vuln")).exit).toBe(0)
    for (const type of ["spdxjson", "https://example.com/type", "custom"]) {
      await expectNo(name, /E_SIG_NONE/, "--attestation", type)
    }
    await expectNo(name, /E_SIG_/)
  })

  it("adv: GHSA-vjxv-45g9-9296 the annotation beside an attestation is not its type", async () => {
    const { name, repository, subject } = await artifact()
    const payload = statement(subject.digest, { predicateType: "https://example.com/type" })
    const layer = await repository.blob("application/vnd.dsse.envelope.v1+json", envelope(key, { payload }))
    const annotations = { "dev.cosignproject.cosign/signature": "", predicateType: SPDX }
    await repository.tagged(subject.digest, "att", [{ ...layer, annotations }])
    await expectNo(name, /E_SIG_/, "--attestation", SPDX)
  })
})

describe("the signed bytes", () => {
  const texts = ["é", "€uro", "日本語", "🔏"]

  it.each(texts)("adv: sigstore-js #1657 lengths are counted in bytes of UTF-8: %s", async (text) => {
    const { name, repository, subject } = await artifact()
    const payload = statement(subject.digest, { predicateType: SPDX, predicate: { text } })
    await repository.referrer(subject, bundle(key.hint, envelope(key, { payload })))
    expect((await verify(name, "--attestation", SPDX)).exit).toBe(0)
  })

  it.each(texts)("adv: sigstore-js #1657 lengths counted in characters do not verify: %s", async (text) => {
    const { name, repository, subject } = await artifact()
    const payload = statement(subject.digest, { predicateType: SPDX, predicate: { text } })
    const type = "application/vnd.in-toto+json"
    const characters = Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} ${payload}`, "utf8")
    const latin = Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} ${payload}`, "latin1")
    for (const signed of [characters, latin, Buffer.from(payload), preAuth("", Buffer.from(payload))]) {
      await repository.referrer(subject, bundle(key.hint, envelope(key, { payload, signed })))
    }
    await expectNo(name, /E_SIG_/, "--attestation", SPDX)
  })

  it("adv: sigstore-js #1657 a payload type outside ASCII is signed as UTF-8 and is not in-toto", async () => {
    const { name, repository, subject } = await artifact()
    const made: Envelope = { payload: statement(subject.digest), payloadType: "application/vnd.in-toto+jsön" }
    await repository.referrer(subject, bundle(key.hint, envelope(key, made)))
    await expectNo(name, /^E_(FORMAT|SIG)_/)
  })

  it("adv: sigstore-js #1657 what we sign is what another implementation computes", async () => {
    await tool.write("unicode.json", '{"text":"日本語 🔏 é"}')
    const argv = ["attest", "--key", "trusted.key", "--type", SPDX, "--predicate", tool.path("unicode.json")]
    const signed = await tool.run(...argv, "--blob", "app.txt", "--envelope", tool.path("unicode.dsse"))
    expect(signed.exit).toBe(0)
    const dsse = JSON.parse(await readFile(tool.path("unicode.dsse"), "utf8")) as {
      readonly payload: string
      readonly payloadType: string
      readonly signatures: readonly { readonly sig: string }[]
    }
    const message = preAuth(dsse.payloadType, base64(dsse.payload))
    const signature = base64(dsse.signatures[0]?.sig ?? "")
    expect(verifyBytes("sha256", message, createPublicKey(key.publicPem), signature)).toBe(true)
  })

  it("adv: GHSA-7rmh-48mx-2vwc bytes that mean the same are not the bytes signed", async () => {
    const { name, repository, subject } = await artifact()
    const text = JSON.stringify(claim(subject.digest))
    const { critical, optional } = JSON.parse(text) as Record<string, unknown>
    const same = [`${text}\n`, ` ${text}`, JSON.stringify({ optional, critical }), text.replace('"a"', '"\\u0061"')]
    const layers = await Promise.all(same.map((payload) => claimLayer(repository, key, payload, text)))
    await repository.tagged(subject.digest, "sig", layers)
    await expectNo(name, /E_SIG_/)
    const payload = statement(subject.digest)
    for (const changed of [`${payload}\n`, payload.replace("{", "{ ")]) {
      const signed = preAuth("application/vnd.in-toto+json", Buffer.from(payload))
      await repository.referrer(subject, bundle(key.hint, envelope(key, { payload: changed, signed })))
    }
    await expectNo(name, /E_SIG_/)
  })
})

describe("the signer", () => {
  it("adv: GHSA-r2xv-vpr2-42m9 key ids and hints of the right key beside a signature by another", async () => {
    const { name, repository, subject } = await artifact()
    const payload = statement(subject.digest)
    await repository.referrer(subject, bundle(key.hint, envelope(other, { payload, keyid: key.hint })))
    const attested = statement(subject.digest, { predicateType: SPDX })
    await repository.referrer(subject, bundle(key.hint, envelope(other, { payload: attested, keyid: key.hint })))
    await expectNo(name, /E_SIG_INVALID/)
    await expectNo(name, /E_SIG_INVALID/, "--attestation", SPDX)
  })

  it("adv: GHSA-r2xv-vpr2-42m9 the right key under a wrong hint still counts", async () => {
    const { name, repository, subject } = await artifact()
    await repository.referrer(
      subject,
      bundle(other.hint, envelope(key, { payload: statement(subject.digest), keyid: "x" })),
    )
    expect((await verify(name)).exit).toBe(0)
  })
})

describe("annotations", () => {
  it("adv: prototype pollution (forge CVE-2020-7720, class) odd names are names like any other", async () => {
    for (const format of ["cosign-v2", "cosign-v3"]) {
      const { name } = await artifact()
      for (const wanted of ["__proto__=x", "constructor=x", "toString=x", "hasOwnProperty=x"]) {
        await expectNo(name, /E_SIG_/, "-a", wanted)
      }
      const pairs = ["-a", "__proto__=x", "-a", "constructor=y"]
      expect((await tool.run("sign", "--key", "trusted.key", "--format", format, ...pairs, name)).exit).toBe(0)
      expect((await verify(name, ...pairs)).exit, format).toBe(0)
      await expectNo(name, /E_SIG_ANNOTATION/, "-a", "__proto__=y")
      await expectNo(name, /E_SIG_ANNOTATION/, "-a", "toString=x")
    }
  })
})

describe("files", () => {
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64")

  async function signed(): Promise<Record<string, unknown>> {
    const made = await tool.run("sign", "--key", "trusted.key", "--blob", "app.txt", "--bundle", tool.path("app.json"))
    expect(made.exit).toBe(0)
    return JSON.parse(await readFile(tool.path("app.json"), "utf8")) as Record<string, unknown>
  }

  it.each<[string, Record<string, string>]>([
    ["of another file", { algorithm: "SHA2_256", digest: sha256("another one\n") }],
    ["under another algorithm", { algorithm: "SHA2_512", digest: sha256("the release\n") }],
    ["under an unknown algorithm", { algorithm: "SHA2_999", digest: sha256("the release\n") }],
    ["that is too short", { algorithm: "SHA2_256", digest: "AAAA" }],
    ["that is empty", { algorithm: "SHA2_256", digest: "" }],
  ])("adv: GHSA-mhg6-2q2v-9h2c, sigstore-python #1652 a message digest %s", async (_name, messageDigest) => {
    const good = await signed()
    const { signature } = good["messageSignature"] as { signature: string }
    await tool.write("bad.json", JSON.stringify({ ...good, messageSignature: { messageDigest, signature } }))
    const ran = await tool.run("verify", "--key", "trusted.pub", "--bundle", tool.path("bad.json"), "--blob", "app.txt")
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toMatch(/\[E_(SIG_SUBJECT_MISMATCH|FORMAT_MALFORMED|SIG_INVALID)\]/)
    expect(ran.stdout).not.toMatch(/^verified/m)
  })

  it("adv: GHSA-8gw7-4j42-w388 a bundle and a signature that are about two files", async () => {
    await signed()
    const argv = ["sign", "--key", "trusted.key", "--blob", "other.txt", "--signature", tool.path("other.sig")]
    expect((await tool.run(...argv)).exit).toBe(0)
    const evidence = ["--bundle", tool.path("app.json"), "--signature", tool.path("other.sig")]
    expect((await tool.run("verify", "--key", "trusted.pub", "--blob", "app.txt", ...evidence)).exit).toBe(2)
    for (const program of [cosignProgram, cosign2Program]) {
      const face = await startProcess(program)
      for (const blob of ["app.txt", "other.txt"]) {
        const flags = ["--key", tool.path("trusted.pub"), "--insecure-ignore-tlog", ...evidence]
        const ran = await face.run("verify-blob", ...flags, tool.path(blob))
        expect(ran.exit).not.toBe(0)
        expect(ran.stderr).not.toContain("Verified OK")
      }
      await face.close()
    }
  })

  it("adv: cosign-4813 an attested digest counts under its own algorithm's name alone", async () => {
    const hex = createHash("sha256").update("the release\n").digest("hex")
    const make = (digest: Record<string, string>): string =>
      bundle(
        key.hint,
        envelope(key, { payload: statement(digestOf(""), { predicateType: SPDX, subject: [{ digest }] }) }),
      )
    const argv = ["verify", "--key", "trusted.pub", "--attestation", SPDX, "--blob", "app.txt", "--bundle"]
    await tool.write("good.att", make({ sha256: hex }))
    expect((await tool.run(...argv, tool.path("good.att"))).exit).toBe(0)
    for (const digest of [{ sha512: hex }, { sha1: hex }, { sha256: hex, sha512: hex }, { sha384: hex }]) {
      await tool.write("bad.att", make(digest))
      const ran = await tool.run(...argv, tool.path("bad.att"))
      expect(ran.exit, JSON.stringify(digest)).toBe(1)
      expect(ran.stdout).not.toMatch(/^verified/m)
    }
  })
})
