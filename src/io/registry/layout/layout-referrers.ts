import { readdir } from "node:fs/promises"
import { join } from "node:path"

import type { Descriptor } from "../../../core/descriptor.ts"
import { isDigest, type Digest } from "../../../core/digest.ts"
import { asToolError, ToolError } from "../../../core/errors.ts"
import { limits } from "../../../core/limits.ts"
import { parseManifest } from "../../../codec/oci/manifest.ts"
import { hasDigest } from "../digester.ts"
import { referrerEntry } from "../referrers-index.ts"
import { blobFile, codeOf, ioError, readFileWithin, refuseLinkedFolders } from "./layout-files.ts"

const ALGORITHMS = ["sha256", "sha384", "sha512"] as const
const MAX_FILES = 100_000
const OPEN_BRACE = 0x7b

interface Referrer {
  readonly subject: Digest
  readonly entry: Descriptor
}

/**
 * Finds referrers in a layout by reading every manifest in `blobs`, listed in `index.json` or not: cosign `save` leaves
 * referrers as blobs alone. Each blob is read once.
 */
export class LayoutReferrers {
  readonly #root: string
  readonly #seen = new Map<Digest, Referrer | undefined>()

  constructor(root: string) {
    this.#root = root
  }

  /**
   * @throws {ToolError} `E_FORMAT_MALFORMED` for links and for a manifest whose bytes do not fit its name: a damaged
   *   signature must not look like none; `E_LIMIT_EXCEEDED`; `E_IO`.
   */
  async list(subject: Digest, artifactType?: string): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = []
    for (const algorithm of ALGORITHMS) {
      for (const digest of await this.#names(algorithm)) {
        const referrer = await this.#look(digest)
        if (referrer?.subject !== subject) continue
        if (artifactType === undefined || referrer.entry.artifactType === artifactType) found.push(referrer.entry)
        if (found.length > limits.referrers) throw tooMany(this.#root, limits.referrers, "referrers of one artifact")
      }
    }
    return found
  }

  /**
   * Refuse one more referrer where readers would refuse all of them then.
   *
   * @throws {ToolError} `E_LIMIT_EXCEEDED`, and as {@link list}.
   */
  async requireRoom(subject: Digest, referrer: Digest): Promise<void> {
    let files = 0
    for (const algorithm of ALGORITHMS) files += (await this.#names(algorithm)).length
    // There are never more referrers than files; counting those is quick.
    if (files < limits.referrers) return
    const listed = await this.list(subject)
    if (listed.length < limits.referrers || listed.some(({ digest }) => digest === referrer)) return
    throw new ToolError("E_LIMIT_EXCEEDED", {
      what: `too many referrers of ${subject}`,
      why: `${this.#root} has ${listed.length}, at most ${limits.referrers} are read`,
    })
  }

  async #names(algorithm: "sha256" | "sha384" | "sha512"): Promise<readonly Digest[]> {
    const folder = join(this.#root, "blobs", algorithm)
    await refuseLinkedFolders(this.#root, `${algorithm}:`)
    try {
      const names = (await readdir(folder)).map((name) => `${algorithm}:${name}`).filter(isDigest)
      if (names.length > MAX_FILES) throw tooMany(this.#root, MAX_FILES, "blobs")
      return names.toSorted()
    } catch (thrown) {
      if (codeOf(thrown) === "ENOENT") return []
      throw ioError(folder, thrown)
    }
  }

  async #look(digest: Digest): Promise<Referrer | undefined> {
    if (this.#seen.has(digest)) return this.#seen.get(digest)
    const referrer = await this.#read(digest)
    this.#seen.set(digest, referrer)
    return referrer
  }

  async #read(digest: Digest): Promise<Referrer | undefined> {
    const path = blobFile(this.#root, digest)
    let bytes: Uint8Array | undefined
    try {
      bytes = await readFileWithin(path, limits.manifestBytes)
    } catch (thrown) {
      // Layers are larger than any manifest.
      if (asToolError(thrown).code === "E_LIMIT_EXCEEDED") return undefined
      throw thrown
    }
    if (bytes?.[0] !== OPEN_BRACE) return undefined
    if (!hasDigest(bytes, digest)) {
      throw new ToolError("E_FORMAT_MALFORMED", { what: `blob ${digest} is damaged`, why: `${path} has other content` })
    }
    try {
      const manifest = parseManifest(bytes)
      const descriptor = { mediaType: manifest.mediaType, digest, size: bytes.length }
      return manifest.subject && { subject: manifest.subject.digest, entry: referrerEntry(descriptor, manifest) }
    } catch {
      // Configs, payloads and bundles are JSON too.
      return undefined
    }
  }
}

function tooMany(root: string, max: number, what: string): ToolError {
  return new ToolError("E_LIMIT_EXCEEDED", { what: `${root} is too large`, why: `it has more than ${max} ${what}` })
}
