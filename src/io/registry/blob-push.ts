import type { Descriptor } from "../../core/descriptor.ts"
import type { Digest } from "../../core/digest.ts"
import { asToolError, type ToolError } from "../../core/errors.ts"
import { MIB } from "../../core/limits.ts"
import type { UploadSource } from "../../core/ports.ts"
import { parseManifest } from "../../codec/oci/manifest.ts"
import type { HttpResponse } from "../net/http-types.ts"
import { failureError, readFailure } from "./answers.ts"
import { blobPath, StreamCheck } from "./blobs.ts"
import type { RepositoryContext } from "./context.ts"
import { checkPushedDigest, pushScope } from "./manifests.ts"
import { resolveUploadLocation, withDigest } from "./server-links.ts"
import { uploadChunks } from "./upload-chunks.ts"

/** Blobs up to this many bytes are sent along with the POST where the registry takes that. */
const SINGLE_POST_BYTES: number = MIB
/** Streams above this many bytes go in chunks that can be taken up again. */
const CHUNKED_BYTES: number = 16 * MIB
/** Upload sessions opened for one blob before giving up. */
const MAX_SESSIONS = 3
/** Sources kept for the case that a registry lied about having a blob. */
const MAX_SKIPPED = 1000

const OCTETS = { "content-type": "application/octet-stream" }

/** Uploads of one repository, with what is known to be there already. */
export class BlobUploads {
  readonly #context: RepositoryContext
  readonly #present = new Set<Digest>()
  readonly #running = new Map<Digest, Promise<void>>()
  readonly #skipped = new Map<Digest, { readonly descriptor: Descriptor; readonly source: UploadSource }>()

  constructor(context: RepositoryContext) {
    this.#context = context
  }

  /**
   * Upload unless the registry has the blob; once per digest and process.
   *
   * @throws {ToolError} `E_REGISTRY_*`; `E_REGISTRY_PROTOCOL` for an upload URL of another origin or when the source's
   *   bytes are others than described.
   *
   * Spec: OCI distribution-spec "Pushing blobs".
   */
  async push(descriptor: Descriptor, source: UploadSource, signal?: AbortSignal): Promise<void> {
    if (this.#present.has(descriptor.digest)) return
    const running = this.#running.get(descriptor.digest)
    if (running !== undefined) return running
    const work = this.#push(descriptor, source, signal)
    this.#running.set(descriptor.digest, work)
    try {
      await work
      this.#present.add(descriptor.digest)
    } finally {
      this.#running.delete(descriptor.digest)
    }
  }

  /**
   * Link a blob from another repository of the same registry.
   *
   * @param from - path of that repository.
   * @returns false when the registry would rather have the bytes.
   */
  async mount(descriptor: Descriptor, from: string, signal?: AbortSignal): Promise<boolean> {
    const query = `mount=${encodeURIComponent(descriptor.digest)}&from=${encodeURIComponent(from)}`
    const scope = [...pushScope(this.#context), `repository:${from}:pull`]
    const response = await this.#post(`?${query}`, { scope, signal })
    if (response.status === 201) {
      await response.discard()
      this.#present.add(descriptor.digest)
      return true
    }
    if (response.status !== 202) {
      await response.discard()
      return false
    }
    await this.#cancel(await this.#location(response))
    return false
  }

  /**
   * Upload again what was skipped because the registry claimed to have it, as far as `manifest` names it.
   *
   * @returns false when there is nothing of the kind.
   */
  async repeatSkipped(manifest: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    const parsed = parseManifest(manifest)
    const named = parsed.kind === "image" ? [parsed.config, ...parsed.layers] : []
    const again = named.flatMap(({ digest }) => this.#skipped.get(digest) ?? [])
    for (const { descriptor, source } of again) {
      this.#skipped.delete(descriptor.digest)
      await this.#upload(descriptor, source, signal)
    }
    return again.length > 0
  }

  async #push(descriptor: Descriptor, source: UploadSource, signal: AbortSignal | undefined): Promise<void> {
    const tiny = "bytes" in source && descriptor.size <= SINGLE_POST_BYTES / 16
    const single = this.#context.learned.recall("single-post", this.#context.origin.key) === true
    // Where one POST does it all, asking first costs as much as sending.
    if (!(tiny && single) && (await this.#exists(descriptor, signal))) {
      if (this.#skipped.size < MAX_SKIPPED) this.#skipped.set(descriptor.digest, { descriptor, source })
      return
    }
    await this.#upload(descriptor, source, signal)
  }

  async #exists(descriptor: Descriptor, signal: AbortSignal | undefined): Promise<boolean> {
    const response = await this.#context.origin.send({
      method: "HEAD",
      path: blobPath(this.#context, descriptor.digest),
      // The scope of the upload that follows, so that one token serves both.
      scope: pushScope(this.#context),
      redirect: "content",
      ...(signal === undefined ? {} : { signal }),
    })
    await response.discard()
    return response.status === 200
  }

  async #upload(descriptor: Descriptor, source: UploadSource, signal: AbortSignal | undefined): Promise<void> {
    const checked = checkedSource(descriptor, source)
    for (let attempt = 1; ; attempt++) {
      const location = await this.#begin(descriptor, checked, signal)
      if (location === undefined) return
      try {
        await this.#transfer(descriptor, checked, location, signal)
        return
      } catch (thrown) {
        await this.#cancel(location)
        const error = asToolError(thrown)
        if (attempt >= MAX_SESSIONS || signal?.aborted === true || !isLostSession(error)) throw thrown
        this.#context.logger.debug("registry.upload.again", { digest: descriptor.digest, code: error.code })
        await this.#context.sleep(200 * attempt, signal)
      }
    }
  }

  async #transfer(
    descriptor: Descriptor,
    source: UploadSource,
    location: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (descriptor.size <= CHUNKED_BYTES) return this.#finish(descriptor, source, location, signal)
    const last = await uploadChunks(this.#context, descriptor, source, location, signal)
    return this.#finish(descriptor, { bytes: new Uint8Array() }, last, signal)
  }

  /** Open an upload; `undefined` when the blob went along. */
  async #begin(
    descriptor: Descriptor,
    source: UploadSource,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const { learned, origin } = this.#context
    const small = "bytes" in source && descriptor.size <= SINGLE_POST_BYTES
    if (small && learned.recall("single-post", origin.key) !== false) {
      const response = await this.#post(`?digest=${encodeURIComponent(descriptor.digest)}`, { body: source, signal })
      if (response.status === 201) {
        learned.note("single-post", origin.key, true)
        await response.discard()
        checkPushedDigest(response, descriptor.digest, "blob")
        return undefined
      }
      if (![202, 400, 404, 405, 411, 415, 501].includes(response.status)) {
        throw await this.#refused(response, descriptor)
      }
      learned.note("single-post", origin.key, false)
      if (response.status === 202) return this.#location(response)
      await response.discard()
    }
    const response = await this.#post("", { signal })
    if (response.status !== 202) throw await this.#refused(response, descriptor)
    return this.#location(response)
  }

  async #finish(
    descriptor: Descriptor,
    body: UploadSource,
    location: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const response = await this.#context.origin.follow({
      method: "PUT",
      url: withDigest(location, descriptor.digest),
      headers: OCTETS,
      body,
      scope: pushScope(this.#context),
      // A session that holds half of the bytes already would take them twice; a new one is opened instead.
      replayable: false,
      ...(signal === undefined ? {} : { signal }),
    })
    if (![200, 201, 202, 204].includes(response.status)) throw await this.#refused(response, descriptor)
    await response.discard()
    checkPushedDigest(response, descriptor.digest, "blob")
  }

