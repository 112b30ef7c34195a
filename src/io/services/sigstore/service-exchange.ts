import { parseJson } from "../../../codec/json.ts"
import { isObject } from "../../../codec/json-shape.ts"
import { asToolError, ToolError } from "../../../core/errors.ts"
import type { JsonValue } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import { printable } from "../../../core/printable.ts"
import { withoutTokens } from "../../../core/without-tokens.ts"
import type { HttpClient, HttpRequest, HttpResponse } from "../../net/http-types.ts"
import { redactUrl } from "../../net/redact.ts"

/** Characters of a service's message that are shown. */
const MESSAGE_CHARACTERS = 300

/** What the adapters of Sigstore's services need. */
export interface ServiceOptions {
  readonly http: () => Promise<HttpClient>
  /** Milliseconds for one exchange, tries included; default 60 s. */
  readonly timeoutMs?: number
}

/** Long enough for a version 2 log, which answers when its next checkpoint is out, and for being asked again. */
const TIMEOUT_MS = 60_000

/** One request to a service. */
export interface ServiceRequest extends Pick<HttpRequest, "method" | "url" | "headers" | "body" | "accept"> {
  /** The service in words, such as `certificate authority`. */
  readonly service: string
  readonly signal?: AbortSignal | undefined
}

/** An answer with its whole body. */
export interface ServiceAnswer {
  readonly status: number
  header(name: string): string | undefined
  readonly body: Uint8Array
}

/**
 * Send a request that may be sent again: what these services do twice, they do once (logs), or without harm
 * (certificates nobody uses).
 *
 * @param max - bytes of the body.
 * @throws {ToolError} `E_NET_*`, `E_TLS_*`.
 */
export async function exchange(options: ServiceOptions, request: ServiceRequest, max: number): Promise<ServiceAnswer> {
  const { service, signal, ...asked } = request
  const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)
  try {
    const http = await options.http()
    const response: HttpResponse = await http.request({
      ...asked,
      replayable: true,
      redirect: "same-origin",
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    })
    return { status: response.status, header: (name) => response.header(name), body: await response.bytes(max) }
  } catch (thrown) {
    throw inWords(asToolError(thrown), service, request.url, timeout.aborted && signal?.aborted !== true)
  }
}

function inWords(error: ToolError, service: string, url: string, late: boolean): ToolError {
  const { next, details, kind } = error
  const shown = redactUrl(url)
  if (late) {
    return new ToolError("E_NET_TIMEOUT", {
      what: `the ${service} did not answer in time`,
      why: `${shown} was asked and gave no complete answer`,
      details,
      cause: error,
    })
  }
  const what = `the ${service} could not be asked`
  const why = `${shown}: ${error.message}`
  // A limit on requests is no registry's here.
  const code = error.code === "E_REGISTRY_RATE_LIMITED" ? "E_SERVICE_REFUSED" : error.code
  return new ToolError(code, { what, why, next, details, kind, cause: error })
}

/** JSON of an answer. @throws {ToolError} `E_SERVICE_PROTOCOL`. */
export function jsonOf(answer: ServiceAnswer, service: string, url: string): JsonValue {
  try {
    return parseJson(answer.body, { maxBytes: limits.bundleBytes, what: `answer of the ${service}` })
  } catch (thrown) {
    throw protocolError(service, url, asToolError(thrown))
  }
}

/** Run a reader of an answer; what it refuses is the service's fault. @throws {ToolError} `E_SERVICE_PROTOCOL`. */
export function readAnswer<Value>(service: string, url: string, read: () => Value): Value {
  try {
    return read()
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code === "E_INTERNAL" || error.code === "E_SERVICE_PROTOCOL") throw error
    throw protocolError(service, url, error)
  }
}

function protocolError(service: string, url: string, cause: ToolError): ToolError {
  return new ToolError("E_SERVICE_PROTOCOL", {
    what: `the ${service} gave an answer that cannot be used`,
    why: `${redactUrl(url)}: ${cause.message}`,
    cause,
  })
}

/** An answer with a status that says no. @throws nothing: it is the error. */
export function refused(answer: ServiceAnswer, service: string, url: string): ToolError {
  return new ToolError("E_SERVICE_REFUSED", {
    what: `the ${service} refused the request`,
    why: `${redactUrl(url)} answered ${answer.status}: ${messageOf(answer)}`,
    details: { status: answer.status },
    ...(answer.status === 404
      ? { next: ["check that the URL is of the service meant, without the path of its API"] }
      : {}),
  })
}

/** What the service says, shortened and printable. */
export function messageOf({ body }: ServiceAnswer): string {
  const text = new TextDecoder().decode(body.subarray(0, limits.errorBodyBytes))
  const message = fromJson(text) ?? text
  const shown = printable(withoutTokens(message.trim()).slice(0, MESSAGE_CHARACTERS))
  return shown === "" ? "(no message)" : shown
}

function fromJson(text: string): string | undefined {
  try {
    const value = parseJson(new TextEncoder().encode(text), { maxBytes: limits.errorBodyBytes, what: "error" })
    const message = isObject(value) && Object.hasOwn(value, "message") ? value["message"] : undefined
    return typeof message === "string" ? message : undefined
  } catch {
    return undefined
  }
}

/**
 * Address of an API below the URL of a service.
 *
 * @throws {ToolError} `E_USAGE` for what is no http or https URL, or holds credentials.
 */
export function serviceUrl(base: string, path: string): string {
  const url = URL.parse(base)
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new ToolError("E_USAGE", {
      what: `${base.includes("@") ? redactUrl(base) : JSON.stringify(printable(base))} is no URL of a service`,
      why: "expected http or https",
    })
  }
  if (url.username !== "" || url.password !== "") {
    throw new ToolError("E_USAGE", {
      what: `the URL of the service at ${url.host} holds a user name or a password`,
      why: "expected one without credentials",
    })
  }
  url.pathname = `${url.pathname.replace(/\/+$/, "")}${path}`
  url.search = ""
  url.hash = ""
  return url.href
}
