import { MIB } from "../../core/limits.ts"

/** Bytes kept when the caller names no other amount: enough for every signature document of one command. */
const DEFAULT_BYTES = 64 * MIB
/** Bytes of the largest content kept: signatures are smaller, and what is not is rarely read twice. */
const ENTRY_BYTES = 8 * MIB

interface Flight<T> {
  readonly work: Promise<T>
  readonly signal: AbortSignal | undefined
}

/**
 * Verified content by key, with one load at a time per key and a bound on memory; the least recently used goes first.
 * Keys must name place and digest, never a tag.
 */
export class ContentCache {
  readonly #max: number
  readonly #kept = new Map<string, { readonly value: unknown; readonly size: number }>()
  readonly #flights = new Map<string, Flight<unknown>>()
  #bytes = 0

  /** @param maxBytes - bytes of content kept. */
  constructor(maxBytes: number = DEFAULT_BYTES) {
    this.#max = maxBytes
  }

  get(key: string): unknown {
    const found = this.#kept.get(key)
    if (found === undefined) return undefined
    this.#kept.delete(key)
    this.#kept.set(key, found)
    return found.value
  }

  /** @param size - bytes; what is larger than the whole cache, or than 8 MiB, is not kept. */
  put(key: string, value: unknown, size: number): void {
    this.forget(key)
    if (size > Math.min(this.#max, ENTRY_BYTES)) return
    this.#kept.set(key, { value, size })
    this.#bytes += size
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#max) break
      this.forget(oldest)
    }
  }

  forget(key: string): void {
    const found = this.#kept.get(key)
    if (found === undefined) return
    this.#bytes -= found.size
    this.#kept.delete(key)
  }

  /**
   * Kept value, or the result of one `load` that everybody who asks meanwhile shares.
   *
   * A caller whose leader was aborted loads again with its own signal.
   */
  async load<T>(key: string, sizeOf: (value: T) => number, load: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      const kept = this.get(key)
      if (kept !== undefined) return kept as T
      const flight = this.#flights.get(key) as Flight<T> | undefined
      if (flight === undefined) return this.#lead(key, sizeOf, load, signal)
      try {
        return await flight.work
      } catch (error) {
        if (flight.signal?.aborted !== true || signal?.aborted === true) throw error
      }
    }
  }

  async #lead<T>(
    key: string,
    sizeOf: (value: T) => number,
    load: () => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const work = load()
    this.#flights.set(key, { work, signal })
    try {
      const value = await work
      this.put(key, value, sizeOf(value))
      return value
    } finally {
      this.#flights.delete(key)
    }
  }
}