  #post(
    query: string,
    options: {
      readonly body?: UploadSource
      readonly scope?: readonly string[]
      readonly signal: AbortSignal | undefined
    },
  ): Promise<HttpResponse> {
    return this.#context.origin.send({
      method: "POST",
      path: `/v2/${this.#context.repository}/blobs/uploads/${query}`,
      headers: options.body === undefined ? {} : OCTETS,
      body: options.body ?? { bytes: new Uint8Array() },
      scope: options.scope ?? pushScope(this.#context),
      // An upload that was opened twice or a blob that was sent twice does no harm.
      replayable: true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
  }

  async #location(response: HttpResponse): Promise<string> {
    await response.discard()
    return resolveUploadLocation(response.header("location"), response.url)
  }

  async #refused(response: HttpResponse, descriptor: Descriptor): Promise<Error> {
    return failureError(await readFailure(response), `store blob ${descriptor.digest}`, this.#context.name)
  }

  /** Tell the registry to drop an unfinished upload; it would do so by itself some day. */
  async #cancel(location: string): Promise<void> {
    try {
      const scope = pushScope(this.#context)
      const response = await this.#context.origin.follow({ method: "DELETE", url: location, scope, replayable: false })
      await response.discard()
    } catch {
      this.#context.logger.debug("registry.upload.cancel-failed", { repository: this.#context.name })
    }
  }
}

/** Whether a transfer failed in a way that a new session can help with: it broke, or the registry lost or mixed it up. */
function isLostSession(error: ToolError): boolean {
  if (["E_NET_CONNECT", "E_NET_TIMEOUT", "E_REGISTRY_UNAVAILABLE"].includes(error.code)) return true
  return error.details.status === 404 || error.details.status === 416
}

/** The same source, failing before its last bytes when they are not what the descriptor says. */
function checkedSource(descriptor: Descriptor, source: UploadSource): UploadSource {
  if ("bytes" in source) {
    const check = new StreamCheck(descriptor, "content to upload")
    check.take(source.bytes)
    check.finish()
    return source
  }
  return {
    size: source.size,
    open: async function* open(): AsyncGenerator<Uint8Array> {
      const check = new StreamCheck(descriptor, "content to upload")
      for await (const chunk of source.open()) {
        const ready = check.take(chunk)
        if (ready !== undefined) yield ready
      }
      const last = check.finish()
      if (last !== undefined) yield last
    },
  }
}
