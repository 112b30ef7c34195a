import { describe, expect, it } from "vitest"
import type { VerifyResult } from "../../app/requests.ts"
import { ToolError } from "../../core/errors.ts"
import type { FlagValues } from "../command.ts"
import { withIdentityHint } from "./identity-hint.ts"

interface Seen {
  readonly name: string
  readonly issuer: string
  readonly verified?: true
}

function hints(
  signatures: readonly Seen[],
  given: Readonly<Record<string, readonly string[]>> = {},
): readonly string[] {
  const flags = {
    given: (name: string) => Object.hasOwn(given, name),
    string: (name: string) => given[name]?.[0] ?? "",
    strings: (name: string) => given[name] ?? [],
  } as unknown as FlagValues
  const reports = signatures.map(({ name, issuer, verified }) =>
    verified === true
      ? { state: "untrusted", signer: { kind: "keyless", name, issuer } }
      : { state: "untrusted", evidence: { certificate: { alternativeNames: [name], issuer } } },
  )
  const result = {
    report: { artifacts: [{ signatures: reports }] },
    errors: [new ToolError("E_SIG_UNTRUSTED", { what: "not trusted", next: ["look"] })],
    verified: [[]],
  } as unknown as VerifyResult
  return withIdentityHint(result, flags).errors[0]?.next ?? []
}

const ISSUER = "https://issuer.example"

describe("withIdentityHint", () => {
  it("offers the flags for who signed", () => {
    expect(hints([{ name: "a@b.example", issuer: ISSUER, verified: true }])).toEqual([
      `if this signer is whom you trust: \`--identity a@b.example --issuer ${ISSUER}\``,
      "look",
    ])
  })

  it("says of a claim that it is one", () => {
    expect(hints([{ name: "a@b.example", issuer: ISSUER }])[0]).toBe(
      `the identity claimed by a signature, not verified: \`--identity a@b.example --issuer ${ISSUER}\``,
    )
  })

  it.each([
    ["a word of another kind", "re2:.*", "--identity 're2:.*'", "--identity 'san:re2:.*'"],
    ["a word of another family", "x509.san:DNS:a", "--identity x509", "--identity san:x509.san:DNS:a"],
    ["what a shell would run", "a;reboot", "--identity a;reboot", "--identity 'a;reboot'"],
    ["a quote", "a'$(reboot)'", "--identity a'", String.raw`--identity 'a'\''$(reboot)'\'''`],
  ])("writes %s so that it means the name", (_case, name, wrong, right) => {
    const [hint = ""] = hints([{ name, issuer: ISSUER, verified: true }])
    expect(hint).not.toContain(wrong)
    expect(hint).toContain(right)
  })

  it.each([
    ["control characters", "a\u001b[0m@b", ISSUER],
    ["spaces", "a b", ISSUER],
    ["letters beyond ASCII", "a\u0430@b.example", ISSUER],
    ["no name", "", ISSUER],
    ["no issuer", "a@b.example", ""],
    ["an issuer that reads like a pattern", "a@b.example", "re2:.*"],
    ["too much", "x".repeat(501), ISSUER],
  ])("offers nothing of %s", (_case, name, issuer) => {
    expect(hints([{ name, issuer, verified: true }])).toEqual(["look"])
    expect(hints([{ name, issuer }])).toEqual(["look"])
  })

  it("is silent where trust stores were asked, or the same issuer was", () => {
    const seen = [{ name: "a@b.example", issuer: ISSUER }]
    expect(hints(seen, { "trust-store": ["ca:x"] })).toEqual(["look"])
    expect(hints(seen, { identity: ["a@b.example"], issuer: [ISSUER] })).toEqual(["look"])
  })

  it("offers each once, and three at most", () => {
    const many = ["a", "a", "b", "c", "d"].map((name): Seen => ({ name, issuer: ISSUER, verified: true }))
    expect(hints(many)).toHaveLength(4)
  })
})
