import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { setTimeout as wait } from "node:timers/promises"

import { afterEach, beforeEach, describe, expect, it } from "vitest"

import type { JsonObject } from "../../../core/json-value.ts"
import type { PluginCommand } from "../../../core/notation-home.ts"
import { answering, failureOf, makeTestHome, metadataOf, type TestHome, writeScript } from "../test-home.ts"
import { runPluginProcess } from "./plugin-process.ts"

const CREDENTIALS = {
  COUNTERSIGN_REGISTRY_TOKEN: "t",
  COUNTERSIGN_REGISTRY_PASSWORD: "p",
  NOTATION_USERNAME: "user",
  NOTATION_PASSWORD: "secret",
}

let test: TestHome
beforeEach(() => {
  test = makeTestHome({ ...CREDENTIALS, COUNTERSIGN_PASSWORD: "k", COSIGN_PASSWORD: "c", KEPT: "yes" })
})
afterEach(() => {
  test.remove()
})

const pathOf = (name: string): string => test.at("libexec", "plugins", name, `notation-${name}`)
const plugin = (name: string, body: string, mode?: number): string => writeScript(pathOf(name), body, mode)
const run = (request: JsonObject = {}, signal?: AbortSignal): Promise<JsonObject> =>
  test.home.plugins.run("p", "describe-key", request, signal)

/** Until a process with this id is gone. */
async function gone(pid: number): Promise<boolean> {
  for (let look = 0; look < 500; look++) {
    try {
      process.kill(pid, 0)
      // A dead process that nobody waited for is still there.
      if (/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))) return true
    } catch {
      return true
    }
    await wait(10)
  }
  return false
}

async function fileWith(path: string): Promise<string> {
  for (let look = 0; look < 500; look++) {
    if (existsSync(path) && readFileSync(path, "utf8").endsWith("\n")) return readFileSync(path, "utf8")
    await wait(10)
  }
  throw new Error(`${path} was never written`)
}

describe("a plugin that runs", () => {
  it("gets its command and the request, in Go's form", async () => {
    plugin("p", `cat > ${test.at("request")}; printf '{"argc":"%s","command":"%s"}' "$#" "$1"`)
    const answer = await run({ contractVersion: "1.0", keyId: "<a> \u2028" })
    expect(answer).toEqual({ argc: "1", command: "describe-key" })
    expect(readFileSync(test.at("request"), "utf8")).toBe(
      String.raw`{"contractVersion":"1.0","keyId":"\u003ca\u003e \u2028"}`,
    )
  })

  it.each<[string, PluginCommand, readonly string[]]>([
    ["p", "describe-key", []],
    ["p", "generate-signature", []],
    ["Countersign", "generate-signature", []],
    // It may not even be installed yet.
    ["countersign", "get-plugin-metadata", []],
    ["countersign", "generate-signature", ["COSIGN_PASSWORD=c", "COUNTERSIGN_PASSWORD=k"]],
  ])("plugin %s has an environment without credentials at %s", async (name, command, passwords) => {
    plugin(name, `env > ${test.at("seen")}; echo '{}'`)
    await test.home.plugins.run(name, command, {})
    const seen = readFileSync(test.at("seen"), "utf8").split("\n")
    const telling = /^(?:KEPT|NOTATION_(?:USER|PASS)|COSIGN|COUNTERSIGN)/
    expect(seen.filter((line) => telling.test(line)).toSorted()).toEqual([...passwords, "KEPT=yes"])
  })

  it("may leave its request unread, and may be behind a link", async () => {
    symlinkSync(writeScript(test.at("elsewhere"), `exec <&-; echo '{"a":1}'`), pathOf("p"))
    expect(await run({ payload: "x".repeat(1024 * 1024) })).toEqual({ a: 1 })
  })
})

