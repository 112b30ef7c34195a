import { createHash, randomUUID, type Hash } from "node:crypto"
import { digestAlgorithm, digestHex, type Digest, type DigestAlgorithm } from "../../../core/digest.ts"
import type { Clock } from "../../../core/ports.ts"
import type { ContentFiles, PartWriter } from "./content.ts"
import type { Metadata, UploadRow } from "./metadata.ts"
import type { AppendOutcome, AppendPlan, FinishOutcome, UploadState } from "./storage.ts"

/** Bounds of uploads. */
export interface UploadLimits {
  /** Sessions open at the same time. */
  readonly sessions: number
  /** Milliseconds without a request after which a session is dropped. */
  readonly ageMs: number
}

/** Bytes gathered before they are written in one go. */
const WRITE_BYTES = 512 * 1024
/** Milliseconds between two searches for expired sessions. */
const SWEEP_MS = 60_000

/** Running hash over the bytes a part holds; absent after a restart, then the part is read again. */
interface RunningHash {
  readonly algorithm: DigestAlgorithm
  readonly hash: Hash
  size: number
}

type ReceiveOutcome = "appended" | "wrong-length" | "too-large" | "interrupted"

/** The uploads under way. Requests to one session are served one after the other. */
export class UploadSessions {
  readonly #metadata: Metadata
  readonly #content: ContentFiles
  readonly #clock: Clock
  readonly #limits: UploadLimits
  readonly #running = new Map<string, RunningHash>()
  readonly #queues = new Map<string, Promise<unknown>>()
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(metadata: Metadata, content: ContentFiles, clock: Clock, limits: UploadLimits) {
    this.#metadata = metadata
    this.#content = content
    this.#clock = clock
    this.#limits = limits
  }

