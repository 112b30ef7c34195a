import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { catalogue } from "../../../src/core/error-catalogue.ts"
import { ToolError } from "../../../src/core/errors.ts"
import { decryptCosignKey } from "../../../src/crypto/cosign-key-file.ts"
import { signingCommands } from "../../../src/faces/cli/tables/signing.ts"
import { formats } from "../../../src/formats/index.ts"
import { run } from "../../interop/peers.ts"
import { countersign, type MemoryOptions } from "./memory-world.ts"

const MAIN = fileURLToPath(new URL("../../../src/bin/main.ts", import.meta.url))

describe("errors of the command line", () => {
  it.each([
    ["an unknown command", ["sing"], "did you mean `sign`", "E_USAGE"],
    ["an unknown flag", ["sign", "--kye", "x", "registry.example/app"], "unknown flag: --kye", "E_USAGE"],
    ["too few arguments", ["tag", "registry.example/app"], "too few arguments", "E_USAGE"],
    ["too many arguments", ["version", "now"], "too many arguments", "E_USAGE"],
    ["a bad output form", ["version", "--output", "xml"], 'bad value "xml" for --output', "E_USAGE"],
    ["a bad log format", ["version", "--log-format", "xml"], 'bad value "xml" for --log-format', "E_USAGE"],
    ["a bad shell", ["completion", "tcsh"], "tcsh", "E_USAGE"],
    ["no artifact", ["verify", "--key", "a.pub"], "no artifact named", "E_USAGE"],
    [
      "no key to verify with",
      ["verify", "registry.example/app"],
      "nothing was named that could be trusted",
      "E_TRUST_MISSING",
    ],
    [
      "no key to explain with",
      ["explain", "registry.example/app"],
      "nothing was named that could be trusted",
      "E_TRUST_MISSING",
    ],
    ["an empty key name", ["verify", "--key", "", "registry.example/app"], "an empty key name", "E_USAGE"],
    ["no key to sign with", ["sign", "registry.example/app"], "no key to sign with", "E_USAGE"],
    ["a bad format", ["sign", "--key", "k", "--format", "cosign", "registry.example/app"], "cosign-v3", "E_USAGE"],
    ["a bad reference", ["verify", "--key", "a.pub", "NOT GOOD"], "not a reference", "E_REF_INVALID"],
    ["a bad annotation", ["sign", "--key", "k", "-a", "env", "registry.example/app"], "not an annotation", "E_USAGE"],
    [
      "a bundle for an artifact",
      ["sign", "--key", "k", "--bundle", "b", "registry.example/app"],
      "--bundle cannot be used here",
      "E_USAGE",
    ],
    [
      "a file and an artifact",
      ["sign", "--key", "k", "--blob", "f", "--bundle", "b", "registry.example/app"],
      "a file and an artifact at once",
      "E_USAGE",
    ],
    [
      "annotations of a file",
      ["sign", "--key", "k", "--blob", "f", "--bundle", "b", "-a", "x=y"],
      "--annotation cannot be used here",
      "E_USAGE",
    ],
    [
      "annotations of a file with a bundle",
      ["verify", "--key", "k", "--blob", "f", "--bundle", "b", "-a", "x=y"],
      "--annotation cannot be used here",
      "E_USAGE",
    ],
    ["a file without an output", ["sign", "--key", "k", "--blob", "f"], "nowhere to write the signature", "E_USAGE"],
    [
      "one output twice",
      ["sign", "--key", "k", "--blob", "f", "--bundle", "x", "--signature", "x"],
      "two outputs to one file",
      "E_USAGE",
    ],
    ["a file without evidence", ["verify", "--key", "k", "--blob", "f"], "no signature named", "E_USAGE"],
    [
      "two kinds of evidence",
      ["verify", "--key", "k", "--blob", "f", "--bundle", "b", "--signature", "s"],
      "two signatures named",
      "E_USAGE",
    ],
    [
      "an envelope without a type",
      ["verify", "--key", "k", "--blob", "f", "--envelope", "e"],
      "--envelope cannot be used here",
      "E_USAGE",
    ],
    [
      "an empty predicate type",
      ["verify", "--key", "k", "--attestation", "", "registry.example/app"],
      "an empty value for --attestation",
      "E_USAGE",
    ],
    ["nothing to attest", ["attest", "--key", "k", "registry.example/app"], "nothing to attest", "E_USAGE"],
    [
      "a statement with a type",
      ["attest", "--key", "k", "--statement", "s", "--type", "custom", "registry.example/app"],
      "--type cannot be used here",
      "E_USAGE",
    ],
    [
      "a predicate without a type",
      ["attest", "--key", "k", "--predicate", "p", "registry.example/app"],
      "a predicate without its type",
      "E_USAGE",
    ],
    [
      "standard input twice",
      ["attest", "--key", "k", "--predicate", "-", "--type", "custom", "--from-file", "-"],
      "standard input is wanted twice",
      "E_USAGE",
    ],
    ["no time", ["list", "--timeout", "0s", "registry.example/app"], "no time to work in", "E_USAGE"],
    [
      "a registry password without a name",
      ["list", "--registry-password-stdin", "registry.example/app"],
      "a registry password without a user name",
      "E_USAGE",
    ],
    [
      "a registry name without a password",
      ["list", "--registry-username", "alice", "registry.example/app"],
      "a registry user name without a password",
      "E_USAGE",
    ],
    ["login without a name", ["login", "registry.example"], "no user name", "E_USAGE"],
    [
      "login without a terminal",
      ["login", "-u", "alice", "registry.example"],
      "there is no terminal",
      "E_KEY_NO_TERMINAL",
    ],
    ["a key without a password", ["keys", "generate"], "there is no terminal", "E_KEY_NO_TERMINAL"],
  ])("%s: exit code 2, the reason on stderr", async (_name, argv, wanted, code) => {
    const ran = await countersign(argv)
    expect(ran.stderr).toContain(wanted)
    expect(ran.stderr).toMatch(new RegExp(`^error: .*\\[${code}\\]$`, "m"))
    expect(ran.stderr).toContain(`  docs: ${code}\n`)
    expect(ran.stdout).toBe("")
    expect(ran.exit).toBe(2)
  })

  it.each([
    [["verify", "--output", "json", "registry.example/app"]],
    [["verify", "-o", "json", "registry.example/app"]],
    [["verify", "--output=json", "--no-such-flag", "registry.example/app"]],
    [["verify", "-ojson", "--no-such-flag", "registry.example/app"]],
  ])("%j: one JSON document on stdout as well", async (argv) => {
    const ran = await countersign(argv)
    const document = JSON.parse(ran.stdout) as { apiVersion: string; kind: string; error: { exit: number } }
    expect(document).toMatchObject({ apiVersion: "countersign.dev/v1", kind: "Error" })
    expect(document.error.exit).toBe(2)
    expect(ran.exit).toBe(2)
    expect(ran.stderr).toContain("error: ")
  })

  it("standard output has one use", async () => {
    const argv = ["sign", "--key", "k", "--blob", "f", "--bundle", "-", "-o", "json"]
    const ran = await countersign(argv)
    expect(ran.exit).toBe(2)
    expect(ran.stderr).toContain("standard output has two uses")
  })

  it("--log-format json: one JSON line on stderr", async () => {
    const ran = await countersign(["verify", "--log-format", "json", "registry.example/app"])
    expect(ran.stderr.trimEnd().split("\n")).toHaveLength(1)
    expect(JSON.parse(ran.stderr)).toMatchObject({ level: "error", code: "E_TRUST_MISSING", exit: 2 })
  })

  it("--output yaml: the error document as YAML", async () => {
    const ran = await countersign(["verify", "--output", "yaml", "registry.example/app"])
    expect(ran.stdout).toContain("kind: Error\n")
    expect(ran.stdout).toContain("code: E_TRUST_MISSING\n")
  })

  it.each(["json", "yaml"])("adv: CVE-2025-32019 --output %s: no terminal control survives", async (form) => {
    const ran = await countersign(["verify", "--key", "a.pub", "-o", form, "oci:\x9b31m\x1b[2K\u202e:bad tag@sha256:x"])
    expect(ran.exit).toBe(2)
    const controls = new RegExp("[\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f\\u202a-\\u202e]")
    expect(ran.stdout).not.toMatch(controls)
    expect(ran.stderr).not.toMatch(controls)
  })

  it("a bug is exit code 70; --debug shows where it is from", async () => {
    const app = { keys: { publicKey: () => Promise.reject(new TypeError("x is undefined")) } } as never
    const plain = await countersign(["keys", "inspect", "a.pub"], { app })
    expect(plain.exit).toBe(70)
    expect(plain.stderr).toContain("error: internal error [E_INTERNAL]")
    expect(plain.stderr).not.toContain("caused by")
    const debug = await countersign(["keys", "inspect", "--debug", "a.pub"], { app })
    expect(debug.stderr).toContain("caused by TypeError: x is undefined")
  })

  it("colours on a terminal, none with NO_COLOR", async () => {
    const argv = ["verify", "registry.example/app"]
    expect((await countersign(argv, { terminal: true })).stderr).toContain("\x1b[31merror:")
    expect((await countersign(argv, { terminal: true, env: { NO_COLOR: "1" } })).stderr).not.toContain("\x1b")
  })
})