describe("an answer with names in another case", () => {
  it.each<[PluginCommand, string]>([
    ["get-plugin-metadata", '{"capabilities":[],"Capabilities":["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"]}'],
    ["describe-key", '{"keyId":"k","keySpec":"EC-256","KeySpec":"EC-384"}'],
    ["generate-signature", '{"Signature":"AA=="}'],
    ["generate-envelope", '{"annotations":{},"annotationſ":{}}'],
    ["verify-signature", '{"processedAttributes":["x"],"ProcessedAttributes":[]}'],
    ["verify-signature", '{"verificationResults":{},"VerificationResults":{}}'],
  ])("adv: look-alike: %s %s is refused", async (command, answer) => {
    plugin("p", `cat > /dev/null; echo '${answer}'`)
    expect(await failureOf(test.home.plugins.run("p", command, {}))).toMatchObject({
      code: "E_PLUGIN_FAILED",
      what: `failed to unmarshal the response of ${command} command for plugin p`,
      details: { reason: "malformed" },
    })
  })
})

describe("a plugin that fails", () => {
  // Texts seen from notation 1.3.2, or from the source of notation-go.
  it.each([
    [
      "says so",
      `echo '{"errorCode":"ACCESS_DENIED","errorMessage":"no <way>","errorMetadata":{"a":"b"}}' >&2; exit 3`,
      "no <way>",
      "request",
    ],
    ["gives a code alone", `echo '{"errorCode":"TIMEOUT"}' >&2; exit 1`, "TIMEOUT", "request"],
    ["says nothing", "exit 3", "exit status 3", "executable"],
    ["is killed", "kill -9 $$", "signal: killed", "executable"],
    [
      "says something else",
      "echo oops >&2; exit 1",
      "invalid character 'o' looking for beginning of value",
      "malformed",
    ],
    ["gives another object", "echo '{}' >&2; exit 1", "incomplete json", "malformed"],
    ["gives a list", "echo '[]' >&2; exit 1", "incomplete json", "malformed"],
    [
      "answers no JSON",
      "echo nojson",
      "failed to unmarshal the response of describe-key command for plugin p",
      "malformed",
    ],
    ["answers nothing", "exit 0", "failed to unmarshal the response of describe-key command for plugin p", "malformed"],
    [
      "answers a list",
      "echo '[]'",
      "failed to unmarshal the response of describe-key command for plugin p",
      "malformed",
    ],
    [
      "answers twice",
      "echo '{} {}'",
      "failed to unmarshal the response of describe-key command for plugin p",
      "malformed",
    ],
    [
      "answers a member twice",
      `echo '{"a":1,"a":2}'`,
      "failed to unmarshal the response of describe-key command for plugin p",
      "malformed",
    ],
    ["never ends its answer", "exec cat /dev/zero", "standard output has more than 67108864 bytes", "executable"],
  ])("%s", async (_name, body, what, reason) => {
    plugin("p", body)
    expect(await failureOf(run())).toMatchObject({ code: "E_PLUGIN_FAILED", what, details: { plugin: "p", reason } })
  })

  it("its code and its metadata are in the details", async () => {
    plugin("p", `echo '{"errorCode":"THROTTLED","errorMessage":"later","errorMetadata":{"a":"b"}}' >&2; exit 1`)
    expect((await failureOf(run())).details).toEqual({
      plugin: "p",
      reason: "request",
      errorCode: "THROTTLED",
      errorMetadata: { a: "b" },
    })
  })

  it.each([
    ["without permission", "#!/bin/sh\n", 0o644, "permission denied"],
    ["without a known form", "echo '{}'\n", 0o755, "exec format error"],
    ["that is empty", "", 0o755, "exec format error"],
    ["whose interpreter is missing", "#!/does/not/exist\n", 0o755, "no such file or directory"],
  ])("a file %s", async (_name, text, mode, reason) => {
    const path = pathOf("p")
    writeFileSync(path, text)
    chmodSync(path, mode)
    expect(await failureOf(run())).toMatchObject({ code: "E_PLUGIN_FAILED", what: `fork/exec ${path}: ${reason}` })
  })

  it("a missing one is not found", async () => {
    expect(await failureOf(run())).toMatchObject({
      code: "E_PLUGIN_NOT_FOUND",
      what: `plugin executable file is either not found or inaccessible: stat ${pathOf("p")}: no such file or directory`,
    })
  })

  it("a folder is not run", async () => {
    mkdirSync(pathOf("p"), { recursive: true })
    expect(await failureOf(run())).toMatchObject({
      code: "E_PLUGIN_NOT_FOUND",
      what: "plugin executable file is not a regular file",
    })
  })

  it.each(["", ".", "..", "../p", "/p", "a/b", "a\\b", "a\nb", "a\0", "x".repeat(200)])(
    "%j names no plugin",
    async (name) => {
      writeScript(test.at("libexec", "notation-.."), "touch ran")
      expect((await failureOf(test.home.plugins.run(name, "describe-key", {}))).code).toBe("E_PLUGIN_NOT_FOUND")
      expect(await test.home.plugins.uninstall(name)).toBe(false)
    },
  )
})

