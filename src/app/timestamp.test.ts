import { beforeAll, describe, expect, it } from "vitest"
import { DER_TAG, encodeDer, encodeDerInteger, encodeDerOid } from "../codec/der.ts"
import { ToolError } from "../core/errors.ts"
import { digestOf } from "../crypto/hash.ts"
import type { TstInfoInit } from "../crypto/rfc3161/build-token.ts"
import { encodeImprint } from "../crypto/rfc3161/request.ts"
import {
  handlerOptions,
  makeAuthority,
  makeHolder,
  pemOf,
  post,
  STAMPED_AT,
  stamperExtensions,
  type TestAuthority,
} from "../servers/authority/timestamp-fixture.ts"
import type { TimestampAlterations, TimestampAuthorityOptions } from "../servers/authority/timestamp-handler.ts"
import { judgeTimestamp } from "../trust/timestamp.ts"
import { readTimestampRoot } from "./timestamp-root.ts"
import { type RevocationFindings, type TimestampOrder, timestampSignature } from "./timestamp.ts"

const SIGNATURE = new TextEncoder().encode("raw signature bytes")
let authority: TestAuthority

beforeAll(async () => {
  authority = await makeAuthority()
})

interface Case {
  readonly authority?: Partial<TimestampAuthorityOptions>
  readonly order?: Partial<TimestampOrder>
  readonly answer?: (bytes: Uint8Array) => Uint8Array
  readonly now?: number
  readonly revocation?: RevocationFindings
}

async function stamp(options: Case = {}): Promise<{ token: Uint8Array; requests: Uint8Array[]; chains: string[][] }> {
  const requests: Uint8Array[] = []
  const chains: string[][] = []
  const ask = async (_url: string, request: Uint8Array): Promise<Uint8Array> => {
    requests.push(request)
    const response = await post(handlerOptions(authority, options.authority), request)
    const bytes = new Uint8Array(await response.arrayBuffer())
    return options.answer?.(bytes) ?? bytes
  }
  const token = await timestampSignature(
    {
      timestamps: { ask },
      clock: { now: () => options.now ?? STAMPED_AT },
      randomness: { bytes: (count) => new Uint8Array(count).fill(0xff) },
    },
    {
      url: "http://authority.test/",
      root: authority.root.certificate,
      hash: "sha256",
      signature: SIGNATURE,
      checkRevocation: (chain) => {
        chains.push(chain.map(({ subject }) => subject.text))
        return Promise.resolve(options.revocation ?? {})
      },
      ...options.order,
    },
  )
  return { token, requests, chains }
}

const info = (change: Partial<TstInfoInit>): TimestampAlterations => ({ info: (right) => ({ ...right, ...change }) })
const answer = (
  change: (right: {
    readonly status: number
    readonly token?: Uint8Array
  }) => ReturnType<NonNullable<TimestampAlterations["answer"]>>,
): TimestampAlterations => ({ answer: change })

describe("having a signature stamped", () => {
  it.each(["sha256", "sha384", "sha512"] as const)("with %s", async (hash) => {
    const { token, requests, chains } = await stamp({ order: { hash } })
    const judged = judgeTimestamp({ token, message: SIGNATURE, roots: [authority.root.certificate] })
    expect(judged).toMatchObject({ genTime: STAMPED_AT, info: { nonce: 2n ** 159n - 1n } })
    expect(requests).toHaveLength(1)
    expect(chains).toEqual([["CN=Test Stamper", "CN=Test Timestamp Root"]])
  })

  it("sends the bytes of the specification", async () => {
    const { requests } = await stamp()
    const digest = Buffer.from(digestOf("sha256", SIGNATURE)).toString("hex")
    expect(Buffer.from(requests[0]!).toString("hex")).toBe(
      `304f0201013031300d0609608648016503040201050004 20${digest}02147f${"ff".repeat(19)}0101ff`.replaceAll(" ", ""),
    )
  })

  it("takes an answer that is granted with modifications", async () => {
    expect(await stamp({ authority: { alter: answer((right) => ({ ...right, status: 1 })) } })).toHaveProperty("token")
  })

  it("returns the token as it came, in BER too", async () => {
    // The same token with an indefinite length around it, in an answer of indefinite length.
    const { token } = await stamp({
      answer: (bytes) => Uint8Array.of(0x30, 0x80, ...bytes.subarray(bytes[1] === 0x82 ? 4 : 3), 0, 0),
      authority: { alter: { token: (der) => Uint8Array.of(0x30, 0x80, ...der.subarray(4), 0, 0) } },
    })
    expect(Array.from(token.subarray(0, 2))).toEqual([0x30, 0x80])
    expect(judgeTimestamp({ token, message: SIGNATURE, roots: [authority.root.certificate] })).toHaveProperty("chain")
  })
})

