import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { BindSubject, Wanted } from "../../core/candidate.ts"
import { bindStatement } from "./statement-binding.ts"
import { buildSignStatement, parseStatement } from "./statement.ts"

const HEX = "ab".repeat(32)
const OTHER = "cd".repeat(32)
const SUBJECT: BindSubject = { digest: `sha256:${HEX}` }
const wanted: Wanted = { kind: "attestation", annotations: {} }

function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value))
}

function statement(subject: unknown, over: Record<string, unknown> = {}): Uint8Array {
  return bytes({ _type: "https://in-toto.io/Statement/v1", subject, predicateType: "t", predicate: {}, ...over })
}

function code(payload: Uint8Array): string {
  try {
    parseStatement(payload)
    return "accepted"
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
}

function bind(subject: unknown, more: Partial<Wanted> = {}, about: BindSubject = SUBJECT): readonly string[] {
  return bindStatement(parseStatement(statement(subject)), about, { ...wanted, ...more }, true).map(
    ({ check, outcome }) => `${check} ${outcome}`,
  )
}

const digests = (count: number): unknown =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index}`, HEX]))

describe("parseStatement", () => {
  const good = [{ digest: { sha256: HEX } }]
  it.each([
    ["v1", statement(good)],
    ["v0.1", statement(good, { _type: "https://in-toto.io/Statement/v0.1" })],
    ["a predicate that is a string", statement(good, { predicate: "text" })],
    ["no predicate", statement(good, { predicate: undefined })],
    ["an unknown digest algorithm", statement([{ digest: { gitCommit: "1" } }])],
    ["annotations that are no strings", statement([{ digest: { sha256: HEX }, annotations: { a: 1 } }])],
  ])("reads %s", (_, payload) => {
    expect(code(payload)).toBe("accepted")
  })

  it.each([
    ["[null]", [null]],
    ["null", null],
    ["{}", {}],
    ["missing", undefined],
    ["empty", []],
    ["no digest", [{}]],
    ["digest null", [{ digest: null }]],
    ["digest empty", [{ digest: {} }]],
    ["sha256 null", [{ digest: { sha256: null } }]],
    ["sha256 empty", [{ digest: { sha256: "" } }]],
    ["digest as a string", [{ digest: `sha256:${HEX}` }]],
    ["one good and one null", [{ digest: { sha256: HEX } }, null]],
    ["a name that is no string", [{ name: 1, digest: { sha256: HEX } }]],
    ["annotations as an array", [{ digest: { sha256: HEX }, annotations: [] }]],
  ])("adv: cosign-5016 subject %s", (_, subject) => {
    expect(code(statement(subject))).toBe("E_FORMAT_MALFORMED")
    expect(code(statement(subject, { predicate: "text" }))).toBe("E_FORMAT_MALFORMED")
  })

  it.each([
    ["null", "null"],
    ["an array", "[]"],
    ["a string", '"x"'],
    ["nothing", ""],
    ["another type", statement(good, { _type: "https://in-toto.io/Statement/v2" })],
    ["no type", statement(good, { _type: undefined })],
    ["no predicate type", statement(good, { predicateType: undefined })],
    ["an empty predicate type", statement(good, { predicateType: "" })],
    ["a duplicate subject", `{"_type":"https://in-toto.io/Statement/v1","subject":[],"subject":[]}`],
    ["text after the end", `${new TextDecoder().decode(statement(good))}x`],
  ])("adv: cosign-4652 a payload that is %s", (_, payload) => {
    expect(code(typeof payload === "string" ? bytes(payload) : payload)).toBe("E_FORMAT_MALFORMED")
  })

  it("adv: GHSA-cq38-jh5f-37mq more than 1024 subjects or 32 digests", () => {
    const subjects = (count: number): unknown => Array.from({ length: count }, () => ({ digest: { sha256: HEX } }))
    expect(code(statement(subjects(1024)))).toBe("accepted")
    expect(code(statement(subjects(1025)))).toBe("E_LIMIT_EXCEEDED")
    expect(code(statement([{ digest: digests(32) }]))).toBe("accepted")
    expect(code(statement([{ digest: digests(33) }]))).toBe("E_LIMIT_EXCEEDED")
  })
})

describe("bindStatement", () => {
  it("finds the subject among others", () => {
    expect(bind([{ digest: { sha256: OTHER } }, { digest: { sha256: HEX } }])).toEqual(["subject.digest passed"])
  })

  it.each([
    ["another digest", [{ digest: { sha256: OTHER } }]],
    ["upper case", [{ digest: { sha256: HEX.toUpperCase() } }]],
    ["adv: cosign-4813 the digest under another algorithm's name", [{ digest: { sha512: HEX } }]],
    ["a git commit of the same digits", [{ digest: { gitCommit: HEX } }]],
    ["a prefix", [{ digest: { sha256: HEX.slice(0, 40) } }]],
    ["the digest with its algorithm", [{ digest: { sha256: `sha256:${HEX}` } }]],
    ["an inherited name", [{ digest: { constructor: HEX } }]],
  ])("refuses %s", (_, subject) => {
    expect(bind(subject)).toEqual(["subject.digest failed"])
  })

  it("refuses a subject that contradicts another known digest", () => {
    const others = [`sha512:${"12".repeat(64)}`] as const
    const subject = [{ digest: { sha256: HEX, sha512: "34".repeat(64) } }]
    expect(bind(subject, {}, { ...SUBJECT, others })).toEqual(["subject.digest failed"])
    expect(bind(subject)).toEqual(["subject.digest passed"])
    expect(bind([{ digest: { sha512: "12".repeat(64) } }], {}, { ...SUBJECT, others })).toEqual([
      "subject.digest passed",
    ])
  })

  it("takes annotations from the matching subject alone", () => {
    const subject = [
      { digest: { sha256: OTHER }, annotations: { a: "1" } },
      { digest: { sha256: HEX }, annotations: { b: "2", n: 3 } },
    ]
    const outcome = (annotations: Record<string, string>): string | undefined => bind(subject, { annotations })[1]
    expect(outcome({ b: "2" })).toBe("subject.annotations passed")
    expect(outcome({ a: "1" })).toBe("subject.annotations failed")
    expect(outcome({ n: "3" })).toBe("subject.annotations failed")
    expect(outcome({ __proto__x: "1" })).toBe("subject.annotations failed")
  })

  it("skips claims only when told, and never the predicate type", () => {
    const subject = [{ digest: { sha256: OTHER } }]
    expect(bind(subject, { checkClaims: false })).toEqual(["subject.digest skipped"])
    expect(bind(subject, { checkClaims: false, predicateType: "x" })).toEqual([
      "subject.digest skipped",
      "predicate.type failed",
    ])
  })

  it("never counts a statement outside a bundle as a signature", () => {
    const parsed = parseStatement(
      statement([{ digest: { sha256: HEX } }], { predicateType: "https://sigstore.dev/cosign/sign/v1" }),
    )
    for (const more of [{}, { anyPredicate: true }, { checkClaims: false }, { predicateType: parsed.predicateType }]) {
      const findings = bindStatement(parsed, SUBJECT, { kind: "signature", annotations: {}, ...more }, false)
      expect(findings.at(-1)).toMatchObject({ check: "predicate.type", outcome: "failed" })
    }
    const findings = bindStatement(parsed, SUBJECT, { kind: "signature", annotations: {} }, true)
    expect(findings.at(-1)).toMatchObject({ check: "predicate.type", outcome: "passed" })
  })

  it("adv: GHSA-vjxv-45g9-9296 a predicate type that was not asked for", () => {
    const subject = [{ digest: { sha256: HEX } }]
    expect(bind(subject, { predicateType: "https://spdx.dev/Document" })[1]).toBe("predicate.type failed")
    expect(bind(subject, { kind: "signature" })[1]).toBe("predicate.type failed")
    expect(bind(subject, { predicateType: "t" })[1]).toBe("predicate.type passed")
  })
})

describe("buildSignStatement", () => {
  it("leaves annotations out when there are none", () => {
    expect(new TextDecoder().decode(buildSignStatement(`sha256:${HEX}`, {}))).toBe(
      `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${HEX}"}}],` +
        `"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`,
    )
  })

  it("orders keys by bytes, also those that look like numbers", () => {
    const text = new TextDecoder().decode(buildSignStatement(`sha256:${HEX}`, { "9": "a", "10": "b", Z: "c", a: "<" }))
    expect(text).toContain('"annotations":{"10":"b","9":"a","Z":"c","a":"<"}')
  })
})
