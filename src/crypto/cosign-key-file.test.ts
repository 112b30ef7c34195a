import { randomBytes, scryptSync } from "node:crypto"
import fc from "fast-check"
import nacl from "tweetnacl"
import { describe, expect, it } from "vitest"
import { encodeBase64 } from "../codec/base64.ts"
import { encodePem, firstPem } from "../codec/pem.ts"
import { ToolError } from "../core/errors.ts"
import { decryptCosignKey, encryptCosignKey } from "./cosign-key-file.ts"
import { generatePrivateKey } from "./generate.ts"
import { publicKeyOf, sameKey } from "./public-key.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const randomness = { bytes: (count: number) => Uint8Array.from(randomBytes(count)) }
const LABEL = "ENCRYPTED SIGSTORE PRIVATE KEY"

interface Body {
  kdf: { name: unknown; params: Record<string, unknown>; salt: unknown }
  cipher: { name: unknown; nonce: unknown }
  ciphertext: unknown
}

/** A key file sealed by tweetnacl, with cheap work unless told otherwise. */
function sealed(plaintext: Uint8Array, password: string, change: (body: Body) => unknown = (body) => body): Uint8Array {
  const salt = randomBytes(32)
  const nonce = randomBytes(24)
  const key = scryptSync(password, salt, 32, { N: 32768, r: 8, p: 1, maxmem: 2 ** 27 })
  const body: Body = {
    kdf: { name: "scrypt", params: { N: 32768, r: 8, p: 1 }, salt: encodeBase64(salt) },
    cipher: { name: "nacl/secretbox", nonce: encodeBase64(nonce) },
    ciphertext: encodeBase64(nacl.secretbox(Uint8Array.from(plaintext), nonce, key)),
  }
  return bytes(encodePem(LABEL, bytes(JSON.stringify(change(body)))))
}

async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

