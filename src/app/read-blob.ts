import { concatBytes } from "../codec/concat-bytes.ts"
import type { ArtifactContent } from "../core/candidate.ts"
import { ToolError } from "../core/errors.ts"
import { limits, MIB } from "../core/limits.ts"
import type { HashAlgorithm } from "../core/ports.ts"
import { Hasher } from "../crypto/hash.ts"
import type { AppContext } from "./requests.ts"

/** Files up to this many bytes are kept, because OpenSSL works on whole messages and starts faster than curve code. */
const SMALL = 4 * MIB

/** A file read once: its digests, and its bytes when they were kept. */
export interface ReadBlob extends ArtifactContent {
  /** Bytes read. */
  readonly size: number
}

/**
 * Read a file (`-` = standard input) once, hashing as it passes; memory stays flat unless the bytes are kept.
 *
 * @param keep - which bytes to keep: `all` for schemes that sign the whole message (pure Ed25519), `small` to keep those
 *   of small files, where whole messages are as good as digests.
 * @throws {ToolError} `E_FILE_NOT_FOUND`, `E_IO`, and `E_LIMIT_EXCEEDED` when a file that must be kept is too large.
 */
export async function readBlob(
  app: AppContext,
  path: string,
  algorithms: ReadonlySet<HashAlgorithm>,
  keep: "all" | "small" | "none",
): Promise<ReadBlob> {
  const hashers = [...algorithms].map((algorithm) => new Hasher(algorithm))
  let kept: Uint8Array[] | undefined = keep === "none" ? undefined : []
  let size = 0
  const task = app.progress.start(`reading ${path}`, await app.files.size(path))
  for await (const chunk of app.files.stream(path)) {
    size += chunk.byteLength
    if (keep === "all" && size > limits.attachmentBytes) tooLarge(path)
    if (keep === "small" && size > SMALL) kept = undefined
    for (const hasher of hashers) hasher.update(chunk)
    kept?.push(chunk)
    task.advance(chunk.byteLength)
  }
  task.done()
  const digests = Object.fromEntries(hashers.map((hasher) => [hasher.algorithm, hasher.digest()]))
  return kept === undefined ? { digests, size } : { digests, size, bytes: concatBytes(kept) }
}

function tooLarge(path: string): never {
  throw new ToolError("E_LIMIT_EXCEEDED", {
    what: `${path} is too large for an Ed25519 key`,
    why: `such a key signs the whole file in memory; more than ${limits.attachmentBytes} bytes were read`,
    next: ["use an ECDSA or RSA key for large files"],
  })
}
