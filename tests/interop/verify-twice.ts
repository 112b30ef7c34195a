/** A private Sigstore, a registry, both real cosigns and our faces, for command lines that both run. */
import { copyFile, readFile, writeFile } from "node:fs/promises"
import { expect } from "vitest"
import type { Clock } from "../../src/core/ports.ts"
import { cosign2Program, cosignProgram } from "../../src/faces/cosign/program.ts"
import { startTestRegistry, startTestSandbox, type TestRegistry, type TestSandbox } from "../../src/testing/index.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { putImage } from "./images.ts"
import { expectCode, peer, type Finished } from "./peers.ts"

type Cosign = "cosign2" | "cosign3"
export const BOTH: readonly Cosign[] = ["cosign2", "cosign3"]
/** Who signs. */
export const EMAIL: string = "alice@example.com"
/** Flags of attestations. */
export const ABOUT: readonly string[] = ["--type", "custom", "--predicate", "predicate.json"]

export let sandbox: TestSandbox
let elsewhere: TestSandbox
let registry: TestRegistry
/** Real programs have the folder of the first as their home. */
let ours: Readonly<Record<Cosign, TestProcess>>
let sequence = 0

/** A file of the folder. */
export const path = (name: string): string => ours.cosign3.path(name)
const token = (email = EMAIL): Promise<string> => sandbox.token({ email })

function real(tool: Cosign, ...args: readonly string[]): Promise<Finished> {
  const env = tool === "cosign2" ? sandbox.environment : {}
  return peer(tool, args, { cwd: path("."), env: { COSIGN_PASSWORD: "", ...env } })
}

/** The real program does it. */
export async function must(tool: Cosign, ...args: readonly string[]): Promise<void> {
  expectCode(await real(tool, ...args), 0)
}

/** A new image, by digest. */
export async function image(): Promise<string> {
  const name = `demo/app${sequence++}`
  const { digest } = await putImage(registry.address, name, `content ${sequence}`)
  return `${registry.address}/${name}@${digest}`
}

const withoutHints = (text: string): string =>
  text
    .split("\n")
    .filter((line) => !line.startsWith("hint: "))
    .join("\n")

/** Run both with the same words; file names are made whole. */
export async function twice(
  tool: Cosign,
  args: readonly string[],
): Promise<{ readonly theirs: Finished; readonly own: Finished }> {
  const words = args.map((word) => (word.startsWith("./") ? path(word.slice(2)) : word))
  const theirs = await real(tool, ...words)
  const ran = await ours[tool].run(...words)
  return { theirs, own: { code: ran.exit, stdout: ran.stdout, stderr: withoutHints(ran.stderr) } }
}

/** Both say the same, and end with `code`. */
export async function same(tool: Cosign, code: number, ...args: readonly string[]): Promise<void> {
  const { theirs, own } = await twice(tool, args)
  expect(own, args.join(" ")).toEqual(theirs)
  expect(own.code, args.join(" ")).toBe(code)
}

/** Both end with `code`, each in words of its own. */
export async function alike(tool: Cosign, code: number, ...args: readonly string[]): Promise<void> {
  const { theirs, own } = await twice(tool, args)
  expect([theirs.code, own.code], `${args.join(" ")}\n${theirs.stderr}\n${own.stderr}`).toEqual([code, code])
  expect(own.stdout).toBe(theirs.stdout)
}

/** Documented: cosign says yes, this face says no. */
export async function stricter(tool: Cosign, code: number, ...args: readonly string[]): Promise<void> {
  const { theirs, own } = await twice(tool, args)
  expect([theirs.code, own.code], `${args.join(" ")}\n${theirs.stderr}\n${own.stderr}`).toEqual([0, code])
  expect(own.stdout).toBe("")
}

