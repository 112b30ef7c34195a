import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { DER_TAG, encodeDer, encodeDerOid } from "../../codec/der.ts"
import { ToolError } from "../../core/errors.ts"
import type { TrustedAuthority } from "../../core/sigstore.ts"
import { digestOf } from "../../crypto/hash.ts"
import type { KeyName } from "../../crypto/generate.ts"
import type { TokenParts } from "../../crypto/rfc3161/build-token.ts"
import { buildTimestampRequest } from "../../crypto/rfc3161/request.ts"
import { buildTimestampResponse, parseTimestampResponse } from "../../crypto/rfc3161/response.ts"
import {
  basicConstraintsExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
} from "../../crypto/x509/build-extensions.ts"
import { EKU } from "../../crypto/x509/extensions.ts"
import {
  handlerOptions,
  type HolderOptions,
  makeAuthority,
  makeHolder,
  opensslFolder,
  type OpensslFolder,
  opensslReply,
  post,
  STAMPED_AT,
  stamperExtensions,
  type TestAuthority,
} from "../../servers/authority/timestamp-fixture.ts"
import type { TimestampAlterations } from "../../servers/authority/timestamp-handler.ts"
import { judgeTimestamps, type TimestampsJudgement } from "./signed-timestamps.ts"

const MESSAGE = new TextEncoder().encode("raw signature bytes")
const DAY = 86_400_000
let authority: TestAuthority
let openssl: OpensslFolder

beforeAll(async () => {
  authority = await makeAuthority()
  openssl = opensslFolder()
})
afterAll(() => {
  openssl.remove()
})

function row({ root, stamper }: TestAuthority, changes: Partial<TrustedAuthority> = {}): TrustedAuthority {
  return { uri: "https://tsa.example", certificates: [stamper.der, root.der], validFor: { start: 0 }, ...changes }
}

/** A whole answer; without certificates inside unless asked for. */
async function answer(
  from: TestAuthority = authority,
  alter: TimestampAlterations = {},
  hash: "sha256" | "sha384" | "sha512" = "sha256",
): Promise<Uint8Array> {
  const request = buildTimestampRequest({ hash, digest: digestOf(hash, MESSAGE), nonce: 7n })
  const response = await post(handlerOptions(from, { alter }), request)
  return new Uint8Array(await response.arrayBuffer())
}

/** A token without certificates. */
const bare: TimestampAlterations = { parts: (parts: TokenParts) => ({ ...parts, certificates: [] }) }

function judge(
  timestamps: readonly Uint8Array[],
  authorities: readonly TrustedAuthority[] = [row(authority)],
  stamped: Uint8Array = MESSAGE,
): TimestampsJudgement {
  return judgeTimestamps({ timestamps, stamped, authorities })
}

function code(judged: TimestampsJudgement): string {
  return judged.failures[0]?.code ?? `${judged.verified.length} verified`
}

/** A timestamp by a stamper that has something special. */
async function stampedBy(options: HolderOptions): Promise<[Uint8Array, TestAuthority]> {
  const stamper = await makeHolder("Odd", { issuer: authority.root, extensions: stamperExtensions, ...options })
  const odd = { root: authority.root, stamper }
  return [await answer(odd), odd]
}

