/** Trust stores that our own commands fill, with certificates that openssl made; notation reads them too. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { X509Certificate } from "node:crypto"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { AppContext } from "../../../src/app/requests.ts"
import { ToolError } from "../../../src/core/errors.ts"
import { startTestRegistry, type TestRegistry } from "../../../src/testing/index.ts"
import { putImage } from "../../interop/images.ts"
import { findPeer } from "../../interop/peers.ts"
import { canMakeChains, makeTestChain, type TestChain } from "../../services/test-chain.ts"
import { countersign } from "./memory-world.ts"
import { type Ran, startProcess, type TestProcess } from "./process-world.ts"

const able = canMakeChains()
const notation = findPeer("notation")

const sha256 = (pem: string): string => new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase()
const thumbprintOf = (file: string): string => sha256(readFileSync(file, "utf8"))

interface Document {
  readonly kind: string
  readonly added?: readonly { readonly path: string; readonly certificates: readonly { thumbprint: string }[] }[]
  readonly present?: readonly { readonly file: string; readonly thumbprint: string }[]
  readonly files?: readonly { readonly file: string; readonly certificates: readonly { thumbprint: string }[] }[]
  readonly seenIn?: {
    readonly artifact: string
    readonly verified: boolean
    readonly skipped: readonly string[]
  } | null
  readonly next?: string
  readonly error?: { readonly details: { readonly certificates: readonly { readonly thumbprint: string }[] } }
}
const documentOf = ({ stdout }: Ran): Document => JSON.parse(stdout) as Document

describe.skipIf(!able)("trust", () => {
  let made: TestProcess
  let tool: TestProcess
  let one: TestChain
  let other: TestChain

  beforeAll(async () => {
    made = await startProcess()
    one = makeTestChain(made.path(""), "one", "EC-256")
    other = makeTestChain(made.path(""), "other", "EC-384")
  })
  afterAll(async () => {
    await made.close()
  })
  beforeEach(async () => {
    tool = await startProcess()
  })
  afterEach(async () => {
    await tool.close()
  })

  const storeOf = (name: string): string => tool.path(`.config/notation/truststore/x509/ca/${name}`)
  const add = (...argv: readonly string[]): Promise<Ran> =>
    tool.run("trust", "add", "--store", "ca:acme", "--yes", ...argv)

  describe("add", () => {
    it("shows the certificate and writes it", async () => {
      const ran = await add(one.rootFile)
      expect(ran).toMatchObject({ exit: 0, stderr: "" })
      expect(ran.stdout).toContain(thumbprintOf(one.rootFile))
      expect(ran.stdout).toContain("CN=one root,O=Test,ST=WA,C=US")
      expect(ran.stdout).toContain("root authority, self-signed")
      expect(ran.stdout).toContain('countersign verify --trust-store ca:acme --identity "x509.subject: ')
      expect(readdirSync(storeOf("acme"))).toEqual(["one-root.crt"])
      expect(thumbprintOf(join(storeOf("acme"), "one-root.crt"))).toBe(thumbprintOf(one.rootFile))
    })

    it.skipIf(notation === undefined)("notation has it then", async () => {
      await add(one.rootFile)
      const env = { NOTATION_CONFIG: tool.path(".config/notation"), PATH: "", HOME: tool.path("") }
      const run = (...args: string[]): string => execFileSync(notation ?? "", args, { env, encoding: "utf8" })
      expect(run("cert", "list")).toContain("one-root.crt")
      expect(run("cert", "show", "--type", "ca", "--store", "acme", "one-root.crt")).toContain(
        thumbprintOf(one.rootFile),
      )
    })

    it("adds nothing twice, under whatever name", async () => {
      await add(one.rootFile)
      writeFileSync(tool.path("again.der"), new X509Certificate(readFileSync(one.rootFile)).raw)
      const ran = await tool.run("trust", "add", "--store", "ca:acme", "-o", "json", tool.path("again.der"))
      expect(ran).toMatchObject({ exit: 0, stderr: "" })
      const { added, present } = documentOf(ran)
      expect(added).toEqual([])
      expect(present).toMatchObject([{ file: "one-root.crt", thumbprint: thumbprintOf(one.rootFile) }])
      expect((await add(one.rootFile)).stdout).toContain("ca:acme is unchanged")
      expect(readdirSync(storeOf("acme"))).toEqual(["one-root.crt"])
    })

    it("writes what is new of a file, without the text around it, under a name that is free", async () => {
      await add(one.rootFile)
      const both = `secret notes\n${readFileSync(one.rootFile, "utf8")}${readFileSync(other.rootFile, "utf8")}`
      mkdirSync(tool.path("x"))
      writeFileSync(tool.path("x/one-root.crt"), both)
      const ran = await add("-o", "json", tool.path("x/one-root.crt"))
      const { added, present } = documentOf(ran)
      expect(added?.[0]?.certificates).toMatchObject([{ thumbprint: thumbprintOf(other.rootFile) }])
      expect(present).toHaveLength(1)
      const written = readFileSync(added?.[0]?.path ?? "", "utf8")
      expect(written).not.toContain("secret")
      expect(sha256(written)).toBe(thumbprintOf(other.rootFile))
      expect(readdirSync(storeOf("acme"))).toHaveLength(2)
    })

    it.each<[string, (dir: TestProcess) => readonly string[], number, RegExp]>([
      [
        "a leaf",
        () => [one.chainFile],
        2,
        /is not a CA certificate or self-signed signing certificate.*E_TRUST_MALFORMED/,
      ],
      ["no certificate", (dir) => [dir.path("empty")], 2, /holds no certificate \[E_TRUST_MALFORMED\]/],
      ["junk", (dir) => [dir.path("junk")], 2, /failed to read the trusted certificate .*E_TRUST_MALFORMED/],
      ["a private key", () => [one.keyFile], 2, /E_TRUST_MALFORMED/],
      ["a missing file", (dir) => [dir.path("none")], 2, /E_FILE_NOT_FOUND/],
      ["nothing", () => [], 2, /nothing to trust \[E_USAGE\]/],
      ["a file and an artifact", () => ["--from", "registry.example/app:1", one.rootFile], 2, /at once \[E_USAGE\]/],
      [
        "a choice without an artifact",
        () => ["--certificate", "leaf", one.rootFile],
        2,
        /--certificate cannot be used/,
      ],
      ["a good one beside a leaf", () => [one.rootFile, one.chainFile], 2, /E_TRUST_MALFORMED/],
    ])("refuses %s, and writes nothing", async (_, args, exit, wanted) => {
      writeFileSync(tool.path("empty"), "")
      writeFileSync(tool.path("junk"), "junk")
      const ran = await add(...args(tool))
      expect(ran.stderr).toMatch(wanted)
      expect(ran).toMatchObject({ exit, stdout: "" })
      expect(existsSync(storeOf("acme"))).toBe(false)
    })

    it.each([
      ["none", []],
      ["without a type", ["--store", "acme"]],
      ["of another type", ["--store", "root:acme"]],
      ["outside the stores", ["--store", "ca:../acme"]],
      ["above the stores", ["--store", "ca:.."]],
      ["a folder", ["--store", "ca:a/b"]],
    ])("refuses a store: %s", async (_, store) => {
      const ran = await tool.run("trust", "add", "--yes", ...store, one.rootFile)
      expect(ran).toMatchObject({ exit: 2, stdout: "" })
      expect(existsSync(tool.path(".config/notation/truststore/x509/ca"))).toBe(false)
    })

    it("the root alone goes into a store of type tsa", async () => {
      const ran = await tool.run("trust", "add", "--yes", "--store", "tsa:stamps", one.rootFile)
      expect(ran.exit).toBe(0)
      expect(ran.stdout).toContain("--trust-store ca:NAME --trust-store tsa:stamps")
      const from = await tool.run("trust", "add", "--store", "tsa:stamps", "--from", "registry.example/app:1")
      expect(from.stderr).toContain("--from cannot be used for a store of type tsa")
    })

    it("refuses a store that verification refuses", async () => {
      await add(one.rootFile)
      symlinkSync(one.rootFile, join(storeOf("acme"), "link"))
      const ran = await add(other.rootFile)
      expect(ran.exit).toBe(2)
      expect(ran.stderr).toContain("not a regular file")
      expect(readdirSync(storeOf("acme"))).toEqual(["link", "one-root.crt"])
    })

    it("without a terminal shows the certificate, and wants --yes", async () => {
      const ran = await tool.run("trust", "add", "--store", "ca:acme", one.rootFile)
      expect(ran).toMatchObject({ exit: 2, stdout: "" })
      expect(ran.stderr).toContain(thumbprintOf(one.rootFile))
      expect(ran.stderr).toMatch(/\[E_KEY_NO_TERMINAL\][^]*`--yes`/)
      expect(existsSync(storeOf("acme"))).toBe(false)
    })

    it.each([true, false])("on a terminal asks: %s", async (answer) => {
      const written: string[] = []
      const asked: string[] = []
      const app = {
        prompter: {
          interactive: true,
          confirm: (question: string) => {
            asked.push(question)
            return Promise.resolve(answer)
          },
        },
        notation: {
          readStore: () => Promise.reject(new ToolError("E_TRUST_MISSING", { what: "none" })),
          addCertificate: (_: unknown, file: string) => {
            written.push(file)
            return Promise.resolve(`/stores/${file}`)
          },
        },
      } as unknown as Partial<AppContext>
      const files = new Map([["root.pem", Uint8Array.from(readFileSync(one.rootFile))]])
      const ran = await countersign(["trust", "add", "--store", "ca:acme", "root.pem"], { app, files })
      expect(asked).toEqual(["trust 1 certificate in ca:acme?"])
      expect(ran.stderr).toContain(thumbprintOf(one.rootFile))
      expect(written).toEqual(answer ? ["root.pem"] : [])
      expect(ran.exit).toBe(answer ? 0 : 4)
      expect(ran.stderr.includes("[E_DECLINED]")).toBe(!answer)
    })
  })

  describe("add --from", () => {
    let registry: TestRegistry
    beforeAll(async () => {
      registry = await startTestRegistry()
    })
    afterAll(async () => {
      await registry.close()
    })

    const image = async (name: string): Promise<string> => {
      const { digest } = await putImage(registry.address, `team/${name}`, name)
      return `${registry.address}/team/${name}@${digest}`
    }
    const signWith = async ({ keyFile, chainFile }: TestChain, artifact: string): Promise<void> => {
      const ran = await tool.run("sign", "--format", "notation", "--key", keyFile, "--cert-chain", chainFile, artifact)
      expect(ran).toMatchObject({ exit: 0 })
    }

    it("takes the root, says that nothing vouches for it, and names the signer for verify", async () => {
      const artifact = await image("root")
      await signWith(one, artifact)
      const ran = await add("--from", artifact)
      expect(ran.exit).toBe(0)
      expect(ran.stdout).toContain("not verified: anybody may have put it there")
      expect(ran.stdout).toContain("by another way")
      const next = /next +(countersign verify .*)$/m.exec(ran.stdout)?.[1] ?? ""
      expect(next).toBe(
        `countersign verify --trust-store ca:acme --identity "x509.subject: CN=one,O=Test,ST=WA,C=US" ${artifact}`,
      )
      const [file = ""] = readdirSync(storeOf("acme"))
      expect(file).toBe(`sha256-${thumbprintOf(one.rootFile).slice(0, 16)}.pem`)
      expect(thumbprintOf(join(storeOf("acme"), file))).toBe(thumbprintOf(one.rootFile))
      const words = [...next.matchAll(/"([^"]*)"|\S+/g)].map((match) => match[1] ?? match[0])
      expect(await tool.run(...words.slice(1))).toMatchObject({ exit: 0 })
    })

    it("says in the document that nothing was verified", async () => {
      const artifact = await image("json")
      await signWith(one, artifact)
      const { seenIn } = documentOf(await add("-o", "json", "--from", artifact))
      expect(seenIn).toEqual({ artifact, verified: false, skipped: [] })
    })

    it("lists different roots, and takes the one that is named", async () => {
      const artifact = await image("two")
      await signWith(one, artifact)
      await signWith(other, artifact)
      const ran = await add("-o", "json", "--from", artifact)
      expect(ran.exit).toBe(2)
      const listed = documentOf(ran).error?.details.certificates.map(({ thumbprint }) => thumbprint)
      expect(listed?.toSorted()).toEqual([thumbprintOf(one.rootFile), thumbprintOf(other.rootFile)].toSorted())
      expect(existsSync(storeOf("acme"))).toBe(false)
      const colons = new X509Certificate(readFileSync(other.rootFile)).fingerprint256
      const chosen = await add("--from", artifact, "--certificate", colons)
      expect(chosen.exit).toBe(0)
      expect(chosen.stdout).toContain("CN=other,O=Test")
    })

    it.each([
      ["the leaf, which another certificate issued", ["--certificate", "leaf"], /is not a CA certificate/],
      [
        "a thumbprint that is not there",
        ["--certificate", "a".repeat(64)],
        /no signature of .* has the certificate a{64}/,
      ],
      ["what is no thumbprint", ["--certificate", "roots"], /bad value "roots" for --certificate/],
      ["an empty choice", ["--certificate", ""], /an empty value for --certificate/],
    ])("refuses %s", async (_, more, wanted) => {
      const artifact = await image("refused")
      await signWith(one, artifact)
      const ran = await add("--from", artifact, ...more)
      expect(ran).toMatchObject({ exit: 2, stdout: "" })
      expect(ran.stderr).toMatch(wanted)
      expect(existsSync(storeOf("acme"))).toBe(false)
    })

    it("finds no certificate where nothing is signed", async () => {
      const ran = await add("--from", await image("unsigned"))
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      expect(ran.stderr).toContain("[E_SIG_NONE]")
    })

    it("offers nothing that a shell would run", async () => {
      const subject = "/C=US/ST=WA/O=Test/CN=$(touch x) `id` 'q'"
      execFileSync("openssl", [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
        ...["-subj", subject, "-config", made.path("one.cnf"), "-extensions", "leaf"],
        ...["-keyout", tool.path("odd.key"), "-out", tool.path("odd.crt")],
      ], { stdio: "pipe" }) // prettier-ignore
      const artifact = await image("shell")
      const files = { keyFile: tool.path("odd.key"), chainFile: tool.path("odd.crt") }
      await signWith({ ...one, ...files }, artifact)
      const { next = "" } = documentOf(await add("-o", "json", "--from", artifact, "--certificate", "leaf"))
      const line = next.replace("countersign verify", "printf '%s\\n'")
      const words = execFileSync("sh", ["-c", line], { cwd: tool.path(""), encoding: "utf8" }).split("\n")
      expect(words).toContain("x509.subject: CN=$(touch x) `id` 'q',O=Test,ST=WA,C=US")
      expect(existsSync(tool.path("x"))).toBe(false)
    })
  })

  describe("list and show", () => {
    it("list every store, those of a type, and one", async () => {
      await add(one.rootFile)
      await tool.run("trust", "add", "--yes", "--store", "tsa:stamps", other.rootFile)
      const filesOf = async (...args: readonly string[]): Promise<readonly string[]> =>
        (documentOf(await tool.run("trust", "list", "-o", "json", ...args)).files ?? []).map(({ file }) => file)
      expect(await filesOf()).toEqual(["one-root.crt", "other-root.crt"])
      expect(await filesOf("tsa")).toEqual(["other-root.crt"])
      expect(await filesOf("ca:acme")).toEqual(["one-root.crt"])
      expect(await filesOf("signingAuthority")).toEqual([])
      expect((await tool.run("trust", "list")).stdout).toContain(thumbprintOf(one.rootFile))
    })

    it("show everything of a certificate", async () => {
      await add(one.rootFile)
      const ran = await tool.run("trust", "show", "ca:acme")
      for (const text of ["EC-256", "ECDSA-SHA256", "keyCertSign, cRLSign"]) expect(ran.stdout).toContain(text)
    })

    it.each([
      ["a store that is not there", ["show", "ca:none"], /E_TRUST_MISSING\][^]*trust add --store ca:none/],
      ["a file that is not there", ["show", "ca:acme", "none.pem"], /no file none\.pem \[E_TRUST_MISSING\]/],
      ["a list of a store that is not there", ["list", "ca:none"], /E_TRUST_MISSING/],
      ["a type that does not exist", ["list", "root"], /not a trust store: "root" \[E_USAGE\]/],
      ["a name outside", ["show", "ca:../acme"], /E_USAGE/],
    ])("refuse %s", async (_, args, wanted) => {
      await add(one.rootFile)
      const ran = await tool.run("trust", ...args)
      expect(ran).toMatchObject({ exit: 2, stdout: "" })
      expect(ran.stderr).toMatch(wanted)
    })

    it("name a file that spoils its store, and show the others", async () => {
      await add(one.rootFile)
      writeFileSync(join(storeOf("acme"), "leaf.pem"), readFileSync(one.chainFile))
      for (const verb of ["list", "show"]) {
        const ran = await tool.run("trust", verb, "ca:acme")
        expect(ran.exit).toBe(2)
        expect(ran.stdout).toContain(thumbprintOf(one.rootFile))
        expect(ran.stdout).toContain("cannot be used")
        expect(ran.stderr).toMatch(/failed to validate the trusted certificate leaf\.pem .*E_TRUST_MALFORMED/)
      }
    })
  })

  describe("remove", () => {
    it("one file, and the store with the last", async () => {
      await add(one.rootFile, other.rootFile)
      const remove = (...args: readonly string[]): Promise<Ran> => tool.run("trust", "remove", "--yes", ...args)
      expect(await remove("ca:acme", "one-root.crt")).toMatchObject({
        exit: 0,
        stdout: "removed one-root.crt of ca:acme\n",
      })
      expect(readdirSync(storeOf("acme"))).toEqual(["other-root.crt"])
      expect((await remove("ca:acme", "other-root.crt")).exit).toBe(0)
      expect(existsSync(storeOf("acme"))).toBe(false)
    })

    it("a whole store, one that is refused too", async () => {
      await add(one.rootFile)
      symlinkSync(one.rootFile, join(storeOf("acme"), "link"))
      const link = await tool.run("trust", "remove", "--yes", "ca:acme", "link")
      expect(link.exit).toBe(0)
      expect(existsSync(one.rootFile)).toBe(true)
      writeFileSync(join(storeOf("acme"), "junk"), "junk")
      const ran = await tool.run("trust", "remove", "-y", "-o", "json", "ca:acme")
      expect(ran.exit).toBe(0)
      expect(JSON.parse(ran.stdout)).toMatchObject({
        kind: "TrustRemoved",
        whole: true,
        files: ["junk", "one-root.crt"],
      })
      expect(existsSync(storeOf("acme"))).toBe(false)
    })

    it.each([
      ["without --yes", ["ca:acme"], /E_KEY_NO_TERMINAL/],
      ["of a missing store", ["--yes", "ca:none"], /E_TRUST_MISSING/],
      ["of a missing file", ["--yes", "ca:acme", "none"], /E_TRUST_MISSING/],
      ["of a file elsewhere", ["--yes", "ca:acme", "../../../../signingkeys.json"], /E_TRUST_MISSING/],
      ["of a store elsewhere", ["--yes", "ca:.."], /E_TRUST_MALFORMED/],
    ])("is refused %s", async (_, args, wanted) => {
      await add(one.rootFile)
      const ran = await tool.run("trust", "remove", ...args)
      expect(ran).toMatchObject({ exit: 2, stdout: "" })
      expect(ran.stderr).toMatch(wanted)
      expect(readdirSync(storeOf("acme"))).toEqual(["one-root.crt"])
    })
  })
})
