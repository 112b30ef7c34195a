import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { hasLoneSurrogate } from "../../codec/utf8.ts"
import { ToolError } from "../../core/errors.ts"
import type { RawSignature } from "../../core/ports.ts"
import { simpleSigningCandidate } from "./simple-signing-candidate.ts"
import { buildSimpleSigning, parseSimpleSigning } from "./simple-signing.ts"

const DIGEST = `sha256:${"ab".repeat(32)}` as const
const TYPE = "cosign container image signature"

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function claim(critical: unknown, optional: unknown = null): string {
  return JSON.stringify({ critical, optional })
}

const critical = {
  identity: { "docker-reference": "r" },
  image: { "docker-manifest-digest": DIGEST },
  type: TYPE,
}

function code(text: string): string {
  try {
    parseSimpleSigning(bytes(text))
    return "accepted"
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
}

function raw(payload: string, annotations: Record<string, string>): RawSignature {
  return {
    location: { store: "signature-tag", where: "r", reference: "t" },
    descriptor: { mediaType: "m", digest: DIGEST, size: payload.length },
    bytes: bytes(payload),
    mediaType: "m",
    annotations,
  }
}

describe("parseSimpleSigning", () => {
  it.each([
    ["as cosign writes it", claim(critical)],
    ["without optional", JSON.stringify({ critical })],
    ["optional values of any kind", claim(critical, { a: 1, b: { c: [null] }, creator: "x" })],
    ["names in another case", JSON.stringify({ Critical: { Identity: {}, IMAGE: {}, Type: TYPE }, OPTIONAL: null })],
    ["without identity", claim({ image: {}, type: TYPE })],
    ["extra members", claim({ ...critical, extra: 1 })],
  ])("reads %s", (_, text) => {
    expect(code(text)).toBe("accepted")
  })

  it.each([
    ["null", "null"],
    ["an array", "[]"],
    ["no critical", '{"optional":null}'],
    ["critical null", claim(null)],
    ["no image", claim({ identity: {}, type: TYPE })],
    ["an identity that is a string", claim({ ...critical, identity: "x" })],
    ["a digest that is a number", claim({ ...critical, image: { "docker-manifest-digest": 1 } })],
    ["a type that is a list", claim({ ...critical, type: [TYPE] })],
    ["optional as a list", claim(critical, [])],
    ["optional as a string", claim(critical, "x")],
    ["a duplicate member", `{"critical":${JSON.stringify(critical)},"critical":${JSON.stringify(critical)}}`],
    [
      "one name in two spellings",
      claim({ ...critical, image: { "docker-manifest-digest": DIGEST, "Docker-Manifest-Digest": "sha256:00" } }),
    ],
    [
      "adv: duplicate keys, a spelling that Go folds",
      claim({ ...critical, image: { "docker-manifest-digest": DIGEST, "docker-manifeſt-digest": "sha256:00" } }),
    ],
    ["optional in two spellings", JSON.stringify({ critical, optional: null, Optional: {} })],
    ["text after the end", `${claim(critical)}{}`],
    ["a byte order mark", `\ufeff${claim(critical)}`],
  ])("refuses %s", (_, text) => {
    expect(code(text)).toBe("E_FORMAT_MALFORMED")
  })

  it("adv: resource exhaustion, bounds values", () => {
    expect(code(claim(critical, { a: Array.from({ length: 99_000 }, () => ({})) }))).toBe("accepted")
    expect(code(claim(critical, { a: Array.from({ length: 100_001 }, () => ({})) }))).toBe("E_LIMIT_EXCEEDED")
  })

  it("reads equal bytes once, also when it refuses them", () => {
    const good = bytes(claim(critical))
    expect(parseSimpleSigning(good)).toBe(parseSimpleSigning(good))
    const bad = bytes("[]")
    const errors = [bad, bad].map((input) => {
      try {
        return parseSimpleSigning(input)
      } catch (error) {
        return error
      }
    })
    expect(errors[0]).toBe(errors[1])
  })

  it("bounds depth", () => {
    expect(code(claim(critical, { a: 0 }).replace("0", `${"[".repeat(200)}${"]".repeat(200)}`))).toBe(
      "E_LIMIT_EXCEEDED",
    )
  })

  it("keeps what was built, whatever the annotations", () => {
    const text = fc.string({ unit: "binary" }).filter((value) => !hasLoneSurrogate(value))
    fc.assert(
      fc.property(text, fc.dictionary(text, text), (dockerReference, annotations) => {
        const payload = buildSimpleSigning({ dockerReference, manifestDigest: DIGEST, annotations })
        const parsed = parseSimpleSigning(payload)
        expect(parsed).toMatchObject({ dockerReference, manifestDigest: DIGEST, type: TYPE })
        expect(Object.entries(parsed.optional ?? {}).sort()).toEqual(Object.entries(annotations).sort())
      }),
    )
  })
})

describe("simpleSigningCandidate", () => {
  it.each([
    ["no annotation", {}],
    ["an empty annotation", { "dev.cosignproject.cosign/signature": "" }],
    ["spaces", { "dev.cosignproject.cosign/signature": "AQ ID" }],
    ["a line end", { "dev.cosignproject.cosign/signature": "AQID\n" }],
    ["no padding", { "dev.cosignproject.cosign/signature": "AQI" }],
    ["the URL alphabet", { "dev.cosignproject.cosign/signature": "_-8=" }],
    ["trailing bits", { "dev.cosignproject.cosign/signature": "AQJ=" }],
  ])("refuses a signature with %s", (_, annotations) => {
    expect(() => simpleSigningCandidate(raw(claim(critical), annotations))).toThrow(
      expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error,
    )
  })

  it("names what it does not evaluate and hands it on unchanged", () => {
    const candidate = simpleSigningCandidate(
      raw(claim(critical), {
        "dev.cosignproject.cosign/signature": "AQID",
        "dev.sigstore.cosign/certificate": "not PEM",
        "dev.sigstore.cosign/bundle": "{}",
        "dev.sigstore.cosign/rfc3161timestamp": "{}",
        other: "x",
      }),
    )
    expect(candidate.notEvaluated).toEqual(["certificate", "transparency log entry", "timestamp"])
    expect(candidate.material).toEqual({ kind: "certificate", certificates: [], keyAllowed: true })
    const content = candidate.content({ digest: `sha256:${"0".repeat(64)}` }, { kind: "signature", annotations: {} })
    expect(content.kind === "simple-signing" ? Object.keys(content.annotations).sort() : []).toEqual([
      "dev.sigstore.cosign/bundle",
      "dev.sigstore.cosign/certificate",
      "dev.sigstore.cosign/rfc3161timestamp",
    ])
  })

  it("is no attestation", () => {
    const candidate = simpleSigningCandidate(raw(claim(critical), { "dev.cosignproject.cosign/signature": "AQID" }))
    for (const more of [{}, { checkClaims: false }, { predicateType: "t" }]) {
      const findings = candidate.bind({ digest: DIGEST }, { kind: "attestation", annotations: {}, ...more })
      expect(findings.at(-1)).toMatchObject({ check: "predicate.type", outcome: "failed" })
    }
  })

  it("shows log entry and timestamp, and null for what cannot be read", () => {
    const entry = {
      SignedEntryTimestamp: "AQID",
      Payload: { body: "e30=", integratedTime: 1, logIndex: 2, logID: "ab" },
    }
    const show = (log: string, stamp: string): unknown =>
      simpleSigningCandidate(
        raw(claim(critical), {
          "dev.cosignproject.cosign/signature": "AQID",
          "dev.sigstore.cosign/bundle": log,
          "dev.sigstore.cosign/rfc3161timestamp": stamp,
        }),
      ).claims({ values: 100, characters: 1000 })
    expect(show(JSON.stringify(entry), '{"SignedRFC3161Timestamp":"AQID"}')).toMatchObject({
      logEntry: { integratedTime: 1n, logIndex: 2n, logId: "ab" },
      timestampBytes: 3,
    })
    expect(show("{}", "x")).toMatchObject({ logEntry: null, timestampBytes: null })
  })

  it.each(["atomic container signature", "", "Cosign container image signature"])("does not bind type %j", (type) => {
    const candidate = simpleSigningCandidate(
      raw(claim({ ...critical, type }), { "dev.cosignproject.cosign/signature": "AQID" }),
    )
    const findings = candidate.bind({ digest: DIGEST }, { kind: "signature", annotations: {} })
    expect(findings.find(({ check }) => check === "payload.type")?.outcome).toBe("failed")
  })

  it("does not bind optional values that only look equal", () => {
    const candidate = simpleSigningCandidate(
      raw(claim(critical, { n: 1, o: { x: "y" }, s: "1" }), { "dev.cosignproject.cosign/signature": "AQID" }),
    )
    const outcome = (annotations: Record<string, string>): string | undefined =>
      candidate.bind({ digest: DIGEST }, { kind: "signature", annotations }).at(-1)?.outcome
    expect(outcome({ s: "1" })).toBe("passed")
    expect(outcome({ n: "1" })).toBe("failed")
    expect(outcome({ o: "[object Object]" })).toBe("failed")
    expect(outcome({ hasOwnProperty: "x" })).toBe("failed")
  })
})
