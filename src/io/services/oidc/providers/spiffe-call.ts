import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2"
import { connect as connectSocket } from "node:net"
import { concatBytes } from "../../../../codec/concat-bytes.ts"
import { ToolError } from "../../../../core/errors.ts"
import { limits } from "../../../../core/limits.ts"
import { reasonOf } from "../callback-listener.ts"
import { forbidden, rejected, shown } from "../oidc-errors.ts"
import { protobufField, protobufValues } from "./protobuf.ts"

const METHOD = "/SpiffeWorkloadAPI/FetchJWTSVID"
/** Milliseconds for the whole call: the agent is on this machine. */
const TIMEOUT_MS = 10_000
/** Identities in one answer. */
const SVIDS = 32
const PERMISSION_DENIED = "7"
const OK = "0"

/**
 * Ask a SPIFFE workload API for a token: one unary gRPC call over a Unix socket.
 *
 * @param socket - path.
 * @returns the token of the first identity.
 * @throws {ToolError} `E_OIDC_PERMISSION` when the workload has no identity; `E_OIDC_REJECTED`, `E_NET_CONNECT`,
 *   `E_NET_TIMEOUT`.
 *
 * Spec: SPIFFE Workload API section 6.1; gRPC over HTTP/2.
 */
export async function fetchJwtSvid(socket: string, audience: string, signal?: AbortSignal): Promise<string> {
  const session = connect("http://localhost", { createConnection: () => connectSocket({ path: socket }) })
  try {
    const answer = await call(session, framed(protobufField(1, new TextEncoder().encode(audience))), signal)
    return tokenOf(answer)
  } finally {
    session.destroy()
  }
}

/** gRPC's frame: not compressed, four bytes of length. */
function framed(message: Uint8Array): Uint8Array {
  const head = new Uint8Array(5)
  new DataView(head.buffer).setUint32(1, message.length)
  return concatBytes([head, message])
}

interface Answer {
  readonly status: string | undefined
  readonly message: string
  readonly body: Uint8Array
}

function call(session: ClientHttp2Session, body: Uint8Array, signal: AbortSignal | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      fail(new ToolError("E_NET_TIMEOUT", { what: "the workload API did not answer in time", why: `${TIMEOUT_MS} ms` }))
    }, TIMEOUT_MS)
    const onAbort = (): void => {
      fail(reasonOf(signal))
    }
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener("abort", onAbort)
    }
    const fail = (error: Error): void => {
      end()
      reject(error)
    }
    const onError = (error: Error): void => {
      fail(
        new ToolError("E_NET_CONNECT", { what: "the workload API cannot be asked", why: error.message, cause: error }),
      )
    }
    session.on("error", onError)
    if (signal?.aborted === true) {
      onAbort()
      return
    }
    signal?.addEventListener("abort", onAbort, { once: true })
    exchange(session, body, {
      onError,
      onAnswer: (answer) => {
        end()
        resolve(answer)
      },
    })
  })
}

interface Listener {
  readonly onError: (error: Error) => void
  readonly onAnswer: (answer: Answer) => void
}

function exchange(session: ClientHttp2Session, body: Uint8Array, { onError, onAnswer }: Listener): void {
  const stream = session.request({
    ":method": "POST",
    ":path": METHOD,
    "content-type": "application/grpc",
    te: "trailers",
    // Says that no browser was talked into this request.
    "workload.spiffe.io": "true",
  })
  let head: IncomingHttpHeaders = {}
  let trailers: IncomingHttpHeaders = {}
  const chunks: Uint8Array[] = []
  let size = 0
  stream.on("error", onError)
  stream.on("response", (headers: IncomingHttpHeaders) => (head = headers))
  stream.on("trailers", (headers: IncomingHttpHeaders) => (trailers = headers))
  stream.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size > limits.tokenBytes) stream.destroy(new Error(`more than ${limits.tokenBytes} bytes`))
    else chunks.push(chunk)
  })
  stream.on("end", () => {
    onAnswer({
      status: one(trailers["grpc-status"]) ?? one(head["grpc-status"]),
      message: one(trailers["grpc-message"]) ?? one(head["grpc-message"]) ?? "",
      body: concatBytes(chunks),
    })
  })
  stream.end(body)
}

function one(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0]
}

function tokenOf({ status, message, body }: Answer): string {
  if (status === PERMISSION_DENIED) {
    throw forbidden("this workload has no SPIFFE identity", shown(message), [
      "register the workload at the SPIRE server, or run as the user it is registered for",
    ])
  }
  if (status !== OK) {
    throw rejected("the workload API refused", `gRPC status ${shown(status ?? "none")}: ${shown(message)}`)
  }
  const token = firstToken(unframed(body))
  if (token === undefined) throw rejected("the workload API gave no token", "its answer is malformed or empty")
  return token
}

function unframed(body: Uint8Array): Uint8Array | undefined {
  if (body.length < 5 || body[0] !== 0) return undefined
  const length = new DataView(body.buffer, body.byteOffset, body.length).getUint32(1)
  return length === body.length - 5 ? body.subarray(5) : undefined
}

/** `svids` is field 1 of the answer, `svid` field 2 of each. */
function firstToken(message: Uint8Array | undefined): string | undefined {
  const first = message === undefined ? undefined : protobufValues(message, 1, SVIDS)?.[0]
  const token = first === undefined ? undefined : protobufValues(first, 2, 1)?.[0]
  return token === undefined ? undefined : new TextDecoder().decode(token)
}
