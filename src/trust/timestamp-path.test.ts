import { beforeAll, describe, expect, it } from "vitest"
import { DER_TAG, encodeDer } from "../codec/der.ts"
import type { ErrorCode } from "../core/error-catalogue.ts"
import type { TokenParts } from "../crypto/rfc3161/build-token.ts"
import {
  basicConstraintsExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
} from "../crypto/x509/build-extensions.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import {
  authorityExtensions,
  handlerOptions,
  type Holder,
  type HolderOptions,
  makeAuthority,
  makeHolder,
  STAMPED_AT,
  stamperExtensions,
  stampWith,
  type TestAuthority,
} from "../servers/authority/timestamp-fixture.ts"
import type { TimestampAuthorityOptions } from "../servers/authority/timestamp-handler.ts"
import { judgeTimestamp, type TimestampJudgement } from "./timestamp.ts"

const MESSAGE = new TextEncoder().encode("raw signature bytes")
const DAY = 86_400_000
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
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

/** A stamper with something wrong, in a token of its own. */
async function stampedBy(name: string, options: HolderOptions, more: readonly Holder[] = []) {
  const stamper = await makeHolder(name, { issuer: authority.root, extensions: stamperExtensions, ...options })
  const chain = [stamper, ...more].map(({ der }) => der)
  return judged({ key: stamper.key, chain })
}

/** Names below `x.test` alone. */
const CONSTRAINTS = encodeDer(
  DER_TAG.sequence,
  encodeDer(0xa0, encodeDer(DER_TAG.sequence, encodeDer(0x82, new TextEncoder().encode("x.test")))),
)

describe("the stamper's certificate", () => {
  it.each<[string, HolderOptions, string | RegExp]>([
    [
      "adv: timestamp-authority #1389 two usages",
      { extensions: [digitalSignature, extendedKeyUsageExtension([TIME_STAMPING, "1.2.3.4"], true)] },
      "must have and only have ExtKeyUsageTimeStamping",
    ],
    [
      "adv: timestamp-authority #1389 usage not critical",
      { extensions: [digitalSignature, extendedKeyUsageExtension([TIME_STAMPING])] },
      "must be set as critical",
    ],
    ["adv: timestamp-authority #1389 no usage", { extensions: [digitalSignature] }, "must have and only have"],
    [
      "adv: CVE-2025-22874 any usage",
      { extensions: [digitalSignature, extendedKeyUsageExtension(["2.5.29.37.0"], true)] },
      "must have and only have",
    ],
    [
      "adv: CVE-2025-66030 usage with a large arc",
      { extensions: [digitalSignature, extendedKeyUsageExtension([`1.3.6.1.5.5.7.3.${2 ** 32 + 8}`], true)] },
      "x509: certificate specifies an incompatible key usage",
    ],
    [
      "adv: timestamp-authority #1416 an authority",
      { extensions: [...stamperExtensions, basicConstraintsExtension(true)] },
      "must not be the certificate of an authority",
    ],
    [
      "another key usage",
      { extensions: [keyUsageExtension(["digitalSignature", "keyAgreement"]), stamperExtensions[1]!] },
      /The key usage must be "Digital Signature" only, but found "KeyAgreement"/,
    ],
    ["no key usage", { extensions: [stamperExtensions[1]!] }, "key usage extension must be present"],
    [
      "expired",
      { notAfter: STAMPED_AT - DAY },
      /expired or is not yet valid: current time 2026-11-20T12:00:00Z is after/,
    ],
    ["not valid yet", { notBefore: STAMPED_AT + DAY }, "2026-11-20T12:00:00Z is before 2026-11-21T12:00:00Z"],
    [
      "a critical extension nobody knows",
      { extensions: [...stamperExtensions, { oid: "1.2.3.4", critical: true, value: encodeDer(DER_TAG.null) }] },
      "x509: unhandled critical extension",
    ],
  ])("%s", async (name, options, text) => {
    expectFault(await stampedBy(name, options), "E_TSA_INVALID", text)
  })

  it("alone and self-signed, even if trusted", async () => {
    const alone = await makeHolder("Alone", { extensions: [...stamperExtensions, basicConstraintsExtension(true)] })
    const own = { root: alone, stamper: alone }
    expectFault(
      await judged({ chain: [alone.der] }, own),
      "E_TSA_INVALID",
      "must not be the certificate of an authority",
    )
  })

  it("expired later, which is no matter unless another time is asked about", async () => {
    const token = await stampWith(handlerOptions(authority), MESSAGE)
    const roots = [authority.root.certificate]
    const later = judgeTimestamp({ token, message: MESSAGE, roots, at: STAMPED_AT + 31 * DAY })
    expectFault(later, "E_TSA_INVALID", /^failed to verify the timestamp countersignature .*is after/)
  })
})

