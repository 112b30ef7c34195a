import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { matchesPath, parseDelegations, parseRule } from "./delegations.ts"

describe("paths", () => {
  it.each([
    ["*", "a", true],
    ["*", "a/b", false],
    ["*", "", true],
    ["a/*", "a/b", true],
    ["a/*", "a/b/c", false],
    ["*/b", "a/b", true],
    ["a/*.tgz", "a/x.tgz", true],
    ["a/*.tgz", "a/x.zip", false],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["a?c", "ac", false],
    ["**", "a/b", false],
    ["a*b*c", "axxbyyc", true],
    ["a*b*c", "axxbyy", false],
    ["[ab]", "a", false],
    ["a", "a", true],
    ["a", "A", false],
    ["", "", true],
    ["keys.example.org/*", "keys.example.org/keys.json", true],
  ])("%j and %j: %s", (pattern, target, matches) => {
    expect(matchesPath(pattern, target)).toBe(matches)
  })

  it("ends on patterns that go back often", () => {
    expect(matchesPath("*a".repeat(2000), "a".repeat(4000) + "b")).toBe(false)
  })
})

const role = { name: "A", keyids: [], threshold: 1, terminating: false, paths: ["*"] }

describe("what is refused", () => {
  it.each<[string, JsonValue]>([
    ["null", null],
    ["no keys", { roles: [] }],
    ["neither roles nor succinct roles", { keys: {} }],
    ["both", { keys: {}, roles: [], succinct_roles: {} }],
    ["a role twice", { keys: {}, roles: [role, role] }],
    ["a role without a name", { keys: {}, roles: [{ ...role, name: "" }] }],
    ["a role that is a top-level one", { keys: {}, roles: [{ ...role, name: "root" }] }],
    ["a role with paths and prefixes", { keys: {}, roles: [{ ...role, path_hash_prefixes: ["00"] }] }],
    ["a role with neither", { keys: {}, roles: [{ name: "A", keyids: [], threshold: 1, terminating: false }] }],
    ["terminating that is no truth", { keys: {}, roles: [{ ...role, terminating: "no" }] }],
    ["an empty pattern", { keys: {}, roles: [{ ...role, paths: [""] }] }],
  ])("%s", (_, value) => {
    expect(() => parseDelegations(value)).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }))
  })

  it.each<[string, JsonObject]>([
    ["no threshold", { keyids: [] }],
    ["a threshold of 0", { keyids: [], threshold: 0 }],
    ["a key id twice", { keyids: ["a", "a"], threshold: 1 }],
    ["a key id that is no text", { keyids: [1], threshold: 1 }],
  ])("a rule with %s", (_, value) => {
    expect(() => parseRule(value, new Map(), "role")).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }))
  })
})

it("prefixes of the hash of the name say whose a target is", () => {
  const of = (prefix: string): number =>
    parseDelegations({
      keys: {},
      roles: [{ name: "A", keyids: [], threshold: 1, path_hash_prefixes: [prefix] }],
    }).rolesFor("a.txt").length
  const hash = nodeHash("a.txt")
  expect([of(hash.slice(0, 2)), of(hash), of(hash[0] === "0" ? "1" : "0")]).toEqual([1, 1, 0])
})

function nodeHash(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}
