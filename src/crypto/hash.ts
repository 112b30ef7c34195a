import { createHash, hash, type Hash } from "node:crypto"
import type { Digest } from "../core/digest.ts"
import type { HashAlgorithm } from "../core/ports.ts"

/** Length of a hash value in bytes. */
export const HASH_LENGTH: Readonly<Record<HashAlgorithm, number>> = { sha224: 28, sha256: 32, sha384: 48, sha512: 64 }

/** Raw hash of `bytes`. */
export function digestOf(algorithm: HashAlgorithm, bytes: Uint8Array): Uint8Array {
  return plain(hash(algorithm, bytes, "buffer"))
}

/** `sha256:` and the lower-case hexadecimal hash of `bytes`. */
export function sha256Digest(bytes: Uint8Array): Digest {
  return `sha256:${hash("sha256", bytes, "hex")}`
}

/** Hash of content that comes in pieces. Give it to one stream only; after {@link Hasher.digest} it is spent. */
export class Hasher {
  readonly algorithm: HashAlgorithm
  readonly #hash: Hash

  constructor(algorithm: HashAlgorithm) {
    this.algorithm = algorithm
    this.#hash = createHash(algorithm)
  }

  /** Add the next piece. */
  update(chunk: Uint8Array): this {
    this.#hash.update(chunk)
    return this
  }

  /** Raw hash of everything added. */
  digest(): Uint8Array {
    return plain(this.#hash.digest())
  }

  /** Lower-case hexadecimal hash of everything added. */
  hex(): string {
    return this.#hash.digest("hex")
  }
}

/** The same bytes as a plain array, so that equality and structure tests do not see Node's subclass. */
export function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
