import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { constants, createPrivateKey, createPublicKey, verify, X509Certificate } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { canMakeChains, type ChainKind, makeTestChain, type TestChain } from "../../../tests/services/test-chain.ts"
import type { AppContext } from "../../app/requests.ts"
import type { OutputStream, World } from "../../app/world.ts"
import { decodeBase64, encodeBase64 } from "../../codec/base64.ts"
import type { Prompter } from "../../core/ports.ts"
import { createKeySource } from "../../io/keys/key-source.ts"
import { createFiles } from "../../io/system/files.ts"
import { runProgram } from "../command-line/run-program.ts"
import { notationPluginProgram } from "./program.ts"

const message = new TextEncoder().encode("what is signed")
const asked = (): Promise<never> => Promise.reject(new Error("asked on the terminal"))
const prompter: Prompter = { interactive: true, text: asked, password: asked, confirm: asked }

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Run one command in a process of nothing but streams, keys and files. */
async function plugin(argv: readonly string[], request: unknown, env: Record<string, string> = {}): Promise<Ended> {
  const written = { stdout: "", stderr: "" }
  const sink = (name: keyof typeof written): OutputStream => ({
    isTTY: false,
    columns: 80,
    write: (chunk) => {
      written[name] += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk)
      return Promise.resolve()
    },
  })
  const stdin = new TextEncoder().encode(typeof request === "string" ? request : JSON.stringify(request))
  const readStdin = (): Promise<Uint8Array> => Promise.resolve(stdin)
  const stdout = sink("stdout")
  const chunks = (): AsyncIterable<Uint8Array> => {
    throw new Error("standard input was read as a file")
  }
  const files = createFiles({ stdin: { chunks }, stdout })
  const world = {
    version: { version: "1.2.3", platform: "linux/amd64" },
    env,
    stdout,
    stderr: sink("stderr"),
    stdin: { isTTY: false, read: readStdin },
    open: ({ passwordSources = [], plainPrivateKeys = false }: Parameters<World["open"]>[0]) =>
      Promise.resolve({
        files,
        keys: createKeySource({ env, files, prompter, readStdin, passwordSources, plainPrivateKeys }),
      } as unknown as AppContext),
  } as unknown as World
  const code = await runProgram(notationPluginProgram, argv, world, "own")
  return { code, ...written }
}

interface ProtocolError {
  readonly errorCode: string
  readonly errorMessage: string
  readonly errorMetadata: Readonly<Record<string, string>>
}

function errorOf({ code, stdout, stderr }: Ended): ProtocolError {
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
  return JSON.parse(stderr) as ProtocolError
}