describe("version", () => {
  it("prints it for people and programs", async () => {
    const text = await countersign(["version"])
    expect(text).toMatchObject({ exit: 0, stderr: "" })
    expect(text.stdout).toBe(
      "countersign 0.1.0\n  commit    abc (changed)\n  built     2026-11-20\n  runtime   node 24\n  platform  linux/amd64\n",
    )
    const json = await countersign(["version", "-o", "json"])
    expect(JSON.parse(json.stdout)).toEqual({
      apiVersion: "countersign.dev/v1",
      kind: "Version",
      version: "0.1.0",
      commit: "abc",
      treeState: "dirty",
      buildDate: "2026-11-20",
      runtime: "node 24",
      platform: "linux/amd64",
    })
  })
})

describe("completion", () => {
  it.each(["bash", "zsh", "fish", "powershell"])("%s knows the commands", async (shell) => {
    const ran = await countersign(["completion", shell])
    expect(ran.exit).toBe(0)
    for (const word of ["verify", "attest", "keys"]) expect(ran.stdout).toContain(word)
  })
})

/** The program as a user starts it, which knows the faces. */
async function started(...argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return await run(process.execPath, [MAIN, ...argv], { cwd: tmpdir() })
}

describe("faces", () => {
  it.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ["are words of ours", [""], ["notation2", "cosign", "verify"], []],
    ["have commands of their own", ["notation", ""], ["sign", "policy"], ["attest", "keys"]],
    ["have groups of their own", ["notation2", "blob", ""], ["inspect", "policy", "sign", "verify"], ["attest"]],
    [
      "have flags of their own",
      ["notation", "verify", "--in"],
      ["--insecure-registry"],
      ["--insecure-skip-tls-verify"],
    ],
    ["leave ours alone", ["verify", "--in"], ["--insecure-skip-tls-verify"], ["--insecure-registry"]],
    ["of attest are those that hold statements", ["attest", "--format", ""], ["cosign-v2"], ["notation"]],
  ])("%s, as bash completes %j", async (_case, words, wanted, others) => {
    const { stdout } = await started("completion", "bash")
    const script = `${stdout}
COMP_WORDS=(countersign "$@"); COMP_CWORD=$#; _countersign; printf '%s\\n' "\${COMPREPLY[@]}"`
    const offered = execFileSync("bash", ["-c", script, "bash", ...words], { encoding: "utf8" }).split("\n")
    expect(offered).toEqual(expect.arrayContaining([...wanted]))
    for (const word of others) expect(offered).not.toContain(word)
  })

  it("take no flags of ours", async () => {
    const ran = await started("--offline", "notation", "ls", "registry.example/app")
    expect(ran).toMatchObject({ code: 2, stdout: "" })
    expect(ran.stderr).toContain('flags before "notation" [E_USAGE]')
    expect(ran.stderr).toContain("`countersign notation COMMAND --help`")
  })
})

