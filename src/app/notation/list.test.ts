import { describe, expect, it } from "vitest"

import type { Descriptor, FetchedManifest } from "../../core/descriptor.ts"
import type { Digest } from "../../core/digest.ts"
import type { ContentStore } from "../../core/ports.ts"
import { listNotation } from "./list.ts"

const MANIFEST = "application/vnd.oci.image.manifest.v1+json"
const SIGNATURE = "application/vnd.cncf.notary.signature"
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** A referrers tag whose entries tell no type. */
function untold(types: readonly string[]): { readonly store: ContentStore; fetched: number; asked: unknown[] } {
  const manifests = new Map<string, FetchedManifest>()
  for (const [n, type] of types.entries()) {
    const config = { mediaType: type, digest: `sha256:${"a".repeat(64)}`, size: 2 }
    const bytes = encode({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [], annotations: { n: String(n) } })
    const descriptor: Descriptor = {
      mediaType: MANIFEST,
      digest: `sha256:${String(n).padStart(64, "0")}`,
      size: bytes.length,
    }
    manifests.set(descriptor.digest, { descriptor, bytes })
  }
  const seen = { fetched: 0, asked: [] as unknown[] }
  const store: Partial<ContentStore> = {
    listReferrers: () => Promise.resolve({ entries: [], via: "referrers-api", supported: false }),
    listReferrersTag: (_subject: Digest, artifactType?: string) => {
      seen.asked.push(artifactType)
      const entries = [...manifests.values()].map(({ descriptor }) => descriptor)
      return Promise.resolve({ entries, via: "referrers-tag", supported: true })
    },
    fetchManifest: (reference: string) => {
      seen.fetched += 1
      return Promise.resolve(manifests.get(reference) as FetchedManifest)
    },
  }
  return Object.assign(seen, { store: store as ContentStore })
}

describe("listNotation", () => {
  const subject: Digest = `sha256:${"b".repeat(64)}`

  it("looks at no more entries than it takes to know that there are too many", async () => {
    const place = untold(Array.from({ length: 500 }, () => SIGNATURE))
    const { signatures, exceeded } = await listNotation(place.store, subject, 20)
    expect([signatures.length, exceeded, place.fetched]).toEqual([20, true, 32])
  })

  it("leaves out other types, and asks the tag for this one alone", async () => {
    const place = untold(["application/spdx+json", SIGNATURE, "application/spdx+json"])
    const { signatures, exceeded } = await listNotation(place.store, subject, 1)
    expect([signatures.length, exceeded, place.asked]).toEqual([1, false, [SIGNATURE]])
  })
})
