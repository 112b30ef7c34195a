import type { ErrorCode } from "../../core/error-catalogue.ts"
import { ToolError } from "../../core/errors.ts"

/** Whether trying again can help: `full` = as often as the limit says, `short` = up to three tries. */
export type RetryClass = "no" | "short" | "full"

/** Retry class of the errors made here; kept aside so that errors stay plain values. */
const retryClasses = new WeakMap<ToolError, RetryClass>()

/** Retry class of an error of this module; `no` for all others. */
export function retryClassOf(error: ToolError): RetryClass {
  return retryClasses.get(error) ?? "no"
}

interface Meaning {
  readonly code: ErrorCode
  readonly what: (host: string) => string
  readonly why: string
  readonly retry: RetryClass
  readonly next?: readonly string[]
  /** False where the other side does not speak TLS at all. */
  readonly speaksTls?: boolean
}

const cannotConnect = (host: string): string => `cannot connect to ${host}`
const broke = (host: string): string => `the connection to ${host} broke`
const silent = (host: string): string => `${host} did not answer in time`
const noTrust = (host: string): string => `the certificate of ${host} is not trusted`

/** Error codes of Node and undici, first match wins. */
const meanings: readonly (readonly [RegExp, Meaning])[] = [
  [
    /^(ENOTFOUND|EAI_NONAME|EAI_NODATA|ENODATA)$/,
    {
      code: "E_NET_DNS",
      what: (host) => `the host name of ${host} could not be resolved`,
      why: "the name server knows no such name",
      retry: "no",
    },
  ],
  [
    /^EAI_/,
    {
      code: "E_NET_DNS",
      what: (host) => `the host name of ${host} could not be resolved`,
      why: "the name server did not answer",
      retry: "short",
    },
  ],
  [
    /^(ECONNREFUSED)$/,
    { code: "E_NET_CONNECT", what: cannotConnect, why: "nothing listens on that port", retry: "short" },
  ],
  [
    /^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EHOSTDOWN|ENETDOWN)$/,
    { code: "E_NET_CONNECT", what: cannotConnect, why: "the network has no way to that address", retry: "short" },
  ],
  [
    /^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/,
    { code: "E_NET_TIMEOUT", what: cannotConnect, why: "no connection within the time allowed", retry: "full" },
  ],
  [
    /^UND_ERR_HEADERS_TIMEOUT$/,
    {
      code: "E_NET_TIMEOUT",
      what: silent,
      why: "the request was sent and no answer began within the time allowed",
      retry: "full",
    },
  ],
  [
    /^UND_ERR_BODY_TIMEOUT$/,
    { code: "E_NET_TIMEOUT", what: silent, why: "the answer began and then stood still", retry: "full" },
  ],
  [
    /^UND_ERR_HEADERS_OVERFLOW$|^HPE_HEADER_OVERFLOW$/,
    {
      code: "E_NET_TOO_LARGE",
      what: (host) => `the headers of the answer of ${host} are too large`,
      why: "more than 16 KiB of headers",
      retry: "no",
    },
  ],
  [
    /^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|ERR_STREAM_PREMATURE_CLOSE)$/,
    {
      code: "E_NET_CONNECT",
      what: broke,
      why: "the other side closed it before the exchange was complete",
      retry: "full",
    },
  ],
  [
    /^HPE_/,
    {
      code: "E_NET_CONNECT",
      what: (host) => `${host} does not speak HTTP`,
      why: "the answer is not HTTP/1.1",
      retry: "no",
    },
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$|^HOSTNAME_MISMATCH$/,
    {
      code: "E_TLS_HOSTNAME",
      what: (host) => `the certificate of ${host} is for another host`,
      why: "the name is not among those of the certificate",
      retry: "no",
    },
  ],
  [
    /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_UNTRUSTED|CERT_CHAIN_TOO_LONG|INVALID_CA)$/,
    { code: "E_TLS_UNKNOWN_CA", what: noTrust, why: "no known authority signed it", retry: "no" },
  ],
  [
    /^(CERT_|UNABLE_TO_|INVALID_PURPOSE|PATH_LENGTH|ERROR_IN_CERT|CRL_)/,
    {
      code: "E_TLS_HANDSHAKE",
      what: noTrust,
      why: "the certificate is not valid",
      retry: "no",
      next: ["check the validity of the server's certificate and the clocks of both sides"],
    },
  ],
  [
    /^ERR_SSL_.*ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|ACCESS_DENIED)/,
    {
      code: "E_TLS_CLIENT",
      what: (host) => `${host} does not accept our client certificate`,
      why: "the server wants a certificate of the client, or another one",
      retry: "no",
      next: ["name the client certificate and key with `--registry-client-cert` and `--registry-client-key`"],
    },
  ],
  [
    /^(ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)|EPROTO)$/,
    {
      code: "E_TLS_HANDSHAKE",
      what: (host) => `no TLS connection with ${host}`,
      why: "the other side does not speak TLS; it may serve plain http",
      retry: "no",
      speaksTls: false,
      next: ["check the port; plain http is used only where it is allowed by name"],
    },
  ],
  [
    /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_)/,
    {
      code: "E_TLS_HANDSHAKE",
      what: (host) => `no TLS connection with ${host}`,
      why: "the handshake failed",
      retry: "no",
    },
  ],
]

/** Codes inside a thrown value: its own, those of a happy-eyeballs aggregate, and of its cause. */
function codesOf(thrown: unknown, depth = 0): string[] {
  if (!(thrown instanceof Error) || depth > 4) return []
  const own = (thrown as { code?: unknown }).code
  const inner = thrown instanceof AggregateError ? thrown.errors.flatMap((one) => codesOf(one, depth + 1)) : []
  return [...(typeof own === "string" ? [own] : []), ...inner, ...codesOf(thrown.cause, depth + 1)]
}

/**
 * Turn what Node or undici threw into an error that names the host and what to do.
 *
 * @param host - `host:port` shown to the user.
 * @returns a {@link ToolError}; one that is thrown already stays as it is.
 */
export function toNetError(thrown: unknown, host: string): ToolError {
  if (thrown instanceof ToolError) return thrown
  const codes = codesOf(thrown)
  for (const code of codes) {
    const meaning = meanings.find(([pattern]) => pattern.test(code))?.[1]
    if (meaning !== undefined) return make(meaning, host, code, thrown)
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const unknown: Meaning = { code: "E_NET_CONNECT", what: broke, why: message.slice(0, 200), retry: "no" }
  return make(unknown, host, codes[0] ?? "unknown", thrown)
}

function make(meaning: Meaning, host: string, code: string, cause: unknown): ToolError {
  return netError(
    meaning.code,
    {
      what: meaning.what(host),
      why: `${meaning.why} (${code})`,
      ...(meaning.next === undefined ? {} : { next: meaning.next }),
      details: { host, code, ...(meaning.speaksTls === undefined ? {} : { speaksTls: meaning.speaksTls }) },
      cause,
    },
    meaning.retry,
  )
}

/** Make an error with a retry class. */
export function netError(
  code: ErrorCode,
  init: ConstructorParameters<typeof ToolError>[1],
  retry: RetryClass,
): ToolError {
  const error = new ToolError(code, init)
  retryClasses.set(error, retry)
  return error
}
