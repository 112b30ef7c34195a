import { createHash, randomUUID } from "node:crypto"
import { digestAlgorithm, digestHex, type Digest, type DigestAlgorithm } from "../../../core/digest.ts"
import type { Clock } from "../../../core/ports.ts"
import type { ContentFiles } from "./content.ts"
import { GatheringWriter, type RunningHash } from "./gathering-writer.ts"
import type { Metadata, UploadRow } from "./metadata.ts"
import type { AppendOutcome, AppendPlan, FinishOutcome, UploadKind, UploadState } from "./storage.ts"
import { UploadRegister, type FullFor, type UploadLimits } from "./upload-register.ts"

/** Milliseconds between two searches for expired sessions. */
const SWEEP_MS = 60_000

type ReceiveOutcome = "appended" | "wrong-length" | "too-large" | "interrupted"

/**
 * The uploads under way. Changes of one session are made one after the other; a request that changes a session ends one
 * that still waits for bytes, because a client comes again only when its earlier connection is dead.
 */
export class UploadSessions {
  readonly #register: UploadRegister
  readonly #content: ContentFiles
  readonly #clock: Clock
  readonly #running = new Map<string, RunningHash>()
  readonly #queues = new Map<string, Promise<unknown>>()
  readonly #newest = new Map<string, AbortController>()
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(metadata: Metadata, content: ContentFiles, clock: Clock, limits: UploadLimits) {
    this.#register = new UploadRegister(metadata, content, limits)
    this.#content = content
    this.#clock = clock
  }

