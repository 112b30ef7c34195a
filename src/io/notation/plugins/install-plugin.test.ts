import { execFileSync, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { gzipSync } from "node:zlib"

import { afterEach, beforeEach, describe, expect, it } from "vitest"

import type { PluginInstalled } from "../../../core/notation-home.ts"
import { answering, failureOf, makeTestHome, metadataOf, type TestHome, writeScript } from "../test-home.ts"
import { paxOf, type TarEntry, tarOf, type ZipEntry, zipOf } from "./test-archives.ts"

let test: TestHome
beforeEach(() => {
  test = makeTestHome()
})
afterEach(() => {
  test.remove()
})

const script = (version = "1.0.0", name = "p"): string => `#!/bin/sh\n${answering(metadataOf(name, version))}\n`
const install = (path: string, force = false): Promise<PluginInstalled> => test.home.plugins.install(path, { force })
const plugins = (...names: readonly string[]): string => test.at("libexec", "plugins", ...names)
const installed = async (): Promise<unknown> =>
  (await test.home.plugins.list()).map(({ name, metadata, error }) => [name, metadata?.version ?? error])

/** A folder with a plugin in it. */
function folderOf(version = "1.0.0", mode = 0o755): string {
  const folder = test.at(`source-${version}`)
  writeScript(`${folder}/notation-p`, answering(metadataOf("p", version)), mode)
  writeFileSync(`${folder}/LICENSE`, "free")
  return folder
}

function saved(name: string, bytes: Uint8Array): string {
  const path = test.at(name)
  writeFileSync(path, bytes)
  return path
}
const tarGz = (entries: readonly TarEntry[], end?: Uint8Array): string =>
  saved("p.tar.gz", gzipSync(tarOf(entries, end)))
const zip = (entries: readonly ZipEntry[]): string => saved("p.zip", zipOf(entries))

/** Nothing was installed and nothing is left. */
function expectClean(): void {
  expect(existsSync(plugins("p"))).toBe(false)
  const libexec = existsSync(test.home.folders.libexec) ? readdirSync(test.home.folders.libexec) : []
  expect(libexec.filter((name) => name !== "plugins")).toEqual([])
}

describe("what is installed", () => {
  it.each([
    ["an executable", (): string => `${folderOf()}/notation-p`, ["notation-p"]],
    ["a folder", (): string => folderOf(), ["LICENSE", "notation-p"]],
    [
      "what tar packed",
      (): string => {
        execFileSync("tar", ["-czf", test.at("a.tar.gz"), "-C", folderOf(), "."])
        return test.at("a.tar.gz")
      },
      ["LICENSE", "notation-p"],
    ],
    [
      "what tar packed for POSIX",
      (): string => {
        execFileSync("tar", ["--format=pax", "-czf", test.at("a"), "-C", folderOf(), "notation-p", "LICENSE"])
        return test.at("a")
      },
      ["LICENSE", "notation-p"],
    ],
    [
      "a zip",
      (): string => zip([{ name: "notation-p", content: script(), mode: 0o100755 }, { name: "LICENSE" }]),
      ["LICENSE", "notation-p"],
    ],
    [
      "a zip with folders, whose files stay out",
      (): string =>
        zip([
          { name: "d/", mode: 0o040755 },
          { name: "d/x" },
          { name: "notation-p", content: script(), mode: 0o100700 },
        ]),
      ["notation-p"],
    ],
    [
      "a tar with folders, whose files come along",
      (): string =>
        tarGz([{ name: "d/", type: "5" }, { name: "d/x" }, { name: "d/notation-p", content: script(), mode: 0o755 }]),
      ["notation-p", "x"],
    ],
    ["one that is not executable yet", (): string => folderOf("1.0.0", 0o644), ["LICENSE", "notation-p"]],
    [
      "a zip made on Windows",
      (): string => zip([{ name: "notation-p", content: script(), mode: 0, system: 0 }]),
      ["notation-p"],
    ],
    [
      "a long name in extended attributes",
      (): string =>
        tarGz([
          { name: "x", type: "x", content: paxOf({ path: `${"d/".repeat(60)}notation-p` }) },
          { name: "short", content: script(), mode: 0o755 },
        ]),
      ["notation-p"],
    ],
  ])("%s", async (_name, source, files) => {
    expect(await install(source())).toEqual({ metadata: JSON.parse(metadataOf("p")) as unknown })
    expect(readdirSync(plugins("p")).toSorted()).toEqual(files)
    expect(await installed()).toEqual([["p", "1.0.0"]])
    expect(readdirSync(test.home.folders.libexec)).toEqual(["plugins"])
  })

  it("only its owner may write", async () => {
    const folder = folderOf("1.0.0", 0o777)
    await install(folder)
    const modes = ["", "notation-p", "LICENSE"].map((name) => statSync(plugins("p", name)).mode & 0o7777)
    expect(modes).toEqual([0o755, 0o755, 0o644])
    expect(statSync(`${folder}/notation-p`).mode & 0o777).toBe(0o777)
  })

  it("a folder's links and folders stay out", async () => {
    const folder = folderOf()
    symlinkSync("/etc/passwd", `${folder}/link`)
    mkdirSync(`${folder}/notation-q`)
    await install(folder)
    expect(readdirSync(plugins("p")).toSorted()).toEqual(["LICENSE", "notation-p"])
  })
})

describe("versions", () => {
  it("a newer one replaces all of the older one", async () => {
    await install(folderOf("1.0.0"))
    expect(await install(`${folderOf("1.0.1")}/notation-p`)).toMatchObject({ replaced: "1.0.0" })
    expect(readdirSync(plugins("p"))).toEqual(["notation-p"])
    expect(await installed()).toEqual([["p", "1.0.1"]])
  })

  it.each([
    ["1.0.0", "1.0.0", "E_PLUGIN_EXISTS", "plugin p with version 1.0.0 already exists"],
    ["1.0.0+b", "1.0.0+a", "E_PLUGIN_EXISTS", "plugin p with version 1.0.0+a already exists"],
    [
      "1.0.0-rc.1",
      "1.0.0",
      "E_PLUGIN_EXISTS",
      'failed to install plugin p. The installing plugin version 1.0.0-rc.1 is lower than the existing plugin version 1.0.0.\nIt is not recommended to install an older version. To force the installation, use the "--force" option',
    ],
    ["v2", "1.0.0", "E_PLUGIN_INVALID", "failed to compare plugin versions: v2 is not a valid semantic version"],
    ["2.0.0", "one", "E_PLUGIN_INVALID", "failed to compare plugin versions: one is not a valid semantic version"],
  ])("%s does not replace %s unless forced", async (offered, present, code, what) => {
    await install(folderOf(present))
    expect(await failureOf(install(folderOf(offered)))).toMatchObject({ code, what })
    expect(await installed()).toEqual([["p", present]])
    expect(await install(folderOf(offered), true)).toMatchObject({ replaced: present })
    expect(await installed()).toEqual([["p", offered]])
  })

  it("one that does not work is replaced only when forced", async () => {
    writeScript(plugins("p", "notation-p"), "exit 3")
    const platform = `linux/${process.arch === "x64" ? "amd64" : process.arch}`
    const what = `failed to get metadata of existing plugin: exit status 3.\nPlease ensure that the plugin executable file is compatible with ${platform} and has appropriate permissions.`
    expect(await failureOf(install(folderOf()))).toMatchObject({ code: "E_PLUGIN_INVALID", what })
    expect(await install(folderOf(), true)).toEqual({ metadata: JSON.parse(metadataOf("p")) as unknown })
  })

  it("a folder without its executable counts as none", async () => {
    writeFileSync(plugins("p", "LICENSE"), "old")
    expect((await install(`${folderOf()}/notation-p`)).replaced).toBeUndefined()
    expect(readdirSync(plugins("p"))).toEqual(["notation-p"])
  })
})

describe("what is refused", () => {
  const platform = `linux/${process.arch === "x64" ? "amd64" : process.arch}`
  it.each([
    ["nothing", (): string => test.at("absent"), (): string => `stat ${test.at("absent")}: no such file or directory`],
    ["a device", (): string => "/dev/null", (): string => "/dev/null is not a valid file"],
    [
      "a file of another name",
      (): string => writeScript(test.at("tool"), script()),
      (): string =>
        "failed to read plugin name from input file tool: invalid plugin executable file name. Plugin file name requires format notation-{plugin-name}, but got tool",
    ],
    [
      "a file without a name",
      (): string => writeScript(test.at("notation-"), script()),
      (): string =>
        "failed to read plugin name from input file notation-: invalid plugin executable file name. Plugin file name requires format notation-{plugin-name}, but got notation-",
    ],
    [
      "a file that cannot be run",
      (): string => `${folderOf("1.0.0", 0o644)}/notation-p`,
      (): string => "input file notation-p is not executable",
    ],
    [
      "an empty folder",
      (): string => {
        mkdirSync(test.at("empty"))
        return test.at("empty")
      },
      (): string => "failed to read plugin from input directory: no plugin executable file was found",
    ],
    [
      "two executables",
      (): string => {
        const folder = folderOf()
        writeScript(`${folder}/notation-q`, "")
        return folder
      },
      (): string => "failed to read plugin from input directory: found more than one plugin executable files",
    ],
    [
      "two files that could be executables",
      (): string => {
        const folder = folderOf("1.0.0", 0o644)
        writeFileSync(`${folder}/notation-q`, "")
        return folder
      },
      (): string => "failed to read plugin from input directory: no plugin executable file was found",
    ],
    [
      "an archive without one",
      (): string => zip([{ name: "x" }]),
      (): string => "failed to read plugin from input directory: no plugin executable file was found",
    ],
    [
      "a plugin that fails",
      (): string =>
        writeScript(test.at("notation-p"), `echo '{"errorCode":"ERROR","errorMessage":"no <way>"}' >&2; exit 3`),
      (): string => "failed to get metadata of new plugin: no <way>",
    ],
    [
      "a plugin that ends",
      (): string => writeScript(test.at("notation-p"), "exit 3"),
      (): string =>
        `failed to get metadata of new plugin: exit status 3.\nPlease ensure that the plugin executable file is compatible with ${platform} and has appropriate permissions.`,
    ],
    [
      "garbage",
      (): string => {
        const path = writeScript(test.at("notation-p"), "")
        writeFileSync(path, "garbage")
        return path
      },
      (): string =>
        `failed to get metadata of new plugin: fork/exec ${test.at("notation-p")}: exec format error.\nPlease ensure that the plugin executable file is compatible with ${platform} and has appropriate permissions.`,
    ],
    [
      "a plugin that answers nonsense",
      (): string => writeScript(test.at("notation-p"), "echo nojson"),
      (): string =>
        `failed to unmarshal the response of get-plugin-metadata command for plugin p.\nPlease ensure that the plugin executable file is intact and compatible with ${platform}. Contact the plugin publisher for further assistance.`,
    ],
    [
      "a plugin of another name",
      (): string => writeScript(test.at("notation-p"), answering(metadataOf("q"))),
      (): string =>
        'failed to get metadata of new plugin: plugin executable file name must be "notation-q" instead of "notation-p"',
    ],
  ])("%s", async (_name, source, what) => {
    expect(await failureOf(install(source(), true))).toMatchObject({ code: "E_PLUGIN_INVALID", what: what() })
    expectClean()
  })
})

describe("all or nothing", () => {
  it("an archive that fails late leaves the plugin that was there", async () => {
    await install(folderOf("1.0.0"))
    const broken = tarGz([
      { name: "notation-p", content: script("2.0.0"), mode: 0o755 },
      { name: "l", type: "2", link: "/" },
    ])
    await failureOf(install(broken, true))
    expect(await installed()).toEqual([["p", "1.0.0"]])
    expect(readdirSync(test.home.folders.libexec)).toEqual(["plugins"])
  })

  it("what an interrupted installation took away comes back", async () => {
    const stage = ".notation-install-0123456789abcdef"
    writeScript(test.at("libexec", stage, "old", "lost", "notation-lost"), answering(metadataOf("lost")))
    writeScript(test.at("libexec", stage, "new", "notation-half"), "")
    await install(folderOf())
    expect(await installed()).toEqual([
      ["lost", "1.0.0"],
      ["p", "1.0.0"],
    ])
    expect(test.warnings).toEqual(["plugin lost was put back after an installation that was interrupted"])
    expect(readdirSync(test.home.folders.libexec)).toEqual(["plugins"])
  })

  it("what a removal that was killed took away stays away", async () => {
    await install(folderOf())
    mkdirSync(plugins("p", "folder"))
    const code = `
      import fs from "node:fs"
      import { syncBuiltinESMExports } from "node:module"
      const none = () => undefined
      // Killed when the first file would go.
      fs.promises.rm = () => process.kill(process.pid, "SIGKILL")
      syncBuiltinESMExports()
      const { openNotationHome } = await import(${JSON.stringify(new URL("../open-notation-home.ts", import.meta.url).href)})
      await openNotationHome({
        env: process.env, home: "", platform: process.platform, sleep: none, clock: { now: Date.now },
        randomness: { bytes: (length) => new Uint8Array(length) }, logger: { debug: none },
      }).plugins.uninstall("p")`
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
      env: { ...process.env, ...test.env },
      encoding: "utf8",
    })
    expect([run.signal, run.stderr]).toEqual(["SIGKILL", ""])
    expect(existsSync(plugins("p"))).toBe(false)
    const [stage = ""] = readdirSync(test.home.folders.libexec).filter((name) => name.startsWith(".notation-install-"))
    expect(readdirSync(test.at("libexec", stage, "removed", "p"))).toContain("notation-p")
    utimesSync(test.at("libexec", "plugins.lock"), new Date(0), new Date(0))

    const other = writeScript(test.at("source-q", "notation-q"), answering(metadataOf("q")))
    await install(other)
    expect(await installed()).toEqual([["q", "1.0.0"]])
    expect(test.warnings).toEqual([])
    expect(readdirSync(test.home.folders.libexec)).toEqual(["plugins"])
  })

  it("two at once leave one whole plugin", async () => {
    const sources = [folderOf("1.0.0"), `${folderOf("2.0.0")}/notation-p`]
    await Promise.all(sources.map((source) => install(source, true)))
    const [[, version] = []] = (await installed()) as string[][]
    expect(readdirSync(plugins("p")).toSorted()).toEqual(
      version === "1.0.0" ? ["LICENSE", "notation-p"] : ["notation-p"],
    )
  })
})

