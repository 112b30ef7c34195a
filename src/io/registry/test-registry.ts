/** A small registry on loopback with switches for bad manners, for tests of this folder and of `io/stores`. */
import { createHash, randomBytes } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as wait } from "node:timers/promises"

import { createHttpClient } from "../net/http-client.ts"
import type { HttpClient } from "../net/http-types.ts"
import { openRepository, sharedState, type RegistryRepository } from "./repository.ts"

const INDEX = "application/vnd.oci.image.index.v1+json"
const MANIFEST = "application/vnd.oci.image.manifest.v1+json"

/** Behaviour of the double; all can be changed while it runs. */
export interface Manners {
  /** Answer of the referrers API, or a status, with `referrersBody` and `referrersType`. */
  referrers: "native" | number
  referrersBody: string
  referrersType: string
  ociSubject: boolean
  filters: boolean
  pageSize: number
  /** Which conditions of a manifest PUT are heeded. */
  conditions: boolean | "if-match" | "if-none-match"
  digestHeader: "right" | "none" | (string & {})
  singlePost: number
  patchStatus: number
  location: "relative" | "absolute" | ((path: string) => string)
  /** HEAD of blobs says 200 for what is not there. */
  headLies: boolean
  headStatus: number
  tagIsDigest: boolean
  immutable: boolean
  /** Handles a request itself when it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse, path: string) => boolean | Promise<boolean>
}

/** One request as the double saw it. */
export interface Logged {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage["headers"]
}

interface Stored {
  readonly bytes: Buffer
  readonly type: string
}

/** A running double. */
export interface TestRegistry {
  readonly host: string
  readonly origin: string
  readonly manners: Manners
  readonly log: Logged[]
  readonly manifests: Map<string, Stored>
  readonly tags: Map<string, string>
  readonly blobs: Map<string, Buffer>
  /** A client with caches and connections of its own, as another process would have. */
  client(repository?: string): RegistryRepository
  close(): Promise<void>
}

/** `sha256:` of bytes. */
export function sha256(bytes: Uint8Array | string): `sha256:${string}` {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`
}

/** JSON as bytes. */
export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** A descriptor of bytes. */
export function describe(
  bytes: Uint8Array,
  mediaType: string,
): { mediaType: string; digest: `sha256:${string}`; size: number } {
  return { mediaType, digest: sha256(bytes), size: bytes.length }
}

/**
 * Client of a repository on any loopback registry.
 *
 * @param pace - part of each pause that is really waited; 1 for races against real registries.
 */
export function clientOf(host: string, repository = "team/app", http?: HttpClient, pace = 0.02): RegistryRepository {
  const client = http ?? createHttpClient({ userAgent: "countersign-test/0" })
  const clock = { now: Date.now }
  return openRepository({
    registry: host,
    repository,
    http: () => client,
    origins: [`http://${host}`],
    shared: sharedState(clock),
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    clock,
    randomness: { bytes: (count) => new Uint8Array(randomBytes(count)) },
    sleep: (ms, signal) => wait(ms * pace, undefined, signal === undefined ? {} : { signal }),
  })
}

/** Start a double with good manners. */
export async function startRegistry(changes: Partial<Manners> = {}): Promise<TestRegistry> {
  const manners: Manners = {
    referrers: "native",
    referrersBody: "404 page not found\n",
    referrersType: "text/plain",
    ociSubject: true,
    filters: true,
    pageSize: 1000,
    conditions: true,
    digestHeader: "right",
    singlePost: 202,
    patchStatus: 202,
    location: "relative",
    headLies: false,
    headStatus: 0,
    tagIsDigest: false,
    immutable: false,
    intercept: () => false,
    ...changes,
  }
  const state: State = {
    manners,
    manifests: new Map(),
    tags: new Map(),
    blobs: new Map(),
    uploads: new Map(),
    origin: "",
  }
  const log: Logged[] = []
  const clients: HttpClient[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ""
    log.push({ method: request.method ?? "", path, headers: request.headers })
    answer(state, request, response, path).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  state.origin = `http://${host}`
  return {
    host,
    origin: state.origin,
    manners,
    log,
    manifests: state.manifests,
    tags: state.tags,
    blobs: state.blobs,
    client: (repository) => {
      const http = createHttpClient({ userAgent: "countersign-test/0" })
      clients.push(http)
      return clientOf(host, repository, http)
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.close()))
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface State {
  readonly manners: Manners
  readonly manifests: Map<string, Stored>
  readonly tags: Map<string, string>
  readonly blobs: Map<string, Buffer>
  readonly uploads: Map<string, Buffer>
  origin: string
}

async function answer(state: State, request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  if (await state.manners.intercept(request, response, path)) return
  const url = new URL(path, state.origin)
  const match = /^\/v2\/(.+)\/(manifests|blobs|referrers|tags)\/(.*)$/.exec(url.pathname)
  const upload = /^\/v2\/(.+)\/blobs\/uploads\/(.*)$/.exec(url.pathname)
  if (upload !== null) await answerUpload(state, request, response, url, upload[2] ?? "")
  else if (match === null) send(response, url.pathname === "/v2/" ? 200 : 404, "{}")
  else if (match[2] === "manifests") await answerManifest(state, request, response, match[3] ?? "")
  else if (match[2] === "blobs") answerBlob(state, request, response, match[3] ?? "")
  else if (match[2] === "referrers") answerReferrers(state, response, url, match[3] ?? "")
  else send(response, 200, JSON.stringify({ name: match[1], tags: [...state.tags.keys()] }))
}

/** Answer with a body. */
export function send(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array = "",
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...headers,
  })
  response.end(response.req.method === "HEAD" ? undefined : body)
}

