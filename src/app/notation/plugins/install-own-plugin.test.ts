import { execFileSync } from "node:child_process"
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createFiles } from "../../../io/system/files.ts"
import { installOwnPlugin } from "./install-own-plugin.ts"

const nobody = (): never => {
  throw new Error("a standard stream was used")
}
const files = createFiles({ stdin: { chunks: nobody }, stdout: { write: nobody } })

describe("installing our plugin", () => {
  let plugins = ""
  beforeEach(() => {
    plugins = mkdtempSync(join(tmpdir(), "countersign-lend-"))
  })
  afterEach(() => {
    rmSync(plugins, { recursive: true, force: true })
  })
  const install = (launcher: readonly string[], folder = plugins): Promise<string> =>
    installOwnPlugin(files, { plugins: folder, launcher, platform: "linux/amd64" })

  it("writes a regular file that starts the program with the words it gets", async () => {
    const path = await install(["/bin/echo", "it's $HOME", "a  b"], join(plugins, "deep", "er") + "//")
    expect(path).toBe(join(plugins, "deep", "er", "countersign", "notation-countersign"))
    expect(lstatSync(path).isFile()).toBe(true)
    expect(lstatSync(path).mode & 0o111).toBe(0o111)
    const said = execFileSync(path, ["describe-key", "x  y"], { encoding: "utf8" })
    expect(said).toBe("it's $HOME a  b notation-countersign describe-key x  y\n")
  })

  it("replaces one of ours, also where a link leads to it, and leaves the other end alone", async () => {
    const path = await install(["/old"])
    await install(["/new"])
    expect(readFileSync(path, "utf8")).toContain("exec '/new'")
    const other = join(plugins, "other")
    writeFileSync(other, readFileSync(path))
    rmSync(path)
    symlinkSync(other, path)
    await install(["/newer"])
    expect(lstatSync(path).isFile()).toBe(true)
    expect(readFileSync(other, "utf8")).toContain("exec '/new'")
  })

  it("never replaces what is not ours", async () => {
    const path = join(plugins, "countersign", "notation-countersign")
    mkdirSync(dirname(path))
    writeFileSync(path, "#!/bin/sh\n")
    await expect(install(["/x"])).rejects.toMatchObject({ code: "E_FILE_EXISTS" })
    expect(readFileSync(path, "utf8")).toBe("#!/bin/sh\n")
    rmSync(path)
    mkdirSync(path)
    await expect(install(["/x"])).rejects.toMatchObject({ code: "E_FILE_EXISTS" })
  })

  it("says why not on Windows", async () => {
    const target = { plugins, launcher: ["x"], platform: "windows/amd64" }
    await expect(installOwnPlugin(files, target)).rejects.toMatchObject({ code: "E_USAGE" })
  })
})
