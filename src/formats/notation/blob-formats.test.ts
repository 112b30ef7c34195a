import { describe, expect, it } from "vitest"
import { readSigned } from "../../../tests/vectors/notation/read-signed.ts"
import type { BindSubject, Wanted } from "../../core/candidate.ts"
import type { Digest } from "../../core/digest.ts"
import { parsePublicKey } from "../../crypto/public-key.ts"
import { notationBlobs } from "../index.ts"
import { parseEnvelope } from "./candidate.ts"

const blobs = await notationBlobs.load()

const SHA256: Digest = `sha256:${"ab".repeat(32)}`
const SHA384: Digest = `sha384:${"cd".repeat(48)}`
const SHA512: Digest = `sha512:${"ef".repeat(64)}`
const wanted: Wanted = { kind: "signature", annotations: {} }

const found = readSigned().find(({ key, format }) => key === "ec-384" && format === "jws")
const real = parseEnvelope(found?.bytes ?? new Uint8Array(), "notation")
const [leaf = new Uint8Array()] = real.certificates

function signed(form: "jws" | "cose"): Uint8Array {
  const blob = { mediaType: "application/octet-stream", digest: SHA384, size: 7 }
  const started = blobs.draft({ form, blob, at: 0, keySpec: "EC-384", annotations: { a: "1" } })
  const key = parsePublicKey(leaf, { certificate: true })
  return started.finish(real.signature, key, { certificates: real.certificates }).bytes
}

describe.each(["jws", "cose"] as const)("blob signatures (%s)", (form) => {
  const candidate = blobs.parse(signed(form), form)

  it("name the hash that the file is to be read with", () => {
    expect(candidate).toMatchObject({
      digestAlgorithms: ["sha384"],
      format: form === "jws" ? "notation" : "notation-cose",
    })
  })

  it.each<[string, BindSubject]>([
    ["its digest", { digest: SHA384 }],
    ["its digest among others", { digest: SHA256, others: [SHA512, SHA384] }],
    ["all that is known", { digest: SHA384, size: 7, mediaType: "application/octet-stream" }],
  ])("are about a file with %s", (_, subject) => {
    expect(candidate.bind(subject, { ...wanted, annotations: { a: "1" } }).map(({ outcome }) => outcome)).toEqual([
      "passed",
      "passed",
      "passed",
    ])
  })

  it.each<[string, BindSubject]>([
    ["another digest", { digest: `sha384:${"00".repeat(48)}` }],
    ["no digest by the hash of the key", { digest: SHA256, others: [SHA512] }],
    ["another size", { digest: SHA384, size: 8 }],
    ["another media type", { digest: SHA384, mediaType: "text/plain" }],
  ])("are not about a file with %s", (_, subject) => {
    expect(candidate.bind(subject, wanted)).toContainEqual(
      expect.objectContaining({
        check: "subject.digest",
        outcome: "failed",
        observed: "integrity check failed. signature does not match the given blob",
      }),
    )
  })

  it("are drafted over a digest by the hash of the key alone", () => {
    const input = { form, at: 0, annotations: {}, blob: { mediaType: "a/b", digest: SHA256, size: 1 } }
    expect(() => blobs.draft({ ...input, keySpec: "EC-384" })).toThrow(
      expect.objectContaining({ code: "E_USAGE" }) as Error,
    )
    expect(() => blobs.draft({ ...input, keySpec: "EC-999" })).toThrow(
      expect.objectContaining({ code: "E_KEY_TYPE" }) as Error,
    )
    expect(blobs.draft({ ...input, keySpec: "RSA-2048" }).message.length).toBeGreaterThan(0)
  })

  it("are refused in the other envelope", () => {
    expect(() => blobs.parse(signed(form), form === "jws" ? "cose" : "jws")).toThrow(
      expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error,
    )
  })
})

it("SECURITY: a payload that names the file by a weaker hash than the key's is about nothing", () => {
  // Signed as for an artifact: the payload holds a SHA-256 digest, the key signs with SHA-384.
  const candidate = blobs.parse(found?.bytes ?? new Uint8Array(), "jws")
  const target = candidate.content({ digest: SHA256 }, wanted)
  const digest = target.kind === "descriptor" ? target.digest : SHA256
  expect(candidate.bind({ digest }, wanted)).toContainEqual(
    expect.objectContaining({ check: "subject.digest", outcome: "failed" }),
  )
})