describe("attest --format", () => {
  const choices = signingCommands.find(({ path }) => path[0] === "attest")?.flags.find(({ name }) => name === "format")

  it("names the formats that have attestations", () => {
    expect(choices?.choices).toEqual(formats.filter(({ kinds }) => kinds.includes("attestation")).map(({ id }) => id))
  })

  it.each(["notation", "notation-cose"])("refuses %s", async (format) => {
    const argv = ["attest", "--key", "k", "--type", "custom", "--predicate", "p", "--format", format]
    const ran = await countersign([...argv, "registry.example/app"])
    expect(ran.stderr).toContain(`bad value "${format}" for --format [E_USAGE]`)
  })
})

describe("help", () => {
  it.each([[["--help"]], [["help"]], [["keys"]], [["keys", "generate", "--help"]]])("%j", async (argv) => {
    const ran = await countersign(argv)
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    expect(ran.stdout).toContain("Usage:")
  })

  it("of the sandbox names its other commands", async () => {
    const { stdout } = await countersign(["sandbox", "--help"])
    expect(stdout).toMatch(/^ {2}env {5}.*\n {2}token {3}print an identity token/m)
  })

  it.each(Object.keys(catalogue))("of %s is what its page says", async (code) => {
    const ran = await countersign(["help", code])
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    const page = readFileSync(new URL(`../../../docs/errors/${code}.md`, import.meta.url), "utf8")
    const [summary = "", ...advice] = page
      .split("\n")
      .flatMap((line, at) => (at === 2 ? [line] : (/^- (?!Kind:|Exit code|Trying)(.*)$/.exec(line)?.slice(1) ?? [])))
    for (const part of [`${code}: ${summary}`, ...advice]) expect(ran.stdout).toContain(part)
    expect((await countersign(["help", code.toLowerCase()])).stdout).toBe(ran.stdout)
  })

  it.each(["nonsense", "E_NONSENSE", "__proto__", "toString"])("of %s is refused", async (word) => {
    const ran = await countersign(["help", word])
    expect([ran.exit, ran.stdout]).toEqual([2, ""])
    expect(ran.stderr).toContain(`unknown command "${word}" [E_USAGE]`)
  })
})