const sha256WithoutNull = encodeDer(
  DER_TAG.sequence,
  encodeDer(DER_TAG.sequence, encodeDerOid("2.16.840.1.101.3.4.2.1")),
  encodeDer(DER_TAG.octetString, digestOf("sha256", SIGNATURE)),
)
const ANSWER = "timestamp: invalid timestamping response: "

describe("answers that are refused", () => {
  it.each<[string, Case, string, string]>([
    [
      "adv: timestamp-authority #1405 no nonce",
      alter({ info: ({ policy, imprint, serial, genTime }) => ({ policy, imprint, serial, genTime }) }),
      "E_TSA_INVALID",
      `${ANSWER}nonce in response <nil> does not match nonce in request 730`,
    ],
    [
      "adv: timestamp-authority #1405 another nonce",
      alter(info({ nonce: 5n })),
      "E_TSA_INVALID",
      `${ANSWER}nonce in response 5 does not match`,
    ],
    [
      "adv: timestamp-authority #1405 another hash",
      alter(info({ imprint: encodeImprint("sha512", digestOf("sha512", SIGNATURE)) })),
      "E_TSA_INVALID",
      `${ANSWER}message imprint in response does not match with request`,
    ],
    [
      "an imprint without NULL",
      alter(info({ imprint: sha256WithoutNull })),
      "E_TSA_INVALID",
      `${ANSWER}message imprint`,
    ],
    [
      "another message",
      alter(info({ imprint: encodeImprint("sha256", new Uint8Array(32)) })),
      "E_TSA_INVALID",
      `${ANSWER}message imprint`,
    ],
    [
      "version 2",
      alter(info({ version: 2 })),
      "E_TSA_INVALID",
      `${ANSWER}timestamp token info version must be 1, but got 2`,
    ],
    [
      "adv: timestamp-authority #1405 rejection with a token",
      alter(answer((right) => ({ ...right, status: 2 }))),
      "E_TSA_INVALID",
      `${ANSWER}invalid response with status code 2: rejected`,
    ],
    [
      "a rejection that says why",
      { order: { hash: "sha256" }, authority: { alter: answer(() => ({ status: 2, failure: 0 })) } },
      "E_TSA_INVALID",
      `${ANSWER}invalid response with status code 2: rejected. Failure info: unrecognized or unsupported Algorithm Identifier`,
    ],
    [
      "waiting",
      alter(answer(() => ({ status: 3 }))),
      "E_TSA_INVALID",
      `${ANSWER}invalid response with status code 3: the request body part`,
    ],
    [
      "an unknown status",
      alter(answer(() => ({ status: 9 }))),
      "E_TSA_INVALID",
      `${ANSWER}invalid response with status code 9: unknown PKIStatus 9`,
    ],
    [
      "adv: timestamp-authority #1405 granted without a token",
      alter(answer(() => ({ status: 0 }))),
      "E_TSA_INVALID",
      `${ANSWER}the request was granted and there is no token`,
    ],
    ["junk", { answer: () => new TextEncoder().encode("<html>") }, "E_TSA_INVALID", `${ANSWER}malformed TimeStampResp`],
    ["nothing", { answer: () => new Uint8Array(0) }, "E_TSA_INVALID", `${ANSWER}malformed TimeStampResp`],
    [
      "a token that is none",
      alter({ token: () => encodeDer(DER_TAG.sequence, encodeDerInteger(1n)) }),
      "E_TSA_INVALID",
      `${ANSWER}cms: syntax error: invalid signed data`,
    ],
    [
      "adv: GHSA-7c37-gx6w-8vc5 a token without certificates",
      alter({ parts: (right) => ({ ...right, certificates: [] }) }),
      "E_TSA_INVALID",
      `${ANSWER}certReq is True in request, but did not find any TSA signing certificate in the response`,
    ],
    [
      "adv: CVE-2025-52556 a signature that does not hold",
      alter({ token: (der) => der.map((byte, at) => (at === der.length - 1 ? byte ^ 1 : byte)) }),
      "E_TSA_INVALID",
      "timestamp: failed to verify signed token: cms verification failure: x509: ECDSA verification failure",
    ],
    [
      "a chain past its validity now",
      { now: STAMPED_AT + 40 * 86_400_000 },
      "E_TSA_INVALID",
      "timestamp: failed to verify signed token: cms verification failure: x509: certificate has expired",
    ],
    [
      "adv: GHSA-45v3-38pc-874v a revoked certificate",
      { revocation: { decisive: { status: "revoked", subject: 'CN="x"' } } },
      "E_CERT_REVOKED",
      'timestamp: timestamping certificate with subject "CN=\\"x\\"" is revoked',
    ],
    [
      "adv: GHSA-45v3-38pc-874v what could not be found out",
      { revocation: { decisive: { status: "unknown", subject: "CN=x", why: "no answer" } } },
      "E_CERT_REVOCATION_UNKNOWN",
      'timestamp: timestamping certificate with subject "CN=x" revocation status is unknown',
    ],
  ])("%s", async (_, options, code, what) => {
    await expect(stamp(options)).rejects.toMatchObject({ code, what: expect.stringContaining(what) as unknown })
  })

  it("of another authority", async () => {
    const other = await makeAuthority()
    const refused = stamp({ authority: { key: other.stamper.key, chain: [other.stamper.der, other.root.der] } })
    await expect(refused).rejects.toMatchObject({
      code: "E_TSA_UNTRUSTED",
      what: "timestamp: failed to verify signed token: cms verification failure: x509: certificate signed by unknown authority",
    })
  })

  it("keeps the code of a service that fails, asks nobody about revocation then", async () => {
    const failure = new ToolError("E_NET_CONNECT", { what: 'Post "http://x/": refused', why: "nobody listens" })
    const asked = stamp({
      answer: () => {
        throw failure
      },
    })
    await expect(asked).rejects.toMatchObject({
      code: "E_NET_CONNECT",
      what: 'timestamp: Post "http://x/": refused',
      why: "nobody listens",
    })
  })
})

