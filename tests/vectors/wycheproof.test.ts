import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import type { PublicKey, SignatureScheme } from "../../src/core/ports.ts"
import { digestOf } from "../../src/crypto/hash.ts"
import { parsePublicKey } from "../../src/crypto/public-key.ts"
import { hashOf } from "../../src/crypto/schemes.ts"
import { verifyDigest, verifySignature } from "../../src/crypto/verify.ts"
import { loadPrehash } from "../../src/crypto/prehash.ts"

await loadPrehash()

const folder = fileURLToPath(new URL("../../../shared/vectors/wycheproof/", import.meta.url))

interface Case {
  readonly tcId: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly msg: string
  readonly sig: string
  readonly result: "valid" | "invalid" | "acceptable"
}
interface Suite {
  readonly testGroups: readonly { readonly publicKeyDer: string; readonly tests: readonly Case[] }[]
}

const suites: readonly { readonly file: string; readonly scheme: SignatureScheme }[] = [
  { file: "ecdsa_secp256r1_sha256_test.json", scheme: { scheme: "ecdsa", hash: "sha256" } },
  { file: "ecdsa_secp384r1_sha384_test.json", scheme: { scheme: "ecdsa", hash: "sha384" } },
  { file: "rsa_signature_2048_sha256_test.json", scheme: { scheme: "rsa-pkcs1", hash: "sha256" } },
  { file: "rsa_pss_2048_sha256_mgf1_32_test.json", scheme: { scheme: "rsa-pss", hash: "sha256" } },
  { file: "ed25519_test.json", scheme: { scheme: "ed25519" } },
]

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"))

/** Every way of checking one signature; they must agree. */
function verdicts(key: PublicKey, scheme: SignatureScheme, item: Case): boolean[] {
  const message = hex(item.msg)
  const signature = hex(item.sig)
  const whole = verifySignature(key, scheme, message, signature)
  const hash = hashOf(scheme)
  if (hash === undefined) return [whole]
  return [whole, verifyDigest(key, scheme, digestOf(hash, message), signature)]
}

describe("wycheproof", () => {
  for (const { file, scheme } of suites) {
    const path = `${folder}${file}`
    if (!existsSync(path)) {
      console.warn(`vectors missing: shared/vectors/wycheproof/${file}`)
      it.skip(`${file}: shared/vectors/wycheproof is absent`, () => undefined)
      continue
    }
    const suite = JSON.parse(readFileSync(path, "utf8")) as Suite
    it(`adv: CVE-2020-14966, CVE-2022-24771, CVE-2026-33894, CVE-2026-33895 class: ${file}`, () => {
      const wrong: string[] = []
      let count = 0
      for (const group of suite.testGroups) {
        const key = parsePublicKey(hex(group.publicKeyDer))
        for (const item of group.tests) {
          count++
          // The only "acceptable" cases are PKCS#1 signatures whose DigestInfo lacks NULL; they are refused here.
          const expected = item.result === "valid"
          if (verdicts(key, scheme, item).some((seen) => seen !== expected)) {
            wrong.push(`${item.tcId} ${item.result} ${item.flags.join(",")} ${item.comment}`)
          }
        }
      }
      expect(wrong).toEqual([])
      expect(count).toBeGreaterThan(100)
    })
  }
})