describe("login and logout", () => {
  it("takes the password from standard input without its line break, and warns of plain text", async () => {
    const ran = await countersign(["login", "-u", "alice", "--password-stdin", "registry.example"], {
      stdin: "s3cret\n",
    })
    expect(ran.logins).toEqual([["registry.example", "alice", "s3cret"]])
    expect(ran.exit).toBe(0)
    expect(ran.stdout).toContain("logged in  registry.example")
    expect(ran.stderr).toContain("stored unencrypted")
    expect(ran.stdout + ran.stderr).not.toContain("s3cret")
  })

  it("asks on a terminal", async () => {
    const ran = await countersign(["login", "-u", "alice", "registry.example"], { interactive: ["pass word"] })
    expect(ran.logins).toEqual([["registry.example", "alice", "pass word"]])
  })

  it("asks for the name as well", async () => {
    const ran = await countersign(["login", "registry.example"], { interactive: ["alice", "pass word"] })
    expect(ran.logins).toEqual([["registry.example", "alice", "pass word"]])
  })

  it.each([
    ["without a terminal", {}, []],
    ["with the password piped in", { stdin: "p\n", interactive: ["alice"] }, ["--password-stdin"]],
    ["when nothing is typed", { interactive: [""] }, []],
  ] as const)("says which flags name the user %s", async (_case, options, flags) => {
    const ran = await countersign(["login", ...flags, "127.0.0.1:5811"], { ...options })
    expect(ran).toMatchObject({ exit: 2, logins: [] })
    expect(ran.stderr).toContain("countersign login --username NAME --password-stdin 127.0.0.1:5811")
  })

  it("refuses an empty password", async () => {
    const ran = await countersign(["login", "-u", "alice", "--password-stdin", "registry.example"], { stdin: "\n" })
    expect(ran).toMatchObject({ exit: 2, logins: [] })
  })

  it.each([
    ["registry.example", "logged out"],
    ["other.example", "no credentials were stored"],
  ])("logout %s", async (server, wanted) => {
    const ran = await countersign(["logout", server])
    expect(ran.exit).toBe(0)
    expect(ran.stdout).toContain(wanted)
  })
})

