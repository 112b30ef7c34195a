import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import { parseBlobPolicy, parseOciPolicy } from "./parse-policy.ts"

const statement = {
  name: "p",
  registryScopes: ["*"],
  signatureVerification: { level: "strict" },
  trustStores: ["ca:acme"],
  trustedIdentities: ["*"],
}

type Change = Record<string, unknown>

function oci(...changes: readonly Change[]): string {
  return JSON.stringify({ version: "1.0", trustPolicies: changes.map((change) => ({ ...statement, ...change })) })
}

function blob(...changes: readonly Change[]): string {
  const { name, signatureVerification, trustStores, trustedIdentities } = statement
  const plain = { name, signatureVerification, trustStores, trustedIdentities }
  return JSON.stringify({ version: "1.0", trustPolicies: changes.map((change) => ({ ...plain, ...change })) })
}

function fault(parse: () => unknown): ToolError {
  try {
    parse()
  } catch (error) {
    if (error instanceof ToolError) return error
    throw error
  }
  throw new Error("it was accepted")
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const v1 = (text: string): string => fault(() => parseOciPolicy(encode(text), "v1")).what
const v2 = (text: string): string => fault(() => parseOciPolicy(encode(text), "v2")).what
const blobs = (text: string): string => fault(() => parseBlobPolicy(encode(text))).what

const DN = "x509.subject: C=US, ST=WA, O=acme"

describe("rules of statements, in notation's words", () => {
  it.each([
    [{ name: "" }, "a trust policy statement is missing a name, every statement requires a name"],
    [
      { signatureVerification: {} },
      'trust policy statement "p" has invalid signatureVerification: ' +
        "signature verification level is empty or missing in the trust policy statement",
    ],
    [
      { signatureVerification: { level: "Strict" } },
      'trust policy statement "p" has invalid signatureVerification: invalid signature verification level "Strict"',
    ],
    [
      { signatureVerification: { level: "skip", override: { expiry: "log" } } },
      'trust policy statement "p" has invalid signatureVerification: ' +
        'signature verification level "skip" can\'t be used to customize signature verification',
    ],
    [
      { signatureVerification: { level: "strict", override: { nope: "log" } } },
      'trust policy statement "p" has invalid signatureVerification: verification type "nope" in custom signature ' +
        "verification is not supported, supported values are " +
        '["integrity" "authenticity" "authenticTimestamp" "expiry" "revocation"]',
    ],
    [
      { signatureVerification: { level: "strict", override: { expiry: "ignore" } } },
      'trust policy statement "p" has invalid signatureVerification: verification action "ignore" in custom signature ' +
        'verification is not supported, supported values are ["enforce" "log" "skip"]',
    ],
    [
      { signatureVerification: { level: "strict", override: { integrity: "log" } } },
      'trust policy statement "p" has invalid signatureVerification: ' +
        '"integrity" verification can not be overridden in custom signature verification',
    ],
    [
      { signatureVerification: { level: "strict", override: { authenticity: "skip" } } },
      'trust policy statement "p" has invalid signatureVerification: ' +
        '"authenticity" verification can not be skipped in custom signature verification',
    ],
    [
      { signatureVerification: { level: "strict", verifyTimestamp: "never" } },
      'trust policy statement "p" has invalid signatureVerification: ' +
        'verifyTimestamp must be "always" or "afterCertExpiry", but got "never"',
    ],
    [
      { signatureVerification: { level: "skip" } },
      'trust policy statement "p" is set to skip signature verification but configured with trust stores and/or trusted ' +
        "identities, remove them if signature verification needs to be skipped",
    ],
    [
      { trustStores: [] },
      'trust policy statement "p" is either missing trust stores or trusted identities, both must be specified',
    ],
    [
      { trustedIdentities: null },
      'trust policy statement "p" is either missing trust stores or trusted identities, both must be specified',
    ],
    [
      { trustStores: ["acme"] },
      'trust policy statement "p" has malformed trust store value "acme". ' +
        "The required format is <TrustStoreType>:<TrustStoreName>",
    ],
    [
      { trustStores: ["CA:acme"] },
      'trust policy statement "p" uses an unsupported trust store type "CA" in trust store value "CA:acme"',
    ],
    [
      { trustStores: ["ca:../x"] },
      'trust policy statement "p" uses an unsupported trust store name "../x" in trust store value "ca:../x". ' +
        "Named store name needs to follow [a-zA-Z0-9_.-]+ format",
    ],
    [
      { trustedIdentities: ["*", DN] },
      "trust policy statement \"p\" uses a wildcard trusted identity '*', " +
        "a wildcard identity cannot be used in conjunction with other values",
    ],
    [{ trustedIdentities: [""] }, 'trust policy statement "p" has an empty trusted identity'],
    [{ trustedIdentities: ["x"] }, 'trust policy statement "p" has trusted identity "x" missing separator'],
    [
      { trustedIdentities: ["x509.subject:"] },
      'trust policy statement "p" has trusted identity "x509.subject:" without an identity value',
    ],
    [
      { trustedIdentities: ["x509.subject: C=US"] },
      'trust policy statement "p" has trusted identity "x509.subject: C=US" with invalid identity value: ' +
        'distinguished name (DN) " C=US" has no mandatory RDN attribute for "ST", ' +
        "it must contain 'C', 'ST' or 'S', and 'O' RDN attributes at a minimum",
    ],
    [
      { trustedIdentities: [`${DN}, CN=x`, DN] },
      `trust policy statement "p" has overlapping x509 trustedIdentities, "${DN}" overlaps with "${DN}, CN=x"`,
    ],
  ])("%j", (change, sentence) => {
    expect(v1(oci(change))).toBe(`trust policy: ${sentence}`)
    expect(v2(oci(change))).toBe(`oci trust policy: ${sentence}`)
    expect(blobs(blob(change))).toBe(`blob trust policy: ${sentence}`)
  })

  it("our own kinds of identities are refused in documents", () => {
    expect(v1(oci({ trustedIdentities: [`x509.thumbprint:${"a".repeat(64)}`] }))).toMatch(/is no identity of trust/)
  })
})

describe("rules of documents", () => {
  it.each([
    [{}, "document has empty version, version must be specified"],
    [{ version: "2.0" }, 'document uses unsupported version "2.0"'],
    [{ version: "1.0" }, "document can not have zero trust policy statements"],
  ])("%j", (document, sentence) => {
    expect(v1(JSON.stringify(document))).toBe(`trust policy ${sentence}`)
    expect(v2(JSON.stringify(document))).toBe(`oci trust policy ${sentence}`)
    expect(blobs(JSON.stringify(document))).toBe(`blob trust policy ${sentence}`)
  })

  it("the same name twice", () => {
    const sentence = 'statements use the same name "p", statement names must be unique'
    expect(v1(oci({}, {}))).toBe(`multiple trust policy ${sentence}`)
    expect(v2(oci({}, {}))).toBe(`multiple oci trust policy ${sentence}`)
    expect(blobs(blob({}, {}))).toBe(`multiple blob trust policy ${sentence}`)
  })

  it("one global statement, and not of level skip", () => {
    expect(blobs(blob({ globalPolicy: true }, { name: "q", globalPolicy: true }))).toMatch(
      /^multiple blob trust policy/,
    )
    const skip = {
      signatureVerification: { level: "skip" },
      trustStores: [],
      trustedIdentities: [],
      globalPolicy: true,
    }
    expect(blobs(blob(skip))).toBe("global blob trust policy statement cannot have verification level set to skip")
  })
})

describe("registry scopes", () => {
  const NOT_VALID =
    "make sure it is a fully qualified repository without the scheme, protocol or tag. " +
    "For example domain.com/my/repository or a local scope like local/myOCILayout"
  it.each([
    [
      [],
      'trust policy statement "p" has zero registry scopes, it must specify registry scopes with at least one value',
    ],
    [
      ["*", "a/b"],
      "trust policy statement \"p\" uses wildcard registry scope '*', " +
        "a wildcard scope cannot be used in conjunction with other scope values",
    ],
    [["a/*"], `registry scope "a/*" with wild card(s) is not valid, ${NOT_VALID}`],
    [["a"], `registry scope "a" is not valid, ${NOT_VALID}`],
    [["https://a/b"], `registry scope "https://a/b" is not valid, ${NOT_VALID}`],
    [["a/b:tag"], `registry scope "a/b:tag" is not valid, ${NOT_VALID}`],
    [["a/B"], `registry scope "a/B" is not valid, ${NOT_VALID}`],
    [["a:/b"], `registry scope "a:/b" is not valid, ${NOT_VALID}`],
    [["-a/b"], `registry scope "-a/b" is not valid, ${NOT_VALID}`],
    [["a/b//c"], `registry scope "a/b//c" is not valid, ${NOT_VALID}`],
    [["a/b___c"], `registry scope "a/b___c" is not valid, ${NOT_VALID}`],
    [["a/b._c"], `registry scope "a/b._c" is not valid, ${NOT_VALID}`],
    [["a/b-"], `registry scope "a/b-" is not valid, ${NOT_VALID}`],
    [["a/b\n"], `registry scope "a/b\\n" is not valid, ${NOT_VALID}`],
    [
      ["a/b", "a/b"],
      'registry scope "a/b" is present in multiple trust policy statements, ' +
        "one registry scope value can only be associated with one statement",
    ],
  ])("%j is refused", (registryScopes, sentence) => {
    expect(v1(oci({ registryScopes }))).toBe(sentence)
  })

  it.each(["a/b", "localhost:5000/x", "my-host.example.com/a.b/c_d/e__f/g---h", "A.b/0"])("%s is accepted", (scope) => {
    const [read] = parseOciPolicy(encode(oci({ registryScopes: [scope] })), "v1").statements
    expect(read?.scopes).toEqual([scope])
  })
})

describe("JSON", () => {
  it.each([
    ["", "malformed trust policy"],
    ["[]", "malformed trust policy"],
    ['{"version":"1.0","version":"1.0"}', "malformed trust policy"],
    ['{"version":1}', "malformed version"],
    ['{"trustPolicies":{}}', "malformed trustPolicies"],
    ['{"trustPolicies":["x"]}', "malformed trustPolicies[0]"],
    ['{"trustPolicies":[{"registryScopes":[1]}]}', "malformed trustPolicies[0].registryScopes[0]"],
    ['{"trustPolicies":[{"signatureVerification":{"override":{"expiry":1}}}]}', "malformed trustPolicies[0]."],
  ])("%s is no document", (text, what) => {
    const error = fault(() => parseOciPolicy(encode(text), "v1"))
    expect(error.code).toBe("E_POLICY_INVALID")
    expect(error.details).toEqual({ stage: "parse" })
    expect(error.what.startsWith(what)).toBe(true)
  })

  it.each<readonly [string, Record<string, unknown>, string]>([
    ["trust policy", { Version: "1.0" }, "version"],
    ["trust policy", { TrustPolicies: [] }, "trustPolicies"],
    ["trust policy", { trustPolicieſ: [] }, "trustPolicies"],
  ])("adv: look-alike: a document with %s member %o is refused", (path, more, expected) => {
    const error = fault(() =>
      parseOciPolicy(encode(JSON.stringify({ version: "1.0", trustPolicies: [statement], ...more })), "v1"),
    )
    expect(error.details).toEqual({ stage: "parse" })
    expect(error.what).toBe(`malformed ${path}`)
    expect(error.why).toContain(`expected "${expected}"`)
  })

  it.each<readonly [Record<string, unknown>, string]>([
    [{ Name: "other" }, "name"],
    [{ SignatureVerification: { level: "strict" } }, "signatureVerification"],
    [{ TrustStores: ["ca:x"] }, "trustStores"],
    [{ truſtStores: ["ca:x"] }, "trustStores"],
    [{ TrustedIdentities: ["x509.subject:C=US,ST=WA,O=x"] }, "trustedIdentities"],
    [{ RegistryScopes: ["registry.test/a"] }, "registryScopes"],
  ])("adv: look-alike: a statement with the member %o beside its own is refused", (more, expected) => {
    const error = fault(() => parseOciPolicy(encode(oci(more)), "v1"))
    expect(error.details).toEqual({ stage: "parse" })
    expect(error.what).toBe("malformed trustPolicies[0]")
    expect(error.why).toContain(`expected "${expected}"`)
  })

  it.each<readonly [Record<string, unknown>, string]>([
    [{ level: "permissive", Override: { expiry: "enforce" } }, "override"],
    [{ level: "audit", OVERRIDE: { authenticity: "enforce" } }, "override"],
    [{ level: "audit", Level: "strict" }, "level"],
    [{ level: "strict", VerifyTimestamp: "bad" }, "verifyTimestamp"],
    [{ level: "strict", verifyTimeſtamp: "always" }, "verifyTimestamp"],
  ])("adv: look-alike: a signatureVerification of %o is refused", (signatureVerification, expected) => {
    const error = fault(() => parseOciPolicy(encode(oci({ signatureVerification })), "v1"))
    expect(error.details).toEqual({ stage: "parse" })
    expect(error.what).toBe("malformed trustPolicies[0].signatureVerification")
    expect(error.why).toContain(`expected "${expected}"`)
  })

  it.each(["GlobalPolicy", "globalpolicy"])("adv: look-alike: a statement for blobs with %s is refused", (name) => {
    const error = fault(() => parseBlobPolicy(encode(blob({ [name]: true }))))
    expect(error.details).toEqual({ stage: "parse" })
    expect(error.why).toContain('expected "globalPolicy"')
  })

  it("members that have another meaning elsewhere or none are passed over, as notation does", () => {
    const signatureVerification = { level: "strict", comment: "x", levels: 1 }
    const own = { signatureVerification, globalPolicy: true, trustStore: [], "x-owner": { Level: "audit" } }
    const document = { version: "1.0", trustPolicies: [{ ...statement, ...own }], $schema: "policy", versions: [] }
    expect(parseOciPolicy(encode(JSON.stringify(document)), "v1").statements).toHaveLength(1)
    expect(parseBlobPolicy(encode(blob({ registryScopes: ["*"], note: null }))).statements).toHaveLength(1)
  })

  it("adv: prototype pollution: __proto__ is a member like any other", () => {
    const text = '{"version":"1.0","trustPolicies":[{"name":"p","__proto__":{"trustStores":["ca:x"]}}]}'
    expect(fault(() => parseOciPolicy(encode(text), "v1")).details).toEqual({ stage: "validate" })
  })
})

it("levels and what overrides make of them", () => {
  const read = (signatureVerification: unknown): unknown => {
    const [first] = parseOciPolicy(encode(oci({ signatureVerification })), "v2").statements
    return { name: first?.levelName, actions: Object.values(first?.actions ?? {}).join(" ") }
  }
  expect(read({ level: "strict" })).toEqual({ name: "strict", actions: "enforce enforce enforce enforce enforce" })
  expect(read({ level: "permissive" })).toEqual({ name: "permissive", actions: "enforce enforce log log log" })
  expect(read({ level: "audit" })).toEqual({ name: "audit", actions: "enforce log log log log" })
  expect(read({ level: "audit", override: { revocation: "skip", authenticity: "enforce" } })).toEqual({
    name: "custom",
    actions: "enforce enforce log log skip",
  })
})
