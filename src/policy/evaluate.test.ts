import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ToolError } from "../core/errors.ts"
import { evaluatePolicy, type AuthorityFacts, type Result } from "./evaluate.ts"
import { policyFromFlags } from "./from-flags.ts"
import { maximumMatching } from "./matching.ts"
import type { WitnessRule } from "../core/sigstore.ts"
import type {
  Authority,
  KeyAuthority,
  NotationAuthority,
  Requirement,
  SigstoreAuthority,
  TrustPolicy,
} from "./model.ts"

const authority = (name: string): KeyAuthority => ({
  name,
  family: "cosign",
  formats: ["cosign-v3"],
  kind: "signature",
  keys: [name],
  annotations: {},
  witnesses: { logs: 0, timestamps: 0 },
})

function policy(
  require: Requirement,
  names: readonly string[] = ["a", "b", "c"],
  mode: "enforce" | "warn" = "enforce",
): TrustPolicy {
  return { name: "test", authorities: names.map(authority), rules: [{ name: "rule", require, mode }] }
}

const ENFORCED: NotationAuthority["actions"] = {
  integrity: "enforce",
  authenticity: "enforce",
  authenticTimestamp: "enforce",
  expiry: "enforce",
  revocation: "enforce",
}

function certificates(change: Partial<NotationAuthority>): TrustPolicy {
  const certified: NotationAuthority = {
    name: "a",
    family: "notation",
    formats: ["notation"],
    kind: "signature",
    annotations: {},
    stores: [{ type: "ca", name: "s" }],
    identities: [{ kind: "any", text: "*" }],
    levelName: "strict",
    actions: ENFORCED,
    verifyTimestamp: "always",
  }
  return { ...policy("a"), authorities: [{ ...certified, ...change }] }
}

const ALICE = { kind: "exact", value: "alice@example.com" } as const
const ISSUER = { kind: "exact", value: "https://issuer.example" } as const

function identities(change: Partial<SigstoreAuthority>): TrustPolicy {
  const keyless: SigstoreAuthority = {
    name: "a",
    family: "sigstore",
    formats: ["cosign-v3"],
    kind: "signature",
    annotations: {},
    identities: [{ issuer: ISSUER, subject: ALICE, extensions: {}, text: "alice" }],
    sct: "require",
    witnesses: { logs: 1, timestamps: 0 },
  }
  return { ...policy("a"), authorities: [{ ...keyless, ...change }] }
}

function keyWith(witnesses: WitnessRule): TrustPolicy {
  return { ...policy("a"), authorities: [{ ...authority("a"), witnesses }] }
}

/** As a policy would say it that was written for a later release. */
const OF_NO_FAMILY = { ...authority("a"), family: "third", keys: [] } as unknown as Authority

/** `a:k1,k2` = authority a signed by k1 and k2; `b?` = b's signatures could not all be read. */
function facts(text: string): Map<string, AuthorityFacts> {
  const map = new Map<string, AuthorityFacts>(["a", "b", "c"].map((n) => [n, { signers: [], incomplete: false }]))
  for (const part of text.split(" ").filter((p) => p !== "")) {
    const incomplete = part.endsWith("?")
    const [name = "", signers] = part.replace("?", "").split(":")
    map.set(name, { signers: signers === undefined ? [] : signers.split(","), incomplete })
  }
  return map
}

const two = (distinct: "authority" | "key" | "none", required: string[] = []): Requirement => ({
  atLeast: 2,
  of: ["a", "b", "c"],
  distinct,
  required,
})