describe("serve", () => {
  it("prints the address and stops when asked", async () => {
    const ran = await countersign(["serve", "--listen", "127.0.0.1:0", "--durability", "fast", "--allow-delete=false"])
    expect(ran).toMatchObject({ exit: 0, stdout: "registry on http://127.0.0.1:5000\n" })
    expect(ran.served).toMatchObject([
      { listen: "127.0.0.1:0", durability: "fast", allowDelete: false, logFormat: "text", logLevel: "info" },
    ])
  })

  it.each([["safe"], [""]])("refuses durability %j", async (mode) => {
    expect(await countersign(["serve", "--durability", mode])).toMatchObject({ exit: 2, served: [] })
  })
})

describe("connection options", () => {
  const app = {
    keys: { publicKey: () => Promise.reject(new ToolError("E_KEY_NOT_FOUND", { what: "no key" })) },
  } as never
  const optionsOf = async (argv: readonly string[], env: Record<string, string> = {}, stdin = "") => {
    const files = new Map([["auth.json", new TextEncoder().encode("{}")]])
    const ran = await countersign(["verify", "--key", "a.pub", ...argv], { env, stdin, app, files })
    expect(ran.stderr).toContain("E_KEY_NOT_FOUND")
    return ran.opened.at(-1)
  }

  it("are careful by default", async () => {
    expect(await optionsOf(["registry.example/app"])).toEqual({
      passwordSources: [
        { kind: "env", name: "COUNTERSIGN_PASSWORD" },
        { kind: "env", name: "COSIGN_PASSWORD" },
        { kind: "terminal", prompt: "password of the private key" },
      ],
      plainPrivateKeys: true,
      logLevel: "warn",
      logFormat: "text",
      progress: false,
      insecureTls: false,
      plainHttp: "loopback",
      timeoutMs: 180_000,
      revocationReach: "public",
    })
  })

  it.each([
    ["the host that the Hub is reached at", ["--offline", "alpine"], ["docker.io", "registry-1.docker.io"]],
    [
      "the signature repository",
      ["--offline", "--signature-repository", "b.example/s", "a.example/x"],
      ["a.example", "b.example"],
    ],
    ["layouts need no host", ["--offline", "oci:layout:1"], []],
    [
      "registries of the artifacts, each once",
      ["--offline", "a.example/x", "a.example:5000/y", "a.example/z"],
      ["a.example", "a.example:5000"],
    ],
  ])("offline: %s", async (_name, argv, hosts) => {
    expect(await optionsOf(argv)).toMatchObject({ offlineExcept: hosts })
  })

  it("list files are read without any network", async () => {
    const files = new Map([["list.txt", new TextEncoder().encode("b.example/x\n")]])
    const ran = await countersign(["verify", "--key", "a.pub", "--offline", "--from-file", "list.txt"], { files, app })
    expect(ran.opened.map((options) => options.offlineExcept)).toEqual([[], ["b.example"]])
  })

  it.each([
    [["--quiet"], { logLevel: "quiet" }],
    [["--verbose"], { logLevel: "info" }],
    [["--debug"], { logLevel: "debug" }],
    [["--plain-http"], { plainHttp: "always" }],
    [["--insecure-skip-tls-verify"], { insecureTls: true }],
    [["--timeout", "90s"], { timeoutMs: 90_000 }],
    [["--registry-cacert", "ca.pem"], { caFile: "ca.pem" }],
    [
      ["--registry-client-cert", "c.pem", "--registry-client-key", "k.pem"],
      { clientCertFile: "c.pem", clientKeyFile: "k.pem" },
    ],
    [["--registry-server-name", "other.example"], { serverName: "other.example" }],
    [["--authfile", "auth.json"], { authFile: "auth.json" }],
  ])("%j", async (argv, wanted) => {
    expect(await optionsOf([...argv, "registry.example/app"])).toMatchObject(wanted)
  })

  it("a credentials file that is named and missing ends the command before anything is asked", async () => {
    const argv = ["verify", "--key", "a.pub", "--authfile", "nofile", "registry.example/app"]
    const ran = await countersign(argv, { app })
    expect(ran.exit).toBe(2)
    expect(ran.stderr).toMatch(/credentials file nofile does not exist \[E_FILE_NOT_FOUND\]/)
  })

  it("credentials come from variables and standard input, never from flags", async () => {
    expect(await optionsOf(["registry.example/app"], { COUNTERSIGN_REGISTRY_TOKEN: "t" })).toMatchObject({ token: "t" })
    const env = { COUNTERSIGN_REGISTRY_PASSWORD: "p" }
    expect(await optionsOf(["--registry-username", "alice", "registry.example/app"], env)).toMatchObject({
      username: "alice",
      password: "p",
    })
    const flags = ["--registry-username", "alice", "--registry-password-stdin", "registry.example/app"]
    expect(await optionsOf(flags, {}, "q\r\n")).toMatchObject({ username: "alice", password: "q" })
  })
})

