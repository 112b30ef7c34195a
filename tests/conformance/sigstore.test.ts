/**
 * `countersign conformance` as the suite sigstore-conformance starts it: a process for each command, and its exit code is
 * the answer.
 */
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { decodeBase64 } from "../../src/codec/base64.ts"
import { startTestSandbox, type TestSandbox } from "../../src/testing/index.ts"

const IDENTITY =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
const ISSUER = "https://token.actions.githubusercontent.com"
const MAIN = join(import.meta.dirname, "../../src/bin/main.ts")
const VECTORS = join(import.meta.dirname, "../../../shared/vectors/sigstore-bundle")
const present = existsSync(VECTORS)
if (!present) console.warn(`skipped: no vectors in ${VECTORS}`)

const home = mkdtempSync(join(tmpdir(), "countersign-conformance-"))
afterAll(() => {
  rmSync(home, { recursive: true, force: true })
})

interface Answer {
  readonly code: number
  readonly stderr: string
}

function conformance(...args: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const env = { HOME: home, PATH: process.env["PATH"] ?? "" }
    execFile(process.execPath, [MAIN, "conformance", ...args], { cwd: home, env }, (error, _stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1
      resolve({ code, stderr })
    })
  })
}

function textOf(fallback: string, ...path: readonly string[]): string {
  const file = join(...path)
  return existsSync(file) ? readFileSync(file, "utf8").trim() : fallback
}

/** Arguments for a case, in the suite's order. Where it has no trusted root, that of the public instance is used. */
function argumentsOf(folder: string, as: "file" | "digest"): readonly string[] {
  const [key, root] = [join(folder, "key.pub"), join(folder, "trusted_root.json")]
  const own = join(folder, "artifact")
  const artifact = existsSync(own) ? own : join(VECTORS, "a.txt")
  const identity = ["--certificate-identity", textOf(IDENTITY, folder, "identity")]
  const issuer = ["--certificate-oidc-issuer", textOf(ISSUER, folder, "issuer")]
  return [
    ...["verify-bundle", "--offline", "--bundle", join(folder, "bundle.sigstore.json")],
    ...(existsSync(key) ? ["--key", key] : [...identity, ...issuer]),
    ...(existsSync(root) ? ["--trusted-root", root] : []),
    as === "file" ? artifact : `sha256:${createHash("sha256").update(readFileSync(artifact)).digest("hex")}`,
  ]
}

describe.concurrent("cases of the suite", () => {
  if (!present) {
    it.skip(`vectors are missing: ${VECTORS}`, () => undefined)
    return
  }
  const cases = readdirSync(VECTORS, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  it.each(cases.map(({ name }) => name))("%s", async (name) => {
    const good = !name.endsWith("_fail")
    for (const as of good ? (["file", "digest"] as const) : (["file"] as const)) {
      const { code, stderr } = await conformance(...argumentsOf(join(VECTORS, name), as))
      // An answer, not a crash: internal errors and bad command lines would be no conformance.
      expect(good ? [0] : [1, 2, 3], stderr).toContain(code)
      if (!good) expect(stderr).toMatch(/^error: .* \[E_(?!INTERNAL|USAGE)[A-Z_]+\]/)
      else expect(stderr).toBe("")
    }
  })
})

describe("command lines", () => {
  it.each([
    [["verify-bundle", "x"], /--bundle is missing/],
    [["verify-bundle", "--bundle", "b", "x"], /--certificate-identity is missing/],
    [["verify-bundle", "--bundle", "b", "--certificate-identity", "i", "x"], /--certificate-oidc-issuer is missing/],
    [["verify-bundle", "--bundle", "b", "--key", "k", "--certificate-identity", "i", "x"], /cannot be used with --key/],
    [["verify-bundle", "--bundle", "b", "--key", "k"], /too few arguments/],
    [["sign-bundle", "--bundle", "b", "x"], /--identity-token is missing/],
    [["sign-bundle", "--identity-token", "t", "x"], /--bundle is missing/],
    [["verify", "x"], /unknown command/],
  ])("%j", async (args, why) => {
    const { code, stderr } = await conformance(...args)
    expect(stderr).toMatch(why)
    expect(code).toBe(2)
  })
})

it.skipIf(!present)("the staging instance is another repository, whose root somebody must name", async () => {
  const bundle = join(VECTORS, "happy-path-v0.3", "bundle.sigstore.json")
  const who = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER]
  const asked = ["verify-bundle", "--staging", "--offline", "--bundle", bundle, ...who, join(VECTORS, "a.txt")]
  const { code, stderr } = await conformance(...asked)
  expect(stderr).toContain("no root is trusted for the TUF repository https://tuf-repo-cdn.sigstage.dev")
  expect(code).toBe(3)
})

