import { describe, expect, it } from "vitest"
import { asToolError } from "../../core/errors.ts"
import { parseBlobPolicy, parseOciPolicy } from "./parse-policy.ts"
import { selectBlobStatement, selectOciStatement } from "./select-statement.ts"
import { policyFromStatement } from "./statement-policy.ts"

const common = {
  signatureVerification: { level: "permissive", verifyTimestamp: "afterCertExpiry" },
  trustStores: ["ca:a", "tsa:b"],
  trustedIdentities: ["*"],
}
const skip = { signatureVerification: { level: "skip" } }

function oci(statements: Readonly<Record<string, readonly string[]>>): ReturnType<typeof parseOciPolicy> {
  const trustPolicies = Object.entries(statements).map(([name, registryScopes]) => ({
    ...common,
    name,
    registryScopes,
  }))
  return parseOciPolicy(new TextEncoder().encode(JSON.stringify({ version: "1.0", trustPolicies })), "v2")
}

function blob(...trustPolicies: readonly object[]): ReturnType<typeof parseBlobPolicy> {
  return parseBlobPolicy(new TextEncoder().encode(JSON.stringify({ version: "1.0", trustPolicies })))
}

function fault(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    const { code, what } = asToolError(error)
    return `${code} ${what}`
  }
  return "accepted"
}

describe("artifacts", () => {
  const policy = oci({ all: ["*"], one: ["host/a", "host/b"] })
  it.each([
    ["host/b@sha256:00", "one"],
    ["host/c@sha256:00", "all"],
    ["host/b/c@sha256:00", "all"],
    ["Host/b@sha256:00", "all"],
  ])("%s", (reference, wanted) => {
    expect(selectOciStatement(policy, reference, "v2").name).toBe(wanted)
  })

  it.each([
    [
      "host/x@sha256:00",
      "v1",
      /^E_POLICY_NO_RULE artifact "host\/x@sha256:00" has no applicable trust policy statement/,
    ],
    ["host/x@sha256:00", "v2", /^E_POLICY_NO_RULE artifact "host\/x@sha256:00" has no applicable oci trust policy/],
    ["host/x", "v2", /^E_REF_INVALID artifact URI "host\/x" could not be parsed/],
    ["host/*@x", "v2", /^E_REF_INVALID registry scope "host\/\*" with wild card/],
    ["host@x", "v2", /^E_REF_INVALID registry scope "host" is not valid/],
  ] as const)("%s in %s has none", (reference, wording, why) => {
    expect(fault(() => selectOciStatement(oci({ one: ["host/a"] }), reference, wording))).toMatch(why)
  })
})

describe("blobs", () => {
  const policy = blob({ ...common, name: "a" }, { ...common, name: "g", globalPolicy: true })
  it("by name, or the global one", () => {
    expect(selectBlobStatement(policy, "a").name).toBe("a")
    expect(selectBlobStatement(policy).name).toBe("g")
  })
  it.each([
    [undefined, "E_POLICY_NO_RULE no global blob trust policy"],
    ["x", 'E_POLICY_NO_RULE no applicable blob trust policy with name "x"'],
    [" ", "E_POLICY_NO_RULE policy name cannot be empty"],
  ])("%s", (name, sentence) => {
    expect(fault(() => selectBlobStatement(blob({ ...common, name: "a" }), name))).toBe(sentence)
  })
})

describe("as a policy of the model", () => {
  it("the authority is required", () => {
    const { statements } = oci({ all: ["*"] })
    const [statement] = statements
    if (statement === undefined) throw new Error("no statement")
    expect(policyFromStatement(statement, { formats: ["notation"], annotations: { k: "v" } })).toEqual({
      name: "all",
      authorities: [
        {
          family: "notation",
          name: "all",
          formats: ["notation"],
          kind: "signature",
          stores: [
            { type: "ca", name: "a" },
            { type: "tsa", name: "b" },
          ],
          identities: [{ kind: "any", text: "*" }],
          levelName: "permissive",
          actions: {
            integrity: "enforce",
            authenticity: "enforce",
            authenticTimestamp: "log",
            expiry: "log",
            revocation: "log",
          },
          verifyTimestamp: "afterCertExpiry",
          annotations: { k: "v" },
        },
      ],
      rules: [{ name: "all", require: "all", mode: "enforce" }],
    })
  })

  it("level skip asks for nothing", () => {
    const [statement] = blob({ ...skip, name: "s" }).statements
    if (statement === undefined) throw new Error("no statement")
    expect(policyFromStatement(statement, { formats: ["notation"] })).toEqual({
      name: "s",
      authorities: [],
      rules: [{ name: "s", require: { static: "pass" }, mode: "enforce" }],
    })
  })
})
