/** One configuration and one referrers tag, used by the real programs and by ours in turn and at once. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { putImage } from "./images.ts"
import { statement, writeConfig } from "./notation-home.ts"
import { lastLine, openTools, type NotationTool, type Tools } from "./notation-tools.ts"
import { expectCode, havePeers, type Finished } from "./peers.ts"
import { startDockerRegistry, type InteropRegistry } from "./registries.ts"

describe.skipIf(!havePeers("notation", "notation2", "docker-registry"))("notation beside ours", () => {
  let folder: string
  let tools: Tools
  let registry: InteropRegistry

  const notation = (tool: NotationTool, ...args: readonly string[]): Promise<Finished> => tools.run(tool, args)
  const config = (name: string): string => readFileSync(join(folder, "config", name), "utf8")
  /** Programs of one line answer the same. */
  const same = async (line: "notation" | "notation2", ...args: string[]): Promise<Finished> => {
    const [theirs, mine] = [await notation(line, ...args), await notation(`our ${line}`, ...args)]
    expect({ code: mine.code, stdout: mine.stdout, last: lastLine(mine) }).toEqual({
      code: theirs.code,
      stdout: theirs.stdout,
      last: lastLine(theirs),
    })
    return theirs
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "countersign-interop-"))
    tools = openTools(folder)
    registry = await startDockerRegistry()
  })
  afterAll(async () => {
    await registry.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it("keys, stores and policies of one are the other's", async () => {
    expectCode(await notation("notation", "cert", "generate-test", "theirs"), 0)
    expectCode(await notation("our notation", "cert", "generate-test", "--default", "ours"), 0)
    for (const line of ["notation", "notation2"] as const) {
      expect((await same(line, "key", "ls")).stdout).toContain("* ours")
      expect((await same(line, "cert", "ls")).stdout).toContain("theirs.crt")
      await same(line, "cert", "show", "-t", "ca", "-s", "ours", "ours.crt")
      await same(line, "cert", "show", "-t", "ca", "-s", "theirs", "theirs.crt")
    }
    // Each writes what the other has written before, and nothing but the default changes.
    const byUs = config("signingkeys.json")
    expectCode(await notation("notation", "key", "update", "--default", "theirs"), 0)
    const byThem = config("signingkeys.json")
    expect(byThem).toBe(byUs.replace('"default": "ours"', '"default": "theirs"'))
    expectCode(await notation("our notation", "key", "update", "--default", "ours"), 0)
    expect(config("signingkeys.json")).toBe(byUs)
    expectCode(await notation("our notation", "cert", "add", "-t", "ca", "-s", "both", "config/localkeys/ours.crt"), 0)
    expectCode(await notation("notation", "cert", "add", "-t", "ca", "-s", "both", "config/localkeys/theirs.crt"), 0)
    expect((await same("notation", "cert", "add", "-t", "ca", "-s", "both", "config/localkeys/ours.crt")).code).toBe(1)
    const both = statement("both", { registryScopes: ["*"], trustStores: ["ca:both"] })
    writeConfig(folder, "../policy.json", { version: "1.0", trustPolicies: [both] })
    expectCode(await notation("our notation", "policy", "import", "policy.json"), 0)
    expect((await same("notation", "policy", "show")).stdout).toContain('"ca:both"')
    expect((await notation("notation", "policy", "import", "--force", "policy.json")).code).toBe(0)
    await same("notation", "policy", "show")
    // The second line moves the policy to its own file, which the first one does not know.
    expectCode(await notation("our notation2", "policy", "import", "--force", "policy.json"), 0)
    await same("notation2", "policy", "show")
    await same("notation", "policy", "show")
    expectCode(await notation("notation", "policy", "import", "--force", "policy.json"), 0)
  })

  it("signs in turn under one referrers tag", async () => {
    const { digest } = await putImage(registry.address, "shared/turns", "in turn")
    const reference = `${registry.address}/shared/turns@${digest}`
    const signers = ["notation", "our notation", "notation2", "our notation2"] as const
    for (const [at, tool] of signers.entries()) {
      const key = at % 2 === 0 ? "ours" : "theirs"
      expectCode(await notation(tool, "sign", "--insecure-registry", "--key", key, reference), 0)
    }
    for (const line of ["notation", "notation2"] as const) {
      const listed = await same(line, "list", "--insecure-registry", reference)
      expect(listed.stdout.match(/sha256:/g)).toHaveLength(1 + signers.length)
      await same(line, "verify", "--insecure-registry", reference)
    }
  })

  // The real programs read the tag and write it without looking again: beside them any signature may be lost.
  it("12 processes of ours at once lose nothing", async () => {
    const { digest } = await putImage(registry.address, "shared/parallel", "at once")
    const reference = `${registry.address}/shared/parallel@${digest}`
    const sign = (index: number): Promise<Finished> =>
      notation(
        index % 2 === 0 ? "our notation" : "our notation2",
        ...["sign", "--insecure-registry", "--key", "ours", "-m", `signer=${index}`, reference],
      )
    const finished = await Promise.all(Array.from({ length: 12 }, (_, index) => sign(index)))
    for (const one of finished) expectCode(one, 0)
    const listed = await same("notation", "list", "--insecure-registry", reference)
    expect(listed.stdout.match(/sha256:/g)).toHaveLength(13)
    for (const index of finished.keys()) {
      const wanted = ["verify", "--insecure-registry", "-m", `signer=${index}`, reference]
      expectCode(await notation("notation", ...wanted), 0)
    }
  })
})