  async start(repository: string, algorithm: DigestAlgorithm): Promise<UploadState | undefined> {
    await this.#sweep()
    if (this.#metadata.uploadCount() >= this.#limits.sessions) return undefined
    const id = randomUUID()
    await this.#content.createPart(id)
    this.#metadata.putUpload({ id, repository, algorithm, touched: this.#clock.now() })
    this.#running.set(id, { algorithm, hash: createHash(algorithm), size: 0 })
    return { id, size: 0 }
  }

  async state(repository: string, id: string): Promise<UploadState | undefined> {
    return this.#exclusive(id, async () => {
      const row = this.#row(repository, id)
      if (row === undefined) return undefined
      const size = await this.#content.partSize(id)
      return size === undefined ? undefined : { id, size }
    })
  }

  async append(
    repository: string,
    id: string,
    body: ReadableStream<Uint8Array> | null,
    plan: AppendPlan,
  ): Promise<AppendOutcome> {
    return this.#exclusive(id, async () => {
      const row = this.#row(repository, id)
      const before = row === undefined ? undefined : await this.#content.partSize(id)
      if (row === undefined || before === undefined) return { kind: "unknown" }
      if (plan.start !== undefined && plan.start !== before) return { kind: "out-of-order", size: before }
      this.#metadata.putUpload({ ...row, touched: this.#clock.now() })
      const running = await this.#runningHash(row)
      if (body === null) return { kind: plan.length === undefined ? "appended" : "wrong-length", size: before }
      const kind = await this.#receiveOrUndo(id, body, running, plan)
      if (kind !== "appended" && kind !== "interrupted") await this.#undo(id, before)
      return { kind, size: kind === "appended" || kind === "interrupted" ? running.size : before }
    })
  }

  /** A medium that fails, a full one above all, must not keep the part of a request that it took. */
  async #receiveOrUndo(
    id: string,
    body: ReadableStream<Uint8Array>,
    running: RunningHash,
    plan: AppendPlan,
  ): Promise<ReceiveOutcome> {
    const before = running.size
    try {
      return await this.#receive(id, body, running, plan)
    } catch (thrown) {
      await this.#undo(id, before)
      throw thrown
    }
  }

  async #undo(id: string, size: number): Promise<void> {
    this.#running.delete(id)
    await this.#content.truncatePart(id, size)
  }

  async #receive(
    id: string,
    body: ReadableStream<Uint8Array>,
    running: RunningHash,
    plan: AppendPlan,
  ): Promise<ReceiveOutcome> {
    const before = running.size
    const end = Math.min(plan.max, before + (plan.length ?? Number.POSITIVE_INFINITY))
    const writer = new GatheringWriter(await this.#content.openPart(id), running)
    const reader = body.getReader()
    try {
      for (;;) {
        const next = await reader.read().catch(() => "interrupted" as const)
        if (next === "interrupted") return next
        if (next.done) break
        if (writer.size + next.value.length > end) return end === plan.max ? "too-large" : "wrong-length"
        await writer.write(next.value)
      }
      await writer.flush()
      return plan.length !== undefined && running.size !== before + plan.length ? "wrong-length" : "appended"
    } finally {
      reader.releaseLock()
      // Also after a broken connection: what arrived counts, the client may resume there.
      await writer.close()
    }
  }

  /** @param link - makes the blob visible; called with its size in bytes when the bytes are in place. */
  async finish(repository: string, id: string, digest: Digest, link: (size: number) => void): Promise<FinishOutcome> {
    return this.#exclusive(id, async () => {
      const row = this.#row(repository, id)
      const size = row === undefined ? undefined : await this.#content.partSize(id)
      if (row === undefined || size === undefined) return "unknown"
      const found = await this.#digestOf(row, digestAlgorithm(digest))
      if (found !== digestHex(digest)) {
        await this.#drop(id)
        return "digest-mismatch"
      }
      await this.#content.commitPart(id, digest)
      link(size)
      this.#running.delete(id)
      this.#metadata.removeUpload(id)
      return "stored"
    })
  }

  async cancel(repository: string, id: string): Promise<boolean> {
    return this.#exclusive(id, async () => {
      if (this.#row(repository, id) === undefined) return false
      await this.#drop(id)
      return true
    })
  }

  /** SECURITY: a session belongs to one repository; under another name it does not exist. */
  #row(repository: string, id: string): UploadRow | undefined {
    const row = this.#metadata.upload(id)
    return row?.repository === repository ? row : undefined
  }

  async #runningHash(row: UploadRow): Promise<RunningHash> {
    const known = this.#running.get(row.id)
    if (known !== undefined) return known
    const running = { algorithm: row.algorithm, hash: createHash(row.algorithm), size: 0 }
    for await (const chunk of this.#content.readPart(row.id)) {
      running.hash.update(chunk)
      running.size += chunk.length
    }
    this.#running.set(row.id, running)
    return running
  }

  async #digestOf(row: UploadRow, algorithm: DigestAlgorithm): Promise<string> {
    // A client may close with another algorithm than it announced, or announce none: read the bytes again then.
    if (algorithm === row.algorithm) return (await this.#runningHash(row)).hash.copy().digest("hex")
    const hash = createHash(algorithm)
    for await (const chunk of this.#content.readPart(row.id)) hash.update(chunk)
    return hash.digest("hex")
  }

  async #drop(id: string): Promise<void> {
    this.#running.delete(id)
    this.#metadata.removeUpload(id)
    await this.#content.removePart(id)
  }

  async #sweep(): Promise<void> {
    const now = this.#clock.now()
    if (now - this.#sweptAt < SWEEP_MS) return
    this.#sweptAt = now
    for (const row of this.#metadata.uploadsBefore(now - this.#limits.ageMs)) {
      await this.#exclusive(row.id, () => this.#drop(row.id))
    }
  }

  async #exclusive<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    const earlier = this.#queues.get(id) ?? Promise.resolve()
    const mine = earlier.then(work, work)
    this.#queues.set(id, mine)
    try {
      return await mine
    } finally {
      if (this.#queues.get(id) === mine) this.#queues.delete(id)
    }
  }
}

/** Hashes exactly what it wrote. */
class GatheringWriter {
  readonly #part: PartWriter
  readonly #running: RunningHash
  #gathered: Uint8Array[] = []
  #waiting = 0

  constructor(part: PartWriter, running: RunningHash) {
    this.#part = part
    this.#running = running
  }

  get size(): number {
    return this.#running.size + this.#waiting
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#gathered.push(chunk)
    this.#waiting += chunk.length
    if (this.#waiting >= WRITE_BYTES) await this.flush()
  }

  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      await this.#part.close()
    }
  }

  async flush(): Promise<void> {
    if (this.#waiting === 0) return
    const chunks = this.#gathered
    this.#gathered = []
    this.#waiting = 0
    await this.#part.write(chunks)
    for (const chunk of chunks) {
      this.#running.hash.update(chunk)
      this.#running.size += chunk.length
    }
  }
}