/** Error body of the distribution-spec. */
export function errorBody(code: string, message = ""): string {
  return JSON.stringify({ errors: [{ code, message }] })
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function answerManifest(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  reference: string,
): Promise<void> {
  const { manners, manifests, tags } = state
  const alias = manners.tagIsDigest ? reference.replace(/^sha256-/, "sha256:") : reference
  const digest = manifests.has(alias) ? alias : tags.get(reference)
  if (request.method === "PUT") {
    const bytes = await bodyOf(request)
    putManifest(state, request, response, reference, bytes)
    return
  }
  const stored = digest === undefined ? undefined : manifests.get(digest)
  if (stored === undefined || digest === undefined) {
    send(response, 404, errorBody("MANIFEST_UNKNOWN"))
  } else if (request.method === "DELETE") {
    if (reference.includes(":")) {
      manifests.delete(digest)
      for (const [tag, on] of tags) if (on === digest) tags.delete(tag)
    } else tags.delete(reference)
    send(response, 202)
  } else {
    const header = manners.digestHeader === "right" ? digest : manners.digestHeader
    send(response, 200, stored.bytes, {
      "content-type": stored.type,
      etag: `"${digest}"`,
      ...(header === "none" ? {} : { "docker-content-digest": header }),
    })
  }
}

function putManifest(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  reference: string,
  bytes: Buffer,
): void {
  const { manners, manifests, tags, blobs } = state
  const digest = sha256(bytes)
  const parsed = JSON.parse(bytes.toString()) as { config?: Part; layers?: Part[]; subject?: Part }
  const missing = [parsed.config, ...(parsed.layers ?? [])].find(
    (part) => part !== undefined && !blobs.has(part.digest),
  )
  if (missing !== undefined) {
    send(response, 404, errorBody("MANIFEST_BLOB_UNKNOWN", missing.digest))
    return
  }
  const current = tags.get(reference)
  const heeds = (name: "if-match" | "if-none-match"): boolean => [true, name].includes(manners.conditions)
  const match = request.headers["if-match"]
  const lost =
    (heeds("if-match") && match !== undefined && match !== `"${current ?? ""}"`) ||
    (heeds("if-none-match") && request.headers["if-none-match"] === "*" && current !== undefined)
  if (!reference.includes(":")) {
    if (manners.immutable && current !== undefined) {
      send(
        response,
        400,
        errorBody("TAG_INVALID", "The image tag already exists and cannot be overwritten, tags are immutable"),
      )
      return
    }
    if (lost) {
      send(response, 412, errorBody("PRECONDITION_FAILED"))
      return
    }
    tags.set(reference, digest)
  }
  manifests.set(digest, { bytes, type: request.headers["content-type"] ?? "" })
  const subject =
    parsed.subject !== undefined && manners.ociSubject ? { "oci-subject": parsed.subject.digest } : undefined
  send(response, 201, "", { "docker-content-digest": digest, ...subject })
}

interface Part {
  readonly digest: string
  readonly mediaType?: string
}

function answerBlob(state: State, request: IncomingMessage, response: ServerResponse, digest: string): void {
  const { blobs, manners } = state
  if (request.method === "HEAD" && manners.headStatus > 0) {
    send(response, manners.headStatus)
    return
  }
  const bytes = blobs.get(digest)
  if (bytes !== undefined) send(response, 200, bytes, { "content-type": "application/octet-stream" })
  else if (request.method === "HEAD" && manners.headLies) send(response, 200)
  else send(response, 404, errorBody("BLOB_UNKNOWN"))
}

async function answerUpload(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  id: string,
): Promise<void> {
  const { manners, uploads, blobs } = state
  const body = await bodyOf(request)
  const digest = url.searchParams.get("digest")
  const place = (name: string): Record<string, string> => {
    const path = `/v2/team/app/blobs/uploads/${name}?_state=a%2Bb%3D`
    if (typeof manners.location === "function") return { location: manners.location(path) }
    return { location: manners.location === "absolute" ? `${state.origin}${path}` : path }
  }
  if (request.method === "POST") {
    const mount = url.searchParams.get("mount")
    if (mount !== null && blobs.has(mount)) {
      send(response, 201)
      return
    }
    if (digest !== null && manners.singlePost !== 202) {
      if (manners.singlePost === 201) blobs.set(digest, body)
      send(response, manners.singlePost)
      return
    }
    const name = randomBytes(8).toString("hex")
    uploads.set(name, Buffer.alloc(0))
    send(response, 202, "", place(name))
    return
  }
  const held = uploads.get(id)
  if (held === undefined) {
    send(response, 404, errorBody("BLOB_UPLOAD_UNKNOWN"))
  } else if (request.method === "PATCH") {
    const from = Number((request.headers["content-range"] ?? "0").split("-")[0])
    if (from !== held.length) send(response, 416, errorBody("RANGE_INVALID"))
    else {
      uploads.set(id, Buffer.concat([held, body]))
      send(response, manners.patchStatus, "", { ...place(id), range: `0-${held.length + body.length - 1}` })
    }
  } else if (request.method === "GET") {
    send(response, 204, "", { ...place(id), range: `0-${Math.max(0, held.length - 1)}` })
  } else if (request.method === "PUT") {
    const all = Buffer.concat([held, body])
    uploads.delete(id)
    if (sha256(all) !== digest || url.searchParams.get("_state") !== "a+b=")
      send(response, 400, errorBody("DIGEST_INVALID"))
    else {
      blobs.set(digest, all)
      send(response, 201, "", { "docker-content-digest": digest })
    }
  } else {
    uploads.delete(id)
    send(response, 204)
  }
}

function answerReferrers(state: State, response: ServerResponse, url: URL, subject: string): void {
  const { manners } = state
  if (manners.referrers !== "native") {
    send(response, manners.referrers, manners.referrersBody, { "content-type": manners.referrersType })
    return
  }
  const wanted = url.searchParams.get("artifactType")
  const all = [...state.manifests].flatMap(([digest, { bytes, type }]) => {
    const parsed = JSON.parse(bytes.toString()) as {
      subject?: Part
      artifactType?: string
      config?: Part
      annotations?: unknown
    }
    if (parsed.subject?.digest !== subject) return []
    const artifactType = parsed.artifactType ?? parsed.config?.mediaType
    return [{ mediaType: type, digest, size: bytes.length, artifactType, annotations: parsed.annotations }]
  })
  const filtered = wanted !== null && manners.filters ? all.filter((entry) => entry.artifactType === wanted) : all
  const from = Number(url.searchParams.get("from") ?? "0")
  const page = filtered.slice(from, from + manners.pageSize)
  const rest = from + manners.pageSize < filtered.length
  send(response, 200, JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: page }), {
    "content-type": INDEX,
    ...(wanted !== null && manners.filters ? { "oci-filters-applied": "artifactType" } : {}),
    ...(rest ? { link: `<${url.pathname}?from=${from + manners.pageSize}>; rel="next"` } : {}),
  })
}

