import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"

import { afterEach, beforeEach, describe as suite, expect, it } from "vitest"

import { findTool } from "../registry/test-distribution.ts"
import { answering, failureOf, makeTestHome, metadataOf, openssl, type TestHome, writeScript } from "./test-home.ts"

const notation = findTool("notation")

suite.skipIf(notation === undefined)("notation 1.3", () => {
  let test: TestHome
  beforeEach(() => {
    test = makeTestHome()
  })
  afterEach(() => {
    test.remove()
  })

  const run = (...args: readonly string[]): string =>
    execFileSync(notation ?? "", args, { encoding: "utf8", env: test.env, stdio: ["ignore", "pipe", "pipe"] })
  /** What notation says when it fails, without its prefix. */
  const complaint = (...args: readonly string[]): string => {
    try {
      run(...args)
    } catch (thrown) {
      return (thrown as { stderr: string }).stderr.replace(/^Error: /, "").trimEnd()
    }
    throw new Error(`notation ${args.join(" ")} did not fail`)
  }
  const plugin = (name: string, body: string): string =>
    writeScript(test.at("libexec", "plugins", name, `notation-${name}`), body)
  /** Lines of a table without the spaces that align it. */
  const table = (text: string): readonly string[] =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => line.trim().replaceAll(/ {2,}/g, "|"))

  it("lists the keys we add, and we read those it adds", async () => {
    plugin("p", answering(metadataOf("p")))
    await test.home.changeKeys(() => ({
      default: "plug<in>",
      keys: [
        { name: "local", keyPath: "/k", certPath: "/c" },
        { name: "plug<in>", id: "1", pluginName: "p", pluginConfig: { "<": "\u2028" } },
      ],
    }))
    expect(table(run("key", "ls"))).toEqual([
      "NAME|KEY PATH|CERTIFICATE PATH|ID|PLUGIN NAME",
      "local|/k|/c",
      "* plug<in>|1|p",
    ])
    const ours = readFileSync(test.at("config", "signingkeys.json"), "utf8")
    run("key", "add", "third", "--plugin", "p", "--id", "3", "--plugin-config", "a=<b>")
    const theirs = readFileSync(test.at("config", "signingkeys.json"), "utf8")
    expect(theirs.startsWith(ours.slice(0, ours.indexOf("\n    ]")))).toBe(true)
    expect((await test.home.readKeys()).keys).toContainEqual({
      name: "third",
      id: "3",
      pluginName: "p",
      pluginConfig: { a: "<b>" },
    })
    await test.home.changeKeys((list) => ({ ...list }))
    expect(readFileSync(test.at("config", "signingkeys.json"), "utf8")).toBe(theirs)
  })

  it("complains of the same key files in the same words", async () => {
    const texts = [
      '{"keys":[{"name":""}]}',
      '{"keys":[{"name":"a"},{"name":"a"}]}',
      '{"default":"x","keys":[]}',
      '{"default":"","keys":[]}',
    ]
    for (const text of texts) {
      writeFileSync(test.at("config", "signingkeys.json"), text)
      expect((await failureOf(test.home.readKeys())).what).toBe(complaint("key", "ls"))
    }
  })

  it("makes keys that we read, and signs no better with those we refuse", async () => {
    run("cert", "generate-test", "test.one")
    const { keys } = await test.home.readKeys()
    const [entry] = keys
    if (entry === undefined || !("keyPath" in entry)) throw new Error("expected a local key")
    expect((await test.home.readKeyPair(entry.keyPath, entry.certPath)).chain).toHaveLength(1)
    const stored = await test.home.readStore({ type: "ca", name: "test.one" })
    expect(stored.map(({ file }) => file)).toEqual(["test.one.crt"])
    const twice = await failureOf(test.home.writeKeyPair("test.one", { keyPem: "", certificatePem: "" }))
    expect(complaint("cert", "generate-test", "test.one")).toBe(twice.what)
    const bad = { key: test.at("bad.key"), other: test.at("other.key") }
    openssl("genrsa", "-out", bad.other, "2048")
    writeFileSync(bad.key, "nothing")
    for (const keyPath of [bad.key, bad.other, entry.certPath, test.at("absent")]) {
      await test.home.changeKeys(() => ({ default: "k", keys: [{ name: "k", keyPath, certPath: entry.certPath }] }))
      const { what } = await failureOf(test.home.readKeyPair(keyPath, entry.certPath))
      expect(complaint("sign", "localhost:1/a@sha256:".padEnd(84, "0"))).toBe(what)
    }
  })

  it("lists the certificates we add, and we list and remove those it adds", async () => {
    openssl(
      "req",
      "-x509",
      "-nodes",
      "-newkey",
      "rsa:2048",
      "-subj",
      "/CN=ca",
      "-keyout",
      test.at("ca.key"),
      "-out",
      test.at("ca.crt"),
    )
    const bytes = readFileSync(test.at("ca.crt"))
    await test.home.addCertificate({ type: "ca", name: "ours" }, "ours.crt", bytes)
    run("cert", "add", "--type", "tsa", "--store", "theirs", test.at("ca.crt"))
    const listed = ["STORE TYPE|STORE NAME|CERTIFICATE", "ca|ours|ours.crt", "tsa|theirs|ca.crt"]
    expect(table(run("cert", "ls"))).toEqual(listed)
    const found = await test.home.listCertificates()
    expect(found.map(({ type, name, file }) => `${type}|${name}|${file}`)).toEqual(listed.slice(1))
    const [first] = await test.home.readStore({ type: "tsa", name: "theirs" })
    expect(first?.bytes).toEqual(new Uint8Array(bytes))
    const again = await failureOf(test.home.addCertificate({ type: "tsa", name: "theirs" }, "ca.crt", bytes))
    expect(complaint("cert", "add", "--type", "tsa", "--store", "theirs", test.at("ca.crt"))).toContain(again.what)
    await test.home.removeStore({ type: "tsa", name: "theirs" })
    expect(table(run("cert", "ls"))).toEqual(listed.slice(0, 2))
  })

  it("shows the policy we write, and we read the one it imports", async () => {
    const statement = { name: "p", registryScopes: ["*"], signatureVerification: { level: "skip" } }
    const policy = (name: string): string =>
      `${JSON.stringify({ version: "1.0", trustPolicies: [{ ...statement, name }] })}\r\n`
    await test.home.writePolicy("legacy", new TextEncoder().encode(policy("ours")))
    expect(run("policy", "show")).toBe(policy("ours"))
    writeFileSync(test.at("policy.json"), policy("theirs"))
    run("policy", "import", "--force", test.at("policy.json"))
    expect(new TextDecoder().decode((await test.home.readPolicy("legacy"))?.bytes)).toBe(policy("theirs"))
  })

  it("lists plugins as we do, whatever is wrong with them", async () => {
    const bodies: Readonly<Record<string, string>> = {
      good: answering(metadataOf("good")),
      says: `echo '{"errorCode":"ACCESS_DENIED","errorMessage":"no <way>"}' >&2; exit 3`,
      other: "echo oops >&2; exit 1",
      bare: "echo '{}' >&2; exit 1",
      quiet: "exit 3",
      killed: "kill -9 $$",
      nonsense: "echo nonsense",
      future: answering(metadataOf("future", "1.0.0", { supportedContractVersions: ["2.0", "3"] })),
      named: answering(metadataOf("differently")),
      nameless: answering(metadataOf("")),
    }
    for (const [name, body] of Object.entries(bodies)) plugin(name, body)
    writeFileSync(plugin("garbage", ""), "garbage")
    test.at("libexec", "plugins", "empty", "x")
    const ours = (await test.home.plugins.list()).map(({ name, metadata, error }) =>
      metadata === undefined
        ? `${name}|[]|${error ?? ""}`
        : `${name}|${metadata.description}|${metadata.version}|[${metadata.capabilities.join(" ")}]|<nil>`,
    )
    expect(ours).toHaveLength(12)
    expect(table(run("plugin", "ls")).slice(1)).toEqual(ours)
  })

  it("refuses the same plugins in the same words, and replaces ours as we do its own", async () => {
    const source = (name: string, body: string, mode?: number): string =>
      writeScript(test.at("sources", `notation-${name}`), body, mode)
    const sources = [
      source("says", `echo '{"errorCode":"ERROR","errorMessage":"no <way>"}' >&2; exit 3`),
      source("quiet", "exit 3"),
      source("nonsense", "echo nonsense"),
      source("named", answering(metadataOf("differently"))),
      source("future", answering(metadataOf("future", "1.0.0", { supportedContractVersions: ["2.0"] }))),
      source("plain", answering(metadataOf("plain")), 0o644),
      source("", answering(metadataOf("plain"))),
      test.at("sources", "absent"),
    ]
    for (const path of sources) {
      const { what } = await failureOf(test.home.plugins.install(path, { force: false }))
      expect(`plugin installation failed: ${what}`).toBe(complaint("plugin", "install", "--file", path))
    }
    const version = (text: string): string => source("p", answering(metadataOf("p", text)))
    await test.home.plugins.install(version("1.0.0"), { force: false })
    for (const path of [version("1.0.0"), version("1.0.0-rc.1"), version("one")]) {
      const { what } = await failureOf(test.home.plugins.install(path, { force: false }))
      expect(`plugin installation failed: ${what}`).toBe(complaint("plugin", "install", "--file", path))
    }
    const said = run("plugin", "install", "--file", version("1.1.0"))
    expect(said.trim()).toBe("Successfully updated plugin p from version 1.0.0 to 1.1.0")
    expect(await test.home.plugins.install(version("1.2.0"), { force: false })).toMatchObject({ replaced: "1.1.0" })
    expect(table(run("plugin", "ls"))[1]).toBe("p|for tests|1.2.0|[SIGNATURE_GENERATOR.RAW]|<nil>")
    expect(run("plugin", "uninstall", "-y", "p").trim()).toBe("Successfully uninstalled plugin p")
    expect(await test.home.plugins.list()).toEqual([])
  })
})
