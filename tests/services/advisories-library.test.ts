/** What programs ask of the library is enforced or refused, whatever their types say. */
import { writeFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { list, sign, verify, type ToolError, type VerifyOptions } from "../../src/index.ts"
import { startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { newKey } from "./forgery.ts"

let registry: TestRegistry
let tool: TestProcess
let app: string
const key = newKey()

beforeAll(async () => {
  registry = await startTestRegistry()
  tool = await startProcess()
  app = `${registry.address}/team/app:1`
  await writeFile(tool.path("insecure-test.key"), key.privatePem)
  await writeFile(tool.path("insecure-test.pub"), key.publicPem)
  await writeFile(tool.path("app.txt"), "the release\n")
  expect((await tool.run("push", app, "app.txt")).exit).toBe(0)
  const signed = await sign({ artifacts: [app], key: tool.path("insecure-test.key") })
  expect(signed.artifacts[0]?.error).toBeUndefined()
})

afterAll(async () => {
  await tool.close()
  await registry.close()
})

/** Options of a verification that passes, changed as a program without types may. */
function options(changes: object): VerifyOptions {
  return { artifacts: [app], keys: [tool.path("insecure-test.pub")], ...changes }
}

const ISSUER = "https://issuer.example"

/** Code of the error a call ends with. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "none",
    (error: unknown) => (error as ToolError).code,
  )
}

describe("verify", () => {
  it("passes when nothing is wrong", async () => {
    const { report, verified } = await verify(options({ annotations: {} }))
    expect(report.artifacts[0]?.state).toBe("verified")
    expect(verified[0]).toHaveLength(1)
  })

  class Demand {
    readonly #env = "prod"
    get env(): string {
      return this.#env
    }
  }

  it.each<[string, object, string]>([
    ["no artifacts", { artifacts: [] }, "E_USAGE"],
    ["no keys", { keys: [] }, "E_TRUST_MISSING"],
    ["no formats", { formats: [] }, "E_USAGE"],
    ["an empty type of attestation", { attestation: "" }, "E_USAGE"],
    ["an empty artifact", { artifacts: [""] }, "E_REF_INVALID"],
    ["a misspelt demand", { annotation: { env: "prod" } }, "E_USAGE"],
    ["a demand of another program", { certificateIdentity: "somebody" }, "E_USAGE"],
    ["annotations in a Map", { annotations: new Map([["env", "prod"]]) }, "E_USAGE"],
    ["annotations in a list", { annotations: [["env", "prod"]] }, "E_USAGE"],
    ["annotations in an object of a class", { annotations: new Demand() }, "E_USAGE"],
    ["an annotation that is a number", { annotations: { build: 1 } }, "E_USAGE"],
    ["a format that does not exist", { formats: ["cosign-v9"] }, "E_USAGE"],
    ["a misspelt option of sigstore", { sigstore: { identity: "a@b.example", issuer: ISSUER } }, "E_USAGE"],
    ["a misspelt option of certificates", { certificates: { trustStore: "ca:x" } }, "E_USAGE"],
    ["an identity without issuer", { sigstore: { identities: ["a@b.example"] } }, "E_USAGE"],
    ["an issuer without identity", { sigstore: { issuer: ISSUER } }, "E_USAGE"],
    ["an empty issuer", { sigstore: { identities: ["a@b.example"], issuer: "" } }, "E_USAGE"],
    ["an empty identity", { sigstore: { identities: [""], issuer: ISSUER } }, "E_USAGE"],
    ["another word for the log", { sigstore: { log: "optional" } }, "E_USAGE"],
    ["no logs at all by number", { sigstore: { logThreshold: 0 } }, "E_USAGE"],
    ["half a timestamp", { sigstore: { timestamps: 0.5 } }, "E_USAGE"],
    ["a trusted root that nothing needs", { sigstore: { trustedRoot: "root.json" } }, "E_USAGE"],
    ["an SCT that nothing needs", { sigstore: { sct: "require" } }, "E_USAGE"],
    ["a misspelt registry option", { registry: { plainHTTP: "never" } }, "E_USAGE"],
  ])("adv: GHSA-52v5-jr5w-gjxr, sigstore/sigstore-go #609 refuses %s", async (_name, changes, code) => {
    expect(await codeOf(verify(options(changes)))).toBe(code)
  })

  it.each<[string, object]>([
    ["an annotation nobody signed", { annotations: { env: "prod" } }],
    [
      "an annotation of an object without prototype",
      { annotations: Object.assign(Object.create(null), { env: "prod" }) as object },
    ],
    ["an attestation that is not there", { attestation: "vuln" }],
    ["an empty repository of signatures", { signatureRepository: "" }],
    ["a format that is not there", { formats: ["cosign-v2"] }],
  ])("adv: GHSA-52v5-jr5w-gjxr enforces %s", async (_name, changes) => {
    const { report, verified, errors } = await verify(options(changes))
    expect(report.artifacts[0]?.decision.verdict).toBe("deny")
    expect(verified).toEqual([[]])
    expect(errors[0]?.code).toMatch(/^E_(SIG|REF)_/)
  })
})

describe("sign and list", () => {
  it("adv: GHSA-52v5-jr5w-gjxr refuse what they do not know", async () => {
    const signing = { artifacts: [app], key: tool.path("insecure-test.key") }
    expect(await codeOf(sign({ ...signing, ...{ annotation: { a: "b" } } }))).toBe("E_USAGE")
    expect(await codeOf(sign({ ...signing, artifacts: [] }))).toBe("E_USAGE")
    expect(await codeOf(sign({ ...signing, formats: [] }))).toBe("E_USAGE")
    expect(await codeOf(list({ artifacts: [app], ...{ formats: ["cosign-v2"] } }))).toBe("E_USAGE")
  })
})
