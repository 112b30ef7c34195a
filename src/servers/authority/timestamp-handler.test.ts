import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { encodeDer, encodeDerInteger, encodeDerOid } from "../../codec/der.ts"
import type { KeyName } from "../../crypto/generate.ts"
import { digestOf } from "../../crypto/hash.ts"
import { buildTimestampRequest, encodeImprint } from "../../crypto/rfc3161/request.ts"
import { parseTimestampResponse } from "../../crypto/rfc3161/response.ts"
import { parseTimestampToken } from "../../crypto/rfc3161/token.ts"
import {
  handlerOptions,
  makeAuthority,
  opensslFolder,
  type OpensslFolder,
  pemOf,
  post,
  STAMPED_AT,
  type TestAuthority,
} from "./timestamp-fixture.ts"
import { createTimestampHandler } from "./timestamp-handler.ts"

const MESSAGE = new TextEncoder().encode("what was signed")
let authority: TestAuthority
let folder: OpensslFolder

beforeAll(async () => {
  authority = await makeAuthority()
  folder = opensslFolder()
})
afterAll(() => {
  folder.remove()
})

function verifyByOpenssl(root: Uint8Array): string {
  folder.write("root.pem", pemOf(root))
  const at = String(Math.floor(STAMPED_AT / 1000))
  return folder.run("ts", "-verify", "-queryfile", "q.tsq", "-in", "r.tsr", "-CAfile", "root.pem", "-attime", at)
}

describe("answers that openssl accepts", () => {
  it.each<KeyName>(["rsa-2048", "rsa-3072", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521"])("%s", async (keyName) => {
    const other = await makeAuthority(keyName)
    folder.write("data", MESSAGE)
    for (const hash of ["sha256", "sha384", "sha512"]) {
      folder.run("ts", "-query", "-data", "data", `-${hash}`, "-cert", "-out", "q.tsq")
      const accuracy = { seconds: 1, millis: 20, micros: 3 }
      const response = await post(handlerOptions(other, { accuracy }), folder.read("q.tsq"))
      expect(response.headers.get("content-type")).toBe("application/timestamp-reply")
      folder.write("r.tsr", new Uint8Array(await response.arrayBuffer()))
      expect(verifyByOpenssl(other.root.der)).toContain("Verification: OK")
      const text = folder.run("ts", "-reply", "-in", "r.tsr", "-text")
      expect(text).toContain("Time stamp: Nov 20 12:00:00.25 2026 GMT")
      expect(text).toContain("Accuracy: 0x01 seconds, 0x14 millis, 0x03 micros")
    }
  })

  it("without certificates when none are asked for", async () => {
    folder.write("data", MESSAGE)
    folder.run("ts", "-query", "-data", "data", "-sha256", "-no_nonce", "-out", "q.tsq")
    const response = await post(handlerOptions(authority), folder.read("q.tsq"))
    const bytes = new Uint8Array(await response.arrayBuffer())
    const token = parseTimestampToken(parseTimestampResponse(bytes).token!)
    expect(token.cms.certificates).toEqual([])
    expect(token.info.nonce).toBeUndefined()
    folder.write("r.tsr", bytes)
    folder.write("root.pem", pemOf(authority.root.der))
    folder.write("untrusted.pem", pemOf(authority.stamper.der))
    const at = String(Math.floor(STAMPED_AT / 1000))
    const args = ["-queryfile", "q.tsq", "-in", "r.tsr", "-CAfile", "root.pem", "-untrusted", "untrusted.pem"]
    expect(folder.run("ts", "-verify", ...args, "-attime", at)).toContain("Verification: OK")
  })
})

function request(changes: { version?: bigint; imprint?: Uint8Array; after?: readonly Uint8Array[] }): Uint8Array {
  const imprint = changes.imprint ?? encodeImprint("sha256", digestOf("sha256", MESSAGE))
  return encodeDer(0x30, encodeDerInteger(changes.version ?? 1n), imprint, ...(changes.after ?? []))
}

const sha1 = encodeDer(
  0x30,
  encodeDer(0x30, encodeDerOid("1.3.14.3.2.26"), encodeDer(0x05)),
  encodeDer(0x04, new Uint8Array(20)),
)

describe("requests that are rejected", () => {
  it.each<[string, Uint8Array, number]>([
    ["junk", new TextEncoder().encode('{"artifactHash":"x"}'), 5],
    ["nothing", new Uint8Array(0), 5],
    ["trailing bytes", Uint8Array.of(...request({}), 0), 5],
    ["version 2", request({ version: 2n }), 2],
    ["SHA-1", request({ imprint: sha1 }), 0],
    ["a digest of another length", request({ imprint: encodeImprint("sha384", new Uint8Array(32)) }), 5],
    ["another policy", request({ after: [encodeDerOid("1.2.3")] }), 15],
    ["an extension", request({ after: [encodeDer(0xa0, encodeDer(0x30))] }), 16],
    ["a negative nonce", request({ after: [encodeDer(0x02, Uint8Array.of(0xff))] }), 2],
    ["members out of order", request({ after: [encodeDer(0x01, Uint8Array.of(0xff)), encodeDerInteger(1n)] }), 5],
  ])("%s", async (_, body, failure) => {
    const response = await post(handlerOptions(authority), body)
    expect(response.status).toBe(200)
    const answer = parseTimestampResponse(new Uint8Array(await response.arrayBuffer()))
    expect(answer).toEqual({ status: 2n, texts: [], failures: [failure] })
  })

  it("in a form that openssl reads", async () => {
    const response = await post(handlerOptions(authority), request({ after: [encodeDerOid("1.2.3")] }))
    folder.write("r.tsr", new Uint8Array(await response.arrayBuffer()))
    expect(folder.run("ts", "-reply", "-in", "r.tsr", "-text")).toMatch(/Status: Rejected[^]*policy is not supported/)
  })
})

describe("what is no request", () => {
  const good = buildTimestampRequest({ hash: "sha256", digest: digestOf("sha256", MESSAGE), nonce: 1n })
  const type = "application/timestamp-query"

  it.each<[string, number, RequestInit]>([
    ["another method", 405, { method: "GET" }],
    ["no content type", 415, { method: "POST", body: good }],
    ["JSON", 415, { method: "POST", body: "{}", headers: { "content-type": "application/json" } }],
    ["a parameter", 415, { method: "POST", body: good, headers: { "content-type": `${type};a=b` } }],
    [
      "adv: GHSA-4qg8-fj49-pxjh a million parameters",
      415,
      { method: "POST", body: good, headers: { "content-type": type + ";".repeat(1_000_000) } },
    ],
    [
      "adv: GHSA-4qg8-fj49-pxjh a large body",
      413,
      { method: "POST", body: new Uint8Array(20_000), headers: { "content-type": type } },
    ],
  ])("%s", async (_, status, init) => {
    const handler = createTimestampHandler(handlerOptions(authority))
    expect((await handler(new Request("http://authority.test/", init as never))).status).toBe(status)
  })
})
