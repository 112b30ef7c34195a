import { generateKeyPairSync, sign, type KeyObject } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Candidate, Material } from "../core/candidate.ts"
import type { PublicKey } from "../core/ports.ts"
import { digestOf } from "../crypto/hash.ts"
import { keyHint, publicKeyFromSpki } from "../crypto/public-key.ts"
import { artifactNeeds, evaluateKeys, keySchemes, type KeyedCandidate } from "./keyed.ts"
import { loadPrehash } from "../crypto/prehash.ts"

await loadPrehash()

interface Pair {
  readonly secret: KeyObject
  readonly key: PublicKey
}

function pair(made: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }): Pair {
  const spki = made.publicKey.export({ format: "der", type: "spki" })
  return { secret: made.privateKey, key: publicKeyFromSpki(Uint8Array.from(spki)) }
}

const ec = (namedCurve: string): Pair => pair(generateKeyPairSync("ec", { namedCurve }))
const p256 = ec("P-256")
const p384 = ec("P-384")
const rsa = pair(generateKeyPairSync("rsa", { modulusLength: 2048 }))
const ed = pair(generateKeyPairSync("ed25519"))
const pairs = { p256, p384, rsa, ed }
const message = new TextEncoder().encode("what is signed")

function signed(by: Pair, over: Partial<Candidate> = {}, hash: string | null = "sha256"): KeyedCandidate {
  const bytes = Uint8Array.from(sign(by === ed ? null : hash, message, by.secret))
  return { material: { kind: "key" }, signed: { kind: "message", message }, signatures: [{ bytes }], ...over }
}

function trusted(...list: readonly Pair[]): readonly { name: string; key: PublicKey }[] {
  return list.map(({ key }, index) => ({ name: `key-${index}`, key }))
}

function verdict(candidate: KeyedCandidate, ...list: readonly Pair[]): string {
  const { findings, signer } = evaluateKeys(candidate, trusted(...list))
  return signer?.name ?? `${findings[0]?.outcome ?? ""} ${findings[0]?.code ?? ""}`
}

describe("evaluateKeys", () => {
  it.each(Object.entries(pairs))("%s verifies its own message and no other's", (_, own) => {
    const candidate = signed(own)
    expect(verdict(candidate, own)).toBe("key-0")
    for (const other of Object.values(pairs)) {
      if (other !== own) expect(verdict(candidate, other)).toBe("failed E_SIG_UNTRUSTED")
    }
    expect(verdict(candidate, ...Object.values(pairs).filter((other) => other !== own), own)).toBe("key-3")
  })

  it("refuses an empty list of keys", () => {
    expect(() => evaluateKeys(signed(p256), [])).toThrow(expect.objectContaining({ code: "E_TRUST_MISSING" }) as Error)
  })

  it("refuses an empty list of signatures", () => {
    expect(verdict(signed(p256, { signatures: [] }), p256)).toBe("failed E_SIG_UNTRUSTED")
  })

  it("takes one good signature among several", () => {
    const good = signed(p256).signatures
    const bad = signed(p384).signatures
    expect(verdict(signed(p256, { signatures: [...bad, ...good] }), p256)).toBe("key-0")
    expect(verdict(signed(p256, { signatures: [...bad, ...bad] }), p256)).toBe("failed E_SIG_UNTRUSTED")
  })

  it("tries a P-384 key with its own hash, then SHA-256, then nothing else", () => {
    expect(verdict(signed(p384, {}, "sha384"), p384)).toBe("key-0")
    expect(verdict(signed(p384, {}, "sha256"), p384)).toBe("key-0")
    expect(verdict(signed(p384, {}, "sha512"), p384)).toBe("failed E_SIG_UNTRUSTED")
    expect(verdict(signed(p384, { hash: "sha512" }, "sha512"), p384)).toBe("key-0")
    expect(verdict(signed(p256, {}, "sha384"), p256)).toBe("failed E_SIG_UNTRUSTED")
  })

  it("lets the user's hash win", () => {
    const candidate = signed(p256, { hash: "sha256" }, "sha512")
    expect(evaluateKeys(candidate, trusted(p256)).signer).toBeUndefined()
    expect(evaluateKeys(candidate, trusted(p256), { hash: "sha512" }).signer?.name).toBe("key-0")
  })

  it("never takes SHA-224 from a document", () => {
    expect(keySchemes(p256.key, { hash: "sha224" })).toEqual([{ scheme: "ecdsa", hash: "sha256" }])
  })

  it("adv: GHSA-r2xv-vpr2-42m9 a signature by another key under the right key id", () => {
    const [other] = signed(p384).signatures
    const signatures = [{ bytes: other!.bytes, keyid: keyHint(p256.key) }]
    expect(verdict(signed(p384, { signatures, material: { kind: "key", hint: keyHint(p256.key) } }), p256)).toBe(
      "failed E_SIG_INVALID",
    )
  })

  it("says that the hint names another key, and still lets the signature decide", () => {
    const material: Material = { kind: "key", hint: keyHint(p384.key) }
    const { findings } = evaluateKeys(signed(p384, { material }), trusted(p256))
    expect(findings.map(({ check, code }) => `${check} ${code ?? ""}`)).toEqual([
      "signature.cryptographic E_SIG_UNTRUSTED",
      "signer.key E_SIG_UNTRUSTED",
    ])
    expect(verdict(signed(p256, { material }), p256)).toBe("key-0")
  })

  it("refuses a key in the document that is not the user's, and uses only that one otherwise", () => {
    const material: Material = { kind: "key", embedded: p384.key }
    expect(verdict(signed(p384, { material }), p256)).toBe("failed E_SIG_UNTRUSTED")
    expect(verdict(signed(p256, { material }), p256)).toBe("failed E_SIG_UNTRUSTED")
    expect(verdict(signed(p256, { material }), p256, p384)).toBe("failed E_SIG_INVALID")
    expect(verdict(signed(p384, { material }), p256, p384)).toBe("key-1")
  })

  it("refuses certificates where only a certificate may vouch", () => {
    const material = (keyAllowed: boolean): Material => ({ kind: "certificate", certificates: [], keyAllowed })
    expect(verdict(signed(p256, { material: material(false) }), p256)).toBe("failed E_SIG_UNTRUSTED")
    expect(verdict(signed(p256, { material: material(true) }), p256)).toBe("key-0")
  })
})

