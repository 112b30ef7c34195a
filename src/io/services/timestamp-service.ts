import { STATUS_CODES } from "node:http"
import { asToolError, ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { printable } from "../../core/printable.ts"
import type { TimestampService } from "../../core/service-ports.ts"
import type { HttpClient, HttpResponse } from "../net/http-types.ts"
import { redactUrl } from "../net/redact.ts"

const QUERY = "application/timestamp-query"
const REPLY = "application/timestamp-reply"
/** Milliseconds for asking and reading the answer. */
const TIMEOUT_MS = 15_000

const WRONG_PATH = ["check the path of the URL: many authorities answer under one of their own, such as `/tsr`"]

/** What the service needs. */
export interface TimestampServiceOptions {
  /** Asked over plain http, too: timestamp authorities sign what they say, and most have no https. */
  readonly http: () => Promise<HttpClient>
  /** Milliseconds; default 15 s. */
  readonly timeoutMs?: number
}

/**
 * Timestamp authorities over HTTP.
 *
 * An answer must come with status 200 (of Sigstore's authorities also 201), exactly the content type `application/timestamp-reply` and less than 1 MiB;
 * redirects are followed within the origin only. Messages are those of tspclient-go.
 *
 * Spec: RFC 3161 section 3.4.
 */
export function createTimestampService(options: TimestampServiceOptions): TimestampService {
  return {
    ask: async (url, request, signal, manners = "notation") => {
      const redacted = redactUrl(url)
      // As the user wrote it.
      const shown = `"${redacted === `${url}/` ? url : redacted}"`
      const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)
      const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
      try {
        return await exchange(await options.http(), { url, shown, request, signal: either, manners })
      } catch (thrown) {
        throw inWords(asToolError(thrown), shown, timeout.aborted && signal?.aborted !== true)
      }
    },
  }
}

interface Exchange {
  readonly url: string
  /** Quoted, for messages. */
  readonly shown: string
  readonly request: Uint8Array
  readonly signal: AbortSignal
  readonly manners: "notation" | "sigstore"
}

async function exchange(http: HttpClient, { url, shown, request, signal, manners }: Exchange): Promise<Uint8Array> {
  const response = await http.request({
    method: "POST",
    url,
    headers: { "content-type": QUERY },
    body: { bytes: request },
    redirect: "same-origin",
    signedAnswer: true,
    signal,
    // As the peer: to notation 429 and 5xx are answers, and a request that may have been stamped is not sent twice.
    ...(manners === "sigstore" ? { replayable: true } : { accept: [408, 429, 500, 502, 503, 504] }),
  })
  const problem = problemOf(response, manners === "sigstore" ? [200, 201] : [200])
  if (problem !== undefined) {
    await response.discard()
    throw new ToolError("E_TSA_INVALID", {
      what: `POST ${shown}: ${problem}`,
      next: response.status < 500 ? WRONG_PATH : [],
      details: { status: response.status },
    })
  }
  return response.bytes(limits.timestampBytes)
}

function problemOf(
  { status, header }: Pick<HttpResponse, "status" | "header">,
  good: readonly number[],
): string | undefined {
  if (!good.includes(status)) return `https response bad status: ${`${status} ${STATUS_CODES[status] ?? ""}`.trimEnd()}`
  const type = header("content-type") ?? ""
  if (type === REPLY) return undefined
  return `unexpected response content type: ${printable(type.slice(0, 100))}`
}

/** Network errors as the peer begins them. Ours keep their code and say why. */
function inWords(error: ToolError, shown: string, late: boolean): ToolError {
  if (error.code === "E_TSA_INVALID") return error
  const { next, details, cause } = error
  if (late) {
    const what = `Post ${shown}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)`
    return new ToolError("E_NET_TIMEOUT", {
      what,
      why: "the timestamp authority did not answer in time",
      details,
      cause,
    })
  }
  if (error.code === "E_NET_TOO_LARGE") {
    const what = `POST ${shown}: unexpected large http response, max response body size allowed is 1 MiB`
    return new ToolError(error.code, { what, details, cause })
  }
  return new ToolError(error.code, { what: `Post ${shown}: ${error.message}`, next, details, cause, kind: error.kind })
}
