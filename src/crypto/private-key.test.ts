import { execFileSync } from "node:child_process"
import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import fc from "fast-check"
import { DER_TAG, encodeDer, encodeDerInteger, encodeDerOid } from "../codec/der.ts"
import { encodePem, firstPem } from "../codec/pem.ts"
import { ToolError } from "../core/errors.ts"
import { parsePrivateKey, validateImportKey } from "./private-key.ts"
import { parsePublicKey, publicKeyOf, sameKey } from "./public-key.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const pemOf = (key: KeyObject, type: "pkcs8" | "sec1" | "pkcs1"): string =>
  key.export({ type: type, format: "pem" }).toString()

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

function has(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" })
    return true
  } catch (error) {
    return (error as { code?: string }).code !== "ENOENT"
  }
}

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" })
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 })
const ed = generateKeyPairSync("ed25519")
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "private-key-"))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe("parsePrivateKey", () => {
  it.each<[string, string, KeyObject]>([
    ["PKCS#8 EC", pemOf(ec.privateKey, "pkcs8"), ec.publicKey],
    ["SEC 1", pemOf(ec.privateKey, "sec1"), ec.publicKey],
    ["PKCS#8 RSA", pemOf(rsa.privateKey, "pkcs8"), rsa.publicKey],
    ["PKCS#1", pemOf(rsa.privateKey, "pkcs1"), rsa.publicKey],
    ["PKCS#8 Ed25519", pemOf(ed.privateKey, "pkcs8"), ed.publicKey],
  ])("reads %s; the first block counts", (_, pem, half) => {
    const key = parsePrivateKey(bytes(`${pem}-----BEGIN OTHER-----\nbroken`))
    expect(sameKey(publicKeyOf(key), publicKeyOf(half))).toBe(true)
    expect(validateImportKey(bytes(pem)).equals(key)).toBe(true)
  })

  it.each([
    ["PBKDF2", ["-v2", "aes-256-cbc"]],
    ["scrypt", ["-scrypt"]],
  ])("reads encrypted PKCS#8 of the openssl command: %s", (_, args) => {
    if (!has("openssl", "version")) {
      console.warn("openssl is absent: case skipped")
      return
    }
    const pem = execFileSync("openssl", ["pkcs8", "-topk8", ...args, "-passout", "pass:secret"], {
      input: pemOf(ec.privateKey, "pkcs8"),
    })
    expect(parsePrivateKey(pem, bytes("secret")).equals(ec.privateKey)).toBe(true)
    expect(codeOf(() => parsePrivateKey(pem, bytes("wrong")))).toBe("E_KEY_PASSWORD")
    expect(codeOf(() => parsePrivateKey(pem, new Uint8Array()))).toBe("E_KEY_PASSWORD")
    expect(codeOf(() => parsePrivateKey(pem))).toBe("E_KEY_PASSWORD")
    expect(codeOf(() => validateImportKey(pem))).toBe("E_KEY_TYPE")
  })

  it.each([
    ["ed25519", []],
    ["ecdsa", ["-b", "256"]],
    ["ecdsa", ["-b", "521"]],
    ["rsa", ["-b", "2048"]],
  ])("reads what ssh-keygen writes: %s %s", (type, args) => {
    if (!has("ssh-keygen", "-?")) {
      console.warn("ssh-keygen is absent: case skipped")
      return
    }
    const file = join(folder, `${type}${args.join("")}`)
    execFileSync("ssh-keygen", ["-q", "-t", type, ...args, "-N", "", "-C", "a comment", "-f", file])
    const pem = readFileSync(file)
    const key = parsePrivateKey(pem)
    if (type !== "ed25519") {
      const half = execFileSync("ssh-keygen", ["-e", "-m", "PKCS8", "-f", `${file}.pub`])
      expect(sameKey(publicKeyOf(key), parsePublicKey(half))).toBe(true)
    }
    const wire = readFileSync(`${file}.pub`, "utf8").split(" ")[1] ?? ""
    const numbers = key.export({ format: "jwk" })
    expect(
      atob(wire).endsWith(atob((numbers.n ?? numbers.y ?? numbers.x ?? "").replaceAll("-", "+").replaceAll("_", "/"))),
    ).toBe(true)
    const body = firstPem(pem.toString())!.bytes
    for (let at = 0; at < body.length; at += 5) {
      const changed = Uint8Array.from(body)
      changed[at] = (changed[at] ?? 0) ^ 0x55
      codeOf(() => parsePrivateKey(bytes(encodePem("OPENSSH PRIVATE KEY", changed))))
      codeOf(() => parsePrivateKey(bytes(encodePem("OPENSSH PRIVATE KEY", body.subarray(0, at)))))
    }
    execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", "secret", "-f", file])
    expect(() => parsePrivateKey(readFileSync(file), bytes("secret"))).toThrow(
      expect.objectContaining({
        code: "E_KEY_TYPE",
        next: expect.arrayContaining([expect.stringContaining("ssh-keygen -p")]) as string[],
      }) as Error,
    )
  })

  it.each([
    ["a public key", encodePem("PUBLIC KEY", bytes("x")), "E_KEY_TYPE"],
    ["no PEM", "hello", "E_KEY_TYPE"],
    ["empty", "", "E_KEY_TYPE"],
    [
      "old PEM encryption",
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nZm9v\n-----END RSA PRIVATE KEY-----",
      "E_KEY_TYPE",
    ],
    ["junk in PKCS#8", encodePem("PRIVATE KEY", encodeDer(DER_TAG.sequence)), "E_FORMAT_MALFORMED"],
    [
      "trailing bytes",
      encodePem("PRIVATE KEY", Uint8Array.of(...ec.privateKey.export({ type: "pkcs8", format: "der" }), 0)),
      "E_FORMAT_MALFORMED",
    ],
    ["secp256k1", pemOf(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey, "pkcs8"), "E_KEY_TYPE"],
    ["X25519", pemOf(generateKeyPairSync("x25519").privateKey, "pkcs8"), "E_KEY_TYPE"],
    ["RSA 1024", pemOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey, "pkcs8"), "E_KEY_TYPE"],
    ["a file too large", "x".repeat(2 ** 20 + 1), "E_LIMIT_EXCEEDED"],
  ])("refuses: %s", (_, pem, code) => {
    expect(codeOf(() => parsePrivateKey(bytes(pem)))).toBe(code)
  })

  it.each([
    ["PBKDF2 iterations", "1.2.840.113549.1.5.12", [10_000_001n]],
    ["scrypt N", "1.3.6.1.4.1.11591.4.11", [2n ** 21n, 8n, 1n]],
    ["scrypt r", "1.3.6.1.4.1.11591.4.11", [1024n, 1000n, 1n]],
    ["scrypt p", "1.3.6.1.4.1.11591.4.11", [1024n, 8n, 1000n]],
  ])("adv: GHSA-78h2-9frx-2jm8, CVE-2026-34986 class: %s beyond the limit", (_, oid, numbers) => {
    const seq = (...parts: Uint8Array[]) => encodeDer(DER_TAG.sequence, ...parts)
    const values = seq(encodeDer(DER_TAG.octetString, new Uint8Array(16)), ...numbers.map(encodeDerInteger))
    const kdf = seq(encodeDerOid(oid), values)
    const algorithm = seq(encodeDerOid("1.2.840.113549.1.5.13"), seq(kdf, seq()))
    const der = seq(algorithm, encodeDer(DER_TAG.octetString, new Uint8Array(32)))
    expect(codeOf(() => parsePrivateKey(bytes(encodePem("ENCRYPTED PRIVATE KEY", der)), bytes("p")))).toBe(
      "E_LIMIT_EXCEEDED",
    )
  })

  it("throws nothing but ToolError", () => {
    const label = fc.constantFrom(
      "PRIVATE KEY",
      "EC PRIVATE KEY",
      "RSA PRIVATE KEY",
      "ENCRYPTED PRIVATE KEY",
      "OPENSSH PRIVATE KEY",
      "X",
    )
    fc.assert(
      fc.property(label, fc.uint8Array({ maxLength: 80 }), (name, body) => {
        expect(codeOf(() => parsePrivateKey(bytes(encodePem(name, body)), bytes("p")))).not.toBe("accepted")
      }),
      { numRuns: 300 },
    )
  })
})

describe("validateImportKey", () => {
  it.each([
    [
      "RSA 2056",
      pemOf(generateKeyPairSync("rsa", { modulusLength: 2056 }).privateKey, "pkcs1"),
      "error validating rsa key: rsa key size 2056 is not supported supported, modulus size must be 2048, 3072, or 4096",
    ],
    ["a public key", pemOf(ec.privateKey, "pkcs8").replaceAll("PRIVATE", "PUBLIC"), "unsupported private key"],
    ["an encrypted key", encodePem("ENCRYPTED PRIVATE KEY", bytes("x")), "unsupported private key"],
  ])("says what cosign says: %s", (_, pem, cosign) => {
    expect(() => validateImportKey(bytes(pem))).toThrow(
      expect.objectContaining({ code: "E_KEY_TYPE", details: { cosign } }) as Error,
    )
  })
})
