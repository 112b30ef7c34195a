import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http2"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, describe, expect, it } from "vitest"
import { failure } from "../../../net/test-servers.ts"
import type { OidcContext } from "../context.ts"
import { ambientToken, expected, TOKEN } from "./test-ambient.ts"

const folder = mkdtempSync(join(tmpdir(), "countersign-spiffe-"))
const opened: { close(): Promise<void> }[] = []
let sockets = 0

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const get = (facts: Partial<OidcContext>): ReturnType<typeof ambientToken> => ambientToken(opened, facts)

/** Messages made by the Go implementation of the workload API. */
const SVID_REQUEST = "0a0873696773746f7265"
function svidResponse(token: string): Buffer {
  const field = (number: number, bytes: Buffer): Buffer => {
    const length = [
      (bytes.length % 128) | (bytes.length >= 128 ? 128 : 0),
      ...(bytes.length >= 128 ? [bytes.length >> 7] : []),
    ]
    return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), bytes])
  }
  const first = [
    field(1, Buffer.from("spiffe://example.org/app")),
    field(2, Buffer.from(token)),
    field(3, Buffer.from("h")),
  ]
  return field(1, Buffer.concat(first))
}

/** A workload API on a socket. */
async function workloadApi(body: Buffer, trailers: Record<string, string>) {
  const calls: { readonly headers: Record<string, unknown>; readonly body: string }[] = []
  const server = createServer()
  server.on("stream", (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on("error", () => undefined)
    stream.on("data", (chunk: Buffer) => chunks.push(chunk))
    stream.on("end", () => {
      calls.push({ headers: { ...headers }, body: Buffer.concat(chunks).toString("hex") })
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true })
      stream.on("wantTrailers", () => {
        stream.sendTrailers(trailers)
      })
      stream.end(body)
    })
  })
  const path = join(folder, `socket-${sockets++}`)
  await new Promise<void>((resolve) => server.listen(path, resolve))
  opened.push({
    close: () =>
      new Promise((resolve) =>
        server.close(() => {
          resolve()
        }),
      ),
  })
  return { path, calls }
}

function grpc(message: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

describe("SPIFFE", () => {
  it("reads the bytes of the Go implementation", async () => {
    const bytes =
      "0a310a187370696666653a2f2f6578616d706c652e6f72672f617070120b6161612e6262622e6363631a08696e7465726e616c0a200a167370696666653a2f2f6578616d706c652e6f72672f6212067365636f6e64"
    const { path } = await workloadApi(grpc(Buffer.from(bytes, "hex")), { "grpc-status": "0" })
    const { fetchJwtSvid } = await import("./spiffe-call.ts")
    expect(await fetchJwtSvid(path, "sigstore")).toBe("aaa.bbb.ccc")
  })

  it.each(["", "unix://"])("asks the socket named by %spath", async (prefix) => {
    const { path, calls } = await workloadApi(grpc(svidResponse(TOKEN)), { "grpc-status": "0" })
    const env = { SPIFFE_ENDPOINT_SOCKET: prefix + path }
    expect(await get({ env }).got).toEqual(expected("spiffe"))
    expect(calls[0]!.headers).toMatchObject({
      ":path": "/SpiffeWorkloadAPI/FetchJWTSVID",
      "content-type": "application/grpc",
      "workload.spiffe.io": "true",
      te: "trailers",
    })
    expect(calls[0]!.body).toBe(`000000000a${SVID_REQUEST}`)
  })

  it.each<[string, Buffer, Record<string, string>, string, string]>([
    ["no identity", Buffer.alloc(0), { "grpc-status": "7", "grpc-message": "none" }, "E_OIDC_PERMISSION", "none"],
    ["another failure", Buffer.alloc(0), { "grpc-status": "14" }, "E_OIDC_REJECTED", "gRPC status 14"],
    ["no status", grpc(svidResponse(TOKEN)), {}, "E_OIDC_REJECTED", "gRPC status none"],
    ["no message", Buffer.alloc(0), { "grpc-status": "0" }, "E_OIDC_REJECTED", "malformed or empty"],
    ["an empty message", grpc(Buffer.alloc(0)), { "grpc-status": "0" }, "E_OIDC_REJECTED", "malformed or empty"],
    [
      "a compressed message",
      Buffer.concat([Buffer.of(1), grpc(svidResponse(TOKEN)).subarray(1)]),
      { "grpc-status": "0" },
      "E_OIDC_REJECTED",
      "malformed",
    ],
    [
      "a cut message",
      grpc(svidResponse(TOKEN).subarray(0, 40)),
      { "grpc-status": "0" },
      "E_OIDC_REJECTED",
      "malformed",
    ],
    [
      "a length past the end",
      grpc(Buffer.from("0affffffff0f", "hex")),
      { "grpc-status": "0" },
      "E_OIDC_REJECTED",
      "malformed",
    ],
    ["more than is read", Buffer.alloc(200_000), { "grpc-status": "0" }, "E_NET_CONNECT", "more than"],
  ])("fails: %s", async (_, body, trailers, code, words) => {
    const { path } = await workloadApi(body, trailers)
    const error = await failure(get({ env: { SPIFFE_ENDPOINT_SOCKET: path } }).got)
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
  })

  it("fails when nobody listens", async () => {
    const path = join(folder, "nobody")
    writeFileSync(path, "")
    const error = await failure(get({ env: { SPIFFE_ENDPOINT_SOCKET: path } }).got)
    expect(error.code).toBe("E_NET_CONNECT")
  })
})
