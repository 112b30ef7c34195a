/** What `generate.ts` wrote, typed. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Digest } from "../../../src/core/digest.ts"
import type { Descriptor } from "../../../src/core/descriptor.ts"
import type { PublicKey, RawSignature } from "../../../src/core/ports.ts"
import { sha256Digest } from "../../../src/crypto/hash.ts"
import { parsePublicKey } from "../../../src/crypto/public-key.ts"

export interface Snapshot {
  readonly manifest: string
  readonly config: string
  readonly layers: readonly string[]
}

interface Images {
  readonly repository: string
  readonly digest: Digest
  readonly size: number
  /** Signature images after each step, by name. */
  readonly steps: Readonly<Record<string, Snapshot>>
  readonly bundles: readonly Snapshot[]
}

export interface ManifestDocument {
  readonly mediaType: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

export interface PredicateCase {
  readonly type: string
  readonly text: string
  readonly cosign2: { readonly statement?: string; readonly error?: string }
  readonly cosign3: { readonly statement?: string; readonly error?: string }
}

const folder = join(import.meta.dirname, "data")

export function peerFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(folder, name)))
}

function json(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), "utf8"))
}

export const images: Images = json("images.json") as Images
export const predicateCases: readonly PredicateCase[] = json("predicates.json") as PredicateCase[]
export const peerKey: PublicKey = parsePublicKey(peerFile("insecure-test-p256.pub"))

export function step(name: string): Snapshot {
  const found = images.steps[name]
  if (found === undefined) throw new Error(`no step ${name}`)
  return found
}

export function manifestOf(snapshot: Snapshot): ManifestDocument {
  return JSON.parse(snapshot.manifest) as ManifestDocument
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** A layer as a store hands it over. */
export function rawOf(snapshot: Snapshot, position = 0): RawSignature {
  const layer = manifestOf(snapshot).layers[position]
  const bytes = utf8(snapshot.layers[position] ?? "")
  if (layer === undefined) throw new Error(`no layer ${position}`)
  return {
    location: { store: "signature-tag", where: images.repository, reference: "tag", position },
    descriptor: { mediaType: layer.mediaType, size: bytes.length, digest: sha256Digest(bytes) },
    bytes,
    mediaType: layer.mediaType,
    annotations: layer.annotations ?? {},
  }
}
