import { setTimeout as delay } from "node:timers/promises"
import { gzipSync } from "node:zlib"
import type { Connection } from "../../servers/registry/listen.ts"
import { withHeaders } from "./answers.ts"
import type { FaultBudget } from "./fault-budget.ts"
import type { RegistryFaults } from "./registry-faults.ts"
import { alteredFallbackIndex, isListing } from "./request-faults.ts"

/** What the faults need to know of the exchange. */
export interface Exchange {
  readonly faults: RegistryFaults
  readonly budget: FaultBudget
  readonly request: Request
  readonly connection: Connection
  /** Origins of the registry and of the object store. */
  readonly origin: string
  readonly otherOrigin: string
}

/** Milliseconds given to the bytes before a broken connection, so that they arrive. */
const FLUSH_MS = 20

/** Turn a good answer into the faulty one. */
export async function alteredResponse(exchange: Exchange, good: Response): Promise<Response> {
  const { faults, request } = exchange
  const { pathname } = new URL(request.url)
  let response = good
  if (faults.fallbackArtifactType !== undefined && request.method === "GET" && response.status === 200) {
    response = await alteredFallbackIndex(response, pathname, faults.fallbackArtifactType)
  }
  response = withHeaders(response, alteredHeaders(exchange, response, pathname))
  if (faults.patchStatus !== undefined && request.method === "PATCH" && response.status === 202) {
    response = new Response(null, { status: faults.patchStatus, headers: withoutLength(response) })
  }
  const content = /\/(?:blobs|manifests)\/[^/]+$/.test(pathname) && request.method === "GET" && response.ok
  return content ? alteredContent(exchange, response, pathname.includes("/blobs/") ? "blobs" : "manifests") : response
}

function withoutLength(response: Response): Headers {
  const headers = new Headers(response.headers)
  headers.delete("content-length")
  return headers
}

function alteredHeaders(exchange: Exchange, response: Response, pathname: string): Record<string, string | undefined> {
  const { faults } = exchange
  const changes: Record<string, string | undefined> = {}
  if (faults.digestHeader === "absent") changes["docker-content-digest"] = undefined
  if (faults.digestHeader === "wrong" && response.headers.has("docker-content-digest")) {
    changes["docker-content-digest"] = `sha256:${"0".repeat(64)}`
  }
  const subject = response.headers.has("oci-subject")
  const apiBroken = faults.referrers !== undefined && faults.ociSubject !== "always"
  if (subject && (faults.ociSubject === "absent" || apiBroken)) changes["oci-subject"] = undefined
  if (subject && faults.ociSubject === "wrong") changes["oci-subject"] = `sha256:${"0".repeat(64)}`
  if (faults.nextLink !== undefined && isListing(pathname)) changes["link"] = `<${faults.nextLink}>; rel="next"`
  const location = response.headers.get("location")
  if (location?.includes("/blobs/uploads/") === true) changes["location"] = alteredLocation(exchange, location)
  return changes
}

function alteredLocation(exchange: Exchange, location: string): string {
  const { location: form = "relative", locationUrl } = exchange.faults
  if (locationUrl !== undefined) return locationUrl
  switch (form) {
    case "absolute":
      return exchange.origin + location
    case "other-host":
      return exchange.otherOrigin + location
    case "query":
      return `${location}?_state=abc%3D%3D&part=1`
    case "relative":
      return location
  }
}

async function alteredContent(exchange: Exchange, response: Response, kind: "blobs" | "manifests"): Promise<Response> {
  const { faults, budget } = exchange
  const wrong = faults.wrongBytes === "all" || faults.wrongBytes === kind
  const reset = faults.resetDownloadAt
  const cut = faults.truncateDownloadAt
  if (!wrong && faults.extraBytes === undefined && faults.gzip !== true && reset === undefined && cut === undefined) {
    return response
  }
  let bytes = new Uint8Array(await response.arrayBuffer())
  const first = bytes[0]
  if (wrong && first !== undefined) bytes[0] = first ^ 1
  if (faults.extraBytes !== undefined) bytes = joined(bytes, new Uint8Array(faults.extraBytes).fill(0x20))
  if (faults.gzip === true) bytes = new Uint8Array(gzipSync(bytes))
  const encoding = faults.gzip === true ? { "content-encoding": "gzip" } : {}
  const headers = { ...Object.fromEntries(response.headers), "content-length": String(bytes.length), ...encoding }
  const init = { status: response.status, headers }
  if (reset !== undefined && reset.byte < bytes.length && budget.take("resetDownloadAt", reset.times)) {
    return new Response(
      broken(bytes.subarray(0, reset.byte), () => {
        exchange.connection.reset()
      }),
      init,
    )
  }
  if (cut !== undefined && cut.byte < bytes.length && budget.take("truncateDownloadAt", cut.times)) {
    return new Response(
      broken(bytes.subarray(0, cut.byte), () => undefined),
      init,
    )
  }
  return new Response(bytes, init)
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(left.length + right.length)
  bytes.set(left)
  bytes.set(right, left.length)
  return bytes
}

/** A body that ends badly after its bytes. */
function broken(bytes: Uint8Array, before: () => void): ReadableStream<Uint8Array> {
  let sent = false
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (!sent) {
          sent = true
          if (bytes.length > 0) {
            controller.enqueue(bytes)
            return
          }
        }
        await delay(FLUSH_MS)
        before()
        controller.error(new Error("connection broken on purpose"))
      },
    },
    { highWaterMark: 0 },
  )
}
