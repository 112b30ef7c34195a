/**
 * The faces `notation` and `notation2` against the real programs: help in all but its prose, and the same lines in two
 * folders.
 */
import { execFileSync } from "node:child_process"
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runProgram } from "../../src/faces/command-line/run-program.ts"
import type { Program } from "../../src/faces/command.ts"
import { faceCommands, notation2Program, notationProgram } from "../../src/faces/notation/program.ts"
import { memoryWorld } from "../faces/memory-world.ts"
import { helpSentences, helpStructure } from "./help-structure.ts"
import { findPeer, havePeers, peer, type Finished } from "./peers.ts"

type Name = "notation" | "notation2"

const programs: Readonly<Record<Name, Program>> = { notation: notationProgram, notation2: notation2Program }

async function ours(
  name: Name,
  args: readonly string[],
  folder: string,
  options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Promise<Finished> {
  const memory = memoryWorld({
    folder,
    env: { NOTATION_CONFIG: join(folder, "config"), PATH: process.env["PATH"] ?? "", ...options.env },
    now: Date.now(),
    ...(options.input === undefined ? {} : { stdin: options.input }),
  })
  try {
    const code = await runProgram(programs[name], args, memory.world, "cobra")
    return { code, stdout: memory.stdout(), stderr: memory.stderr() }
  } finally {
    await memory.close()
  }
}

/** Lines of one session, in order. `input` is standard input. */
interface Line {
  readonly args: string
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  readonly only?: Name
  /** Only exit code and streams that are empty or not are compared: texts differ on purpose. */
  readonly loose?: true
}

const cobra: readonly Line[] = [
  { args: "" },
  { args: "foo" },
  { args: "kye" },
  { args: "key" },
  { args: "key foo" },
  { args: "key foo --bogus" },
  { args: "cert" },
  { args: "certificate nope" },
  { args: "--bogus" },
  { args: "-x" },
  { args: "--version" },
  { args: "help" },
  { args: "help foo" },
  { args: "help key add" },
  { args: "help cert ls" },
  { args: "help key foo" },
  { args: "-d key ls" },
  { args: "key ls --debug" },
  { args: "completion" },
  { args: "completion foo" },
  { args: "completion bash extra" },
  { args: "version x" },
  { args: "policy show x" },
  { args: "list --max-signatures x" },
  { args: "sign -ee x" },
  { args: "sign" },
  { args: "verify" },
  { args: "list" },
  { args: "ls" },
  { args: "inspect" },
  { args: "sign x --id a" },
  { args: "sign x --id a --key b" },
  { args: "sign x --key b --plugin c" },
  { args: "sign x --id a --plugin c --key d" },
  { args: "sign x --timestamp-url u" },
  { args: "sign x --timestamp-root-cert u --id a" },
  { args: "sign x --oci-layout" },
  { args: "sign x --oci-layout --force-referrers-tag", env: { NOTATION_EXPERIMENTAL: "1" } },
  { args: "verify x --oci-layout", env: { NOTATION_EXPERIMENTAL: "1" } },
  { args: "verify x --oci-layout --scope y" },
  { args: "verify x --scope y", env: { NOTATION_EXPERIMENTAL: "0" } },
  { args: "list x --oci-layout" },
  { args: "verify x --allow-referrers-api" },
  { args: "sign x --allow-referrers-api --oci-layout" },
  ...["sign", "verify", "list", "inspect"].flatMap((command): readonly Line[] => [
    { args: `${command} x --allow-referrers-api`, only: "notation", env: { NOTATION_EXPERIMENTAL: "1" } },
    { args: `${command} x --allow-referrers-api=false`, only: "notation", env: { NOTATION_EXPERIMENTAL: "1" } },
  ]),
  { args: "list x --allow-referrers-api --max-signatures 0", only: "notation", env: { NOTATION_EXPERIMENTAL: "1" } },
  { args: "inspect x --allow-referrers-api -o x", only: "notation", env: { NOTATION_EXPERIMENTAL: "1" } },
  { args: "blob", only: "notation2" },
  { args: "blob policy", only: "notation2" },
  { args: "blob policy foo", only: "notation2" },
  { args: "blob sign", only: "notation2" },
  { args: "blob verify", only: "notation2" },
  { args: "blob verify x", only: "notation2" },
  { args: "blob inspect", only: "notation2" },
  { args: "blob policy init", only: "notation2" },
  { args: "blob policy init x", only: "notation2" },
  { args: "login" },
  { args: "logout" },
  { args: "login localhost:1" },
  { args: "login localhost:1", input: "\n" },
  { args: "login localhost:1", input: "name\n" },
  { args: "login localhost:1 --password-stdin", input: "" },
]

const keys: readonly Line[] = [
  { args: "key list" },
  { args: "key list extra" },
  { args: "key update" },
  { args: "key update a" },
  { args: "key update -v a", only: "notation" },
  { args: "key update -d a" },
  { args: "key delete -d a" },
  { args: "key add -d a --plugin p --id x" },
  { args: "key update --default a" },
  { args: "key set --default=true a" },
  { args: "key delete" },
  { args: "key delete a" },
  { args: "key add a" },
  { args: "key add" },
  { args: "key add a b --plugin p" },
  { args: "key add a --plugin p" },
  { args: "key add a --plugin=" },
  { args: "key add a --plugin p --id x" },
  { args: "key add a --plugin p --id x --plugin-config a" },
  { args: "key add a --plugin p --id x --plugin-config =b" },
  { args: "key add a --plugin demo --id x --plugin-config k=v --plugin-config k=w --default" },
  { args: "key add a --plugin demo --id x" },
  { args: "key add b --plugin demo --id x" },
  { args: "key add c --plugin demo --id x" },
  { args: "key ls" },
  { args: "key delete b nope" },
  { args: "key ls" },
  { args: "key delete a b" },
  { args: "key delete c" },
  { args: "key ls" },
]

const certificates: readonly Line[] = [
  { args: "cert list" },
  { args: "cert generate-test" },
  { args: "cert generate-test a/b" },
  { args: "cert generate-test --default test" },
  { args: "cert generate-test test", loose: true },
  { args: "cert ls" },
  { args: "cert ls -t foo" },
  { args: "cert ls -t tsa" },
  { args: "cert ls -s test" },
  { args: "cert ls -t ca -s test" },
  { args: "cert show" },
  { args: "cert show a b" },
  { args: "cert show a" },
  { args: "cert show a -t ca" },
  { args: "cert show a -t ca -s b" },
  { args: "cert show a -t nope -s b" },
  { args: "cert show a -t= -s b" },
  { args: "cert show a -t ca -s /" },
  { args: "cert show test.crt -t ca -s test" },
  { args: "cert add" },
  { args: "cert add x" },
  { args: "cert add x -t ca" },
  { args: "cert add x -t nope -s a" },
  { args: "cert add x -t ca -s a/b" },
  { args: "cert add $W/root.pem -t ca -s acme" },
  { args: "cert add $W/root.pem -t ca -s acme" },
  { args: "cert add $W/root.pem $W/root.der -t tsa -s acme" },
  { args: "cert add $W/junk $W/none $W/empty -t ca -s acme" },
  { args: "cert show -d -t tsa -s acme root.der" },
  { args: "cert show -t ca -s acme root.pem" },
  { args: "cert ls" },
  { args: "cert delete" },
  { args: "cert delete x" },
  { args: "cert delete -a x" },
  { args: "cert delete x -t ca -s acme" },
  { args: "cert delete x -t ca -s acme", input: "\n" },
  { args: "cert delete x -t ca -s acme", input: "n\n" },
  { args: "cert delete x -t ca -s acme", input: "Yes" },
  { args: "cert delete x -t ca -s acme -y" },
  { args: "cert delete root.pem -t ca -s acme", input: "y\r\n" },
  { args: "cert delete --all -t tsa -s acme", input: "YES\n" },
  { args: "cert delete --all -t tsa -s nope -y" },
  { args: "cert delete --all -t tsa -s a/b -y" },
  { args: "cert delete --all -t x -s ab -y" },
  { args: "cert ls" },
  { args: "cert cleanup-test", only: "notation2" },
  { args: "cert cleanup-test a/b", only: "notation2" },
  { args: "cert cleanup-test test", only: "notation2" },
  { args: "cert cleanup-test test", only: "notation2", input: "no\n" },
  { args: "cert cleanup-test test -y", only: "notation2" },
  { args: "cert cleanup-test test -y", only: "notation2" },
  { args: "key ls" },
]

const policies: readonly Line[] = [
  { args: "policy show" },
  { args: "policy import" },
  { args: "policy import a b" },
  { args: "policy import $W/none.json" },
  { args: "policy import $W/junk", loose: true },
  { args: "policy import $W/bad.json" },
  { args: "policy import $W/good.json" },
  { args: "policy import $W/good.json" },
  { args: "policy import $W/good.json", input: "n\n" },
  { args: "policy import $W/good.json", input: "y\n" },
  { args: "policy import $W/good.json --force" },
  { args: "policy show" },
  { args: "blob policy show", only: "notation2" },
  { args: "blob policy import", only: "notation2" },
  { args: "blob policy import $W/none.json", only: "notation2" },
  { args: "blob policy import $W/junk", only: "notation2", loose: true },
  { args: "blob policy import $W/bad.json", only: "notation2" },
  { args: "blob policy import $W/blob.json", only: "notation2" },
  { args: "blob policy import $W/blob.json", only: "notation2" },
  { args: "blob policy import $W/blob.json --force", only: "notation2" },
  { args: "blob policy show", only: "notation2" },
  { args: "blob policy init --name n --trust-store ca:x --trusted-identity * --force --global", only: "notation2" },
  { args: "blob policy show", only: "notation2" },
  { args: "blob policy init --name n --trust-store x --trusted-identity *", only: "notation2" },
]

const plugins: readonly Line[] = [
  { args: "plugin list" },
  { args: "plugin install" },
  { args: "plugin install x" },
  { args: "plugin install --file" },
  { args: "plugin install --url" },
  { args: "plugin install --file --url x" },
  { args: "plugin install a b" },
  { args: "plugin install --url http://x.example/p" },
  { args: "plugin install --url http://x.example/p --sha256sum 00" },
  { args: "plugin install --url p --sha256sum 00" },
  { args: "plugin install --file $W/none" },
  { args: "plugin install --file $W/old" },
  { args: "plugin install --file $W/old --sha256sum 00" },
  { args: "plugin install --file /dev/null" },
  { args: "plugin install --file $W/junk" },
  { args: "plugin install --file $W/notation-plain" },
  { args: "plugin install --file $W/notation-extra --sha256sum 00" },
  { args: "plugin install --file $W/notation-extra" },
  { args: "plugin install --file $W/notation-extra" },
  { args: "plugin add --file $W/old/notation-extra" },
  { args: "plugin add --file $W/old/notation-extra --force" },
  { args: "plugin install --file=false x" },
  { args: "plugin uninstall extra -y" },
  { args: "plugin uninstall" },
  { args: "plugin uninstall a b" },
  { args: "plugin rm zz" },
  { args: "plugin uninstall demo" },
  { args: "plugin uninstall demo", input: "no\n" },
  { args: "plugin remove demo -y" },
  { args: "plugin ls" },
]

const sessions = { cobra, keys, certificates, policies, plugins }

const statement = {
  name: "p",
  signatureVerification: { level: "strict" },
  trustStores: ["ca:x"],
  trustedIdentities: ["*"],
}

/** A folder with what the lines name. */
function prepare(folder: string, source: string): void {
  mkdirSync(join(folder, "config/plugins/demo"), { recursive: true })
  cpSync(source, folder, { recursive: true })
  const document = (change: object): string =>
    JSON.stringify({ version: "1.0", trustPolicies: [{ ...statement, ...change }] })
  writeFileSync(join(folder, "good.json"), document({ registryScopes: ["*"] }))
  writeFileSync(join(folder, "blob.json"), document({}))
  writeFileSync(join(folder, "bad.json"), document({ trustStores: ["x"], registryScopes: ["*"] }))
  writeFileSync(join(folder, "junk"), "junk")
  writeFileSync(join(folder, "empty"), "")
  plugin(join(folder, "config/plugins/demo/notation-demo"), "demo", "1.2.3")
  plugin(join(folder, "notation-extra"), "extra", "1.10.0")
  mkdirSync(join(folder, "old"))
  plugin(join(folder, "old/notation-extra"), "extra", "1.9.0")
  writeFileSync(join(folder, "notation-plain"), "#!/bin/sh\n")
}

/** A program that says it is a plugin. */
function plugin(path: string, name: string, version: string): void {
  const metadata = {
    name,
    description: "a demo",
    version,
    url: "https://example.com",
    supportedContractVersions: ["1.0"],
    capabilities: ["SIGNATURE_GENERATOR.RAW", "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"],
  }
  writeFileSync(path, `#!/bin/sh\ncat >/dev/null\necho '${JSON.stringify(metadata)}'\n`)
  chmodSync(path, 0o755)
}

/** Without what differs from run to run: folders, times, thumbprints. */
function normal(finished: Finished, folder: string): Finished {
  const text = (stream: string): string =>
    stream
      .replaceAll(folder, "$W")
      .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?/g, "TIME")
      .replaceAll(/Thumbprint: [0-9a-f]{64}/g, "Thumbprint: HEX")
  return { code: finished.code, stdout: text(finished.stdout), stderr: text(finished.stderr) }
}