function alter(alterations: TimestampAlterations): Case {
  return { authority: { alter: alterations } }
}

describe("the root", () => {
  const read = (content: Uint8Array | string) =>
    readTimestampRoot(
      { read: () => Promise.resolve(typeof content === "string" ? new TextEncoder().encode(content) : content) },
      "dir/root.pem",
    )

  it("in PEM and DER", async () => {
    const { der, certificate } = authority.root
    expect((await read(pemOf(der))).thumbprint).toBe(certificate.thumbprint)
    expect((await read(der)).thumbprint).toBe(certificate.thumbprint)
  })

  it("refuses anything else", async () => {
    const tail = "Expecting single x509 root certificate in PEM or DER format from the file"
    const { root, stamper } = authority
    const alone = await makeHolder("Alone", { extensions: stamperExtensions })
    const between = await makeHolder("Between", { issuer: root })
    const cases: readonly (readonly [Uint8Array | string, string])[] = [
      ["", `cannot find any certificate from "dir/root.pem". ${tail}`],
      [pemOf(root.der, stamper.der), `found more than one certificates from "dir/root.pem". ${tail}`],
      [between.der, "failed to check root certificate with error: x509: ECDSA verification failure"],
      [
        alone.der,
        "failed to check root certificate with error: x509: invalid signature: parent certificate cannot sign",
      ],
      ["junk", "x509: malformed certificate"],
    ]
    for (const [content, what] of cases) {
      await expect(read(content)).rejects.toMatchObject({
        code: "E_TRUST_MALFORMED",
        what: expect.stringContaining(what) as unknown,
      })
    }
  })
})
