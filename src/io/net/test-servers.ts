/** Loopback servers for tests of this folder and of `io/registry/auth`. Not for production code. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { ToolError } from "../../core/errors.ts"

/** What a server saw of one request. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

/** A running server and what it saw. */
export interface TestServer {
  readonly origin: string
  readonly port: number
  readonly seen: readonly Seen[]
  /** TCP connections accepted. */
  connections(): number
  close(): Promise<void>
}

async function start(server: Server, scheme: string, seen: Seen[], host = "127.0.0.1"): Promise<TestServer> {
  const sockets = new Set<Socket>()
  let connections = 0
  server.on("connection", (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `${scheme}://${host}:${port}`,
    port,
    seen,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function recording(seen: Seen[], listener: RequestListener): RequestListener {
  return (request, response) => {
    seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers })
    listener(request, response)
  }
}

/** Plain http server on a free port. */
export function serveHttp(listener: RequestListener): Promise<TestServer> {
  const seen: Seen[] = []
  return start(createServer(recording(seen, listener)), "http", seen)
}

/** https server on a free port. */
export function serveHttps(
  tls: { readonly cert: string; readonly key: string; readonly ca?: string; readonly wantClient?: boolean },
  listener: RequestListener,
): Promise<TestServer> {
  const seen: Seen[] = []
  const { wantClient, ...pair } = tls
  const client = wantClient === true ? { requestCert: true, rejectUnauthorized: true } : {}
  const server = createTlsServer({ ...pair, ...client }, recording(seen, listener))
  server.on("tlsClientError", () => undefined)
  return start(server, "https", seen)
}

/** Raw TCP server: what it answers is up to the caller. */
export function serveTcp(onSocket: (socket: Socket) => void): Promise<TestServer> {
  return start(createTcpServer(onSocket), "http", [])
}

/** A CONNECT and forward proxy that records the request lines and `Proxy-Authorization`. */
export async function serveProxy(
  answer: (target: string, authorization: string | undefined) => string | undefined,
): Promise<TestServer & { readonly targets: readonly string[] }> {
  const targets: string[] = []
  const server = createServer((request: IncomingMessage, response) => {
    targets.push(request.url ?? "")
    const authorization = request.headers["proxy-authorization"]
    response.writeHead(authorization === undefined ? 407 : 200).end("forwarded")
  })
  server.on("connect", (request: IncomingMessage, client: Socket) => {
    const target = request.url ?? ""
    targets.push(target)
    const refusal = answer(target, request.headers["proxy-authorization"])
    if (refusal !== undefined) {
      client.end(refusal)
      return
    }
    const port = Number(target.slice(target.lastIndexOf(":") + 1))
    const upstream = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n")
      client.pipe(upstream).pipe(client)
    })
    upstream.on("error", () => client.destroy())
    client.on("error", () => upstream.destroy()).on("close", () => upstream.destroy())
  })
  return { ...(await start(server, "http", [])), targets }
}

/** Whole body of a request. */
export async function readRequest(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString("utf8")
}

/** Certificates made by openssl. */
export interface TestCertificates {
  readonly folder: string
  readonly caFile: string
  readonly server: { readonly cert: string; readonly key: string }
  readonly client: { readonly certFile: string; readonly keyFile: string }
  readonly ca: string
  remove(): void
}

/** Whether openssl can be run. */
export function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

/** An authority, a server certificate for `names` and a client certificate, all of P-256. */
export function makeCertificates(names = "DNS:localhost,IP:127.0.0.1", days = "2"): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), "countersign-tls-"))
  const run = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "ignore" })
  }
  const request = (name: string, subject: string): void => {
    run(
      "req",
      "-new",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
      "-subj",
      subject,
    )
  }
  run(
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-days",
    "2",
    "-subj",
    "/CN=insecure-test-ca",
  )
  for (const name of ["server", "client"]) {
    request(name, `/CN=insecure-test-${name}`)
    writeFileSync(join(folder, "extensions"), `subjectAltName=${names}\n`)
    run(
      ...["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
      ...["-out", `${name}.pem`, "-days", name === "server" ? days : "2", "-extfile", "extensions"],
    )
  }
  const read = (name: string): string => readFileSync(join(folder, name), "utf8")
  return {
    folder,
    caFile: join(folder, "ca.pem"),
    ca: read("ca.pem"),
    server: { cert: read("server.pem"), key: read("server.key") },
    client: { certFile: join(folder, "client.pem"), keyFile: join(folder, "client.key") },
    remove: () => {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The {@link ToolError} a promise is rejected with; fails when it is not. */
export async function failure(promise: Promise<unknown>): Promise<ToolError> {
  try {
    await promise
  } catch (thrown) {
    if (thrown instanceof ToolError) return thrown
    throw thrown
  }
  throw new Error("expected a failure")
}
