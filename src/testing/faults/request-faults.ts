import { setTimeout as delay } from "node:timers/promises"
import { OCI_INDEX } from "../../core/media-types.ts"
import type { Connection } from "../../servers/registry/listen.ts"
import { errorAnswer } from "./answers.ts"
import type { FaultBudget } from "./fault-budget.ts"
import type { RegistryFaults } from "./registry-faults.ts"

const FALLBACK_TAG = /^\/v2\/(.+)\/manifests\/(sha256)-([0-9a-f]{64})$/

/** The answer instead of the registry's, if any. */
export async function cannedAnswer(
  faults: RegistryFaults,
  budget: FaultBudget,
  request: Request,
  otherOrigin: string,
): Promise<Response | undefined> {
  if (faults.hang === true) await new Promise<never>(() => undefined)
  if (faults.delayMs !== undefined) await delay(faults.delayMs)
  const { tooManyRequests, serverErrors } = faults
  if (tooManyRequests !== undefined && budget.take("tooManyRequests", tooManyRequests.times)) {
    return errorAnswer(429, "TOOMANYREQUESTS", "slow down", retryAfter(tooManyRequests.retryAfter))
  }
  if (serverErrors !== undefined && budget.take("serverErrors", serverErrors.times)) {
    return errorAnswer(serverErrors.status ?? 503, "UNAVAILABLE", "try later", retryAfter(serverErrors.retryAfter))
  }
  const url = new URL(request.url)
  if (faults.headUnsupported === true && request.method === "HEAD") return new Response(null, { status: 405 })
  if (faults.referrers !== undefined && /^\/v2\/.+\/referrers\/[^/]+$/.test(url.pathname)) {
    return referrersAnswer(faults.referrers, otherOrigin)
  }
  return uploadAnswer(faults, budget, request, url, otherOrigin)
}

function uploadAnswer(
  faults: RegistryFaults,
  budget: FaultBudget,
  request: Request,
  url: URL,
  otherOrigin: string,
): Response | undefined {
  const single = request.method === "POST" && url.searchParams.has("digest")
  if (single && faults.singlePost !== undefined && faults.singlePost !== 202) {
    return errorAnswer(faults.singlePost, "UNSUPPORTED", "no monolithic upload by POST")
  }
  const manifestPush = request.method === "PUT" && url.pathname.includes("/manifests/")
  if (manifestPush && faults.blobUnknown !== undefined && budget.take("blobUnknown", faults.blobUnknown.times)) {
    return errorAnswer(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
  }
  const read = request.method === "GET" || request.method === "HEAD"
  if (faults.blobRedirect === true && read && /^\/v2\/.+\/blobs\/[a-z0-9]+:/.test(url.pathname)) {
    const target = `${otherOrigin}${url.pathname}?X-Signature=insecure-test-signature`
    return new Response(null, { status: 307, headers: { Location: target } })
  }
  return undefined
}

function referrersAnswer(kind: NonNullable<RegistryFaults["referrers"]>, otherOrigin: string): Response {
  const text = { "Content-Type": "text/plain; charset=utf-8" }
  switch (kind) {
    case "404-text":
      return new Response("404 page not found\n", { status: 404, headers: text })
    case "404-name-unknown":
      return errorAnswer(404, "NAME_UNKNOWN", "repository name not known to registry")
    case "303-other-host":
      return new Response(null, { status: 303, headers: { Location: `${otherOrigin}/login` } })
    case "403":
      return errorAnswer(403, "DENIED", "requested access to the resource is denied")
    case "405":
      return errorAnswer(405, "UNSUPPORTED", "the operation is unsupported")
    case "429":
      return errorAnswer(429, "TOOMANYREQUESTS", "slow down")
    case "501":
      return new Response("not implemented", { status: 501, headers: text })
    case "200-html":
      return new Response("<!doctype html><title>hello</title>", { headers: { "Content-Type": "text/html" } })
  }
}

function retryAfter(value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { "Retry-After": value }
}

/** The request as the registry behind the faults gets it. */
export function alteredRequest(
  faults: RegistryFaults,
  budget: FaultBudget,
  request: Request,
  connection: Connection,
): Request {
  const url = new URL(request.url)
  const headers = new Headers(request.headers)
  const change = request.method === "PUT" || request.method === "DELETE"
  if (faults.conditionsIgnored === true && change) {
    headers.delete("if-match")
    headers.delete("if-none-match")
  }
  if (faults.filterIgnored === true && url.pathname.includes("/referrers/")) url.searchParams.delete("artifactType")
  if (faults.singlePost === 202 && request.method === "POST") url.searchParams.delete("digest")
  const fallback = FALLBACK_TAG.exec(url.pathname)
  if (faults.fallbackTagIsSubject === true && fallback !== null && !change) {
    url.pathname = `/v2/${fallback[1] ?? ""}/manifests/sha256:${fallback[3] ?? ""}`
  }
  if (faults.pageSize !== undefined && isListing(url.pathname)) {
    const asked = Number(url.searchParams.get("n") ?? faults.pageSize)
    url.searchParams.set("n", String(Math.min(asked, faults.pageSize)))
  }
  const body = alteredBody(faults, budget, request, connection)
  return new Request(url, { method: request.method, headers, ...(body === null ? {} : { body, duplex: "half" }) })
}

function alteredBody(
  faults: RegistryFaults,
  budget: FaultBudget,
  request: Request,
  connection: Connection,
): ReadableStream<Uint8Array> | null {
  const body = request.body as ReadableStream<Uint8Array> | null
  const at = faults.resetUploadAt
  if (body === null || at === undefined || !request.url.includes("/blobs/uploads/")) return body
  if (!budget.take("resetUploadAt", at.times)) return body
  let seen = 0
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const rest = at.byte - seen
        seen += chunk.length
        controller.enqueue(chunk.subarray(0, Math.max(0, Math.min(chunk.length, rest))))
        if (seen < at.byte) return
        connection.reset()
        controller.error(new Error("connection reset"))
      },
    }),
  )
}

/** Whether a path answers in pages. */
export function isListing(path: string): boolean {
  return path.endsWith("/tags/list") || path === "/v2/_catalog" || path.includes("/referrers/")
}

/** The fallback index with the entries that some writers leave. */
export async function alteredFallbackIndex(response: Response, path: string, artifactType: string): Promise<Response> {
  if (!FALLBACK_TAG.test(path) || response.headers.get("content-type") !== OCI_INDEX) return response
  const index = (await response.json()) as { manifests: Record<string, unknown>[] }
  const manifests = index.manifests.map(({ annotations: _annotations, ...entry }) => ({ ...entry, artifactType }))
  return new Response(JSON.stringify({ ...index, manifests }), { headers: { "Content-Type": OCI_INDEX } })
}