describe("stopping", () => {
  const hanging = (): string => {
    const file = test.at("pids")
    plugin("p", `sleep 1000 &\necho "$$ $!" > ${file}.part; mv ${file}.part ${file}; wait`)
    return file
  }
  const pidsIn = async (file: string): Promise<readonly number[]> =>
    (await fileWith(file)).trim().split(" ").map(Number)

  it("by a signal ends the plugin and what it started", async () => {
    const file = hanging()
    const control = new AbortController()
    const running = run({}, control.signal)
    const pids = await pidsIn(file)
    control.abort(new Error("enough"))
    await expect(running).rejects.toThrow("enough")
    expect(await Promise.all(pids.map(gone))).toEqual([true, true])
    await expect(run({}, control.signal)).rejects.toThrow("enough")
  })

  it.each(["SIGINT", "SIGTERM"] as const)("this program by %s does, too", async (signal) => {
    const file = hanging()
    const code = `
      import { openNotationHome } from ${JSON.stringify(new URL("../open-notation-home.ts", import.meta.url).href)}
      const none = () => undefined
      await openNotationHome({ env: process.env, home: "", platform: process.platform, logger: { debug: none } })
        .plugins.run("p", "describe-key", {})`
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
      env: { ...process.env, ...test.env },
      stdio: "inherit",
    })
    const pids = await pidsIn(file)
    child.kill(signal)
    expect(await once(child, "close")).toEqual([null, signal])
    expect(await Promise.all(pids.map(gone))).toEqual([true, true])
  })

  it.each([
    ["in its group", ""],
    ["that left its group", "setsid "],
  ])("a plugin that ended is not waited for when a process %s holds its output", async (_name, how) => {
    const file = test.at("pids")
    plugin("p", `${how}sh -c 'echo $$ > ${file}; exec sleep 1000' &\necho '{"a":1}'; echo said >&2`)
    const pid = async (): Promise<number> => Number(await fileWith(file))
    try {
      const end = await runPluginProcess({
        ...{ path: pathOf("p"), command: "describe-key", input: new Uint8Array(), env: process.env },
        ...{ keyPasswords: false, platform: process.platform, lingerMs: 100 },
      })
      const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
      expect([text(end.stdout), text(end.stderr), end.failed]).toEqual(['{"a":1}\n', "said\n", undefined])
      if (how === "") expect(await gone(await pid())).toBe(true)
    } finally {
      if (how !== "") process.kill(await pid(), "SIGKILL")
    }
  })

  it("what a plugin that ended leaves to a process of its own is an answer only when it is whole", async () => {
    plugin("p", `sh -c 'sleep 1000; echo 1}' &\nprintf '{"a":'`)
    expect(await failureOf(run())).toMatchObject({ code: "E_PLUGIN_FAILED", details: { reason: "malformed" } })
  })

  it("leaves no listeners behind", async () => {
    const before = ["exit", "SIGINT", "SIGTERM", "SIGHUP"].map((name) => process.listenerCount(name))
    plugin("p", "echo '{}'")
    await Promise.all([run(), run(), run()])
    expect(["exit", "SIGINT", "SIGTERM", "SIGHUP"].map((name) => process.listenerCount(name))).toEqual(before)
  })
})

