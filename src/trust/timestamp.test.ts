import { beforeAll, describe, expect, it } from "vitest"
import { DER_TAG, encodeDer, encodeDerInteger, encodeDerOid } from "../codec/der.ts"
import type { ErrorCode } from "../core/error-catalogue.ts"
import { CMS_OID } from "../crypto/cms/object-ids.ts"
import { digestOf } from "../crypto/hash.ts"
import type { TokenParts, TstInfoInit } from "../crypto/rfc3161/build-token.ts"
import { encodeImprint } from "../crypto/rfc3161/request.ts"
import { encodeSigningCertificateV2 } from "../crypto/rfc3161/signing-certificate.ts"
import { keyUsageExtension } from "../crypto/x509/build-extensions.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import {
  handlerOptions,
  type Holder,
  makeAuthority,
  makeHolder,
  STAMPED_AT,
  stampWith,
  type TestAuthority,
} from "../servers/authority/timestamp-fixture.ts"
import type { TimestampAuthorityOptions } from "../servers/authority/timestamp-handler.ts"
import { judgeTimestamp, type TimestampJudgement } from "./timestamp.ts"

const MESSAGE = new TextEncoder().encode("raw signature bytes")
const digitalSignature = keyUsageExtension(["digitalSignature"])
let authority: TestAuthority
let intermediate: Holder

beforeAll(async () => {
  authority = await makeAuthority()
  intermediate = await makeHolder("Between", { issuer: authority.root })
})

function judge(token: Uint8Array, roots: readonly Certificate[] = [authority.root.certificate]): TimestampJudgement {
  return judgeTimestamp({ token, message: MESSAGE, roots })
}

async function judged(changes: Partial<TimestampAuthorityOptions>, from = authority): Promise<TimestampJudgement> {
  return judge(await stampWith(handlerOptions(from, changes), MESSAGE), [from.root.certificate])
}

function expectFault(judgement: TimestampJudgement, code: ErrorCode, text: string | RegExp): void {
  expect(judgement).toEqual({ fault: expect.objectContaining({ code }) as unknown })
  if (!("fault" in judgement)) return
  expect(judgement.fault.message).toMatch(text)
  expect(judgement.fault.message.endsWith(judgement.fault.detail)).toBe(true)
}

/** Changes to a token's parts. */
const parts = (change: (parts: TokenParts) => Partial<TokenParts>) => ({
  alter: { parts: (right: TokenParts): TokenParts => ({ ...right, ...change(right) }) },
})
const info = (change: Partial<TstInfoInit>) => ({
  alter: { info: (right: TstInfoInit): TstInfoInit => ({ ...right, ...change }) },
})
const replaceAttribute = (type: string, value: Uint8Array) =>
  parts(({ attributes }) => ({ attributes: attributes.map((item) => (item.type === type ? { type, value } : item)) }))
const without = (type: string) =>
  parts(({ attributes }) => ({ attributes: attributes.filter((item) => item.type !== type) }))
const signingTime = (text: string) =>
  parts(({ attributes }) => ({
    attributes: [...attributes, { type: CMS_OID.signingTime, value: encodeDer(0x17, new TextEncoder().encode(text)) }],
  }))
const octets = (bytes: Uint8Array): Uint8Array => encodeDer(DER_TAG.octetString, bytes)