/** Who must have signed. */
export const identity = (): readonly string[] => [
  ...["--certificate-identity", EMAIL],
  ...["--certificate-oidc-issuer", sandbox.services.oidc],
]
export const somebodyElse = (): readonly string[] => [
  "--certificate-identity",
  "bob@example.com",
  ...identity().slice(2),
]
/** Where the trust of signatures under tags comes from. */
export const root = (tool: Cosign): readonly string[] => (tool === "cosign3" ? ["--trusted-root", "./root.json"] : [])
/** Flags that sign without signing config. */
export const services = async (): Promise<readonly string[]> => {
  const { fulcio, rekor, oidc } = sandbox.services
  const urls = ["--fulcio-url", fulcio, "--rekor-url", rekor, "--oidc-issuer", oidc]
  return ["-y", ...urls, "--identity-token", await token()]
}
/** Flags that sign with a signing config. */
export const config = async (name: string): Promise<readonly string[]> => [
  ...["-y", "--signing-config", `${name}.json`, "--trusted-root", "root.json"],
  ...["--identity-token", await token()],
]

/** `ca.pem`, `sub.pem`, `leaf.pem` and `leaf.key`, and `chain.pem` of the first two. */
export async function privateAuthority(): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
  const make = async (...args: readonly string[]): Promise<void> => {
    expectCode(await peer("openssl", args, { cwd: path(".") }), 0)
  }
  const authority = "basicConstraints=critical,CA:true"
  const usage = ["-addext", authority, "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
  await make("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=root", "-days", "9", ...usage)
  const issued = [
    { name: "sub", issuer: "ca", extensions: `${authority}\nkeyUsage=critical,keyCertSign\n` },
    {
      name: "leaf",
      issuer: "sub",
      extensions: `keyUsage=critical,digitalSignature\nsubjectAltName=email:${EMAIL},DNS:build.example.com\n`,
    },
  ]
  for (const { name, issuer, extensions } of issued) {
    await writeFile(path(`${name}.cnf`), `extendedKeyUsage=codeSigning\n${extensions}`)
    await make("req", "-new", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`)
    const by = ["-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`, "-CAcreateserial"]
    const file = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-extfile", `${name}.cnf`]
    await make("x509", "-req", "-days", "8", ...file, ...by)
  }
  const chain = await Promise.all(["sub.pem", "ca.pem"].map((name) => readFile(path(name), "utf8")))
  await writeFile(path("chain.pem"), chain.join(""))
}

/** cosign 2.5 reads trusted roots of before there were operators. */
function withoutOperators(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOperators)
  if (typeof value !== "object" || value === null) return value
  const members = Object.entries(value).filter(([name]) => name !== "operator")
  return Object.fromEntries(members.map(([name, item]) => [name, withoutOperators(item)]))
}

/** Start everything, sign once for each log. */
export async function start(clock?: Clock): Promise<void> {
  sandbox = await startTestSandbox(clock === undefined ? {} : { clock })
  elsewhere = await startTestSandbox()
  registry = await startTestRegistry()
  ours = {
    cosign3: await startProcess(cosignProgram),
    cosign2: await startProcess(cosign2Program, { env: sandbox.environment }),
  }
  await ours.cosign3.write("app.txt", "an app\n")
  await ours.cosign3.write("other.txt", "another\n")
  await ours.cosign3.write("predicate.json", '{"hello":"world"}')
  await copyFile(sandbox.files.trustedRoot, path("root.json"))
  await copyFile(elsewhere.files.trustedRoot, path("elsewhere.json"))
  for (const name of ["root", "elsewhere"]) {
    const document: unknown = JSON.parse(await readFile(path(`${name}.json`), "utf8"))
    await writeFile(path(`${name}2.json`), JSON.stringify(withoutOperators(document)))
  }
  await copyFile(sandbox.files.signingConfig, path("v1.json"))
  await copyFile(sandbox.files.signingConfigV2, path("v2.json"))
  // What follows without --trusted-root gets it by TUF; the cache is one for both.
  await must("cosign3", "initialize", "--mirror", sandbox.services.tuf, "--root", sandbox.files.tufRoot)
  // cosign 2.5 cannot read a log's very first entry, whose index is left out of bundles.
  for (const log of ["v1", "v2"]) {
    await must("cosign3", "sign-blob", ...(await config(log)), "--bundle", "first.json", "app.txt")
  }
  await must("cosign3", "generate-key-pair")
  await must("cosign3", "generate-key-pair", "--output-key-prefix", "other")
}

export async function stop(): Promise<void> {
  await Promise.all(BOTH.map((tool) => ours[tool].close()))
  await registry.close()
  await elsewhere.close()
  await sandbox.close()
}