describe("the plugin", () => {
  it("says what it is", async () => {
    const { code, stdout, stderr } = await plugin(["get-plugin-metadata"], "{}")
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(JSON.parse(stdout)).toEqual({
      name: "countersign",
      description: expect.stringMatching(/./) as string,
      version: "1.2.3",
      url: expect.stringMatching(/^https:/) as string,
      supportedContractVersions: ["1.0"],
      capabilities: ["SIGNATURE_GENERATOR.RAW"],
    })
  })

  it.each<[readonly string[], unknown, string, string]>([
    [["verify-signature"], {}, "VALIDATION_ERROR", "unknown command"],
    [["describe-key", "--x"], {}, "VALIDATION_ERROR", "unknown flag"],
    [["describe-key"], "", "VALIDATION_ERROR", "malformed request"],
    [["describe-key"], "[]", "VALIDATION_ERROR", "expected an object"],
    [["describe-key"], '{"contractVersion":"1.0","contractVersion":"1.0"}', "VALIDATION_ERROR", "contractVersion"],
    [["describe-key"], { keyId: "k" }, "UNSUPPORTED_CONTRACT_VERSION", 'saw null, expected "1.0"'],
    [["describe-key"], { contractVersion: "1.1", keyId: "k" }, "UNSUPPORTED_CONTRACT_VERSION", 'saw "1.1"'],
    [["describe-key"], { contractVersion: "1.0" }, "VALIDATION_ERROR", "keyId"],
    [["describe-key"], { contractVersion: "1.0", keyId: "" }, "VALIDATION_ERROR", "keyId"],
    [["describe-key"], { contractVersion: "1.0", keyId: "-" }, "VALIDATION_ERROR", "standard input"],
    [["describe-key"], { contractVersion: "1.0", keyId: "env://ABSENT" }, "VALIDATION_ERROR", "ABSENT is not set"],
    [["describe-key"], { contractVersion: "1.0", keyId: "/none" }, "VALIDATION_ERROR", "no such file"],
    [
      ["generate-signature"],
      { contractVersion: "1.0", keyId: "k", pluginConfig: { cert: "x" } },
      "VALIDATION_ERROR",
      'the plugin setting "cert" is not understood: expected certs or password-file',
    ],
    [
      ["generate-signature"],
      { contractVersion: "1.0", keyId: "k", pluginConfig: { "password-file": "-" } },
      "VALIDATION_ERROR",
      "standard input",
    ],
    [["generate-signature"], { contractVersion: "1.0", keyId: "k" }, "VALIDATION_ERROR", "payload"],
    [["generate-signature"], { contractVersion: "1.0", keyId: "k", payload: "AA" }, "VALIDATION_ERROR", "base64"],
  ])("%j %j is an error of the protocol", async (argv, request, errorCode, text) => {
    const error = errorOf(await plugin(argv, request))
    expect(error).toMatchObject({ errorCode, errorMessage: expect.stringContaining(text) as string })
    expect(error.errorMetadata["code"]).toMatch(/^E_/)
  })
})

