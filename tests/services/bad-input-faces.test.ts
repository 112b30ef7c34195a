/** The cosign faces with registries that lie, hang and refuse: no yes, nothing changed, an error in cosign's form. */
import { mkdir, readdir } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { cosign2Program, cosignProgram } from "../../src/faces/cosign/program.ts"
import type { Program } from "../../src/faces/command.ts"
import { startTestRegistry, type RegistryFaults, type TestRegistry } from "../../src/testing/index.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"

const FOREVER = Number.POSITIVE_INFINITY

const faults: readonly (readonly [string, RegistryFaults, string])[] = [
  ["never answers", { hang: true }, "300ms"],
  ["answers 503", { serverErrors: { times: FOREVER, retryAfter: "0" } }, "20s"],
  ["answers 403", { serverErrors: { times: FOREVER, status: 403 } }, "20s"],
  ["answers 429", { tooManyRequests: { times: FOREVER, retryAfter: "3600" } }, "20s"],
  ["answers 401 in a loop", { auth: { kind: "loop" } }, "20s"],
  ["delivers wrong bytes", { wrongBytes: "all" }, "20s"],
  ["delivers wrong manifests", { wrongBytes: "manifests", digestHeader: "absent" }, "20s"],
  ["delivers manifests of 5 MiB", { extraBytes: 5 * 1024 * 1024 }, "20s"],
  ["cuts answers", { truncateDownloadAt: { byte: 10 } }, "20s"],
]

describe.each<[string, Program, readonly string[]]>([
  ["cosign", cosignProgram, ["--tlog-upload=false", "--use-signing-config=false"]],
  ["cosign2", cosign2Program, ["--tlog-upload=false"]],
])("%s", (_name, program, signing) => {
  let registry: TestRegistry
  let tool: TestProcess
  let app: string

  beforeAll(async () => {
    registry = await startTestRegistry()
    tool = await startProcess(program)
    const own = await startProcess()
    app = `${registry.address}/team/app:1`
    for (const [name, text] of Object.entries({ "app.txt": "the release\n", "facts.json": "{}", empty: "" })) {
      await tool.write(name, text)
    }
    expect((await own.run("push", app, tool.path("app.txt"))).exit).toBe(0)
    const flags = ["--name", tool.path("face"), "--password-file", tool.path("empty")]
    expect((await own.run("keys", "generate", ...flags)).exit).toBe(0)
    await own.close()
    expect((await tool.run("sign", "--key", "face.key", ...signing, app)).exit).toBe(0)
    await mkdir(tool.path("out"))
  })

  afterAll(async () => {
    await tool.close()
    await registry.close()
  })

  async function held(): Promise<string> {
    const list = (await (await fetch(`${registry.url}/v2/team/app/tags/list`)).json()) as { tags: string[] }
    const texts = list.tags.map(async (tag) => (await fetch(`${registry.url}/v2/team/app/manifests/${tag}`)).text())
    return JSON.stringify([list.tags, await Promise.all(texts)])
  }

  const attesting = ["--type", "custom", "--predicate", "facts.json"]
  const lines: readonly (readonly string[])[] = [
    ["verify", "--key", "face.pub", "--insecure-ignore-tlog"],
    ["verify-attestation", "--key", "face.pub", "--insecure-ignore-tlog", "--type", "custom"],
    ["sign", "--key", "face.key", ...signing, "-a", "more=1"],
    ["attest", "--key", "face.key", ...signing, ...attesting],
    ["triangulate"],
    ["generate"],
    ["tree"],
    ["clean", "--force"],
    ["save", "--dir", "out"],
  ]

  describe.each(faults)("a registry that %s", (_fault, fault, timeout) => {
    it.each(lines.map((line) => [line[0] ?? "", line] as const))("%s", async (verb, line) => {
      const before = await held()
      const words = line.map((word) => (word === "out" ? tool.path("out") : word))
      registry.setFaults(fault)
      const ran = await tool.run(...words, "--timeout", timeout, app)
      registry.reset()
      expect(ran.exit, verb).not.toBe(0)
      expect(ran.stdout).not.toMatch(/critical|payload|Verified/)
      expect(ran.stderr).toMatch(/^error during command execution: \S|^Error: \S/m)
      expect(ran.stderr).not.toMatch(/internal error|Verified OK|The signatures were verified/)
      expect(await held()).toBe(before)
      expect(await readdir(tool.path("out"))).toEqual([])
    })
  })
})
