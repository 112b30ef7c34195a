import { generateKeyPairSync } from "node:crypto"
import { PublicKeyDetails } from "@sigstore/protobuf-specs"
import { describe, expect, it } from "vitest"
import { publicKeyOf } from "./public-key.ts"
import {
  algorithmByName,
  algorithms,
  allowedSchemes,
  defaultScheme,
  keyDetailsOf,
  requireScheme,
  schemeName,
  schemeWithHash,
} from "./schemes.ts"

const p384 = publicKeyOf(generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey)
const rsa = publicKeyOf(generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey)
const ed = publicKeyOf(generateKeyPairSync("ed25519").publicKey)

describe("schemes", () => {
  it.each(algorithms)("$name has the number of the protobuf registry", (row) => {
    expect(PublicKeyDetails[row.number]).toBe(row.keyDetails)
    expect(algorithmByName(row.name)).toBe(row)
    expect(allowedSchemes(row.keyType).map(schemeName)).toContain(schemeName(row.scheme))
  })

  it("chooses by key", () => {
    expect(schemeName(defaultScheme(p384))).toBe("ecdsa-sha384")
    expect(schemeName(defaultScheme(rsa))).toBe("rsa-pkcs1-sha256")
    expect(schemeName(defaultScheme(ed))).toBe("ed25519")
    expect(schemeName(schemeWithHash(p384, "sha256"))).toBe("ecdsa-sha256")
    expect(schemeName(schemeWithHash(ed, "sha256"))).toBe("ed25519")
    for (const key of [p384, rsa, ed]) expect(allowedSchemes(key.type)[0]).toEqual(defaultScheme(key))
    expect(keyDetailsOf(p384, { scheme: "ecdsa", hash: "sha256" })).toBe("PKIX_ECDSA_P384_SHA_256")
    expect(keyDetailsOf(rsa, { scheme: "rsa-pss", hash: "sha256" })).toBe("PKIX_RSA_PSS_2048_SHA256")
    expect(keyDetailsOf(rsa, { scheme: "rsa-pss", hash: "sha512" })).toBeUndefined()
  })

  it("refuses what does not fit", () => {
    expect(() => {
      requireScheme(ed, { scheme: "ecdsa", hash: "sha256" })
    }).toThrow(/ecdsa-sha256 asked of a key of type ed25519/)
    expect(algorithmByName("ecdsa-sha2-256-nistp521")?.deprecated).toBe(true)
    expect(algorithmByName("constructor")).toBeUndefined()
  })
})