describe("cosign key file", () => {
  it("is opened by tweetnacl and holds what cosign writes", async () => {
    const key = await generatePrivateKey()
    const pem = await encryptCosignKey(key, bytes("pass"), randomness)
    const block = firstPem(pem)!
    expect(block.label).toBe(LABEL)
    const text = new TextDecoder().decode(block.bytes)
    expect(text).toMatch(
      /^\{"kdf":\{"name":"scrypt","params":\{"N":65536,"r":8,"p":1\},"salt":"[\w+/]{43}="\},"cipher":\{"name":"nacl\/secretbox","nonce":"[\w+/]{32}"\},"ciphertext":"[\w+/]+={0,2}"\}$/,
    )
    const body = JSON.parse(text) as { kdf: { salt: string }; cipher: { nonce: string }; ciphertext: string }
    const raw = (value: string) => Uint8Array.from(atob(value), (c) => c.charCodeAt(0))
    const derived = scryptSync("pass", raw(body.kdf.salt), 32, { N: 65536, r: 8, p: 1, maxmem: 2 ** 28 })
    const opened = nacl.secretbox.open(raw(body.ciphertext), raw(body.cipher.nonce), derived)
    expect(Buffer.from(opened!).equals(key.export({ type: "pkcs8", format: "der" }))).toBe(true)
    const back = await decryptCosignKey(bytes(`${pem}trailing\n`), bytes("pass"))
    expect(sameKey(publicKeyOf(back), publicKeyOf(key))).toBe(true)
  })

  it("opens what tweetnacl seals", async () => {
    const key = await generatePrivateKey("ed25519")
    const der = key.export({ type: "pkcs8", format: "der" })
    expect((await decryptCosignKey(sealed(der, ""), new Uint8Array())).equals(key)).toBe(true)
    expect(await codeOf(() => decryptCosignKey(sealed(der, "a"), bytes("b")))).toBe("E_KEY_PASSWORD")
    expect(await codeOf(() => decryptCosignKey(sealed(bytes("not a key"), "a"), bytes("a")))).toBe("E_FORMAT_MALFORMED")
  })

  it.each<[string, (body: Body) => unknown, string]>([
    ["N of another set", (b) => ({ ...b, kdf: { ...b.kdf, params: { N: 16384, r: 8, p: 1 } } }), "E_KEY_TYPE"],
    ["r of another set", (b) => ({ ...b, kdf: { ...b.kdf, params: { N: 32768, r: 16, p: 1 } } }), "E_KEY_TYPE"],
    ["p of another set", (b) => ({ ...b, kdf: { ...b.kdf, params: { N: 32768, r: 8, p: 2 } } }), "E_KEY_TYPE"],
    [
      "adv: GHSA-78h2-9frx-2jm8 class: huge N",
      (b) => ({ ...b, kdf: { ...b.kdf, params: { N: 2 ** 21, r: 8, p: 1 } } }),
      "E_LIMIT_EXCEEDED",
    ],
    [
      "adv: GHSA-78h2-9frx-2jm8 class: huge r",
      (b) => ({ ...b, kdf: { ...b.kdf, params: { N: 32768, r: 1000, p: 1 } } }),
      "E_LIMIT_EXCEEDED",
    ],
    [
      "adv: GHSA-78h2-9frx-2jm8 class: huge p",
      (b) => ({ ...b, kdf: { ...b.kdf, params: { N: 32768, r: 8, p: 99 } } }),
      "E_LIMIT_EXCEEDED",
    ],
    ["N zero", (b) => ({ ...b, kdf: { ...b.kdf, params: { N: 0, r: 8, p: 1 } } }), "E_FORMAT_MALFORMED"],
    ["N a string", (b) => ({ ...b, kdf: { ...b.kdf, params: { N: "32768", r: 8, p: 1 } } }), "E_FORMAT_MALFORMED"],
    ["no parameters", (b) => ({ ...b, kdf: { name: "scrypt", salt: b.kdf.salt } }), "E_FORMAT_MALFORMED"],
    ["another kdf", (b) => ({ ...b, kdf: { ...b.kdf, name: "pbkdf2" } }), "E_FORMAT_MALFORMED"],
    ["another cipher", (b) => ({ ...b, cipher: { ...b.cipher, name: "none" } }), "E_FORMAT_MALFORMED"],
    ["short nonce", (b) => ({ ...b, cipher: { ...b.cipher, nonce: "AAAA" } }), "E_FORMAT_MALFORMED"],
    ["short salt", (b) => ({ ...b, kdf: { ...b.kdf, salt: "AAAA" } }), "E_FORMAT_MALFORMED"],
    ["no ciphertext", (b) => ({ ...b, ciphertext: undefined }), "E_FORMAT_MALFORMED"],
    ["empty ciphertext", (b) => ({ ...b, ciphertext: "" }), "E_FORMAT_MALFORMED"],
    ["ciphertext with junk", (b) => ({ ...b, ciphertext: `${String(b.ciphertext)}!` }), "E_FORMAT_MALFORMED"],
    ["null", () => null, "E_FORMAT_MALFORMED"],
    ["an array", () => [], "E_FORMAT_MALFORMED"],
  ])("refuses: %s", async (_, change, code) => {
    expect(await codeOf(() => decryptCosignKey(sealed(bytes("x"), "p", change), bytes("p")))).toBe(code)
  })

  it.each([
    ["plain key", encodePem("PRIVATE KEY", bytes("x")), "unsupported pem type: PRIVATE KEY"],
    ["no PEM", "hello", "invalid pem block"],
  ])("says what cosign says: %s", async (_, pem, cosign) => {
    await expect(decryptCosignKey(bytes(pem), bytes(""))).rejects.toMatchObject({
      code: "E_KEY_TYPE",
      details: { cosign },
    })
  })

  it("every changed byte of the ciphertext is noticed", async () => {
    const key = (await generatePrivateKey("ed25519")).export({ type: "pkcs8", format: "der" })
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 63 }), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const pem = sealed(key, "p", (body) => {
          const raw = Uint8Array.from(atob(String(body.ciphertext)), (c) => c.charCodeAt(0))
          raw[at] = (raw[at] ?? 0) ^ mask
          return { ...body, ciphertext: encodeBase64(raw) }
        })
        expect(await codeOf(() => decryptCosignKey(pem, bytes("p")))).toBe("E_KEY_PASSWORD")
      }),
      { numRuns: 4 },
    )
  })
})
