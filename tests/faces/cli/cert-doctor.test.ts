/** `cert doctor` on chains that openssl made. */
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { canMakeChains, makeTestChain, type TestChain } from "../../services/test-chain.ts"
import { type Ran, startProcess, type TestProcess } from "./process-world.ts"

interface Diagnosis {
  readonly kind: string
  readonly accepted: boolean
  readonly message: string | null
  readonly checks: readonly Check[]
  readonly certificates: readonly {
    readonly role: string
    readonly subject: string
    readonly checks: readonly Check[]
  }[]
}
interface Check {
  readonly rule: string
  readonly outcome: string
  readonly remedy: string | null
}

const read = ({ stdout }: Ran): Diagnosis => JSON.parse(stdout) as Diagnosis
const failed = ({ checks, certificates }: Diagnosis): readonly string[] =>
  [checks, ...certificates.map((one) => one.checks)]
    .flat()
    .flatMap(({ rule, outcome }) => (outcome === "failed" ? rule : []))

describe.skipIf(!canMakeChains())("cert doctor", () => {
  let tool: TestProcess
  let chain: TestChain
  const at = (name: string): string => tool.path(name)

  /** A leaf of the chain's root with other extensions. */
  function issue(name: string, extensions: string): void {
    writeFileSync(at(`${name}.cnf`), extensions)
    execFileSync(
      "openssl",
      [
        ...["x509", "-req", "-in", at("good.csr"), "-CA", at("good-root.crt"), "-CAkey", at("good-root.key")],
        ...["-set_serial", "7", "-days", "1", "-extfile", at(`${name}.cnf`), "-out", at(`${name}.pem`)],
      ],
      { stdio: "pipe" },
    )
  }

  beforeAll(async () => {
    tool = await startProcess()
    chain = makeTestChain(at(""), "good", "EC-256")
    makeTestChain(at(""), "other", "EC-384")
    issue("tls", "keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:TRUE\n")
    issue("any", "keyUsage=critical,digitalSignature\nextendedKeyUsage=anyExtendedKeyUsage\n")
    issue("tsa", "keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n")
    writeFileSync(at("empty.pem"), "")
    writeFileSync(at("junk.pem"), "junk")
    writeFileSync(at("huge.pem"), new Uint8Array(1024 * 1024 + 1))
  })
  afterAll(async () => {
    await tool.close()
  })

  const doctor = (...argv: readonly string[]): Promise<Ran> => tool.run("cert", "doctor", ...argv)

  it("accepts a good chain, in one file or several, with its key", async () => {
    const ran = await doctor("--key", chain.keyFile, chain.chainFile)
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    expect(ran.stdout).toMatch(/^accepted {2}0 failed, 1 warning, \d+ checks$/m)
    expect((await doctor(at("good-leaf.crt"), at("good-root.crt"))).exit).toBe(0)
    expect((await doctor("--quiet", chain.chainFile)).stdout).toBe("")
  })

  it("says everything that is wrong", async () => {
    const ran = await doctor("-o", "json", at("tls.pem"), at("good-root.crt"))
    expect(ran).toMatchObject({ exit: 1, stderr: "" })
    const diagnosis = read(ran)
    expect(diagnosis).toMatchObject({ kind: "CertificateDiagnosis", accepted: false })
    expect(failed(diagnosis)).toEqual([
      "basic-constraints",
      "key-usage-critical",
      "key-usage-only",
      "extended-key-usage",
    ])
    expect(diagnosis.message).toContain("if the basic constraints extension is present")
    const text = await doctor(at("tls.pem"), at("good-root.crt"))
    expect(text.stdout).toContain("do: reissue it with keyUsage digitalSignature, critical")
    expect(text.stdout).toMatch(/^refused {2}4 failed/m)
  })

  it("says the right order, and judges by it", async () => {
    const ran = await doctor("-o", "json", at("good-root.crt"), at("good-leaf.crt"))
    expect(ran.exit).toBe(1)
    const diagnosis = read(ran)
    expect(failed(diagnosis)).toEqual(["order"])
    expect(diagnosis.checks.find(({ rule }) => rule === "order")?.remedy).toContain(
      "CN=good,O=Test,ST=WA,C=US, then CN=good root",
    )
    expect(diagnosis.certificates.map(({ role }) => role)).toEqual(["leaf", "root"])
  })

  it.each<[string, readonly string[], readonly string[]]>([
    ["a root that is missing", ["good-leaf.crt"], ["complete"]],
    ["a stranger", ["good-leaf.crt", "good-root.crt", "other-root.crt"], ["order", "not-self-signed"]],
    ["the other's key", ["--key", "other.key", "good.crt"], ["key-match"]],
    ["a leaf for timestamps", ["tsa.pem", "good-root.crt"], ["extended-key-usage"]],
    ["a time before", ["--at", "2020-01-01T00:00:00Z", "good.crt"], ["validity", "validity"]],
    ["a time after, with an offset", ["--at", "2120-01-01T00:00:00+08:00", "good.crt"], ["validity", "validity"]],
    ["any usage, strictly", ["--strict", "any.pem", "good-root.crt"], ["extended-key-usage"]],
    [
      "a signer's chain for timestamps",
      ["--purpose", "timestamping", "good.crt"],
      ["extended-key-usage", "extended-key-usage-critical"],
    ],
  ])("refuses %s", async (_, words, rules) => {
    const ran = await doctor("-o", "json", ...words.map((word) => (/\.(pem|crt|key)$/.test(word) ? at(word) : word)))
    expect(ran.exit).toBe(1)
    const found = failed(read(ran))
    for (const rule of rules) expect(found).toContain(rule)
    if (!rules.includes("order")) expect(found).toEqual(rules)
  })

  it.each([
    ["a timestamp authority's chain", ["--purpose", "timestamping", "tsa.pem", "good-root.crt"]],
    ["any usage, with a warning", ["any.pem", "good-root.crt"]],
  ])("accepts %s", async (_, words) => {
    expect((await doctor(...words.map((word) => (/\.(pem|crt)$/.test(word) ? at(word) : word)))).exit).toBe(0)
  })

  it.each([
    ["a missing file", ["none.pem"], /E_FILE_NOT_FOUND/],
    ["an empty file", ["empty.pem"], /holds no certificate \[E_KEY_TYPE\]/],
    ["junk", ["junk.pem"], /holds no well-formed certificates \[E_KEY_TYPE\]/],
    ["a huge file", ["huge.pem"], /E_LIMIT_EXCEEDED/],
    ["a private key", ["good.key"], /E_KEY_TYPE/],
    ["a bad file beside a good one", ["good.crt", "junk.pem"], /E_KEY_TYPE/],
    ["a bad time", ["--at", "tomorrow", "good.crt"], /bad value "tomorrow" for --at/],
    ["a bad purpose", ["--purpose", "tls", "good.crt"], /E_USAGE/],
    ["a key that is missing", ["--key", "none.key", "good.crt"], /E_KEY_NOT_FOUND|E_FILE_NOT_FOUND/],
    ["no file", [], /too few arguments/],
  ])("%s: exit code 2", async (_, words, wanted) => {
    const ran = await doctor(...words.map((word) => (/\.(pem|crt|key)$/.test(word) ? at(word) : word)))
    expect(ran).toMatchObject({ exit: 2, stdout: "" })
    expect(ran.stderr).toMatch(wanted)
  })

  it("shows names of certificates without what steers a terminal", async () => {
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-utf8"],
        ...["-subj", "/C=US/ST=WA/O=Test/CN=\u001b[2Jx\u202ey", "-config", at("good.cnf"), "-extensions", "leaf"],
        ...["-keyout", at("odd.key"), "-out", at("odd.crt")],
      ],
      { stdio: "pipe" },
    )
    const ran = await doctor(at("odd.crt"))
    expect(ran.stdout).not.toMatch(new RegExp("[\\u001b\\u202e]"))
    expect(ran.stdout).toContain("\\u{202e}")
  })
})