describe("requirement tree", () => {
  const cases: readonly [string, Requirement, string, Result][] = [
    ["an authority with a signature", "a", "a:k1", "pass"],
    ["an authority without one", "a", "b:k1", "fail"],
    ["an authority that could not be read", "a", "a?", "error"],
    ["a signature found although another store failed", "a", "a:k1?", "pass"],
    ["all: one missing", { all: ["a", "b"] }, "a:k1", "fail"],
    ["all: a failure outweighs an error", { all: ["a", "b"] }, "a?", "fail"],
    ["all: an error outweighs a pass", { all: ["a", "b"] }, "a:k1 b?", "error"],
    ["any: a pass outweighs an error", { any: ["a", "b"] }, "a? b:k1", "pass"],
    ["any: an error outweighs a failure", { any: ["a", "b"] }, "a?", "error"],
    ["any: none", { any: ["a", "b"] }, "", "fail"],
    ["atLeast: two authorities by one key count twice by authority", two("authority"), "a:k1 b:k1", "pass"],
    ["adv: GHSA-9vcr-p3rj-q5q6 one key in two authorities counts once by key", two("key"), "a:k1 b:k1", "fail"],
    ["adv: GHSA-9vcr-p3rj-q5q6 repeated signatures of one key count once", two("key"), "a:k1,k1,k1", "fail"],
    ["atLeast by key: matching finds two voters", two("key"), "a:k1,k2 b:k1", "pass"],
    ["atLeast none: each signature counts", two("none"), "a:k1,k1", "pass"],
    ["atLeast: required one missing", two("authority", ["c"]), "a:k1 b:k2", "fail"],
    ["atLeast: required one unreadable", two("authority", ["c"]), "a:k1 b:k2 c?", "error"],
    ["atLeast: an unreadable one could complete it", two("authority"), "a:k1 c?", "error"],
    ["atLeast: not even then", two("authority"), "c?", "fail"],
    ["static pass", { static: "pass" }, "", "pass"],
    ["static fail beside a pass", { all: [{ static: "fail" }, "a"] }, "a:k1", "fail"],
  ]
  it.each(cases)("%s", (_name, require, known, expected) => {
    expect(evaluatePolicy(policy(require), facts(known)).result).toBe(expected)
  })

  it("names what is missing", () => {
    expect(evaluatePolicy(policy({ all: ["a", { any: ["b", "c"] }] }), facts("b:k1")).decisive.missing).toEqual(["a"])
  })

  it("a warn rule warns and an enforce rule denies", () => {
    expect(evaluatePolicy(policy("a", ["a"], "warn"), facts("")).verdict).toBe("warn")
    expect(evaluatePolicy(policy("a", ["a"]), facts("")).verdict).toBe("deny")
  })
})

describe("policies that would pass by saying nothing", () => {
  const refused: readonly [string, TrustPolicy][] = [
    ["no rules", { name: "x", authorities: [authority("a")], rules: [] }],
    ["empty all", policy({ all: [] })],
    ["empty any", policy({ any: [] })],
    ["nested empty list", policy({ all: ["a", { any: [] }] })],
    ["threshold zero", policy({ atLeast: 0, of: ["a"], distinct: "key", required: [] })],
    ["negative threshold", policy({ atLeast: -1, of: ["a"], distinct: "key", required: [] })],
    ["fractional threshold", policy({ atLeast: 0.5, of: ["a"], distinct: "key", required: [] })],
    ["unknown authority", policy("z")],
    ["required authority outside the list", policy({ atLeast: 1, of: ["a"], distinct: "key", required: ["b"] })],
    ["authority twice", policy("a", ["a", "a"])],
    ["authority without keys", { ...policy("a"), authorities: [{ ...authority("a"), keys: [] }] }],
    ["authority without formats", { ...policy("a"), authorities: [{ ...authority("a"), formats: [] }] }],
    ["an authority of a family that is not known", { ...policy("a"), authorities: [OF_NO_FAMILY] }],
    ["certificates without a trust store", certificates({ stores: [] })],
    ["certificates without an identity", certificates({ identities: [] })],
    ["certificates whose integrity is only logged", certificates({ actions: { ...ENFORCED, integrity: "log" } })],
    ["certificates that nobody need trust", certificates({ actions: { ...ENFORCED, authenticity: "skip" } })],
    [
      "adv: sigstore/sigstore-go #609 flags without a key",
      policyFromFlags({
        keys: [],
        formats: ["cosign-v3"],
        kind: "signature",
        annotations: {},
        witnesses: { logs: 0, timestamps: 0 },
      }),
    ],
    ["a key that wants a negative number of logs", keyWith({ logs: -1, timestamps: 0 })],
    ["a key that wants half a timestamp", keyWith({ logs: 0, timestamps: 0.5 })],
    ["identities that nobody is among", identities({ identities: [] })],
    ["an identity without issuer", identities({ identities: [{ subject: ALICE, extensions: {}, text: "" }] })],
    [
      "an identity of everybody at an issuer",
      identities({ identities: [{ issuer: ISSUER, extensions: {}, text: "" }] }),
    ],
    [
      "adv: GHSA-4xh5-jcj2-ch8q an identity with an empty subject",
      identities({ identities: [{ issuer: ISSUER, subject: { ...ALICE, value: "" }, extensions: {}, text: "" }] }),
    ],
    [
      "an identity with an empty issuer",
      identities({ identities: [{ issuer: { ...ISSUER, value: "" }, subject: ALICE, extensions: {}, text: "" }] }),
    ],
    [
      "an identity with an empty pattern beside a good one",
      identities({
        identities: [
          { issuer: ISSUER, subject: ALICE, extensions: {}, text: "" },
          { issuer: ISSUER, subject: { kind: "pattern", pattern: "", anchored: true }, extensions: {}, text: "" },
        ],
      }),
    ],
    ["identities that want logs beyond number", identities({ witnesses: { logs: Number.NaN, timestamps: 0 } })],
  ]
  it.each(refused)("%s is refused", (_name, broken) => {
    let thrown: unknown
    try {
      evaluatePolicy(broken, facts("a:k1 b:k1"))
    } catch (error) {
      thrown = error
    }
    expect((thrown as ToolError).code).toBe("E_POLICY_INVALID")
  })
})