describe("metadata", () => {
  const metadata = (config?: Readonly<Record<string, string>>): Promise<unknown> =>
    test.home.plugins.metadata("p", config)

  it("is what the plugin says", async () => {
    plugin("p", answering(metadataOf("p", "1.2.3", { more: [1] })))
    expect(await metadata()).toEqual(JSON.parse(metadataOf("p", "1.2.3")))
  })

  it.each([
    [undefined, "{}"],
    [{}, "{}"],
    [{ b: "2", a: "1" }, '{"pluginConfig":{"a":"1","b":"2"}}'],
  ])("%j is asked with %s", async (config, request) => {
    plugin("p", `cat > ${test.at("request")}; ${answering(metadataOf("p")).replace("cat >/dev/null; ", "")}`)
    await metadata(config)
    expect(readFileSync(test.at("request"), "utf8")).toBe(request)
  })

  const failed = (text: string): string => `metadata validation failed for plugin p: ${text}`
  it.each([
    [{ name: "" }, failed("empty name")],
    [{ name: null }, failed("empty name")],
    [{ description: "" }, failed("empty description")],
    [{ version: "" }, failed("empty version")],
    [{ url: "" }, failed("empty url")],
    [{ capabilities: [] }, failed("empty capabilities")],
    [{ supportedContractVersions: [] }, failed("supported contract versions not specified")],
    [
      { supportedContractVersions: ["2.0", "3"] },
      failed('contract version "1.0" is not in the list of the plugin supported versions [2.0 3]'),
    ],
    [{ name: "q" }, 'plugin executable file name must be "notation-q" instead of "notation-p"'],
    [{ name: 5 }, "failed to unmarshal the response of get-plugin-metadata command for plugin p"],
    [{ capabilities: "x" }, "failed to unmarshal the response of get-plugin-metadata command for plugin p"],
    [{ capabilities: [1] }, "failed to unmarshal the response of get-plugin-metadata command for plugin p"],
  ])("%j is refused", async (more, what) => {
    plugin("p", answering(metadataOf("p", "1.0.0", more)))
    expect(await failureOf(metadata())).toMatchObject({ code: "E_PLUGIN_FAILED", what })
  })
})

describe("listing", () => {
  it("names folders in order, with what is wrong with them", async () => {
    expect(await test.home.plugins.list()).toEqual([])
    plugin("b", answering(metadataOf("b")))
    plugin("a", "exit 3")
    mkdirSync(test.at("libexec", "plugins", "c"))
    writeFileSync(pathOf("d"), "garbage")
    writeFileSync(test.at("libexec", "plugins", "file"), "")
    symlinkSync(test.at("libexec", "plugins", "b"), test.at("libexec", "plugins", "link"))
    const platform = `linux/${process.arch === "x64" ? "amd64" : process.arch}`
    const listed = await test.home.plugins.list()
    expect(listed.map(({ name, error, metadata }) => [name, error ?? metadata?.version])).toEqual([
      ["a", "exit status 3"],
      ["b", "1.0.0"],
      [
        "c",
        "plugin executable file `notation-c` not found. Use `notation plugin install` command to install the plugin",
      ],
      [
        "d",
        `plugin file \`notation-d\` is not executable. Use \`notation plugin install\` command to install the plugin. Please ensure that the plugin executable file is compatible with ${platform}`,
      ],
    ])
  })

  it("fails when the folder cannot be read", async () => {
    writeFileSync(test.at("libexec", "plugins"), "")
    expect(await failureOf(test.home.plugins.list())).toMatchObject({ code: "E_IO" })
  })
})
