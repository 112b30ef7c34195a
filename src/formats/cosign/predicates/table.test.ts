import { describe, expect, it } from "vitest"
import { ToolError } from "../../../core/errors.ts"
import { blobPredicateType, predicateWords, resolvePredicateType } from "./table.ts"

describe("resolvePredicateType", () => {
  it.each([
    ["custom", "https://cosign.sigstore.dev/attestation/v1"],
    ["slsaprovenance", "https://slsa.dev/provenance/v0.2"],
    ["slsaprovenance02", "https://slsa.dev/provenance/v0.2"],
    ["slsaprovenance1", "https://slsa.dev/provenance/v1"],
    ["link", "https://in-toto.io/Link/v1"],
    ["spdx", "https://spdx.dev/Document"],
    ["spdxjson", "https://spdx.dev/Document"],
    ["cyclonedx", "https://cyclonedx.org/bom"],
    ["vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"],
    ["openvex", "https://openvex.dev/ns"],
    ["https://example.com/x?y#z", "https://example.com/x?y#z"],
    ["mailto:x", "mailto:x"],
    ["/abs", "/abs"],
    ["http:/a b", "http:/a b"],
  ])("%s is %s", (type, uri) => {
    expect(resolvePredicateType(type)).toBe(uri)
  })

  it("lists every word once", () => {
    expect(new Set(predicateWords).size).toBe(10)
  })

  // The first five were given to cosign 2.5.0, which refuses them with these words.
  it.each(["foo", "", "://x", "http://a b/", "1a:b", "Spdx", "toString", "__proto__", "a\u0000b:", "%zz:x"])(
    "refuses %j",
    (type) => {
      let thrown: unknown
      try {
        resolvePredicateType(type)
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(ToolError)
      expect((thrown as ToolError).code).toBe("E_USAGE")
      expect((thrown as ToolError).what).toBe(`invalid predicate type: ${type}`)
    },
  )

  it("takes any word for a blob, but not none", () => {
    expect(blobPredicateType("foo").uri).toBe("foo")
    expect(blobPredicateType("vuln").uri).toBe("https://cosign.sigstore.dev/attestation/vuln/v1")
    expect(() => blobPredicateType("")).toThrow(/invalid predicate type/)
  })
})
