import { createPrivateKey, createPublicKey, verify, X509Certificate } from "node:crypto"
import { appendFileSync, copyFileSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"

import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { failureOf, makeTestHome, openssl, type TestHome } from "./test-home.ts"

let test: TestHome
beforeAll(() => {
  test = makeTestHome()
  const make = (name: string, ...key: readonly string[]): void => {
    openssl(
      "req",
      "-x509",
      "-nodes",
      ...key,
      "-keyout",
      test.at(`${name}.key`),
      "-out",
      test.at(`${name}.crt`),
      "-subj",
      `/CN=${name}`,
    )
  }
  make("rsa", "-newkey", "rsa:2048")
  make("ec", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384")
  make("other", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384")
  make("ed", "-newkey", "ed25519")
  openssl("rsa", "-in", test.at("rsa.key"), "-traditional", "-out", test.at("pkcs1.key"))
  openssl("ec", "-in", test.at("ec.key"), "-out", test.at("sec1.key"))
  openssl("ecparam", "-name", "secp384r1", "-out", test.at("with-parameters.key"))
  appendFileSync(test.at("with-parameters.key"), readFileSync(test.at("sec1.key")))
  openssl("pkcs8", "-topk8", "-in", test.at("ec.key"), "-passout", "pass:x", "-out", test.at("encrypted.key"))
  openssl("ec", "-in", test.at("ec.key"), "-aes128", "-passout", "pass:x", "-out", test.at("old-encrypted.key"))
  const chain = ["ec.crt", "rsa.crt"].map((name) => readFileSync(test.at(name), "utf8"))
  writeFileSync(test.at("chain.crt"), `words\n${chain.join("words\n")}`)
  writeFileSync(test.at("key-first.crt"), readFileSync(test.at("ec.key"), "utf8") + (chain[0] ?? ""))
  writeFileSync(test.at("empty"), "")
  writeFileSync(test.at("junk.crt"), "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
  writeFileSync(test.at("open.crt"), "-----BEGIN CERTIFICATE-----\nMAA=\n")
  writeFileSync(
    test.at("wrapped.crt"),
    `-----BEGIN CERTIFICATE-----\n${Buffer.from(chain[0] ?? "").toString("base64")}\n-----END CERTIFICATE-----\n`,
  )
  const der = new X509Certificate(chain[0] ?? "").raw
  writeFileSync(
    test.at("trailing.crt"),
    `-----BEGIN CERTIFICATE-----\n${Buffer.concat([der, Buffer.from([0, 0])]).toString("base64")}\n-----END CERTIFICATE-----\n`,
  )
  writeFileSync(
    test.at("two-others"),
    readFileSync(test.at("ec.key"), "utf8") + readFileSync(test.at("ec.key"), "utf8"),
  )
  openssl("pkey", "-in", test.at("ec.key"), "-pubout", "-out", test.at("public.pem"))
  symlinkSync(test.at("ec.key"), test.at("linked.key"))
})
afterAll(() => {
  test.remove()
})

describe("reading a pair", () => {
  it.each([
    ["PKCS#8 RSA", "rsa.key", "rsa.crt", 1],
    ["PKCS#1", "pkcs1.key", "rsa.crt", 1],
    ["PKCS#8 EC", "ec.key", "ec.crt", 1],
    ["SEC 1", "sec1.key", "ec.crt", 1],
    ["SEC 1 after its parameters", "with-parameters.key", "ec.crt", 1],
    ["a chain, with words between", "ec.key", "chain.crt", 2],
    ["a certificate after other blocks", "ec.key", "key-first.crt", 1],
    ["a key behind a link", "linked.key", "ec.crt", 1],
  ])("%s", async (_name, key, cert, length) => {
    const pair = await test.home.readKeyPair(test.at(key), test.at(cert))
    expect(pair.chain).toHaveLength(length)
    const certificate = new X509Certificate(
      readFileSync(test.at(cert), "utf8").replace(/^-----BEGIN PRIVATE[^]*?-----END PRIVATE KEY-----\n/, ""),
    )
    expect(Buffer.from(pair.chain[0]!)).toEqual(certificate.raw)
    const message = new TextEncoder().encode("message")
    const scheme =
      pair.key.publicKey.type === "rsa"
        ? ({ scheme: "rsa-pss", hash: "sha256" } as const)
        : ({ scheme: "ecdsa", hash: "sha384" } as const)
    const signature = await pair.key.sign(message, scheme)
    // 6: RSA-PSS padding.
    const publicKey = createPublicKey(createPrivateKey(readFileSync(test.at(key))))
    const how = scheme.scheme === "rsa-pss" ? { key: publicKey, padding: 6, saltLength: 32 } : publicKey
    expect(verify(scheme.hash, message, how, signature)).toBe(true)
  })

  // Texts of Go's crypto/tls, seen from real notation where it comes so far.
  it.each([
    [
      "no key",
      "absent",
      "ec.crt",
      "E_KEY_NOT_FOUND",
      (): string => `open ${test.at("absent")}: no such file or directory`,
    ],
    [
      "no certificate",
      "ec.key",
      "absent",
      "E_KEY_NOT_FOUND",
      (): string => `open ${test.at("absent")}: no such file or directory`,
    ],
    ["an empty key file", "empty", "ec.crt", "E_KEY_TYPE", "tls: failed to find any PEM data in key input"],
    [
      "an empty certificate file",
      "ec.key",
      "empty",
      "E_KEY_TYPE",
      "tls: failed to find any PEM data in certificate input",
    ],
    [
      "a certificate as key",
      "ec.crt",
      "ec.crt",
      "E_KEY_TYPE",
      "tls: found a certificate rather than a key in the PEM for the private key",
    ],
    [
      "a key as certificate",
      "ec.key",
      "ec.key",
      "E_KEY_TYPE",
      "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched",
    ],
    [
      "two keys as certificate",
      "ec.key",
      "two-others",
      "E_KEY_TYPE",
      'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [PRIVATE KEY PRIVATE KEY]',
    ],
    [
      "a public key as key",
      "public.pem",
      "ec.crt",
      "E_KEY_TYPE",
      'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [PUBLIC KEY]',
    ],
    ["another key", "other.key", "ec.crt", "E_KEY_TYPE", "tls: private key does not match public key"],
    [
      "the chain's second key",
      "rsa.key",
      "chain.crt",
      "E_KEY_TYPE",
      "tls: private key type does not match public key type",
    ],
    ["an encrypted key", "encrypted.key", "ec.crt", "E_KEY_TYPE", "tls: failed to parse private key"],
    ["a key encrypted the old way", "old-encrypted.key", "ec.crt", "E_KEY_TYPE", "tls: failed to parse private key"],
    ["a block that is no certificate", "ec.key", "junk.crt", "E_KEY_TYPE", "x509: malformed certificate"],
    ["a block of PEM", "ec.key", "wrapped.crt", "E_KEY_TYPE", "x509: malformed certificate"],
    ["bytes behind the certificate", "ec.key", "trailing.crt", "E_KEY_TYPE", "x509: malformed certificate"],
    [
      "a block without end",
      "ec.key",
      "open.crt",
      "E_KEY_TYPE",
      (): string => `${test.at("open.crt")} is not well-formed`,
    ],
  ] as const)("%s is refused", async (_name, key, cert, code, what) => {
    const error = await failureOf(test.home.readKeyPair(test.at(key), test.at(cert)))
    expect([error.code, error.what]).toEqual([code, typeof what === "string" ? what : what()])
  })

  it("endless files and missing paths are refused", async () => {
    expect((await failureOf(test.home.readKeyPair("/dev/zero", test.at("ec.crt")))).code).toBe("E_LIMIT_EXCEEDED")
    expect((await failureOf(test.home.readKeyPair("", "x"))).what).toBe("key path not specified")
    expect((await failureOf(test.home.readKeyPair("x", ""))).what).toBe("certificate path not specified")
  })
})

describe("local keys", () => {
  const pair = { keyPem: "key\n", certificatePem: "certificate\n" }

  it("are written once, the key for the user alone, and removed", async () => {
    const paths = await test.home.writeKeyPair("a.b-c_1", pair)
    expect(paths).toEqual({
      keyPath: test.at("config", "localkeys", "a.b-c_1.key"),
      certPath: test.at("config", "localkeys", "a.b-c_1.crt"),
    })
    expect([statSync(paths.keyPath).mode & 0o777, readFileSync(paths.keyPath, "utf8")]).toEqual([0o600, "key\n"])
    expect([statSync(paths.certPath).mode & 0o777, readFileSync(paths.certPath, "utf8")]).toEqual([
      0o644,
      "certificate\n",
    ])
    expect(await test.home.removeKeyPair("a.b-c_1")).toEqual({ ...paths, keyRemoved: true, certRemoved: true })
    expect(await test.home.removeKeyPair("a.b-c_1")).toEqual({ ...paths, keyRemoved: false, certRemoved: false })
  })

  it.each(["key", "crt"])("a .%s that is there stays, and nothing else is written", async (kind) => {
    const there = test.at("config", "localkeys", `taken-${kind}.${kind}`)
    copyFileSync(test.at("ec.key"), there)
    const error = await failureOf(test.home.writeKeyPair(`taken-${kind}`, pair))
    const name = kind === "key" ? "key" : "certificate"
    expect(error).toMatchObject({
      code: "E_FILE_EXISTS",
      what: `failed to write ${name} file: open ${there}: file exists`,
      details: { path: there },
    })
    expect(readFileSync(there)).toEqual(readFileSync(test.at("ec.key")))
    expect(existsSync(test.at("config", "localkeys", `taken-${kind}.${kind === "key" ? "crt" : "key"}`))).toBe(false)
  })

  it.each(["", ".", "..", "../x", "a/b", "a\\b", "a b", "ä", "a\0", "x".repeat(256)])(
    "the name %j is refused",
    async (name) => {
      const what = "name needs to follow [a-zA-Z0-9_.-]+ format"
      expect(await failureOf(test.home.writeKeyPair(name, pair))).toMatchObject({ code: "E_USAGE", what })
      expect(await failureOf(test.home.removeKeyPair(name))).toMatchObject({ code: "E_USAGE", what })
    },
  )
})
