import { concatBytes } from "../../../codec/concat-bytes.ts"
import { parseJson } from "../../../codec/json.ts"
import { asToolError } from "../../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import type { Logger } from "../../../core/ports.ts"
import { readBody } from "../../authority/read-body.ts"
import { textResponse } from "../../registry/json-response.ts"
import type { RekorCall, RekorFaults } from "./options.ts"
import { failureOf, LogRefusal, reading } from "./refusal.ts"

/** Request and what is known of it. */
export interface Received extends RekorCall {
  readonly request: Request
  readonly query: URLSearchParams
}

/** How a log answers one call. @throws {LogRefusal} and whatever fails. */
export type Endpoint = (call: Received) => Promise<Response>

/** Writes an error as the clients of an API know it. */
export type ErrorWriter = (status: number, message: string) => JsonValue

/** The request and its place in the API, whatever lies before `/api/`. */
export function receive(request: Request, api: 1 | 2): Received {
  const { pathname, searchParams } = new URL(request.url)
  const at = pathname.indexOf("/api/")
  return { request, api, method: request.method, path: at === -1 ? pathname : pathname.slice(at), query: searchParams }
}

/** What is around every endpoint. */
export interface CallParts {
  readonly write: ErrorWriter
  readonly logger: Logger | undefined
  readonly faults: RekorFaults | undefined
}

/** Answer a call: faults around the endpoint, and every failure as an answer of its own. */
export async function answerCall(call: Received, endpoint: Endpoint, parts: CallParts): Promise<Response> {
  const { faults } = parts
  const response = (await faults?.before?.(call)) ?? (await guarded(call, endpoint, parts))
  return (await faults?.after?.(response, call)) ?? response
}

async function guarded(call: Received, endpoint: Endpoint, { write, logger }: CallParts): Promise<Response> {
  try {
    return await endpoint(call)
  } catch (thrown) {
    const { status, message } = failureOf(thrown)
    // The client learns the kind of failure alone; what it was is for who runs the log.
    if (!(thrown instanceof LogRefusal)) logger?.warn("rekor.failure", failureFields(call, thrown))
    const headers = thrown instanceof LogRefusal ? thrown.headers : {}
    return jsonAnswer(write(status, message), status, headers)
  }
}

function failureFields({ method, path }: Received, thrown: unknown): JsonObject {
  const { code, what, why = "" } = asToolError(thrown)
  return { method, path, code, what, why }
}

/** A JSON answer; bigints are refused by the compiler's types of what is written here. */
export function jsonAnswer(value: JsonValue, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return textResponse(JSON.stringify(value), status, { "Content-Type": "application/json", ...headers })
}

/** An answer of bytes. */
export function bytesAnswer(chunks: readonly Uint8Array[], headers: Readonly<Record<string, string>>): Response {
  const bytes = concatBytes(chunks)
  return new Response(bytes, { headers: { ...headers, "Content-Length": String(bytes.length) } })
}

/**
 * The JSON document a client sent.
 *
 * @throws {LogRefusal} 413 for more than `max` bytes, 415 for another type, 400 for what is no JSON.
 */
export async function jsonBody({ request }: Received, max: number, prefix: string): Promise<JsonValue> {
  const type = (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? ""
  if (type !== "application/json") {
    throw new LogRefusal(415, `unsupported media type ${JSON.stringify(type)}, only [application/json] are allowed`)
  }
  const bytes = await readBody(request, max)
  if (bytes === undefined) throw new LogRefusal(413, `http: request body too large: at most ${max} bytes`)
  return reading(prefix, () => parseJson(bytes, { maxBytes: max, what: "body" }))
}
