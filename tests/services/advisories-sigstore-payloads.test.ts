/** Attestations whose signed payload is no statement, or one that was not asked for. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SubjectEvaluation } from "../../src/app/evaluate.ts"
import type { Digest } from "../../src/core/digest.ts"
import { parsePublicKey } from "../../src/crypto/public-key.ts"
import { sha256Digest } from "../../src/crypto/hash.ts"
import { evaluatePolicy } from "../../src/policy/evaluate.ts"
import type { KeyAuthority, Requirement } from "../../src/policy/model.ts"
import { startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { putImage } from "../interop/images.ts"
import { bundle, envelope, newKey, Repository } from "./forgery.ts"

const DSSE = "application/vnd.dsse.envelope.v1+json"
const VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"
const SPDX = "https://spdx.dev/Document"
const key = newKey()
const other = newKey()

let registry: TestRegistry
let tool: TestProcess

beforeAll(async () => {
  ;[registry, tool] = await Promise.all([startTestRegistry(), startProcess()])
  await tool.write("release.pub", key.publicPem)
  await tool.write("release.key", key.privatePem)
  await tool.write("facts.json", '{"reviewed":true}')
})

afterAll(async () => {
  await tool.close()
  await registry.close()
})

function statement(digest: string, predicateType: string): string {
  const subject = [{ name: "a", digest: { sha256: digest.replace("sha256:", "") } }]
  return JSON.stringify({ _type: "https://in-toto.io/Statement/v0.1", predicateType, subject, predicate: {} })
}

const PAYLOADS: readonly (readonly [string, string])[] = [
  ["null", "null"],
  ["a list", "[]"],
  ["a text", '"x"'],
  ["a number", "1"],
  ["an empty object", "{}"],
  ["nothing", ""],
  ["no JSON", "statement"],
  ["a predicate alone", '{"predicateType":"https://spdx.dev/Document"}'],
]

describe("a signed payload that is no statement", () => {
  it.each(PAYLOADS)("adv: sigstore/cosign #4651 %s verifies nothing and breaks nothing", async (name, payload) => {
    const place = `payload-${name.replaceAll(" ", "-").toLowerCase()}`
    const image = await putImage(registry.address, `team/${place}`, name)
    const repository = new Repository(`${registry.url}/v2/team/${place}`)
    const layer = await repository.blob(DSSE, envelope(key, { payload }))
    await repository.tagged(image.digest, "att", [layer])
    await repository.referrer({ ...image }, bundle(key.hint, envelope(key, { payload })))
    const reference = `${registry.address}/team/${place}@${image.digest}`
    for (const type of ["custom", "spdxjson", SPDX]) {
      const ran = await tool.run("verify", "--key", "release.pub", "--attestation", type, reference)
      expect([1, 2]).toContain(ran.exit)
      expect(ran.stderr).toMatch(/\[E_(?!INTERNAL)[A-Z_]+\]/)
      expect(ran.stdout).not.toMatch(/\bverified\b|signed by/)
    }
  })

  it("adv: sigstore/cosign #4653 is no obstacle to replacing what can be read, and stays", async () => {
    const image = await putImage(registry.address, "team/replaced", "replaced")
    const repository = new Repository(`${registry.url}/v2/team/replaced`)
    const readable = envelope(key, { payload: statement(image.digest, VULN) })
    const layers = [readable, ...PAYLOADS.map(([, payload]) => envelope(key, { payload })), "{}", "null"]
    const annotations = { predicateType: VULN }
    const [named, ...rest] = await Promise.all(layers.map((text) => repository.blob(DSSE, text)))
    await repository.tagged(image.digest, "att", [{ ...named!, annotations }, ...rest])
    const reference = `${registry.address}/team/replaced@${image.digest}`
    const signing = ["--key", "release.key", "--type", VULN, "--predicate", "facts.json", "--format", "cosign-v2"]
    const ran = await tool.run("attest", ...signing, "--replace", reference)
    expect(ran.exit, ran.stderr).toBe(0)
    const tag = `${image.digest.replace(":", "-")}.att`
    const answer = await fetch(`${registry.url}/v2/team/replaced/manifests/${tag}`)
    const { layers: kept } = (await answer.json()) as { layers: { digest: string }[] }
    const before = new Set(layers.map((text) => sha256Digest(new TextEncoder().encode(text)) as string))
    const left = kept.filter(({ digest }) => before.has(digest)).map(({ digest }) => digest)
    expect(left).not.toContain(sha256Digest(new TextEncoder().encode(readable)))
    expect(new Set(left).size).toBe(before.size - 1)
    const verified = await tool.run("verify", "--key", "release.pub", "--attestation", VULN, reference)
    expect(verified.exit, verified.stderr).toBe(0)
  })
})

describe("a policy of two authorities that want one type", () => {
  const DIGEST: Digest = sha256Digest(new TextEncoder().encode("artifact"))
  const keys = [key, other].map(({ publicPem }, at) => ({
    name: `key ${at}`,
    key: parsePublicKey(new TextEncoder().encode(publicPem), { what: "key" }),
  }))
  const authorities = keys.map(({ name }): KeyAuthority => ({
    name,
    family: "cosign",
    formats: ["cosign-v2"],
    kind: "attestation",
    keys: [name],
    annotations: {},
    predicateType: SPDX,
    witnesses: { logs: 0, timestamps: 0 },
  }))
  const ANY: Requirement = { any: ["key 0", "key 1"] }

  async function result(require: Requirement, ...documents: readonly string[]): Promise<string> {
    const policy = { name: "p", authorities, rules: [{ name: "r", require, mode: "enforce" }] } as const
    const evaluation = { policy, keys, checkClaims: true, anyPredicate: false, maxSignatures: 10 }
    const evaluated = new SubjectEvaluation(evaluation, { digest: DIGEST })
    for (const text of documents) {
      const bytes = new TextEncoder().encode(text)
      await evaluated.add({
        location: { store: "attestation-tag", where: "here", reference: "tag" },
        descriptor: { mediaType: DSSE, size: bytes.length, digest: sha256Digest(bytes) },
        bytes,
        mediaType: DSSE,
        annotations: {},
      })
    }
    expect(evaluated.verified.length > 0).toBe(evaluated.reports.some(({ state }) => state === "verified"))
    return evaluatePolicy(policy, evaluated.facts()).verdict
  }

  const of = (by: typeof key, type: string): string => envelope(by, { payload: statement(DIGEST, type) })
  const at = (atLeast: number, distinct: "key" | "none"): Requirement => ({
    atLeast,
    of: ["key 0", "key 1"],
    distinct,
    required: [],
  })

  it.each<[string, Requirement]>([
    ["any", ANY],
    ["all", { all: ["key 0", "key 1"] }],
    ["one key", at(1, "key")],
    ["one signature", at(1, "none")],
  ])("adv: GHSA-739f-hw6h-7wq8 another type satisfies nobody: %s", async (_name, require) => {
    expect(await result(require, of(key, VULN))).toBe("deny")
    expect(await result(require, of(key, VULN), of(other, VULN))).toBe("deny")
    expect(await result(require, of(key, SPDX), of(other, SPDX))).toBe("allow")
  })

  it("adv: GHSA-739f-hw6h-7wq8 one of the wanted type does not let the others count", async () => {
    expect(await result(ANY, of(key, SPDX), of(other, VULN))).toBe("allow")
    expect(await result({ all: ["key 0", "key 1"] }, of(key, SPDX), of(other, VULN))).toBe("deny")
    expect(await result(at(2, "key"), of(key, SPDX), of(key, VULN), of(other, VULN))).toBe("deny")
    expect(await result(at(2, "none"), of(key, SPDX), of(key, VULN), of(other, VULN))).toBe("deny")
  })
})
