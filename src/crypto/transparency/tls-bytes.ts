import { concatBytes } from "../../codec/concat-bytes.ts"
import { bigintToBytes, bytesToBigint } from "../../codec/der.ts"
import { malformed } from "../../codec/malformed.ts"

/** Reads the presentation language of TLS. Spec: RFC 5246 section 4. */
export class TlsReader {
  readonly #bytes: Uint8Array
  readonly #what: string
  #at = 0

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  /** The next `count` bytes. @throws {ToolError} `E_FORMAT_MALFORMED`. */
  bytes(count: number): Uint8Array {
    const left = this.#bytes.length - this.#at
    if (left < count) throw malformed(this.#what, `${left} bytes are left, expected at least ${count}`)
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  /** A number of `count` bytes, the highest first. */
  number(count: number): bigint {
    return bytesToBigint(this.bytes(count))
  }

  /** Bytes whose number stands before them in `count` bytes. */
  vector(count: number): Uint8Array {
    return this.bytes(Number(this.number(count)))
  }

  /** @throws {ToolError} `E_FORMAT_MALFORMED` when something is left. */
  end(): void {
    if (!this.done) throw malformed(this.#what, `${this.#bytes.length - this.#at} trailing bytes`)
  }
}

/** A number in `count` bytes, the highest first. @throws {RangeError} when it does not fit. */
export function bigEndian(value: bigint, count: number): Uint8Array {
  return bigintToBytes(value, count)
}

/** Bytes behind their number in `count` bytes. @throws {RangeError} when there are too many. */
export function prefixed(bytes: Uint8Array, count: number): Uint8Array {
  return concatBytes([bigEndian(BigInt(bytes.length), count), bytes])
}
