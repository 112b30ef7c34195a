import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestRegistry, type TestRegistry } from "../../../src/testing/index.ts"
import { startProcess, type TestProcess } from "./process-world.ts"

let registry: TestRegistry
let tool: TestProcess

const SIGN = ["--key", "release.key", "--password-file", "password"]

beforeAll(async () => {
  registry = await startTestRegistry()
  tool = await startProcess()
  await tool.write("password", "insecure test password")
  await tool.write("facts.json", "{}")
  await tool.run("keys", "generate", "--name", "release", "--password-file", "password")
})

afterAll(async () => {
  await tool.close()
  await registry.close()
})

/** Push an artifact under two tags; its references by both and by digest. */
async function pushedTwice(name: string): Promise<readonly string[]> {
  const repository = `${registry.address}/team/${name}`
  await tool.write(`${name}.txt`, name)
  const pushed = await tool.run("push", `${repository}:1`, `${name}.txt`, "--output", "json")
  const { descriptor } = JSON.parse(pushed.stdout) as { readonly descriptor: { readonly digest: string } }
  await tool.run("tag", `${repository}:1`, "2")
  return [`${repository}:1`, `${repository}:2`, `${repository}@${descriptor.digest}`]
}

async function attached(reference: string): Promise<number> {
  const ran = await tool.run("list", reference, "--output", "json")
  return (JSON.parse(ran.stdout) as { readonly items: readonly unknown[] }).items.length
}

describe("one artifact named several times in one command", () => {
  it.each([
    ["sign", ["sign", ...SIGN]],
    ["sign --if-missing", ["sign", ...SIGN, "--if-missing"]],
    ["attest", ["attest", ...SIGN, "--type", "custom", "--predicate", "facts.json"]],
  ])("%s: one document a format, one line a name", async (name, argv) => {
    const references = await pushedTwice(name.replace(/\W+/g, "-"))
    const ran = await tool.run(...argv, "--format", "cosign-v3,cosign-v2", "--output", "json", ...references)
    expect(ran.exit).toBe(0)
    const { artifacts } = JSON.parse(ran.stdout) as { readonly artifacts: readonly { readonly artifact: string }[] }
    expect(artifacts.map(({ artifact }) => artifact)).toEqual(references)
    expect(await attached(references[0] ?? "")).toBe(2)
  })

  it("a list that names one digest twice is signed once", async () => {
    const [, , byDigest = ""] = await pushedTwice("listed")
    await tool.write("list.txt", `${byDigest}\n${byDigest}\n`)
    const ran = await tool.run("sign", ...SIGN, "--if-missing", "--from-file", "list.txt")
    expect(ran.exit).toBe(0)
    expect(ran.stdout.match(/^signed/gm)).toHaveLength(2)
    expect(await attached(byDigest)).toBe(1)
  })

  it("the same content in another repository is signed there too", async () => {
    const [here = ""] = await pushedTwice("here")
    await tool.write("here.txt", "here")
    const there = here.replace("/here:", "/there:")
    await tool.run("push", there, "here.txt")
    expect((await tool.run("sign", ...SIGN, here, there)).exit).toBe(0)
    expect([await attached(here), await attached(there)]).toEqual([1, 1])
  })
})
