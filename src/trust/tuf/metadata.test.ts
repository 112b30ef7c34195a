import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import type { JsonObject } from "../../core/json-value.ts"
import { parseRoot, parseSnapshot, parseTargets, parseTimestamp, requireFacts } from "./metadata.ts"
import { TrustedMetadata } from "./trusted-metadata.ts"
import { parseTufKey } from "./tuf-key.ts"

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** The root of the public instance, signed by people with other tools. */
const seeds = JSON.parse(
  readFileSync(new URL("../../../node_modules/@sigstore/tuf/seeds.json", import.meta.url), "utf8"),
) as Record<string, { "root.json": string }>
const root = new Uint8Array(Buffer.from(Object.values(seeds)[0]!["root.json"], "base64" as BufferEncoding))

describe("the root of the public instance", () => {
  it("is signed by its own keys", () => {
    const trusted = new TrustedMetadata(root, Date.UTC(2026, 11, 1))
    expect(trusted.root.version).toBe(16)
    expect(trusted.root.roles.root.keys.size).toBe(5)
    expect(trusted.root.roles.root.threshold).toBe(3)
  })

  it("is not when anything in it is changed", () => {
    const changes: readonly [string, string][] = [
      ['"threshold": 3', '"threshold": 2'],
      ['"version": 16', '"version": 17'],
      ["@lance", "@lancf"],
      ["2027-04-22", "2028-04-22"],
    ]
    for (const [from, to] of changes) {
      const changed = new TextEncoder().encode(new TextDecoder().decode(root).replace(from, to))
      expect(() => new TrustedMetadata(changed, 0)).toThrow(expect.objectContaining({ code: "E_TRUST_MALFORMED" }))
    }
  })

  it("is stale after its end, to the second", () => {
    const end = parseRoot(root).expires
    expect(end).toBe(Date.parse("2027-04-22T19:27:31Z"))
    expect(() => {
      new TrustedMetadata(root, end - 1).requireFreshRoot()
    }).not.toThrow()
    expect(() => {
      new TrustedMetadata(root, end).requireFreshRoot()
    }).toThrow(expect.objectContaining({ code: "E_TRUST_STALE" }))
  })
})

const head = (type: string): JsonObject => ({
  ...{ _type: type, spec_version: "1.0.31", version: 1, expires: "2027-01-01T00:00:00Z" },
})
const file = (signed: JsonObject): Uint8Array => text({ signed, signatures: [] })
const good = {
  timestamp: { ...head("timestamp"), meta: { "snapshot.json": { version: 1 } } },
  snapshot: { ...head("snapshot"), meta: { "targets.json": { version: 1 } } },
  targets: { ...head("targets"), targets: {} },
}
const parsers = { timestamp: parseTimestamp, snapshot: parseSnapshot, targets: parseTargets }

describe.each(["timestamp", "snapshot", "targets"] as const)("%s", (role) => {
  it("is read", () => {
    expect(parsers[role](file(good[role])).version).toBe(1)
  })

  it.each<[string, JsonObject]>([
    ["version 0", { version: 0 }],
    ["version 1.5 as text", { version: "1" }],
    ["a version beyond a double", { version: 2 ** 53 }],
    ["another specification", { spec_version: "2.0.0" }],
    ["a specification that is a number", { spec_version: 1 }],
    ["no end", { expires: null }],
    ["an end in words", { expires: "tomorrow" }],
    ["an end that is no day", { expires: "2027-02-30T00:00:00Z" }],
    ["no list", role === "targets" ? { targets: null } : { meta: null }],
    ["an empty list", role === "targets" ? { targets: [] } : { meta: {} }],
  ])("with %s is refused", (_, change) => {
    expect(() => parsers[role](file({ ...good[role], ...change }))).toThrow(
      expect.objectContaining({ code: "E_TRUST_MALFORMED" }),
    )
  })

  it("that is too long is refused before it is read", () => {
    const long = { ...good[role], note: "x".repeat(6_000_000) }
    expect(() => parsers[role](file(long))).toThrow(expect.objectContaining({ code: "E_TRUST_MALFORMED" }))
  })
})

it("members of the names of objects' own are members like any other", () => {
  const bytes = new TextEncoder().encode(
    `{"signatures":[],"signed":{"_type":"targets","spec_version":"1.0","version":1,"expires":"2027-01-01T00:00:00Z","targets":{"__proto__":{"length":1,"hashes":{"sha256":"${"0".repeat(64)}"}}}}}`,
  )
  expect([...parseTargets(bytes).targets.keys()]).toEqual(["__proto__"])
})

it("every known hash counts", () => {
  const bytes = text("x")
  const sha = (name: string): Uint8Array => new Uint8Array(createHash(name).update(bytes).digest())
  const facts = { length: bytes.length, hashes: { sha256: sha("sha256"), sha512: sha("sha512") } }
  expect(() => {
    requireFacts(bytes, facts, "file")
  }).not.toThrow()
  for (const wrong of [{ sha512: sha("sha256") }, { sha256: new Uint8Array(32) }]) {
    expect(() => {
      requireFacts(bytes, { ...facts, hashes: { ...facts.hashes, ...wrong } }, "file")
    }).toThrow()
  }
  expect(() => {
    requireFacts(bytes, { ...facts, length: 2 }, "file")
  }).toThrow()
})

describe("keys", () => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const pem = publicKey.export({ format: "pem", type: "spki" }) as string
  const point = Buffer.from(publicKey.export({ format: "der", type: "spki" }).subarray(-65)).toString("hex")
  const ed = generateKeyPairSync("ed25519")
    .publicKey.export({ format: "der", type: "spki" })
    .subarray(-32)
    .toString("hex")
  const key = (keytype: string, scheme: string, value: string): JsonObject => ({
    keytype,
    scheme,
    keyval: { public: value },
  })

  it.each([
    ["PEM", key("ecdsa", "ecdsa-sha2-nistp256", pem)],
    ["PEM under the old name", key("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", pem)],
    ["a point in hexadecimal", key("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", point)],
    ["Ed25519", key("ed25519", "ed25519", ed)],
  ])("%s is read", (_, value) => {
    const read = parseTufKey(value, "key")
    expect(read).toBeDefined()
    if (read?.key.type === "ecdsa-p256") {
      const spki = createPublicKey({ key: Buffer.from(read.key.spki), format: "der", type: "spki" })
      expect(spki.export({ format: "pem", type: "spki" })).toBe(pem)
    }
  })

  it.each([
    ["an unknown type", key("dilithium", "dilithium", "00")],
    ["a scheme that is not the type's", key("ed25519", "ecdsa-sha2-nistp256", pem)],
    ["a curve that is not the scheme's", key("ecdsa", "ecdsa-sha2-nistp384", pem)],
    ["a point off the curve", key("ecdsa", "ecdsa-sha2-nistp256", `04${"11".repeat(64)}`)],
    ["a point too short", key("ecdsa", "ecdsa-sha2-nistp256", point.slice(2))],
    ["Ed25519 as PEM", key("ed25519", "ed25519", pem)],
    ["Ed25519 of small order", key("ed25519", "ed25519", `01${"00".repeat(31)}`)],
    ["a key that is no text", { keytype: "ed25519", scheme: "ed25519", keyval: { public: 1 } }],
    ["no value", { keytype: "ed25519", scheme: "ed25519" }],
  ])("%s counts for nothing", (_, value) => {
    expect(parseTufKey(value, "key")).toBeUndefined()
  })
})
