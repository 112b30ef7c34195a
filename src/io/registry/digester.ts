import { createHash, type Hash } from "node:crypto"

import { digestAlgorithm, type Digest, type DigestAlgorithm } from "../../core/digest.ts"

/** A digest in the making. */
export class Digester {
  readonly #algorithm: DigestAlgorithm
  readonly #hash: Hash

  constructor(algorithm: DigestAlgorithm) {
    this.#algorithm = algorithm
    this.#hash = createHash(algorithm)
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  /** To be called once. */
  finish(): Digest {
    return `${this.#algorithm}:${this.#hash.digest("hex")}`
  }
}

/** Digest of whole bytes. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  const digester = new Digester(algorithm)
  digester.update(bytes)
  return digester.finish()
}

/** Whether `bytes` have this digest. */
export function hasDigest(bytes: Uint8Array, digest: Digest): boolean {
  return digestOf(bytes, digestAlgorithm(digest)) === digest
}
