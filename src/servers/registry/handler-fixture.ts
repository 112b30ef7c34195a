/** Pieces for tests of the registry: a handler over memory and short ways to push to it. */
import { createHash } from "node:crypto"
import type { Digest } from "../../core/digest.ts"
import type { JsonObject } from "../../core/json-value.ts"
import { OCI_EMPTY, OCI_INDEX, OCI_MANIFEST } from "../../core/media-types.ts"
import { createRegistryHandler, type RegistryHandler } from "./handler.ts"
import type { RegistryHandlerOptions } from "./options.ts"
import { openMemoryStorage } from "./storage/memory-storage.ts"

/** Repository most tests use. */
export const NAME = "demo/app"

/** One event that was logged. */
export interface LoggedEvent {
  readonly event: string
  readonly fields: JsonObject
}

/** A handler and what it logs. */
export interface HandlerFixture {
  readonly handler: RegistryHandler
  readonly warnings: LoggedEvent[]
  /** Send a request; `path` starts with `/`. */
  readonly send: (method: string, path: string, init?: SendInit) => Promise<Response>
  readonly pushBlob: (repository: string, bytes: Uint8Array | string) => Promise<Digest>
  /** Push a manifest by `reference`, by its digest when absent. */
  readonly pushManifest: (repository: string, manifest: JsonObject, reference?: string) => Promise<Digest>
}

export interface SendInit {
  readonly body?: Uint8Array | string | ReadableStream<Uint8Array>
  readonly headers?: Readonly<Record<string, string>>
}

/** Build a registry over memory in which deletion is allowed. */
export function createHandlerFixture(options: Partial<RegistryHandlerOptions> = {}): HandlerFixture {
  const warnings: LoggedEvent[] = []
  const handler = createRegistryHandler({
    storage: openMemoryStorage({ clock: { now: () => 1_700_000_000_000 } }),
    logger: {
      debug: () => undefined,
      info: () => undefined,
      warn: (event, fields = {}) => {
        warnings.push({ event, fields })
      },
    },
    allowDelete: true,
    ...options,
  })
  const send: HandlerFixture["send"] = (method, path, init = {}) =>
    handler(
      new Request(`http://registry.test${path}`, {
        method,
        headers: { ...init.headers },
        // A string body would bring a Content-Type of its own.
        ...(init.body === undefined ? {} : { body: bodyOf(init.body), duplex: "half" }),
      }),
    )
  return {
    handler,
    warnings,
    send,
    async pushBlob(repository, bytes) {
      const digest = digestOf(bytes)
      expectStatus(await send("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes }), 201)
      return digest
    },
    async pushManifest(repository, manifest, reference) {
      const text = JSON.stringify(manifest)
      const mediaType = manifest["mediaType"]
      const headers = { "Content-Type": typeof mediaType === "string" ? mediaType : OCI_MANIFEST }
      const path = `/v2/${repository}/manifests/${reference ?? digestOf(text)}`
      expectStatus(await send("PUT", path, { body: text, headers }), 201)
      return digestOf(text)
    },
  }
}

function bodyOf(body: NonNullable<SendInit["body"]>): NonNullable<RequestInit["body"]> {
  return typeof body === "string" ? new TextEncoder().encode(body) : (body as NonNullable<RequestInit["body"]>)
}

function expectStatus(response: Response, status: number): void {
  if (response.status !== status) throw new Error(`expected ${String(status)}, got ${String(response.status)}`)
}

/** Digest by another road than the registry's: OpenSSL over the whole text. */
export function digestOf(bytes: Uint8Array | string, algorithm: "sha256" | "sha512" = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`
}

/** The two bytes every artifact without config refers to. */
export const EMPTY = "{}"

/** An artifact manifest over the empty blob. */
export function artifact(extra: JsonObject = {}): JsonObject {
  const empty = { mediaType: OCI_EMPTY, digest: digestOf(EMPTY), size: 2 }
  return {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: "application/vnd.example.thing",
    config: empty,
    layers: [empty],
    ...extra,
  }
}

/** A descriptor of an artifact manifest. */
export function descriptorOf(manifest: JsonObject): {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
} {
  const text = JSON.stringify(manifest)
  return { mediaType: OCI_MANIFEST, digest: digestOf(text), size: text.length }
}

/** An index over some manifests. */
export function index(manifests: readonly JsonObject[], extra: JsonObject = {}): JsonObject {
  return { schemaVersion: 2, mediaType: OCI_INDEX, manifests, ...extra }
}

/** Code of the first error in an answer. */
export async function faultCode(response: Response): Promise<string | undefined> {
  const body = (await response.json()) as { errors?: { code?: string }[] }
  return body.errors?.[0]?.code
}

/** A registry with one artifact under the tag `v1`. */
export async function withArtifact(options: Partial<RegistryHandlerOptions> = {}): Promise<HandlerFixture> {
  const registry = createHandlerFixture(options)
  await registry.pushBlob(NAME, EMPTY)
  await registry.pushManifest(NAME, artifact(), "v1")
  return registry
}