describe("signing", () => {
  let sandbox: TestSandbox
  beforeAll(async () => {
    sandbox = await startTestSandbox()
    writeFileSync(join(home, "a.txt"), "an artifact\n")
    const sha256 = createHash("sha256").update("an artifact\n").digest("hex")
    const subject = [{ name: "a.txt", digest: { sha256 } }]
    // Spaces show that the statement is signed as it is.
    const statement = { _type: "https://in-toto.io/Statement/v1", subject, predicateType: "urn:example", predicate: {} }
    writeFileSync(join(home, "statement.json"), JSON.stringify(statement, null, 1))
  })
  afterAll(() => sandbox.close())

  it.each([
    ["log version 1", "a.txt", "signingConfig", "0.0.1"],
    ["log version 2", "a.txt", "signingConfigV2", "0.0.2"],
    ["a statement", "statement.json", "signingConfigV2", "0.0.2"],
  ] as const)("%s", async (_name, file, config, version) => {
    const statement = file === "statement.json"
    const bundle = join(home, `${config}-${file}.sigstore.json`)
    const token = await sandbox.token({ email: "alice@example.com" })
    const root = ["--trusted-root", sandbox.files.trustedRoot]
    const signed = await conformance(
      ...["sign-bundle", ...(statement ? ["--in-toto"] : []), "--identity-token", token, "--bundle", bundle],
      ...[...root, "--signing-config", sandbox.files[config], file],
    )
    expect(signed).toEqual({ code: 0, stderr: "" })
    const made = JSON.parse(readFileSync(bundle, "utf8")) as {
      readonly verificationMaterial: { readonly tlogEntries: readonly { readonly kindVersion: unknown }[] }
      readonly dsseEnvelope?: { readonly payload: string }
    }
    expect(made.verificationMaterial.tlogEntries[0]?.kindVersion).toMatchObject({ kind: "hashedrekord", version })
    const payload = made.dsseEnvelope?.payload
    expect(
      payload === undefined
        ? undefined
        : new TextDecoder().decode(decodeBase64(payload, { what: "payload", max: 1e6 })),
    ).toBe(statement ? readFileSync(join(home, "statement.json"), "utf8") : undefined)
    const ask = (identity: string, issuer: string, artifact: string): Promise<Answer> =>
      conformance(
        ...["verify-bundle", "--offline", "--bundle", bundle, "--certificate-identity", identity],
        ...["--certificate-oidc-issuer", issuer, ...root, artifact],
      )
    const { oidc } = sandbox.services
    expect(await ask("alice@example.com", oidc, "a.txt")).toEqual({ code: 0, stderr: "" })
    expect((await ask("mallory@example.com", oidc, "a.txt")).code).toBe(1)
    expect((await ask("alice@example.com", ISSUER, "a.txt")).code).toBe(1)
    expect((await ask("alice@example.com", oidc, `sha256:${"0".repeat(64)}`)).code).toBe(1)
  })

  it("writes nothing when the token is refused", async () => {
    const bundle = join(home, "never.json")
    const asked = ["sign-bundle", "--identity-token", "e30.e30.x", "--bundle", bundle]
    const { code } = await conformance(...asked, "--signing-config", sandbox.files.signingConfig, "a.txt")
    expect(code).toBeGreaterThan(0)
    expect(existsSync(bundle)).toBe(false)
  })
})
