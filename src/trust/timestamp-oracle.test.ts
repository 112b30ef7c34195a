import * as pkijs from "pkijs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type DerElement, derChildren, encodeDer, parseDer } from "../codec/der.ts"
import type { ErrorCode } from "../core/error-catalogue.ts"
import type { KeyName } from "../crypto/generate.ts"
import { digestOf } from "../crypto/hash.ts"
import { buildTimestampRequest } from "../crypto/rfc3161/request.ts"
import { parseTimestampResponse } from "../crypto/rfc3161/response.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import {
  handlerOptions,
  makeAuthority,
  makeHolder,
  opensslFolder,
  type OpensslFolder,
  opensslReply,
  STAMPED_AT,
  stamperExtensions,
  stampWith,
  type TestAuthority,
} from "../servers/authority/timestamp-fixture.ts"
import type { TimestampAuthorityOptions } from "../servers/authority/timestamp-handler.ts"
import { judgeTimestamp, type TimestampJudgement } from "./timestamp.ts"

const MESSAGE = new TextEncoder().encode("raw signature bytes")
let authority: TestAuthority

beforeAll(async () => {
  authority = await makeAuthority()
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

describe("tokens that openssl makes", () => {
  let folder: OpensslFolder
  const now = Date.now()
  beforeAll(() => {
    folder = opensslFolder()
  })
  afterAll(() => {
    folder.remove()
  })

  async function reply(keyName: KeyName, hash: "sha256" | "sha384" | "sha512", settings = {}) {
    const own = await makeAuthority(keyName, now)
    const request = buildTimestampRequest({ hash, digest: digestOf(hash, MESSAGE), nonce: 1n << 158n })
    const { token } = parseTimestampResponse(opensslReply(folder, own, request, settings))
    return { own, token: token ?? new Uint8Array(0) }
  }

  it.each<[KeyName, "sha256" | "sha384" | "sha512", string]>([
    ["rsa-2048", "sha256", "sha256"],
    ["rsa-3072", "sha384", "sha512"],
    ["rsa-4096", "sha512", "sha384"],
    ["ecdsa-p256", "sha256", "sha256"],
    ["ecdsa-p384", "sha384", "sha384"],
    ["ecdsa-p521", "sha512", "sha512"],
  ])("%s over %s signed with %s", async (keyName, hash, signer) => {
    const { own, token } = await reply(keyName, hash, { signer_digest: signer })
    const answer = judge(token, [own.root.certificate])
    if ("fault" in answer) throw new Error(answer.fault.message)
    expect(answer.chain.map(({ thumbprint }) => thumbprint)).toEqual(
      [own.stamper, own.root].map(({ certificate }) => certificate.thumbprint),
    )
    expect(answer.accuracy).toBe(1500.1)
    expect([answer.genTime - answer.earliest, answer.latest - answer.genTime]).toEqual([1501, 1501])
    expect(answer.info).toMatchObject({ nonce: 1n << 158n, policy: "1.2.3.4.1", ordering: true })
  })

  it.each([
    ["1.2.3.4.1", 0],
    ["0.4.0.2023.1.1", 1000],
  ])("without accuracy under policy %s", async (policy, accuracy) => {
    const { own, token } = await reply("ecdsa-p256", "sha256", { accuracy: "secs:0", default_policy: policy })
    expect(judge(token, [own.root.certificate])).toMatchObject({ accuracy })
  })

  it("refuses SigningCertificate with SHA-1 instead of SigningCertificateV2", async () => {
    const { own, token } = await reply("ecdsa-p256", "sha256", { ess_cert_id_alg: "sha1" })
    expectFault(judge(token, [own.root.certificate]), "E_TSA_INVALID", /SigningCertificateV2 .*attribute not found$/)
  })

  it("refuses a signature with SHA-1", async () => {
    const { own, token } = await reply("rsa-2048", "sha256", { signer_digest: "sha1" })
    expectFault(judge(token, [own.root.certificate]), "E_TSA_INVALID", /unknown signature algorithm$/)
  })
})

describe("schemes", () => {
  it("accepts RSA-PSS", async () => {
    const own = await makeAuthority("rsa-2048")
    for (const hash of ["sha256", "sha384", "sha512"] as const) {
      expect(await judged({ scheme: { scheme: "rsa-pss", hash } }, own)).toHaveProperty("chain")
    }
  })

  it("refuses Ed25519, which the Notary Project does not use", async () => {
    const own = await makeAuthority("ed25519")
    expectFault(await judged({}, own), "E_TSA_INVALID", /timestamping certificate chain .*unsupported public key type/)
  })
})

async function pkijsAccepts(token: Uint8Array): Promise<boolean> {
  try {
    const content = pkijs.ContentInfo.fromBER(new Uint8Array(token))
    const signed = new pkijs.SignedData({ schema: content.content })
    return await signed.verify({
      signer: 0,
      data: new Uint8Array(MESSAGE).buffer,
      trustedCerts: [pkijs.Certificate.fromBER(new Uint8Array(authority.root.der))],
      checkChain: true,
      checkDate: new Date(STAMPED_AT),
    })
  } catch {
    return false
  }
}

describe("beside pkijs", () => {
  it("agrees on what is right", async () => {
    for (const keyName of ["ecdsa-p256", "ecdsa-p384", "rsa-2048"] as const) {
      const stamper = await makeHolder("Stamper", { issuer: authority.root, keyName, extensions: stamperExtensions })
      const options = handlerOptions(authority, { key: stamper.key, chain: [stamper.der] })
      const token = await stampWith(options, MESSAGE)
      expect(judge(token)).toHaveProperty("chain")
      expect(await pkijsAccepts(token)).toBe(true)
    }
  })

  /** Where pkijs is not as strict: what it does not look at, or reads leniently. */
  const EXPLAINED = new RegExp(
    [
      /cms: content type is not signed-data/,
      /unexpected content type/,
      /mismatch content type/,
      /version: (got \d+, want 3|only version 1 is supported)/,
      // It goes by the identifier alone and knows no SigningCertificateV2.
      /signing certificate (not found in the timestamp token|hash does not match CertHash)/,
      // It takes the hash of the signature algorithm for every hash.
      /unsupported digest algorithm/,
      // Encodings of BIT STRING, INTEGER and lengths that are not DER.
      /malformed certificate: DER: BIT STRING with unused bits/,
      /x509: ECDSA verification failure/,
      /malformed (timestamp token|SigningCertificateV2): /,
      // Lengths that reach beyond what holds them.
      /length octets value should be less or equal to the subsequent octets length/,
    ]
      .map(({ source }) => source)
      .join("|"),
  )

  it("adv: CVE-2025-12816 no changed bit changes the meaning or passes where pkijs refuses", async () => {
    const chain = [authority.stamper.der]
    const token = await stampWith(handlerOptions(authority, { chain }), MESSAGE)
    const original = judge(token)
    let accepted = 0
    for (let at = 0; at < token.length; at++) {
      for (const bit of [0x01, 0x20]) {
        const changed = token.slice()
        changed[at] = (changed[at] ?? 0) ^ bit
        const judgement = judge(changed)
        // It takes its time: what is refused here is tried there at every eighth byte.
        const theirs = ("fault" in judgement && at % 8 !== 0) || (await pkijsAccepts(changed))
        if ("fault" in judgement) {
          if (theirs && at % 8 === 0) expect(judgement.fault.message).toMatch(EXPLAINED)
          continue
        }
        accepted++
        expect(theirs).toBe(true)
        expect(judgement).toEqual(original)
      }
    }
    // Neither signed nor used: the digest algorithms at the front of SignedData, one AlgorithmIdentifier.
    expect(accepted).toBeLessThanOrEqual(2 * 15)
  })

  it("adv: CVE-2025-12816 no optional part may be dropped, doubled, swapped or of another class", async () => {
    const token = await stampWith(handlerOptions(authority, { chain: [authority.stamper.der] }), MESSAGE)
    const original = judge(token)
    const accepted = mutations(parseDer(token, "token")).filter((changed) => {
      const judgement = judge(changed)
      if ("fault" in judgement) return false
      expect(judgement).toEqual(original)
      return true
    })
    // In the set of digest algorithms, which nothing depends on: its member dropped, doubled, without its NULL, and with
    // another NULL; the certificate and the signer doubled; the NULL of the signer's digest dropped; two attributes
    // swapped with the next one, since signed is their sorted SET.
    expect(accepted.length).toBe(9)
  })
})

/** The document with every element in turn dropped, doubled, swapped with the one after it, and given another class. */
function mutations(element: DerElement): Uint8Array[] {
  if ((element.tag & 0x20) === 0) return []
  const children = derChildren(element, "token")
  const around = (...members: readonly Uint8Array[]): Uint8Array => encodeDer(element.tag, ...members)
  const raws = children.map(({ raw }) => raw)
  return children.flatMap((child, at) => {
    const before = raws.slice(0, at)
    const after = raws.slice(at + 1)
    const swapped = after[0] === undefined ? [] : [around(...before, after[0], child.raw, ...after.slice(1))]
    return [
      around(...before, ...after),
      around(...before, child.raw, child.raw, ...after),
      ...swapped,
      around(...before, Uint8Array.of(child.tag ^ 0x80, ...child.raw.subarray(1)), ...after),
      ...mutations(child).map((changed) => around(...before, changed, ...after)),
    ]
  })
}