  async start(repository: string, algorithm: DigestAlgorithm, kind: UploadKind): Promise<UploadState | undefined> {
    const row = { id: randomUUID(), repository, algorithm, touched: this.#clock.now() }
    if (kind === "session") {
      await this.#register.load()
      await this.#sweep()
      // No wait between the last look and the entry, so that the bounds hold for any number of requests at once.
      for (
        let full = this.#register.fullFor(repository);
        full !== undefined;
        full = this.#register.fullFor(repository)
      ) {
        if (!(await this.#makeRoom(full, row.touched))) return undefined
      }
    }
    this.#register.add(row, kind)
    // In the queue of the session, so that it does not make room for another before it is complete.
    await this.#exclusive(row.id, () => this.#create(row))
    return { id: row.id, size: 0 }
  }

  async #create(row: UploadRow): Promise<void> {
    try {
      await this.#content.createPart(row.id)
      this.#running.set(row.id, { algorithm: row.algorithm, hash: createHash(row.algorithm), size: 0 })
    } catch (thrown) {
      this.#register.remove(row.id)
      throw thrown
    }
  }

  async #makeRoom(full: FullFor, now: number): Promise<boolean> {
    const victim = this.#register.victim(full, now, (id) => this.#queues.has(id))
    if (victim === undefined) return false
    await this.#exclusive(victim, () => this.#drop(victim))
    return true
  }

  /** Answers at once, also while bytes arrive or a dead connection is waited for. */
  async state(repository: string, id: string): Promise<UploadState | undefined> {
    if (this.#register.row(repository, id) === undefined) return undefined
    const written = this.#newest.has(id) ? this.#running.get(id)?.size : undefined
    const size = written ?? (await this.#content.partSize(id))
    return size === undefined ? undefined : { id, size }
  }

  async append(
    repository: string,
    id: string,
    body: ReadableStream<Uint8Array> | null,
    plan: AppendPlan,
  ): Promise<AppendOutcome> {
    return this.#change(repository, id, { kind: "unknown" }, async (row, signal) => {
      const before = await this.#content.partSize(id)
      if (before === undefined) return { kind: "unknown" }
      if (plan.start !== undefined && plan.start !== before) return { kind: "out-of-order", size: before }
      const running = await this.#runningHash(row)
      if (body === null) return { kind: plan.length === undefined ? "appended" : "wrong-length", size: before }
      const kind = await this.#receiveOrUndo(id, body, running, plan, signal)
      const kept = kind === "appended" || kind === "interrupted"
      if (!kept) await this.#undo(id, before)
      const size = kept ? running.size : before
      this.#register.touch({ ...row, touched: this.#clock.now() }, size)
      return { kind, size }
    })
  }

  /** A medium that fails, a full one above all, must not keep the part of a request that it took. */
  async #receiveOrUndo(
    id: string,
    body: ReadableStream<Uint8Array>,
    running: RunningHash,
    plan: AppendPlan,
    signal: AbortSignal,
  ): Promise<ReceiveOutcome> {
    const before = running.size
    try {
      return await this.#receive(id, body, running, plan, signal)
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
    signal: AbortSignal,
  ): Promise<ReceiveOutcome> {
    if (signal.aborted) return "interrupted"
    const before = running.size
    const end = Math.min(plan.max, before + (plan.length ?? Number.POSITIVE_INFINITY))
    const writer = new GatheringWriter(await this.#content.openPart(id), running)
    const reader = body.getReader()
    const giveUp = (): void => void reader.cancel().catch(() => undefined)
    signal.addEventListener("abort", giveUp, { once: true })
    try {
      for (;;) {
        const next = await reader.read().catch(() => "interrupted" as const)
        if (next === "interrupted" || isAborted(signal)) return "interrupted"
        if (next.done) break
        if (writer.size + next.value.length > end) return end === plan.max ? "too-large" : "wrong-length"
        await writer.write(next.value)
      }
      await writer.flush()
      return plan.length !== undefined && running.size !== before + plan.length ? "wrong-length" : "appended"
    } finally {
      signal.removeEventListener("abort", giveUp)
      reader.releaseLock()
      // Also after a broken connection: what arrived counts, the client may resume there.
      await writer.close()
    }
  }

  /** @param link - makes the blob visible; called with its size in bytes when the bytes are in place. */
  async finish(repository: string, id: string, digest: Digest, link: (size: number) => void): Promise<FinishOutcome> {
    return this.#change(repository, id, "unknown", async (row) => {
      const size = await this.#content.partSize(id)
      if (size === undefined) return "unknown"
      const found = await this.#digestOf(row, digestAlgorithm(digest))
      if (found !== digestHex(digest)) {
        await this.#drop(id)
        return "digest-mismatch"
      }
      await this.#content.commitPart(id, digest)
      link(size)
      this.#running.delete(id)
      this.#register.remove(id)
      return "stored"
    })
  }

  async cancel(repository: string, id: string): Promise<boolean> {
    return this.#change(repository, id, false, async () => {
      await this.#drop(id)
      return true
    })
  }

  /** Stop waiting for bytes and finish what is being written. */
  async close(): Promise<void> {
    for (const newest of this.#newest.values()) newest.abort()
    await Promise.allSettled(this.#queues.values())
  }

  /** SECURITY: a session belongs to one repository; under another name it does not exist and nothing is ended. */
  async #change<Result>(
    repository: string,
    id: string,
    unknown: Result,
    work: (row: UploadRow, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    if (this.#register.row(repository, id) === undefined) return unknown
    this.#newest.get(id)?.abort()
    const mine = new AbortController()
    this.#newest.set(id, mine)
    try {
      return await this.#exclusive(id, async () => {
        const row = this.#register.row(repository, id)
        return row === undefined ? unknown : work(row, mine.signal)
      })
    } finally {
      if (this.#newest.get(id) === mine) this.#newest.delete(id)
    }
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
    this.#register.remove(id)
    await this.#content.removePart(id)
  }

  async #sweep(): Promise<void> {
    const now = this.#clock.now()
    if (now - this.#sweptAt < SWEEP_MS) return
    this.#sweptAt = now
    for (const id of this.#register.expired(now, (busy) => this.#queues.has(busy))) {
      await this.#exclusive(id, () => this.#drop(id))
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

/** A signal that was not aborted before may be after any wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
