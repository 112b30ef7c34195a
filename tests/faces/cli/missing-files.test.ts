import { mkdir, readFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestRegistry, type TestRegistry } from "../../../src/testing/index.ts"
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
  for (const name of ["app.txt", "more.txt"]) await tool.write(name, `content of ${name}\n`)
  await tool.run("keys", "generate", "--name", "release", ...PASSWORD)
  await tool.run("push", app, "app.txt", "more.txt")
  await tool.run("sign", "--key", "release.key", ...PASSWORD, "--blob", "app.txt", "--bundle", "good.json")
})

afterAll(async () => {
  await tool.close()
  await registry.close()
})

describe("a file that was named and is not there is a mistake on the command line", () => {
  const verify = ["verify", "--key", "release.pub"]
  const sign = ["--key", "release.key", ...PASSWORD]
  const attest = ["attest", ...sign, "--type", "custom"]
  it.each<[string, () => readonly string[]]>([
    ["the bundle", () => [...verify, "--blob", "app.txt", "--bundle", "nofile"]],
    ["the signature", () => [...verify, "--blob", "app.txt", "--signature", "nofile"]],
    ["the blob that is verified", () => [...verify, "--blob", "nofile", "--bundle", "good.json"]],
    ["the blob that is signed", () => ["sign", ...sign, "--blob", "nofile", "--bundle", "out.json"]],
    ["the list of artifacts", () => [...verify, "--from-file", "nofile"]],
    ["the predicate", () => [...attest, "--predicate", "nofile", app]],
    ["the file that is pushed", () => ["push", app, "nofile.txt"]],
    ["a folder that is pushed", () => ["push", app, "."]],
    ["the key that is imported", () => ["keys", "import", "nofile.key"]],
    ["the password file", () => ["sign", "--key", "release.key", "--password-file", "nofile", app]],
    ["a name below a file", () => [...verify, "--blob", "app.txt", "--bundle", "app.txt/x"]],
  ])("%s: exit code 2", async (_name, argv) => {
    const ran = await tool.run(...argv())
    expect(ran.stderr).toMatch(/\[E_FILE_NOT_FOUND\]/)
    expect(ran.exit).toBe(2)
  })

  it.each([
    ["nolayout", "there is no such folder"],
    ["some-folder", "its file oci-layout is missing"],
    ["app.txt", "it is a file"],
  ])("a layout %s is none: %s", async (name, why) => {
    await mkdir(tool.path("some-folder"), { recursive: true })
    const layout = `oci:${tool.path(name)}:1`
    for (const argv of [verify, ["list"], ["sign", ...sign], ["pull", "--to", "out"]]) {
      const ran = await tool.run(...argv, layout)
      expect(ran.stderr, argv[0]).toContain("is not an OCI layout [E_FILE_NOT_FOUND]")
      expect(ran.stderr.replace(/\s+/g, " "), argv[0]).toContain(why)
      expect(ran.exit, argv[0]).toBe(2)
    }
  })

  it.each(["--bundle", "--signature", "--envelope"])("a file that is no document for %s: untrusted", async (flag) => {
    await tool.write("hello.txt", "hello\n")
    const more = flag === "--envelope" ? ["--attestation", "custom"] : []
    const ran = await tool.run(...verify, "--blob", "app.txt", flag, "hello.txt", ...more, "--output", "json")
    expect(ran.exit).toBe(1)
    expect(JSON.parse(ran.stdout)).toMatchObject({ artifacts: [{ state: "untrusted", decision: { result: "fail" } }] })
  })

  it("the credentials file", async () => {
    const ran = await tool.run(...verify, "--authfile", tool.path("nofile"), app)
    expect(ran).toMatchObject({ exit: 2, stderr: expect.stringContaining("[E_FILE_NOT_FOUND]") as string })
  })

  it("a folder to write to is made", async () => {
    expect(await tool.run("pull", "--to", "new/folder", app)).toMatchObject({ exit: 0, stderr: "" })
    expect(await readFile(tool.path("new/folder/app.txt"), "utf8")).toBe("content of app.txt\n")
  })

  it("a pull that stops says which files it wrote", async () => {
    await mkdir(tool.path("some"))
    await tool.write("some/more.txt", "mine")
    const ran = await tool.run("pull", "--to", "some", app)
    expect(ran.exit).toBe(4)
    expect(ran.stderr.replace(/\s+/g, " ")).toMatch(
      /written before that: \S+\/some\/app\.txt.*--overwrite.*--to FOLDER/,
    )
    expect(await readFile(tool.path("some/more.txt"), "utf8")).toBe("mine")
  })
})