describe("policyFromFlags", () => {
  const asked = {
    formats: ["cosign-v3"],
    kind: "attestation",
    annotations: { a: "b" },
    predicateType: "t",
  } as const

  it.each([0, 2])("adv: GHSA-52v5-jr5w-gjxr every flag reaches every authority, logs %i", (logs) => {
    const witnesses = { logs, timestamps: 1 }
    const keyless = {
      formats: ["cosign-v2"],
      identities: [{ issuer: ISSUER, subject: ALICE, extensions: {}, text: "alice" }],
      sct: "ignore",
      witnesses: { logs: 3, timestamps: 4, times: "timestamps" },
    } as const
    const { authorities, rules } = policyFromFlags({ ...asked, witnesses, keys: ["one", "two"], keyless })
    expect(authorities).toEqual([
      ...["one", "two"].map((key) => ({ name: key, family: "cosign", keys: [key], ...asked, witnesses })),
      { name: "identities", family: "sigstore", ...asked, ...keyless },
    ])
    expect(rules).toEqual([{ name: "command line", require: { any: ["one", "two", "identities"] }, mode: "enforce" }])
  })

  it("tells a key of the same name from the identities", () => {
    const keyless = { ...(identities({}).authorities[0] as SigstoreAuthority), formats: ["cosign-v2"] }
    const { authorities } = policyFromFlags({
      ...asked,
      witnesses: { logs: 0, timestamps: 0 },
      keys: ["identities"],
      keyless,
    })
    expect(new Set(authorities.map(({ name }) => name)).size).toBe(2)
  })
})

describe("maximum matching", () => {
  it("equals brute force on small cases", () => {
    const row = fc.array(fc.constantFrom("1", "2", "3", "4"), { maxLength: 4 })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
        expect(maximumMatching(rows)).toBe(bruteForce(rows, new Set()))
      }),
    )
  })
})

function bruteForce(rows: readonly (readonly string[])[], used: ReadonlySet<string>): number {
  const [row, ...rest] = rows
  if (row === undefined) return 0
  const without = bruteForce(rest, used)
  const options = row
    .filter((value) => !used.has(value))
    .map((value) => 1 + bruteForce(rest, new Set([...used, value])))
  return Math.max(without, ...options)
}