/** Help is compared by what it lists; its sentences are our own. Everything else stays as it is. */
function comparable({ code, stdout, stderr }: Finished): { code: number; stdout: unknown; stderr: unknown } {
  return { code, stdout: helpStructure(stdout) ?? stdout, stderr: helpStructure(stderr) ?? stderr }
}

const shape = ({ code, stdout, stderr }: Finished): unknown => ({ code, out: stdout !== "", err: stderr !== "" })

describe.each<Name>(["notation", "notation2"])("%s", (name) => {
  describe.skipIf(!havePeers(name, "openssl"))("beside the real one", () => {
    let work = ""
    const folder = (which: string): string => join(work, which)
    beforeAll(() => {
      work = mkdtempSync(join(tmpdir(), "countersign-notation-"))
      const source = folder("source")
      mkdirSync(source)
      const openssl = (...args: readonly string[]): void => {
        execFileSync(findPeer("openssl") ?? "openssl", args, { cwd: source, stdio: "ignore" })
      }
      const subject = "/C=US/ST=WA/O=insecure, test/OU=b/CN=root"
      openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k", "-out", "root.pem", "-subj", subject)
      openssl("x509", "-in", "root.pem", "-outform", "DER", "-out", "root.der")
    })
    afterAll(() => {
      rmSync(work, { recursive: true, force: true })
    })

    const known = faceCommands.filter(({ only }) => only === undefined || only === name)
    const paths = ["", "key", "cert", "policy", "plugin", "completion", ...known.map(({ path }) => path.join(" "))]
    const helps = name === "notation" ? paths : [...paths, "blob", "blob policy"]

    it.each(["", "1"])("help of every command, NOTATION_EXPERIMENTAL=%s", async (experimental) => {
      const env = { NOTATION_EXPERIMENTAL: experimental }
      for (const path of helps) {
        const args = [...path.split(" ").filter((word) => word !== ""), "--help"]
        const config = { NOTATION_CONFIG: join(work, "config") }
        const real = await peer(name, args, { cwd: work, env: { ...env, ...config } })
        const own = await ours(name, args, work, { env })
        expect(helpStructure(real.stdout)?.flags.length, path).toBeGreaterThan(0)
        expect({ path, ...comparable(own) }).toEqual({ path, ...comparable(real) })
      }
    })

    // DEVIATION: the real one looks before it knows NOTATION_CONFIG, so only the usual folder counts there.
    it("the signature format of config.json is the default that help shows", async () => {
      const cwd = folder("format")
      mkdirSync(join(cwd, ".config/notation"), { recursive: true })
      writeFileSync(join(cwd, ".config/notation/config.json"), '{"signatureFormat":"COSE"}')
      const real = await peer(name, ["sign", "--help"], { cwd })
      expect(real.stdout).toContain('(default "cose")')
      const own = await ours(name, ["sign", "--help"], cwd, { env: { NOTATION_CONFIG: "" } })
      expect(comparable(own)).toEqual(comparable(real))
    })

    it.each(["", "1"])("no sentence of help is the other's, NOTATION_EXPERIMENTAL=%s", async (experimental) => {
      const env = { NOTATION_EXPERIMENTAL: experimental, NOTATION_CONFIG: join(work, "config") }
      const [theirs, mine] = [new Set<string>(), new Set<string>()]
      for (const path of helps) {
        const args = [...path.split(" ").filter((word) => word !== ""), "--help"]
        for (const one of helpSentences((await peer(name, args, { cwd: work, env })).stdout)) theirs.add(one)
        for (const one of helpSentences((await ours(name, args, work, { env })).stdout)) mine.add(one)
      }
      expect(theirs.size).toBeGreaterThan(50)
      expect(mine.size).toBeGreaterThan(50)
      expect([...mine].filter((one) => theirs.has(one))).toEqual([])
    })

    it.each(Object.entries(sessions))("the same answers: %s", async (session, lines) => {
      const [theirs, mine] = [folder(`${session}-a`), folder(`${session}-b`)]
      prepare(theirs, folder("source"))
      prepare(mine, folder("source"))
      for (const line of lines.filter(({ only }) => only === undefined || only === name)) {
        const words = (where: string): string[] =>
          line.args === "" ? [] : line.args.split(" ").map((word) => word.replace("$W", where))
        const input = line.input ?? ""
        const real = await peer(name, words(theirs), {
          cwd: theirs,
          input,
          env: { NOTATION_CONFIG: join(theirs, "config"), ...line.env },
        })
        const env = line.env === undefined ? {} : { env: line.env }
        const own = await ours(name, words(mine), mine, { input, ...env })
        const [a, b] = [normal(real, theirs), normal(own, mine)]
        if (line.loose === true)
          expect({ line: line.args, ...(shape(b) as object) }).toEqual({ line: line.args, ...(shape(a) as object) })
        else expect({ line: line.args, ...comparable(b) }).toEqual({ line: line.args, ...comparable(a) })
      }
    })
  })
})
