import { beforeAll, describe, expect, it } from "vitest"
import { asToolError, type ToolError } from "../../core/errors.ts"
import { digestOf } from "../../crypto/hash.ts"
import { parseTimestampRequest } from "../../crypto/rfc3161/request.ts"
import { buildTimestampResponse, parseTimestampResponse } from "../../crypto/rfc3161/response.ts"
import {
  handlerOptions,
  makeAuthority,
  post,
  STAMPED_AT,
  type TestAuthority,
} from "../../servers/authority/timestamp-fixture.ts"
import type { TimestampAlterations } from "../../servers/authority/timestamp-handler.ts"
import { stampSignature, type Stamp } from "./stamp-signature.ts"

const SIGNATURE = new TextEncoder().encode("raw signature bytes")
let authority: TestAuthority

beforeAll(async () => {
  authority = await makeAuthority()
})

async function stamp(
  alter: TimestampAlterations = {},
  change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): Promise<{ readonly stamp: Stamp; readonly asked: unknown[] }> {
  const asked: unknown[] = []
  const ask = async (...question: [string, Uint8Array, AbortSignal?, string?]): Promise<Uint8Array> => {
    asked.push(...question)
    const response = await post(handlerOptions(authority, { alter }), question[1])
    return change(new Uint8Array(await response.arrayBuffer()))
  }
  return { stamp: await stampSignature({ timestamps: { ask } }, "http://authority.test/ts", SIGNATURE), asked }
}

async function refusal(work: Promise<unknown>): Promise<ToolError> {
  try {
    await work
  } catch (thrown) {
    return asToolError(thrown)
  }
  throw new Error("it was accepted")
}

describe("timestamps of Sigstore's authorities", () => {
  it("are asked for with the hash alone, and kept as they came", async () => {
    const { stamp: made, asked } = await stamp()
    const [url, request, , manners] = asked
    expect([url, manners]).toEqual(["http://authority.test/ts", "sigstore"])
    const parsed = parseTimestampRequest(request as Uint8Array)
    expect(parsed).toMatchObject({ version: 1n, certReq: false, extensions: false })
    expect(parsed.nonce).toBeUndefined()
    expect(parsed.imprint.digest).toEqual(digestOf("sha256", SIGNATURE))
    expect(made.at).toBe(STAMPED_AT)
    expect(parseTimestampResponse(made.response).status).toBe(0n)
  })

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ["a refusal", () => buildTimestampResponse({ status: 2, failure: 0 })],
    ["a refusal with a token", (bytes) => withStatus(bytes, 2)],
    ["consent without a token", () => buildTimestampResponse({ status: 0 })],
    ["a status that nobody knows", (bytes) => withStatus(bytes, 17)],
    ["nothing", () => new Uint8Array()],
    ["text", () => new TextEncoder().encode("no timestamps today")],
    ["half an answer", (bytes) => bytes.subarray(0, bytes.length / 2)],
    ["something after the answer", (bytes) => Uint8Array.of(...bytes, 0)],
  ])("adv: timestamp-authority #1405 refuses %s", async (_, change) => {
    const error = await refusal(stamp({}, change))
    expect(error.code).toBe("E_TSA_INVALID")
    expect(error.what).toMatch(/^timestamp: /)
  })

  it("adv: timestamp-authority #1405 refuses a token about something else", async () => {
    const other = digestOf("sha256", new TextEncoder().encode("other"))
    let answer: Uint8Array | undefined
    const ask = async (_: string, request: Uint8Array): Promise<Uint8Array> => {
      const changed = Uint8Array.from(request)
      changed.set(other, changed.length - other.length)
      answer = new Uint8Array(await (await post(handlerOptions(authority), changed)).arrayBuffer())
      return answer
    }
    const error = await refusal(stampSignature({ timestamps: { ask } }, "http://authority.test/ts", SIGNATURE))
    expect(error.code).toBe("E_TSA_INVALID")
    expect(error.what).toContain("message imprint in response does not match with request")
  })
})

function withStatus(bytes: Uint8Array, status: number): Uint8Array {
  const { token } = parseTimestampResponse(bytes)
  return buildTimestampResponse({ status, ...(token === undefined ? {} : { token }) })
}