/** The empty config blob. */
export const EMPTY: Uint8Array = new TextEncoder().encode("{}")

/** A subject image, pushed and tagged `v1`. */
export async function pushSubject(
  repository: RegistryRepository,
  text = "layer",
): Promise<{ mediaType: string; digest: `sha256:${string}`; size: number }> {
  const layer = new TextEncoder().encode(text)
  const config = describe(EMPTY, "application/vnd.oci.image.config.v1+json")
  const layerDescriptor = describe(layer, "application/vnd.oci.image.layer.v1.tar")
  const layers = [layerDescriptor]
  await repository.pushBlob(config, { bytes: EMPTY })
  await repository.pushBlob(layerDescriptor, { bytes: layer })
  const bytes = json({ schemaVersion: 2, mediaType: MANIFEST, config, layers })
  await repository.pushManifest(bytes, MANIFEST, "v1")
  return describe(bytes, MANIFEST)
}

/** Push the blobs of a bundle-like referrer and give its manifest. */
export async function referrerOf(
  repository: RegistryRepository,
  subject: { mediaType: string; digest: string; size: number },
  text: string,
  type = "application/vnd.dev.sigstore.bundle.v0.3+json",
): Promise<Uint8Array> {
  const document = new TextEncoder().encode(text)
  const config = describe(EMPTY, "application/vnd.oci.empty.v1+json")
  const layer = describe(document, type)
  await repository.pushBlob(config, { bytes: EMPTY })
  await repository.pushBlob(layer, { bytes: document })
  const annotations = { "dev.sigstore.bundle.content": "dsse-envelope" }
  return json({
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: type,
    config,
    layers: [layer],
    subject,
    annotations,
  })
}

/** Media type of image manifests. */
export const MANIFEST_TYPE: string = MANIFEST
/** Media type of indexes. */
export const INDEX_TYPE: string = INDEX