describe("judgeTimestamps", () => {
  it.each(["ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519"] as const)("verifies %s", async (keyName: KeyName) => {
    const own = await makeAuthority(keyName)
    for (const hash of ["sha256", "sha384", "sha512"] as const) {
      const judged = judge([await answer(own, {}, hash)], [row(own)])
      expect(judged).toMatchObject({
        distinct: 1,
        failures: [],
        verified: [{ at: STAMPED_AT, name: "https://tsa.example" }],
      })
    }
  })

  it.each(["rsa-2048", "ecdsa-p256"] as const)("verifies what openssl makes with %s", async (keyName) => {
    const own = await makeAuthority(keyName, Date.now())
    for (const certReq of [true, false]) {
      const request = buildTimestampRequest({ hash: "sha256", digest: digestOf("sha256", MESSAGE), certReq })
      for (const digest of ["sha256", "sha384", "sha512"]) {
        const reply = opensslReply(openssl, own, request, { signer_digest: digest })
        expect(code(judge([reply], [row(own)]))).toBe("1 verified")
      }
    }
  })

  it("takes the signer's certificate from the trusted root where the token holds none", async () => {
    const stamp = await answer(authority, bare)
    expect(code(judge([stamp]))).toBe("1 verified")
    expect(code(judge([stamp], [row(authority, { certificates: [authority.root.der] })]))).toBe("E_TSA_UNTRUSTED")
    expect(code(judge([await answer()], [row(authority, { certificates: [authority.root.der] })]))).toBe("1 verified")
  })

  it("takes the other signer of the same root for nobody where the trusted root names one", async () => {
    const [stamp] = await stampedBy({})
    expect(code(judge([stamp]))).toBe("E_TSA_UNTRUSTED")
    expect(code(judge([stamp], [row(authority, { certificates: [authority.root.der] })]))).toBe("1 verified")
  })

  it("needs no ESS attribute, and obeys one that is there", async () => {
    const without: TimestampAlterations = {
      parts: (parts) => ({ ...parts, attributes: parts.attributes.slice(0, 2) }),
    }
    expect(code(judge([await answer(authority, without)]))).toBe("1 verified")
    const other: TimestampAlterations = {
      parts: (parts) => ({ ...parts, attributes: [...parts.attributes.slice(0, 2), strangeEss(parts)] }),
    }
    expect(judge([await answer(authority, other)]).verified).toEqual([])
  })

  it.each([
    ["at both ends of its window", { start: STAMPED_AT, end: STAMPED_AT }, "1 verified"],
    ["just before its window", { start: STAMPED_AT + 1 }, "E_TSA_UNTRUSTED"],
    ["just after its window", { start: 0, end: STAMPED_AT - 1 }, "E_TSA_UNTRUSTED"],
  ])("adv: GHSA-wqqc-jjcq-vfxm an authority %s", async (_, validFor, expected) => {
    expect(code(judge([await answer()], [row(authority, { validFor })]))).toBe(expected)
  })

  it("counts an authority once, however often it comes or is listed", async () => {
    const other = await makeAuthority()
    const stamps = [await answer(), await answer(), await answer(other)]
    const rows = [
      row(authority),
      row(authority, { uri: "https://alias.example" }),
      row(other, { uri: "https://other.example" }),
    ]
    expect(judge(stamps.slice(0, 2), rows)).toMatchObject({ distinct: 1 })
    expect(judge(stamps, rows)).toMatchObject({ distinct: 2, verified: [{}, {}, {}] })
    const sameUri = [row(authority), row(other)]
    expect(judge(stamps, sameUri)).toMatchObject({ distinct: 1 })
  })

  it("adv: GHSA-9vcr-p3rj-q5q6 counts two signers of one root as one authority", async () => {
    const [stamp, second] = await stampedBy({})
    const rows = [row(authority), row(second, { uri: "https://second.example" })]
    expect(judge([await answer(), stamp], rows)).toMatchObject({ distinct: 1, failures: [] })
  })

  it.each<[string, TimestampAlterations]>([
    ["random bytes as signature", { token: (token) => flipped(token, token.length - 10) }],
    ["another digest in the attributes", { parts: (parts) => withDigest(parts, new Uint8Array(32)) }],
    [
      "content that is not under the attributes",
      { parts: (parts) => ({ ...parts, content: flipped(parts.content, 12) }) },
    ],
    ["no attributes", { parts: (parts) => ({ ...parts, attributes: [] }) }],
  ])("adv: CVE-2025-52556 refuses %s", async (_, alter) => {
    expect(code(judge([await answer(authority, alter)]))).toBe("E_TSA_INVALID")
  })

  it.each<[string, HolderOptions]>([
    [
      "with a further usage",
      {
        extensions: [...stamperExtensions.slice(0, 1), extendedKeyUsageExtension([EKU.timeStamping, "1.2.3.4"], true)],
      },
    ],
    ["whose usage is not critical", { extensions: [extendedKeyUsageExtension([EKU.timeStamping])] }],
    ["without usage", { extensions: [keyUsageExtension(["digitalSignature"])] }],
    ["for any usage", { extensions: [extendedKeyUsageExtension([EKU.any], true)] }],
    ["for signing code", { extensions: [extendedKeyUsageExtension([EKU.codeSigning], true)] }],
  ])("adv: timestamp-authority #1389 refuses a signer %s", async (_, options) => {
    const [stamp, odd] = await stampedBy(options)
    expect(code(judge([stamp], [row(odd)]))).toBe("E_TSA_INVALID")
  })

  it("adv: timestamp-authority #1416 refuses an authority's certificate as signer", async () => {
    const [stamp, odd] = await stampedBy({ extensions: [...stamperExtensions, basicConstraintsExtension(true)] })
    expect(judge([stamp], [row(odd)]).verified).toEqual([])
    expect(judge([stamp], [row(odd, { certificates: [authority.root.der] })]).verified).toEqual([])
  })

  it.each([
    ["had expired", { notBefore: STAMPED_AT - 2 * DAY, notAfter: STAMPED_AT - DAY }],
    ["was not valid yet", { notBefore: STAMPED_AT + DAY, notAfter: STAMPED_AT + 2 * DAY }],
  ])("refuses a signer whose certificate %s at the time of the timestamp", async (_, window) => {
    const [stamp, odd] = await stampedBy(window)
    expect(code(judge([stamp], [row(odd)]))).toBe("E_TSA_INVALID")
  })

  it("adv: GHSA-xm5m-wgh2-rrg3 judges the certificate that the signature names, and no other", async () => {
    const evil = await makeHolder("Evil", { extensions: stamperExtensions })
    // Signed by a stranger's key, with the trusted signer's certificate first and the stranger's beside it.
    const forged = await answer(
      { root: authority.root, stamper: evil },
      {
        parts: (parts) => ({ ...parts, certificates: [authority.stamper.der, evil.der] }),
      },
    )
    const named = await answer({ root: authority.root, stamper: { ...authority.stamper, key: evil.key } })
    for (const stamp of [forged, named]) expect(judge([stamp]).verified).toEqual([])
  })

  it("refuses a stranger's timestamp, with or without its root inside", async () => {
    const stranger = await makeAuthority()
    expect(code(judge([await answer(stranger)]))).toBe("E_TSA_UNTRUSTED")
    expect(code(judge([await answer(stranger, bare)]))).toBe("E_TSA_UNTRUSTED")
    expect(code(judge([await answer()], []))).toBe("E_TSA_UNTRUSTED")
  })

  it("refuses a timestamp about something else", async () => {
    expect(code(judge([await answer()], [row(authority)], Uint8Array.of(1)))).toBe("E_TSA_INVALID")
  })

  it("adv: timestamp-authority #1405 refuses answers that were not granted", async () => {
    const { token } = parseTimestampResponse(await answer())
    for (const status of [1, 2, 3, 4, 5]) {
      const refused = buildTimestampResponse({ status, ...(token === undefined ? {} : { token }) })
      expect(code(judge([refused]))).toBe("E_TSA_INVALID")
    }
    expect(code(judge([buildTimestampResponse({ status: 0 })]))).toBe("E_TSA_INVALID")
  })

  it("adv: notaryproject/tspclient-go #35 refuses content of another type, and other versions", async () => {
    const data: TimestampAlterations = { parts: (parts) => ({ ...parts, contentType: "1.2.840.113549.1.7.1" }) }
    const version: TimestampAlterations = { info: (info) => ({ ...info, version: 2 }) }
    for (const alter of [data, version]) expect(code(judge([await answer(authority, alter)]))).toBe("E_TSA_INVALID")
  })

  it("refuses SHA-1, whatever it is a hash of", async () => {
    const sha1 = encodeDer(DER_TAG.sequence, encodeDerOid("1.3.14.3.2.26"), encodeDer(DER_TAG.null))
    const imprint = encodeDer(DER_TAG.sequence, sha1, encodeDer(DER_TAG.octetString, new Uint8Array(20)))
    const alter: TimestampAlterations = { info: (info) => ({ ...info, imprint }) }
    expect(code(judge([await answer(authority, alter)]))).toBe("E_TSA_INVALID")
  })

  it.each([
    ["nothing", new Uint8Array(0)],
    ["no DER", new TextEncoder().encode("hello")],
    ["an empty sequence", Uint8Array.of(0x30, 0)],
    ["nested sequences", nested(200)],
  ])("adv: gitsign GHSA-7c37-gx6w-8vc5 takes %s for no timestamp", (_, bytes) => {
    const judged = judge([bytes])
    expect(judged.verified).toEqual([])
    expect(["E_TSA_INVALID", "E_LIMIT_EXCEEDED"]).toContain(judged.failures[0]?.code)
  })

  it("goes on after a timestamp that does not hold", async () => {
    const judged = judge([Uint8Array.of(0x30, 0), await answer()])
    expect(judged).toMatchObject({ distinct: 1, verified: [{ at: STAMPED_AT }], failures: [{ code: "E_TSA_INVALID" }] })
  })

  it("adv: GHSA-cq38-jh5f-37mq looks at 32 timestamps and at none of 33", async () => {
    const stamp = await answer()
    expect(judge(Array<Uint8Array>(32).fill(stamp))).toMatchObject({ distinct: 1 })
    expect(() => judge(Array<Uint8Array>(33).fill(stamp))).toThrow(ToolError)
  })

  it("no flipped bit of a timestamp changes its time", async () => {
    const stamp = await answer()
    for (let at = 0; at < stamp.length; at += 3) {
      for (const { at: time } of judge([flipped(stamp, at)]).verified) expect(time).toBe(STAMPED_AT)
    }
  })
})

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, (bytes[at] ?? 0) ^ 1)
}

function withDigest(parts: TokenParts, digest: Uint8Array): TokenParts {
  const attributes = parts.attributes.map((attribute, index) =>
    index === 1 ? { ...attribute, value: encodeDer(DER_TAG.octetString, digest) } : attribute,
  )
  return { ...parts, attributes }
}

/** The ESS attribute of a token with another hash in it. */
function strangeEss({ attributes }: TokenParts): TokenParts["attributes"][number] {
  const [, , ess] = attributes
  if (ess === undefined) throw new Error("no ESS attribute")
  return { ...ess, value: flipped(ess.value, 12) }
}

function nested(depth: number): Uint8Array {
  let inner: Uint8Array = new Uint8Array(0)
  for (let i = 0; i < depth; i++) inner = encodeDer(DER_TAG.sequence, inner)
  return inner
}
