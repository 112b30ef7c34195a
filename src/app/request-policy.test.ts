import { describe, expect, it } from "vitest"
import { generatePrivateKey } from "../crypto/generate.ts"
import { localSigningKey } from "../crypto/local-key.ts"
import { formats } from "../formats/index.ts"
import type { NotationAuthority } from "../policy/model.ts"
import { formatsOfFamily, needsCertificate, type FormatFacts } from "./format-facts.ts"
import { policyOfRequest, type TrustRequest } from "./request-policy.ts"

const alice = { name: "alice.pub", key: localSigningKey(await generatePrivateKey()).publicKey }
const certificates: NotationAuthority = {
  name: "certificates",
  family: "notation",
  formats: [],
  kind: "signature",
  annotations: {},
  stores: [{ type: "ca", name: "acme" }],
  identities: [{ kind: "any", text: "*" }],
  levelName: "strict",
  actions: {
    integrity: "enforce",
    authenticity: "enforce",
    authenticTimestamp: "enforce",
    expiry: "enforce",
    revocation: "enforce",
  },
  verifyTimestamp: "always",
}

/** The table as it would be if two of its formats belonged to a family that nobody has written yet. */
const withThird: readonly FormatFacts[] = formats.map(({ id, family, signer }) => ({
  id,
  signer,
  family: id === "cosign-v2" || id === "notation-cose" ? "third" : family,
}))

function ask(request: Partial<TrustRequest>, table?: readonly FormatFacts[]): readonly (readonly string[])[] {
  const asked: TrustRequest = { keys: [], kind: "signature", annotations: {}, formats: [], ...request }
  return policyOfRequest(asked, table).authorities.map((authority) => [authority.family, ...authority.formats])
}

describe("policyOfRequest", () => {
  const all = formats.map(({ id }) => id)

  it("gives every authority the formats of its family", () => {
    expect(ask({ keys: [alice], certificates, formats: all })).toEqual([
      ["cosign", "cosign-v3", "cosign-v2"],
      ["notation", "notation", "notation-cose"],
    ])
  })

  it("hands a third family's formats to neither, whether they are signed by keys or by certificates", () => {
    expect(ask({ keys: [alice], certificates, formats: all }, withThird)).toEqual([
      ["cosign", "cosign-v3"],
      ["notation", "notation"],
    ])
  })

  it.each<[string, Partial<TrustRequest>, readonly FormatFacts[], string]>([
    ["nothing to trust", { formats: all }, formats, "E_TRUST_MISSING"],
    ["a key for certificates' formats", { keys: [alice], formats: ["notation"] }, formats, "E_USAGE"],
    ["a key for a third family's format", { keys: [alice], formats: ["cosign-v2"] }, withThird, "E_USAGE"],
    ["certificates for a key's format", { certificates, formats: ["cosign-v3"] }, formats, "E_USAGE"],
    ["certificates for a third family's format", { certificates, formats: ["notation-cose"] }, withThird, "E_USAGE"],
    ["no formats", { keys: [alice], formats: [] }, formats, "E_USAGE"],
  ])("refuses %s", (_case, request, table, code) => {
    expect(() => ask(request, table)).toThrow(expect.objectContaining({ code }) as Error)
  })
})

describe("facts of formats", () => {
  it("tell which are signed with certificates", () => {
    expect(formats.map(({ id }) => [id, needsCertificate(id)])).toEqual([
      ["cosign-v3", false],
      ["cosign-v2", false],
      ["notation", true],
      ["notation-cose", true],
    ])
  })

  it("keep the order asked for and drop what no row names", () => {
    expect(formatsOfFamily(["cosign-v2", "notation", "cosign-v3"], "cosign")).toEqual(["cosign-v2", "cosign-v3"])
    expect(formatsOfFamily(["cosign-v2"], "cosign", [])).toEqual([])
  })
})
