import { parseJson } from "../../../codec/json.ts"
import { isObject, member } from "../../../codec/json-shape.ts"
import { asToolError, ToolError } from "../../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import type { HttpClient } from "../../net/http-types.ts"
import { redactUrl } from "../../net/redact.ts"
import { rejected, shown } from "./oidc-errors.ts"

/** A question whose answer is JSON. */
export interface JsonQuestion {
  readonly url: string
  /** Who is asked, for errors. */
  readonly who: string
  readonly headers?: Readonly<Record<string, string>>
  /** A form or JSON to POST; absent = GET. */
  readonly form?: Readonly<Record<string, string>>
  readonly json?: JsonValue
  /** Bytes of the answer; default `limits.tokenBytes`. */
  readonly max?: number
  /** Tries of a GET are the client's business unless this is false. */
  readonly replayable?: boolean
  /** The address is of this host, where there is no TLS. */
  readonly plain?: boolean
  /** Further secrets in it, in another form than they are sent in. */
  readonly secrets?: readonly string[]
  /** Milliseconds for the whole exchange, tries and body included; default 90 s. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

/** Status and JSON object of an answer; `body` is `undefined` for one that is no object. */
export interface JsonAnswer {
  readonly status: number
  readonly body: JsonObject | undefined
  /** What was sent and is shown to nobody, whoever repeats it. */
  readonly secrets: readonly string[]
}

/** A login may take an hour, one exchange of it not: an answer that drips is none. */
const TIMEOUT_MS = 90_000
/** Members of forms that are secrets, or as good as one for a while. */
const SECRET_MEMBERS = ["client_secret", "code", "code_verifier", "device_code", "refresh_token", "assertion"]
/** Shorter ones cannot be told from what else is said. */
const SECRET_CHARACTERS = 4

const STATUSES: readonly number[] = [408, 429, 500, 502, 503, 504]

/**
 * Ask and read the answer, whatever its status.
 *
 * SECURITY: redirects to other origins are refused, those of a POST always: credentials and codes go nowhere else.
 *
 * @throws {ToolError} `E_OIDC_REJECTED` for redirects, `E_NET_*`.
 */
export async function askJson(http: HttpClient, question: JsonQuestion): Promise<JsonAnswer> {
  const { who, signal } = question
  const timeout = AbortSignal.timeout(question.timeoutMs ?? TIMEOUT_MS)
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  try {
    return await exchange(http, { ...question, signal: either })
  } catch (thrown) {
    if (!timeout.aborted || signal?.aborted === true) throw thrown
    throw new ToolError("E_NET_TIMEOUT", {
      what: `${who} did not answer in time`,
      why: `${redactUrl(question.url)} was asked and gave no complete answer`,
      cause: thrown,
    })
  }
}

async function exchange(http: HttpClient, question: JsonQuestion): Promise<JsonAnswer> {
  const posted = bodyOf(question)
  const response = await http
    .request({
      method: posted === undefined ? "GET" : "POST",
      url: question.url,
      headers: {
        accept: "application/json",
        ...(posted === undefined ? {} : { "content-type": posted.type }),
        ...question.headers,
      },
      redirect: posted === undefined ? "same-origin" : "manual",
      // An issuer that is asked too often is no registry: 429 is an answer here.
      accept: posted === undefined && question.replayable !== false ? [429] : STATUSES,
      ...(posted === undefined ? {} : { body: { bytes: posted.bytes } }),
      ...(question.replayable === undefined ? {} : { replayable: question.replayable }),
      ...(question.plain === true ? { signedAnswer: true as const } : {}),
      ...(question.signal === undefined ? {} : { signal: question.signal }),
    })
    .catch((thrown: unknown) => {
      const error = asToolError(thrown)
      if (error.code !== "E_NET_FORBIDDEN_TARGET") throw error
      throw rejected(`${question.who} led somewhere that is refused`, error.message)
    })
  if (response.status >= 300 && response.status < 400) {
    await response.discard()
    const target = shown(redactUrl(response.header("location") ?? ""))
    throw rejected(`${question.who} answered with a redirect`, `status ${response.status} to ${target}, expected JSON`)
  }
  const bytes = await response.bytes(question.max ?? limits.tokenBytes)
  return { status: response.status, body: objectOf(bytes, question), secrets: secretsOf(question) }
}

function secretsOf({ form = {}, headers = {}, secrets = [] }: JsonQuestion): readonly string[] {
  const members = Object.entries(form).flatMap(([name, text]) => (SECRET_MEMBERS.includes(name) ? [text] : []))
  const credential = headers["authorization"]?.split(" ").at(-1) ?? ""
  // A server may repeat the form as it was sent, too.
  const all = [...members, credential, ...secrets].flatMap((text) => [text, encodeURIComponent(text)])
  return [...new Set(all)].filter((text) => text.length >= SECRET_CHARACTERS)
}

function bodyOf(question: JsonQuestion): { readonly type: string; readonly bytes: Uint8Array } | undefined {
  const encoder = new TextEncoder()
  if (question.form !== undefined) {
    const text = new URLSearchParams(question.form).toString()
    return { type: "application/x-www-form-urlencoded", bytes: encoder.encode(text) }
  }
  if (question.json === undefined) return undefined
  return { type: "application/json", bytes: encoder.encode(JSON.stringify(question.json)) }
}

function objectOf(bytes: Uint8Array, question: JsonQuestion): JsonObject | undefined {
  try {
    const what = `answer of ${question.who}`
    const value = parseJson(bytes, { maxBytes: question.max ?? limits.tokenBytes, maxDepth: 32, what })
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** A member that is a text and not empty. */
export function textOf(body: JsonObject | undefined, name: string): string | undefined {
  const value = body === undefined ? undefined : member(body, name)
  return typeof value === "string" && value !== "" ? value : undefined
}

/** Status and the error that an answer names, for messages. Nothing else of an answer is shown. */
export function problemOf(answer: JsonAnswer): string {
  const error = textOf(answer.body, "error") ?? textOf(answer.body, "message")
  const description = textOf(answer.body, "error_description")
  const hidden = (text: string): string => answer.secrets.reduce((seen, one) => seen.replaceAll(one, "…"), text)
  const said = [error, description].filter((part) => part !== undefined).map((part) => shown(hidden(part)))
  return [`status ${answer.status}`, ...said].join(": ")
}

/** Of a service that cannot answer now, nothing was refused: the question stays open. */
export function openIfBusy(answer: JsonAnswer): { readonly kind?: "unknown" } {
  return answer.status === 429 || answer.status >= 500 ? { kind: "unknown" } : {}
}
