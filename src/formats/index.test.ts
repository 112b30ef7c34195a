import { describe, expect, it } from "vitest"
import { FORMAT_NAMES } from "../core/format-names.ts"
import type { RawSignature } from "../core/ports.ts"
import { formats, referrerKind, triangulate } from "./index.ts"

const DIGEST = `sha256:${"ab".repeat(32)}` as const

function raw(mediaType: string): RawSignature {
  return {
    location: { store: "referrers-api", where: "r", reference: "d" },
    descriptor: { mediaType, digest: DIGEST, size: 0 },
    bytes: new Uint8Array(0),
    mediaType,
    annotations: {},
  }
}

describe("formats", () => {
  it("are those that have a name, in the same order", () => {
    expect(formats.map(({ id }) => id)).toEqual(FORMAT_NAMES)
  })

  it.each([
    ["application/vnd.dev.cosign.simplesigning.v1+json", ["cosign-v2"]],
    ["application/vnd.dsse.envelope.v1+json", ["cosign-v2"]],
    ["application/vnd.dev.sigstore.bundle.v0.3+json", ["cosign-v3"]],
    ["application/vnd.dev.sigstore.bundle+json;version=0.3", ["cosign-v3"]],
    ["application/jose+json", ["notation"]],
    ["application/cose", ["notation-cose"]],
    ["application/vnd.cncf.notary.signature", []],
    ["application/json", []],
    ["", []],
  ])("%s is for %j", (mediaType, ids) => {
    expect(formats.filter((format) => format.accepts(raw(mediaType))).map(({ id }) => id)).toEqual(ids)
  })

  it("reads what it accepts, and refuses an empty document", async () => {
    for (const entry of formats) {
      const format = await entry.load()
      const [first = ""] = entry.wanted.signature
      expect(() => format.parse(raw(first.replace("*", ".v0.3+json")))).toThrow(
        expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error,
      )
    }
  })

  it("refuses a bundle older than 0.3 beside an artifact", async () => {
    const format = await formats[0]?.load()
    const document = {
      mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.2",
      verificationMaterial: { publicKey: {} },
      messageSignature: { signature: "AQID" },
    }
    const bytes = new TextEncoder().encode(JSON.stringify(document))
    const parse = (store: "referrers-api" | "file"): unknown => {
      const old = raw("application/vnd.dev.sigstore.bundle+json;version=0.2")
      return format?.parse({ ...old, bytes, location: { ...old.location, store } })
    }
    expect(() => parse("referrers-api")).toThrow(
      expect.objectContaining({ code: "E_FORMAT_UNSUPPORTED_VERSION" }) as Error,
    )
    expect(parse("file")).toHaveLength(1)
  })

  it("refuses a simple-signing payload in a bundle", async () => {
    const format = await formats.find(({ id }) => id === "cosign-v3")?.load()
    const subject = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: DIGEST, size: 2 }
    const input = { subject, at: 0, dockerReferences: ["r"], annotations: {}, payload: new Uint8Array(1) }
    expect(() => format?.writer.draftSignature(input)).toThrow(expect.objectContaining({ code: "E_USAGE" }) as Error)
  })
})

describe("referrerKind", () => {
  it.each([
    ["application/vnd.cncf.notary.signature", "notation"],
    ["application/pgp-signature", "gpg"],
    ["application/spdx+json", "spdx"],
    ["application/vnd.cyclonedx+json", "cyclonedx"],
    ["application/vnd.dev.sigstore.bundle+json;version=0.3", "sigstore bundle"],
    ["application/vnd.in-toto.provenance+dsse", "in-toto"],
    ["application/octet-stream", undefined],
    ["", undefined],
  ])("%s is %s", (type, name) => {
    expect(referrerKind(type)?.name).toBe(name)
  })
})

describe("triangulate", () => {
  it("makes the three tags", () => {
    const hex = "ab".repeat(32)
    expect(triangulate(DIGEST, "sig")).toBe(`sha256-${hex}.sig`)
    expect(triangulate(DIGEST, "att", "x-")).toBe(`x-sha256-${hex}.att`)
    expect(triangulate(DIGEST, "sbom")).toBe(`sha256-${hex}.sbom`)
  })
})