describe("what the token says", () => {
  it.each<[string, Partial<TimestampAuthorityOptions>, string | RegExp]>([
    [
      "adv: tspclient-go #35 content type id-data",
      parts(() => ({ contentType: "1.2.840.113549.1.7.1" })),
      /^failed to parse .*unexpected content type: 1\.2\.840\.113549\.1\.7\.1\. Expected to be id-ct-TSTInfo/,
    ],
    [
      "adv: tspclient-go #37 version 2",
      info({ version: 2 }),
      "invalid TSTInfo: timestamp token info version must be 1, but got 2",
    ],
    [
      "adv: tspclient-go #24 an imprint of another length",
      info({ imprint: encodeImprint("sha384", digestOf("sha256", MESSAGE)) }),
      "invalid TSTInfo: mismatched message",
    ],
    [
      "another message",
      info({ imprint: encodeImprint("sha256", digestOf("sha256", Uint8Array.of(1))) }),
      "mismatched message",
    ],
    [
      "SHA-1",
      info({ imprint: encodeDer(0x30, encodeDer(0x30, encodeDerOid("1.3.14.3.2.26")), octets(new Uint8Array(20))) }),
      "unrecognized hash algorithm: 1.3.14.3.2.26",
    ],
    [
      "an unknown critical extension",
      info({ extensions: [extension(true)] }),
      "critical extension 1.2.3 is not understood",
    ],
    ["no TSTInfo", parts(() => ({ content: encodeDer(0x30) })), "cannot unmarshal TSTInfo from timestamp token"],
    [
      "a TSTInfo with trailing bytes",
      parts(({ content }) => ({ content: Uint8Array.of(...content, 5, 0) })),
      "cannot unmarshal TSTInfo",
    ],
    [
      "a negative accuracy",
      parts(() => ({ content: tstInfo(encodeDer(0x30, encodeDer(2, Uint8Array.of(0xff)))) })),
      "accuracy of -1",
    ],
    [
      "an accuracy of 1000 ms",
      parts(() => ({ content: tstInfo(encodeDer(0x30, encodeDer(0x80, Uint8Array.of(3, 0xe8)))) })),
      "accuracy of 1000",
    ],
    ["a time with an offset", parts(() => ({ content: tstInfo(undefined, "20261120120000+0100") })), "malformed time"],
    ["a time without zone", parts(() => ({ content: tstInfo(undefined, "20261120120000") })), "malformed time"],
    ["a time that is none", parts(() => ({ content: tstInfo(undefined, "20260230120000Z") })), "no such time"],
    [
      "adv: CVE-2025-52556 another message digest",
      replaceAttribute(CMS_OID.messageDigest, octets(new Uint8Array(32))),
      "cms verification failure: mismatch message digest",
    ],
    ["no message digest", without(CMS_OID.messageDigest), "invalid message digest: attribute not found"],
    ["no content type", without(CMS_OID.contentType), "invalid content type: attribute not found"],
    [
      "another content type attribute",
      replaceAttribute(CMS_OID.contentType, encodeDerOid("1.2.840.113549.1.7.1")),
      'mismatch content type: found "1.2.840.113549.1.7.1" in signer info, and "1.2.840.113549.1.9.16.1.4" in signed data',
    ],
    ["no SigningCertificateV2", without(CMS_OID.signingCertificateV2), "from signed attributes: attribute not found"],
    [
      "SigningCertificateV2 that names nothing",
      replaceAttribute(CMS_OID.signingCertificateV2, encodeDer(0x30, encodeDer(0x30))),
      "signingCertificateV2 does not contain any certificate",
    ],
    ["no attributes at all", parts(() => ({ attributes: [] })), "attribute not found"],
    [
      "an attribute twice",
      parts(({ attributes }) => ({ attributes: [...attributes, attributes[0]!] })),
      "is there twice",
    ],
    [
      "adv: GHSA-7c37-gx6w-8vc5 no certificates",
      parts(() => ({ certificates: [] })),
      "signing certificate not found in the timestamp token",
    ],
    [
      "certificates that are none",
      parts(() => ({ certificates: [encodeDer(0x30)] })),
      "failed to parse X.509 certificates",
    ],
    [
      "another certificate first, the stamper's missing",
      parts(() => ({ certificates: [authority.root.der] })),
      "signing certificate not found",
    ],
    [
      "a signing time before the certificates",
      signingTime("200101000000Z"),
      "signing time, 2020-01-01 00:00:00 +0000 UTC, is outside certificate's validity period",
    ],
    ["a signing time that is none", signingTime("2611201200Z"), "invalid signing time"],
  ])("%s", async (_, changes, text) => {
    expectFault(await judged(changes), "E_TSA_INVALID", text)
  })

  it("accepts what does no harm", async () => {
    expect(await judged(info({ extensions: [extension(false)] }))).toHaveProperty("chain")
    expect(await judged(signingTime("261120120000Z"))).toHaveProperty("chain")
    expect(
      await judged(info({ genTime: STAMPED_AT + 1, accuracy: { seconds: 0, millis: 0, micros: 1 } })),
    ).toMatchObject({
      earliest: STAMPED_AT,
      genTime: STAMPED_AT + 1,
      latest: STAMPED_AT + 2,
      accuracy: 0.001,
    })
  })

  it("adv: GHSA-xm5m-wgh2-rrg3 goes by one certificate in everything", async () => {
    const attacker = await makeHolder("Attacker", { issuer: intermediate, extensions: [digitalSignature], serial: 5n })
    const twin = await makeHolder("Twin", {
      issuer: authority.root,
      extensions: [digitalSignature],
      serial: authority.stamper.certificate.serial,
    })
    const idOf = ({ der, certificate }: Holder) =>
      encodeSigningCertificateV2(digestOf("sha256", der), {
        issuer: certificate.issuer.raw,
        serial: certificate.serial,
      })
    const named = (holder: Holder) => replaceAttribute(CMS_OID.signingCertificateV2, idOf(holder))
    const chain = [attacker, authority.stamper, intermediate, authority.root].map(({ der }) => der)
    // Signed by the attacker, attribute and identifier name him or the stamper, in every combination.
    for (const [claim, signer] of [
      [attacker, attacker],
      [authority.stamper, attacker],
      [attacker, authority.stamper],
      [authority.stamper, authority.stamper],
    ] as const) {
      const { issuer, serial } = signer.certificate
      const changes = {
        alter: {
          parts: (right: TokenParts) => ({
            ...named(claim).alter.parts(right),
            signer: { issuer: issuer.raw, serial },
          }),
        },
      }
      const judgement = await judged({ key: attacker.key, chain, ...changes })
      expect(judgement).toHaveProperty("fault.code", "E_TSA_INVALID")
    }
    // Same issuer and serial: the hash decides, whichever comes first.
    for (const certificates of [
      [twin.der, authority.stamper.der],
      [authority.stamper.der, twin.der],
    ]) {
      expect(await judged(parts(() => ({ certificates })))).toHaveProperty(
        "chain.0.thumbprint",
        authority.stamper.certificate.thumbprint,
      )
      const forged = { ...parts(() => ({ certificates })), key: twin.key }
      expectFault(await judged(forged), "E_TSA_INVALID", "verification failure")
    }
  })
})

