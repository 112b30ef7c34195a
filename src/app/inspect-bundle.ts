import type { Candidate } from "../core/candidate.ts"
import type { Digest } from "../core/digest.ts"
import { limits } from "../core/limits.ts"
import { encodeHex } from "../codec/hex.ts"
import { blobFormats } from "../formats/index.ts"
import { candidateItem } from "./list.ts"
import { claimRoom } from "./evaluate.ts"
import { readBlob } from "./read-blob.ts"
import type { AppContext, AttachedItem } from "./requests.ts"

/** Whether a bundle says it is about a file. `unsaid`: it names no digest, or none that was computed. */
export type AboutFile = "same" | "another" | "unsaid"

/** What is in a bundle file. Nothing of it is verified. */
export interface InspectedBundle {
  readonly path: string
  readonly item: AttachedItem
  readonly file?: {
    readonly path: string
    readonly digest: Digest
    /** Bytes. */
    readonly size: number
    readonly about: AboutFile
    /** Digests that the bundle names. */
    readonly named?: string
  }
}

/**
 * Decode a bundle without trust, and compare the digests in it with a file.
 *
 * @param file - path of the file it may be about; absent = nothing is compared.
 * @throws {ToolError} `E_FORMAT_*` for what is no bundle, `E_FILE_NOT_FOUND`, `E_IO`, `E_LIMIT_EXCEEDED`.
 */
export async function inspectBundle(app: AppContext, path: string, file?: string): Promise<InspectedBundle> {
  const candidate = blobFormats.parseBundle(await app.files.read(path, limits.bundleBytes))
  const item = await candidateItem(candidate, claimRoom())
  const compared = file === undefined ? {} : { file: await comparedWith(app, candidate, file) }
  return { path, item: { ...item, location: { ...item.location, where: "", reference: path } }, ...compared }
}

const HASHES = ["sha256", "sha384", "sha512"] as const

async function comparedWith(
  app: AppContext,
  candidate: Candidate,
  path: string,
): Promise<NonNullable<InspectedBundle["file"]>> {
  const { digests, size } = await readBlob(app, path, new Set(HASHES), "none")
  const [digest, ...others] = HASHES.map((name): Digest => `${name}:${encodeHex(digests[name] ?? new Uint8Array(0))}`)
  const whole = { digest: digest ?? "sha256:", others, size }
  const findings = candidate.bind(whole, { kind: candidate.kind, annotations: {} })
  const { outcome, expected, observed } = findings.find(({ check }) => check === "subject.digest") ?? {}
  const named = expected === undefined ? undefined : observed
  const about = named === undefined || outcome === "unknown" ? "unsaid" : outcome === "passed" ? "same" : "another"
  return { path, digest: whole.digest, size, about, ...(named === undefined ? {} : { named }) }
}