describe("removing", () => {
  it("takes all of it; false when there is none", async () => {
    await install(folderOf())
    expect(await test.home.plugins.uninstall("p")).toBe(true)
    expect(await test.home.plugins.uninstall("p")).toBe(false)
    expectClean()
  })

  it("a link leaves what it names", async () => {
    const folder = folderOf()
    mkdirSync(plugins(), { recursive: true })
    symlinkSync(folder, plugins("p"))
    expect(await test.home.plugins.uninstall("p")).toBe(true)
    expect(readFileSync(`${folder}/LICENSE`, "utf8")).toBe("free")
  })
})

describe("a checksum that is given", () => {
  const hashOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex")
  it("must fit, in any case of letters", async () => {
    const path = `${folderOf()}/notation-p`
    const sha256 = "0".repeat(64)
    expect(await failureOf(test.home.plugins.install(path, { force: false, sha256 }))).toMatchObject({
      code: "E_PLUGIN_INVALID",
      what: `plugin SHA-256 checksum does not match user input. Expecting ${sha256}`,
    })
    expectClean()
    await test.home.plugins.install(path, { force: false, sha256: hashOf(path).toUpperCase() })
    expect(await installed()).toEqual([["p", "1.0.0"]])
  })

  it("of a missing file cannot be made", async () => {
    const failed = await failureOf(test.home.plugins.install(test.at("absent"), { force: false, sha256: "x" }))
    expect(failed.code).toBe("E_PLUGIN_INVALID")
  })
})