function extension(critical: boolean): Uint8Array {
  const flag = critical ? [encodeDer(DER_TAG.boolean, Uint8Array.of(0xff))] : []
  return encodeDer(DER_TAG.sequence, encodeDerOid("1.2.3"), ...flag, octets(new Uint8Array(0)))
}

function tstInfo(accuracy: Uint8Array | undefined, time = "20261120120000Z"): Uint8Array {
  return encodeDer(
    DER_TAG.sequence,
    encodeDerInteger(1n),
    encodeDerOid("1.2.3"),
    encodeImprint("sha256", digestOf("sha256", MESSAGE)),
    encodeDerInteger(1n),
    encodeDer(0x18, new TextEncoder().encode(time)),
    ...(accuracy === undefined ? [] : [accuracy]),
  )
}

describe("bytes that are no token", () => {
  it.each<[string, (token: Uint8Array) => Uint8Array]>([
    ["nothing", () => new Uint8Array(0)],
    ["text", () => new TextEncoder().encode("timestamp")],
    ["an empty sequence", () => encodeDer(0x30)],
    ["id-data", () => encodeDer(0x30, encodeDerOid("1.2.840.113549.1.7.1"), encodeDer(0xa0, encodeDer(0x04)))],
    ["adv: sigstore-js #1678 a trailing byte", (token) => Uint8Array.of(...token, 0)],
    ["a token cut short", (token) => token.subarray(0, -1)],
    ["a whole TimeStampResp", (token) => encodeDer(0x30, encodeDer(0x30, encodeDerInteger(0n)), token)],
    ["adv: CVE-2025-66031 nested sequences", () => nested(200)],
  ])("%s", async (_, change) => {
    const judgement = judge(change(await stampWith(handlerOptions(authority), MESSAGE)))
    expect(judgement).toHaveProperty("fault.code", expect.stringMatching(/E_TSA_INVALID|E_LIMIT_EXCEEDED/))
    expect(judgement).toHaveProperty(
      "fault.message",
      expect.stringMatching(/^failed to parse timestamp countersignature/),
    )
  })
})

function nested(levels: number): Uint8Array {
  return levels === 0 ? encodeDer(0x05) : encodeDer(0x30, nested(levels - 1))
}
