import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { encodeDer } from "../../codec/der.ts"
import { ToolError } from "../../core/errors.ts"
import type { Certificate } from "./certificate.ts"
import { opensslThere, openTestPki, type TestPki } from "../../testing/openssl-authority.ts"
import { buildOcspRequest, certIdOf, parseOcspRequest, sameCertId } from "./ocsp-request.ts"
import { parseOcspResponse } from "./ocsp-response.ts"
import { parseCertificate } from "./parse-certificate.ts"

function codeOf(work: () => unknown): string {
  try {
    work()
    return "accepted"
  } catch (thrown) {
    if (thrown instanceof ToolError) return thrown.code
    throw thrown
  }
}

describe.skipIf(!opensslThere)("OCSP of openssl", () => {
  let pki: TestPki
  let root: Certificate
  let leaf: Certificate
  let response: Uint8Array
  beforeAll(() => {
    pki = openTestPki()
    root = parseCertificate(pki.root)
    leaf = parseCertificate(pki.issue("leaf"))
    response = pki.respond(buildOcspRequest(leaf, root))
  })
  afterAll(() => {
    pki.remove()
  })

  it("asks in the bytes openssl asks in", () => {
    pki.run("ocsp", "-issuer", "root.pem", "-cert", "leaf.pem", "-no_nonce", "-reqout", "theirs.der")
    expect(buildOcspRequest(leaf, root)).toEqual(pki.read("theirs.der"))
  })

  it("reads openssl's requests, of any hash and with a nonce", () => {
    pki.run("ocsp", "-issuer", "root.pem", "-sha256", "-cert", "leaf.pem", "-reqout", "theirs.der")
    const [id] = parseOcspRequest(pki.read("theirs.der"))
    expect(id?.hashOid).toBe("2.16.840.1.101.3.4.2.1")
    expect(sameCertId(id!, certIdOf(leaf, root, id?.hashOid)!)).toBe(true)
    expect(sameCertId(id!, certIdOf(leaf, root)!)).toBe(false)
    expect(certIdOf(leaf, root, "1.2.3")).toBe(undefined)
  })

  it.each(["not a request", "", "0"])("refuses %j as a request", (text) => {
    expect(codeOf(() => parseOcspRequest(new TextEncoder().encode(text)))).toBe("E_FORMAT_MALFORMED")
  })

  it("reads openssl's answers", () => {
    const { status, basic } = parseOcspResponse(response)
    expect(status).toBe("successful")
    expect(basic?.responses).toHaveLength(1)
    expect(basic?.responses[0]?.status).toBe("good")
    expect(sameCertId(basic!.responses[0]!.id, certIdOf(leaf, root)!)).toBe(true)
    expect(basic?.responder).toEqual({ name: root.subject.raw })
    expect(basic?.certificates).toEqual([root.raw])
    const byKey = parseOcspResponse(
      pki.respond(buildOcspRequest(leaf, root), { extra: ["-ndays", "1", "-resp_key_id"] }),
    )
    expect(byKey.basic?.responder).toHaveProperty("keyHash")
  })

  it.each([
    [1, "malformedRequest"],
    [2, "internalError"],
    [3, "tryLater"],
    [5, "sigRequired"],
    [6, "unauthorized"],
  ])("reads the refusal %i", (code, status) => {
    expect(parseOcspResponse(Uint8Array.from([0x30, 3, 0x0a, 1, code]))).toEqual({ status })
  })

  it.each<[string, Uint8Array]>([
    ["a status that is not known", Uint8Array.from([0x30, 3, 0x0a, 1, 4])],
    ["success without a response", Uint8Array.from([0x30, 3, 0x0a, 1, 0])],
    ["a refusal with a response", encodeDer(0x30, Uint8Array.from([0x0a, 1, 6]), encodeDer(0xa0))],
    ["nothing", new Uint8Array(0)],
    ["garbage", new TextEncoder().encode("<html>")],
  ])("refuses %s", (_, bytes) => {
    expect(codeOf(() => parseOcspResponse(bytes))).toBe("E_FORMAT_MALFORMED")
  })

  it("refuses what is too large, cut short or longer", () => {
    expect(codeOf(() => parseOcspResponse(new Uint8Array(20_481)))).toBe("E_LIMIT_EXCEEDED")
    for (let end = 0; end < response.length; end++) {
      expect(codeOf(() => parseOcspResponse(response.subarray(0, end)))).toBe("E_FORMAT_MALFORMED")
    }
    expect(codeOf(() => parseOcspResponse(Uint8Array.from([...response, 0])))).toBe("E_FORMAT_MALFORMED")
  })

  it("never fails but on purpose", () => {
    fc.assert(
      fc.property(fc.nat(response.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(response)
        changed[at] = (changed[at] ?? 0) ^ flip
        codeOf(() => parseOcspResponse(changed))
      }),
      { numRuns: 500 },
    )
  })
})
