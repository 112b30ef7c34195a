import fc from "fast-check"
import { expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import { parseBlobPolicy, parseOciPolicy } from "./parse-policy.ts"
import { scopeFault } from "./scopes.ts"

const DOCUMENT = JSON.stringify({
  version: "1.0",
  trustPolicies: [
    {
      name: "p",
      registryScopes: ["a.b/c-d/e__f"],
      signatureVerification: { level: "strict", override: { expiry: "log" }, verifyTimestamp: "always" },
      trustStores: ["ca:x", "tsa:y"],
      trustedIdentities: ["x509.subject: C=US, ST=WA, O=a\\, b", "arn:x"],
    },
  ],
})

function refusedOnPurpose(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(ToolError)
    expect((error as ToolError).code).toBe("E_POLICY_INVALID")
  }
}

it("a changed document is accepted or refused, and never a bug", () => {
  const bytes = new TextEncoder().encode(DOCUMENT)
  const at = fc.nat({ max: bytes.length - 1 })
  fc.assert(
    fc.property(at, at, fc.uint8Array({ maxLength: 4 }), (start, length, replacement) => {
      const changed = new Uint8Array([...bytes.slice(0, start), ...replacement, ...bytes.slice(start + (length % 8))])
      refusedOnPurpose(() => parseOciPolicy(changed, "v2"))
      refusedOnPurpose(() => parseBlobPolicy(changed))
    }),
    { numRuns: 500 },
  )
})

it("any JSON is accepted or refused, and never a bug", () => {
  const member = fc.constantFrom("version", "trustPolicies", "name", "override", "signatureVerification", "__proto__")
  const value = fc.jsonValue({ maxDepth: 4 })
  fc.assert(
    fc.property(fc.dictionary(member, value), fc.dictionary(member, value), (document, statement) => {
      for (const each of [document, { version: "1.0", trustPolicies: [statement] }]) {
        refusedOnPurpose(() => parseOciPolicy(new TextEncoder().encode(JSON.stringify(each)), "v1"))
      }
    }),
  )
})

// notation's own expressions; each text is short, so that their nested quantifiers end.
const DOMAIN =
  /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))+)?(?::[0-9]+)?$/
const REPOSITORY =
  /^[a-z0-9]+(?:(?:(?:[._]|__|[-]*)[a-z0-9]+)+)?(?:(?:\/[a-z0-9]+(?:(?:(?:[._]|__|[-]*)[a-z0-9]+)+)?)+)?$/

it("scopes are those of notation's expressions", () => {
  const character = fc.constantFrom("a", "B", "0", ".", "_", "-", "/", ":", "\n")
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 9 }), (tail) => {
      const scope = `a${tail}`
      const slash = scope.indexOf("/")
      const wanted = slash > 0 && DOMAIN.test(scope.slice(0, slash)) && REPOSITORY.test(scope.slice(slash + 1))
      expect([scope, scopeFault(scope) === undefined]).toEqual([scope, wanted])
    }),
    { numRuns: 20_000 },
  )
})

it("adv: CVE-2023-7279 a long scope is read in time that grows with its length", () => {
  for (const part of ["a", "a-", "a.", "-", "a__", "/a"])
    expect(typeof scopeFault(`h/${part.repeat(25_000)}!`)).toBe("string")
})