describe("evaluateKeys over an artifact", () => {
  const digest = (hash: "sha256" | "sha384" | "sha512"): Uint8Array => digestOf(hash, message)

  it("works from digests, and says when the right one is missing", () => {
    const candidate = signed(p384, { signed: { kind: "artifact" } }, "sha384")
    const run = (digests: Record<string, Uint8Array>): string | undefined =>
      evaluateKeys(candidate, trusted(p384), { artifact: { digests } }).findings[0]?.outcome
    expect(run({ sha384: digest("sha384") })).toBe("passed")
    expect(run({ sha256: digest("sha256") })).toBe("failed")
    expect(run({ sha512: digest("sha512") })).toBe("unknown")
    expect(run({})).toBe("unknown")
    expect(evaluateKeys(candidate, trusted(p384)).findings[0]?.outcome).toBe("unknown")
  })

  it("needs the bytes for pure Ed25519", () => {
    const candidate = signed(ed, { signed: { kind: "artifact" } })
    expect(artifactNeeds(candidate, trusted(ed))).toEqual({ hashes: ["sha512"], bytes: true })
    expect(artifactNeeds(candidate, trusted(p256, p384))).toEqual({ hashes: ["sha256", "sha384"], bytes: false })
    const whole = { digests: {}, bytes: message }
    expect(evaluateKeys(candidate, trusted(ed), { artifact: whole }).signer?.name).toBe("key-0")
    const onlyDigest = { digests: { sha256: digest("sha256") } }
    expect(evaluateKeys(candidate, trusted(ed), { artifact: onlyDigest }).findings[0]?.outcome).toBe("unknown")
  })
})

describe("mutation", () => {
  const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
    const copy = Uint8Array.from(bytes)
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    return copy
  }

  it.each(Object.entries(pairs))("no flipped bit of message or signature verifies with %s", (_, own) => {
    const candidate = signed(own)
    const signature = candidate.signatures[0]!.bytes
    fc.assert(
      fc.property(fc.nat(signature.length * 8 - 1), fc.nat(message.length * 8 - 1), (a, b) => {
        const broken = { ...candidate, signatures: [{ bytes: flip(signature, a) }] }
        expect(evaluateKeys(broken, trusted(own)).signer).toBeUndefined()
        const other: KeyedCandidate = { ...candidate, signed: { kind: "message", message: flip(message, b) } }
        expect(evaluateKeys(other, trusted(own)).signer).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })
})