describe("the path", () => {
  const through = (options: HolderOptions, more: readonly Holder[] = []) =>
    makeHolder("Other", { issuer: authority.root, ...options }).then((between) =>
      stampedBy("Below Other", { issuer: between }, [between, ...more]),
    )

  it("goes through intermediates of the token, in any order, and of the caller", async () => {
    const lower = await makeHolder("Lower", { issuer: intermediate })
    expect(await stampedBy("Deep", { issuer: lower }, [intermediate, lower, authority.root])).toMatchObject({
      chain: [{}, lower.certificate, intermediate.certificate, authority.root.certificate],
    })
    const stamper = await makeHolder("Lone", { issuer: intermediate, extensions: stamperExtensions })
    const token = await stampWith(handlerOptions(authority, { key: stamper.key, chain: [stamper.der] }), MESSAGE)
    expectFault(judge(token), "E_TSA_UNTRUSTED", "x509: certificate signed by unknown authority")
    const given = { intermediates: [intermediate.certificate], roots: [authority.root.certificate] }
    expect(judgeTimestamp({ token, message: MESSAGE, ...given })).toHaveProperty("chain")
  })

  it("finds the signer of a token without certificates among those of the caller", async () => {
    const { root, stamper } = authority
    const alter = { parts: (right: TokenParts): TokenParts => ({ ...right, certificates: [root.der] }) }
    const token = await stampWith(handlerOptions(authority, { alter }), MESSAGE)
    expectFault(judge(token), "E_TSA_INVALID", "signing certificate not found")
    const given = { intermediates: [intermediate.certificate, stamper.certificate], roots: [root.certificate] }
    expect(judgeTimestamp({ token, message: MESSAGE, ...given })).toMatchObject({
      chain: [stamper.certificate, root.certificate],
    })
  })

  it.each<[string, HolderOptions, string | RegExp]>([
    ["no authority", { extensions: [] }, "certificate signed by unknown authority"],
    ["CA false", { extensions: [basicConstraintsExtension(false)] }, "certificate signed by unknown authority"],
    [
      "no right to sign certificates",
      { extensions: [basicConstraintsExtension(true), keyUsageExtension(["cRLSign"])] },
      "certificate signed by unknown authority",
    ],
    ["expired", { notAfter: STAMPED_AT - DAY }, "certificate has expired or is not yet valid"],
    [
      "another usage",
      { extensions: [...authorityExtensions, extendedKeyUsageExtension(["1.3.6.1.5.5.7.3.3"])] },
      "incompatible key usage",
    ],
    [
      "name constraints, not even critical",
      {
        extensions: [...authorityExtensions, { oid: "2.5.29.30", critical: false, value: CONSTRAINTS }],
      },
      /name ?constraints/i,
    ],
  ])("intermediate with %s", async (_, options, text) => {
    const judgement = await through(options)
    expect("fault" in judgement && judgement.fault.message).toMatch(text)
  })

  it("refuses paths longer than an authority allows", async () => {
    const only = await makeHolder("Only", {
      issuer: authority.root,
      extensions: [basicConstraintsExtension(true, 0), authorityExtensions[1]!],
    })
    const below = await makeHolder("Below", { issuer: only })
    const judgement = await stampedBy("Too deep", { issuer: below }, [below, only])
    expectFault(judgement, "E_TSA_INVALID", "too many intermediates for path length constraint")
  })

  it("refuses roots that are not given, in the token or not", async () => {
    const other = await makeAuthority()
    const token = await stampWith(handlerOptions(other), MESSAGE)
    expectFault(judge(token), "E_TSA_UNTRUSTED", "certificate signed by unknown authority")
    expectFault(judge(token, []), "E_TSA_UNTRUSTED", "certificate signed by unknown authority")
  })

  it("refuses a root past its validity", async () => {
    const root = await makeHolder("Old Root", { notAfter: STAMPED_AT - DAY })
    const stamper = await makeHolder("Of old root", { issuer: root, extensions: stamperExtensions })
    expectFault(await judged({}, { root, stamper }), "E_TSA_INVALID", "is after 2026-11-19T12:00:00Z")
  })

  it("adv: CVE-2018-16875 many intermediates of one name and key", async () => {
    const twins: Holder[] = []
    for (let i = 0; i < 9; i++)
      twins.push(await makeHolder("Between", { issuer: intermediate, sameKeyAs: intermediate }))
    const stamper = await makeHolder("Among twins", { issuer: intermediate, extensions: stamperExtensions })
    const chain = [stamper, ...twins].map(({ der }) => der)
    const few = await judged({ key: stamper.key, chain })
    expect("fault" in few && few.fault.code).toMatch(/E_TSA_UNTRUSTED|E_LIMIT_EXCEEDED/)
    const options = handlerOptions(authority, {
      key: stamper.key,
      chain: [...chain, ...Array<Uint8Array>(190).fill(intermediate.der)],
    })
    expectFault(judge(await stampWith(options, MESSAGE)), "E_LIMIT_EXCEEDED", "200 certificates, at most 10")
  })

  it("adv: CVE-2018-16875 many intermediates of one name that sign each other", async () => {
    const names: Holder[] = []
    for (let i = 0; i < 6; i++) names.push(await makeHolder("Round"))
    const crossed: Holder[] = []
    for (const [i, holder] of names.entries()) {
      crossed.push(await makeHolder("Round", { issuer: names[(i + 1) % 6]!, sameKeyAs: holder }))
    }
    const stamper = await makeHolder("Dizzy", { issuer: names[0]!, extensions: stamperExtensions })
    const chain = [stamper, ...crossed, ...names.slice(0, 3)].map(({ der }) => der)
    expectFault(await judged({ key: stamper.key, chain }), "E_LIMIT_EXCEEDED", "signature check attempts limit reached")
  })
})