describe.skipIf(!canMakeChains())("lending keys", () => {
  let folder = ""
  let ec: TestChain
  let rsa: TestChain
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-lend-"))
    ec = makeTestChain(folder, "ec", "EC-256")
    rsa = makeTestChain(folder, "rsa", "RSA-2048")
  })
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  const request = (keyId: string, spec = "EC-256", hash = "SHA-256", pluginConfig = {}): object => ({
    ...{ contractVersion: "1.0", keyId, keySpec: spec, hashAlgorithm: hash, payload: encodeBase64(message) },
    pluginConfig,
  })

  it.each<[ChainKind, string]>([
    ["EC-256", "SHA-256"],
    ["EC-384", "SHA-384"],
    ["EC-521", "SHA-512"],
    ["RSA-2048", "SHA-256"],
    ["RSA-3072", "SHA-384"],
    ["RSA-4096", "SHA-512"],
  ])("%s signs as the protocol says", async (kind, hash) => {
    const made = { "EC-256": ec, "RSA-2048": rsa } as Partial<Record<ChainKind, TestChain>>
    const key = made[kind] ?? makeTestChain(folder, kind, kind)
    const described = await plugin(["describe-key"], { contractVersion: "1.0", keyId: key.keyFile })
    expect(JSON.parse(described.stdout)).toEqual({ keyId: key.keyFile, keySpec: kind })
    const { stdout } = await plugin(["generate-signature"], request(key.keyFile, kind, hash))
    const answer = JSON.parse(stdout) as Record<string, string> & { certificateChain: string[] }
    expect(answer["keyId"]).toBe(key.keyFile)
    const isRsa = kind.startsWith("RSA")
    expect(answer["signingAlgorithm"]).toBe(`${isRsa ? "RSASSA-PSS" : "ECDSA"}-${hash}`)
    expect(answer.certificateChain).toEqual(key.chain.map(encodeBase64))
    const signature = decodeBase64(answer["signature"] ?? "", { what: "signature", max: 1024 })
    const publicKey = createPublicKey(
      new X509Certificate(key.chain[0]!).publicKey.export({ type: "spki", format: "pem" }),
    )
    const how = isRsa
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : { dsaEncoding: "ieee-p1363" as const }
    expect(verify(hash.replace("-", ""), message, { key: publicKey, ...how }, signature)).toBe(true)
  })

  it("finds certificates by their setting, beside the key, and for keys in variables", async () => {
    const elsewhere = join(folder, "elsewhere.key")
    copyFileSync(ec.keyFile, elsewhere)
    const none = errorOf(await plugin(["generate-signature"], request(elsewhere)))
    expect(none.errorMessage).toContain(`looked for ${folder}/elsewhere.crt, ${folder}/elsewhere.pem`)
    expect(
      (await plugin(["generate-signature"], request(elsewhere, "EC-256", "SHA-256", { certs: ec.chainFile }))).code,
    ).toBe(0)
    copyFileSync(ec.chainFile, join(folder, "elsewhere.pem"))
    expect((await plugin(["generate-signature"], request(elsewhere))).code).toBe(0)
    const env = { KEY: ec.keyPem }
    expect(errorOf(await plugin(["generate-signature"], request("env://KEY"), env)).errorMessage).toContain(
      "certs=FILE",
    )
    const named = request("env://KEY", "EC-256", "SHA-256", { certs: ec.chainFile })
    expect((await plugin(["generate-signature"], named, env)).code).toBe(0)
  })

  it("takes passwords from the variable or the file named, and never asks", async () => {
    const encrypted = join(folder, "encrypted.key")
    const cipher = { cipher: "aes-256-cbc", passphrase: "secret words" }
    writeFileSync(encrypted, createPrivateKey(ec.keyPem).export({ type: "pkcs8", format: "pem", ...cipher }))
    const certs = ec.chainFile
    const passwordFile = join(folder, "password")
    writeFileSync(passwordFile, "secret words\n")
    const plain = request(encrypted, "EC-256", "SHA-256", { certs })
    const byFile = request(encrypted, "EC-256", "SHA-256", { certs, "password-file": passwordFile })
    expect((await plugin(["generate-signature"], plain, { COUNTERSIGN_PASSWORD: "secret words" })).code).toBe(0)
    expect((await plugin(["generate-signature"], byFile)).code).toBe(0)
    const wrong = errorOf(await plugin(["generate-signature"], plain, { COUNTERSIGN_PASSWORD: "other words" }))
    expect(wrong.errorCode).toBe("ACCESS_DENIED")
    expect(JSON.stringify(wrong)).not.toContain("other words")
    const absent = errorOf(await plugin(["generate-signature"], plain))
    expect(absent).toMatchObject({
      errorCode: "ACCESS_DENIED",
      errorMessage: expect.stringContaining("--plugin-config password-file=FILE") as string,
      errorMetadata: { code: "E_KEY_NO_TERMINAL" },
    })
  })

  it("certificates that do not fit are refused", async () => {
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const [leaf = "", root = ""] = ec.chain.map((der) => new X509Certificate(der).toString())
    for (const [certs, text] of [
      [rsa.chainFile, "its first certificate is for another key"],
      [ec.rootFile, "its first certificate is for another key"],
      [file("turned.crt", `${root}${leaf}`), "its first certificate is for another key"],
      [file("leaf.crt", leaf), "cannot be used"],
      [file("empty.crt", ""), "it holds no certificate"],
      [file("junk.crt", "junk"), "x509: malformed certificate"],
      [join(folder, "none.crt"), "no such file"],
    ] as const) {
      const error = errorOf(await plugin(["generate-signature"], request(ec.keyFile, "EC-256", "SHA-256", { certs })))
      expect(error).toMatchObject({
        errorCode: "VALIDATION_ERROR",
        errorMessage: expect.stringContaining(text) as string,
      })
    }
  })

  it("another algorithm than the key's is refused", async () => {
    for (const [spec, hash, text] of [
      ["EC-384", "SHA-256", "keySpec"],
      ["RSA-2048", "SHA-256", "keySpec"],
      ["EC-256", "SHA-512", "hashAlgorithm"],
      ["EC-256", "SHA-1", "hashAlgorithm"],
    ] as const) {
      const error = errorOf(await plugin(["generate-signature"], request(ec.keyFile, spec, hash)))
      expect(error).toMatchObject({
        errorCode: "VALIDATION_ERROR",
        errorMessage: expect.stringContaining(text) as string,
      })
    }
  })
})
