import { malformed, tooLarge } from "../../codec/malformed.ts"
import { Hasher, plain } from "../hash.ts"
import type { HashAlgorithm } from "../../core/ports.ts"

/** The first octets of a DER element. */
export interface DerHeader {
  readonly tag: number
  /** Octets of identifier and length. */
  readonly size: number
  /** Content octets. */
  readonly length: number
}

/**
 * Bytes of a document that comes in pieces. Only what is not consumed is held; what was consumed can be hashed on its
 * way out.
 */
export class ByteQueue {
  readonly #what: string
  #bytes: Uint8Array = new Uint8Array(0)
  /** Consumed bytes of `#bytes`, and those of them that were hashed. */
  #start = 0
  #hashed = 0
  #position = 0
  #hashers: readonly Hasher[] = []

  /** @param what - name of the document for errors. */
  constructor(what: string) {
    this.#what = what
  }

  /** Bytes consumed since the beginning. */
  get position(): number {
    return this.#position
  }

  /** Bytes that are there and not consumed. */
  get available(): number {
    return this.#bytes.length - this.#start
  }

  /** Bytes of memory held. */
  get held(): number {
    return this.#bytes.length
  }

  /** Add a piece; it must not change until it is consumed. */
  push(chunk: Uint8Array): void {
    this.#hash()
    const rest = this.#bytes.subarray(this.#start)
    // Slices of Node's own subclass are no copies.
    if (rest.length === 0) this.#bytes = plain(chunk)
    else {
      const joined = new Uint8Array(rest.length + chunk.length)
      joined.set(rest)
      joined.set(chunk, rest.length)
      this.#bytes = joined
    }
    this.#start = 0
    this.#hashed = 0
  }

  /** Bytes that are there and not consumed; a view that holds until the next {@link push}. */
  view(): Uint8Array {
    return this.#bytes.subarray(this.#start)
  }

  /** Consume bytes that are there. The result is a view that holds until the next {@link push}. */
  take(count: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#start, this.#start + count)
    this.#start += count
    this.#position += count
    return taken
  }

  /** Hash everything consumed from here on, after `before`. */
  startHashing(algorithms: readonly HashAlgorithm[], before: Uint8Array): void {
    this.#hashed = this.#start
    this.#hashers = algorithms.map((algorithm) => new Hasher(algorithm).update(before))
  }

  /** End hashing: raw hashes by algorithm. */
  stopHashing(): Partial<Record<HashAlgorithm, Uint8Array>> {
    this.#hash()
    const digests = Object.fromEntries(this.#hashers.map((hasher) => [hasher.algorithm, hasher.digest()]))
    this.#hashers = []
    return digests
  }

  /** Let go of what is held, all of it consumed. */
  clear(): void {
    this.#hash()
    this.#bytes = new Uint8Array(0)
    this.#start = 0
    this.#hashed = 0
  }

  /**
   * Header of the element that begins here; `undefined` while too few bytes are there.
   *
   * @throws {ToolError} `E_FORMAT_MALFORMED` for what DER forbids.
   */
  header(): DerHeader | undefined {
    const at = this.#start
    const tag = this.#bytes[at]
    const first = this.#bytes[at + 1]
    if (tag === undefined || first === undefined) return undefined
    if ((tag & 0x1f) === 0x1f) throw malformed(this.#what, `DER at offset ${this.#position}: multi-byte tag`)
    if (first < 0x80) return { tag, size: 2, length: first }
    const count = first & 0x7f
    if (count === 0 || count > 4) {
      throw malformed(this.#what, `DER at offset ${this.#position}: length of ${count} octets, expected 1 to 4`)
    }
    if (this.available < 2 + count) return undefined
    let length = 0
    for (let index = 0; index < count; index++) length = length * 256 + (this.#bytes[at + 2 + index] ?? 0)
    if (length < 0x80 || length < 256 ** (count - 1)) {
      throw malformed(this.#what, `DER at offset ${this.#position}: length is not in its shortest form`)
    }
    return { tag, size: 2 + count, length }
  }

  /** Refuse an element that is larger than allowed or goes on behind `end`. */
  check(header: DerHeader, end: number, max: number): void {
    const total = header.size + header.length
    if (this.#position + total > end) {
      throw malformed(this.#what, `DER at offset ${this.#position}: element of ${total} bytes leaves the one around it`)
    }
    if (total > max) throw tooLarge(`a part of a ${this.#what}`, total, max, "bytes")
  }

  #hash(): void {
    if (this.#hashers.length === 0) return
    const consumed = this.#bytes.subarray(this.#hashed, this.#start)
    for (const hasher of this.#hashers) hasher.update(consumed)
    this.#hashed = this.#start
  }
}