describe("keys generate", () => {
  const generate = (options: MemoryOptions, ...flags: readonly string[]) => {
    const randomness = { bytes: (count: number) => new Uint8Array(count).fill(7) }
    return countersign(["keys", "generate", "--name", "new", ...flags], { ...options, app: { randomness } })
  }
  const opens = async (files: Map<string, Uint8Array>, password: string): Promise<boolean> =>
    decryptCosignKey(files.get("new.key") ?? new Uint8Array(), new TextEncoder().encode(password)).then(
      () => true,
      () => false,
    )

  it.each<readonly [string, MemoryOptions, readonly string[], string]>([
    ["our variable", { env: { COUNTERSIGN_PASSWORD: "one", COSIGN_PASSWORD: "two" } }, [], "one"],
    ["cosign's variable", { env: { COSIGN_PASSWORD: "two" } }, [], "two"],
    ["a variable that is set and empty", { env: { COUNTERSIGN_PASSWORD: "" } }, [], ""],
    ["the terminal, asked twice", { interactive: ["three", "three"] }, [], "three"],
    ["a file without its last line break", { env: { COSIGN_PASSWORD: "two" } }, ["--password-file", "pw"], "four "],
  ])("takes the password from %s", async (_name, options, flags, password) => {
    const files = new Map([["pw", new TextEncoder().encode("four \r\n")]])
    // The public key is read back for its fingerprint, which needs a key source; this world has none.
    await generate({ ...options, files }, ...flags)
    expect(await opens(files, password)).toBe(true)
    expect(await opens(files, `${password}\n`)).toBe(false)
  })

  it.each([
    ["passwords that differ", { interactive: ["three", "tree"] }],
    ["no terminal", {}],
  ])("%s: nothing is written", async (_name, options) => {
    const files = new Map<string, Uint8Array>()
    expect((await generate({ ...options, files })).exit).toBe(2)
    expect(files.size).toBe(0)
  })

  it.each([["new.key"], ["new.pub"]])("%s exists: nothing is written", async (name) => {
    const files = new Map([[name, new Uint8Array()]])
    const ran = await generate({ env: { COUNTERSIGN_PASSWORD: "" }, files })
    expect(ran.exit).toBe(4)
    expect(files.size).toBe(1)
  })
})
