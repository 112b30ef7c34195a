import type { Readable } from "node:stream"
import { finished } from "node:stream/promises"

import { ToolError } from "../../core/errors.ts"
import type { HttpResponse } from "./http-types.ts"
import { netError, toNetError } from "./net-errors.ts"

/** Bytes of an unwanted body that are read to keep the connection; beyond, closing it is cheaper. */
const DISCARD_BYTES = 64 * 1024

/** What {@link makeResponse} wraps. */
export interface RawAnswer {
  readonly status: number
  readonly method: string
  readonly url: URL
  /** Names and values alternate. */
  readonly headers: readonly string[]
  readonly body: Readable
  /** Called once when the exchange is over or the body is being streamed. */
  readonly release: () => void
  /** Why reading was aborted, when it was. */
  readonly aborted: () => ToolError | undefined
  /** Sends the request again, for a body that was cut short; absent when that is not allowed. */
  readonly again?: (() => Promise<HttpResponse>) | undefined
}

/**
 * The answer as callers see it. Content codings are undone here: we ask for none, but proxies add them.
 *
 * @throws {ToolError} `E_REGISTRY_PROTOCOL` for a coding other than gzip and deflate, or one on a partial answer.
 */
export async function makeResponse(raw: RawAnswer): Promise<HttpResponse> {
  const headers = groupHeaders(raw.headers)
  const stream = await decoded(raw, headers)
  const empty =
    raw.method === "HEAD" || raw.status === 204 || raw.status === 304 || headers.get("content-length")?.[0] === "0"
  if (empty) stream.resume()
  if (empty || isSmall(headers)) raw.release()
  const values = (name: string): readonly string[] => headers.get(name.toLowerCase()) ?? []
  const header = (name: string): string | undefined => (values(name).length === 0 ? undefined : values(name).join(", "))
  const response: HttpResponse = {
    status: raw.status,
    url: raw.url.href,
    header,
    headerValues: values,
    body: { [Symbol.asyncIterator]: () => streamBody(raw, stream, empty)[Symbol.asyncIterator]() },
    bytes: (max) => readOrRepeat(raw, stream, empty, max, response),
    async discard() {
      if (!empty) await drop(stream, header("content-length"))
      raw.release()
    },
  }
  return response
}

/** Such a body came with the headers or is about to; holding the host's place for it would gain nothing. */
function isSmall(headers: ReadonlyMap<string, readonly string[]>): boolean {
  const declared = headers.get("content-length")?.[0]
  return declared !== undefined && Number(declared) <= DISCARD_BYTES
}

function groupHeaders(raw: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase()
    const value = raw[at + 1] ?? ""
    const found = headers.get(name)
    if (found === undefined) headers.set(name, [value])
    else found.push(value)
  }
  return headers
}

async function decoded(raw: RawAnswer, headers: Map<string, string[]>): Promise<Readable> {
  const coding = (headers.get("content-encoding") ?? []).join(",").trim().toLowerCase()
  if (coding === "" || coding === "identity") return raw.body
  const known = coding === "gzip" || coding === "x-gzip" || coding === "deflate"
  if (!known || raw.status === 206) {
    raw.body.destroy()
    raw.release()
    throw new ToolError("E_REGISTRY_PROTOCOL", {
      what: `${raw.url.host} sent a content coding that was not asked for`,
      why: `Content-Encoding is ${JSON.stringify(coding.slice(0, 40))}${raw.status === 206 ? " on a partial answer" : ""}, asked was identity`,
    })
  }
  // Both belong to the coded form; nobody may compare them with what is read.
  headers.delete("content-length")
  headers.delete("content-encoding")
  if (raw.method === "HEAD" || raw.status === 204 || raw.status === 304) return raw.body
  const { createGunzip, createInflate } = await import("node:zlib")
  const decoder = coding === "deflate" ? createInflate() : createGunzip()
  raw.body.on("error", (error) => decoder.destroy(error))
  decoder.on("close", () => raw.body.destroy())
  decoder.on("error", () => undefined)
  return raw.body.pipe(decoder)
}

async function* streamBody(raw: RawAnswer, stream: Readable, empty: boolean): AsyncGenerator<Uint8Array> {
  // A stream may feed another request to the same host; it must not hold that one's place.
  raw.release()
  if (empty) return
  try {
    for await (const chunk of stream) yield chunk as Uint8Array
  } catch (thrown) {
    throw bodyError(raw, thrown)
  } finally {
    stream.destroy()
  }
}

function bodyError(raw: RawAnswer, thrown: unknown): ToolError {
  const aborted = raw.aborted()
  if (aborted !== undefined) return aborted
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined
  if (code?.startsWith("Z_")) {
    return netError(
      "E_NET_CONNECT",
      {
        what: `the answer of ${raw.url.host} is damaged`,
        why: `its compressed form is broken (${code})`,
        cause: thrown,
      },
      "full",
    )
  }
  return toNetError(thrown, raw.url.host)
}

async function readAll(raw: RawAnswer, stream: Readable, empty: boolean, max: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    if (empty) return new Uint8Array(0)
    const declared = groupHeaders(raw.headers).get("content-length")?.[0]
    if (declared !== undefined && Number(declared) > max) throw tooLarge(raw, `it announces ${declared} bytes`, max)
    for await (const chunk of stream) {
      size += (chunk as Uint8Array).length
      if (size > max) throw tooLarge(raw, `it has more than ${max} bytes`, max)
      chunks.push(chunk as Uint8Array)
    }
    return new Uint8Array(Buffer.concat(chunks, size))
  } catch (thrown) {
    throw bodyError(raw, thrown)
  } finally {
    stream.destroy()
    raw.release()
  }
}

function tooLarge(raw: RawAnswer, observed: string, max: number): ToolError {
  return new ToolError("E_NET_TOO_LARGE", {
    what: `the answer of ${raw.url.host} is larger than allowed`,
    why: `${observed}, allowed are ${max}`,
    details: { host: raw.url.host, limit: max },
  })
}

/** Headers in which a repeated answer must agree with the first, because the caller has seen those already. */
const MUST_AGREE = ["etag", "docker-content-digest", "content-type", "content-range", "link"] as const

async function readOrRepeat(
  raw: RawAnswer,
  stream: Readable,
  empty: boolean,
  max: number,
  response: HttpResponse,
): Promise<Uint8Array> {
  try {
    return await readAll(raw, stream, empty, max)
  } catch (thrown) {
    const broken = thrown instanceof ToolError && (thrown.code === "E_NET_CONNECT" || thrown.code === "E_NET_TIMEOUT")
    if (!broken || raw.again === undefined || raw.aborted() !== undefined) throw thrown
    const second = await raw.again()
    const agrees =
      second.status === response.status && MUST_AGREE.every((name) => second.header(name) === response.header(name))
    if (agrees) return second.bytes(max)
    await second.discard()
    throw thrown
  }
}

async function drop(stream: Readable, declared: string | undefined): Promise<void> {
  if (stream.destroyed || stream.readableEnded) return
  if (declared === undefined || Number(declared) > DISCARD_BYTES) {
    stream.destroy()
    return
  }
  try {
    stream.resume()
    await finished(stream)
  } catch {
    // The body was unwanted; that it broke changes nothing.
    stream.destroy()
  }
}
