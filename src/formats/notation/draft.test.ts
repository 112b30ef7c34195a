import { generateKeyPairSync } from "node:crypto"
import { describe, expect, it } from "vitest"
import { readSigned } from "../../../tests/vectors/notation/read-signed.ts"
import { ToolError } from "../../core/errors.ts"
import type { PublicKey } from "../../core/ports.ts"
import { parsePublicKey, publicKeyOf } from "../../crypto/public-key.ts"
import type { Draft, SignatureFormat } from "../format.ts"
import { parseEnvelope } from "./candidate.ts"
import { notation, notationCose } from "./notation.ts"
import type { NotationInput } from "./draft.ts"

const SUBJECT = { mediaType: "a/b", digest: `sha256:${"ab".repeat(32)}`, size: 7 } as const
const rows = [notation, notationCose]
const found = readSigned().find(({ key, format }) => key === "ec-256" && format === "jws")
const real = parseEnvelope(found?.bytes ?? new Uint8Array(), "notation")
const [leaf = new Uint8Array(), root = new Uint8Array()] = real.certificates
const key = parsePublicKey(leaf, { certificate: true })

function draft(row: SignatureFormat, changes: Partial<NotationInput> = {}): Draft {
  const input = {
    subject: SUBJECT,
    at: 1_000_000,
    keySpec: "EC-256",
    dockerReferences: [],
    annotations: {},
    ...changes,
  }
  const [first] = row.writer.draftSignature(input)
  if (first === undefined) throw new Error("no draft")
  return first
}

function code(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return error instanceof ToolError ? error.code : String(error)
  }
}

describe.each(rows)("draft ($id)", (row) => {
  it("holds a timestamp token and the agent", () => {
    const token = Uint8Array.of(0x30, 1, 0)
    const document = draft(row, { agent: "a/1 <b>", expiry: 1_001_999 }).finish(real.signature, key, {
      certificates: [leaf, root],
      timestampToken: token,
    })
    const { attributes, certificates } = parseEnvelope(document.bytes, row.id as "notation")
    const expiry = expect.objectContaining({ at: 1_001_000 }) as unknown
    expect(attributes).toMatchObject({ signingAgent: "a/1 <b>", timestampToken: token, expiry })
    expect(certificates).toEqual([leaf, root])
  })

  it("leaves out an agent and a token that are not there", () => {
    const { bytes } = draft(row).finish(real.signature, key, { certificates: [leaf] })
    const { attributes } = parseEnvelope(bytes, row.id as "notation")
    expect(attributes).not.toHaveProperty("signingAgent")
    expect(attributes).not.toHaveProperty("timestampToken")
  })

  it.each<[string, Partial<NotationInput>, string]>([
    ["an expiry in the same second", { expiry: 1_000_999 }, "E_USAGE"],
    ["an expiry before", { expiry: 0 }, "E_USAGE"],
    ["reserved metadata", { annotations: { "io.cncf.notary.x": "1" } }, "E_USAGE"],
    ["an unknown kind of key", { keySpec: "RSA-1024" }, "E_KEY_TYPE"],
    ["a kind of key of every object", { keySpec: "toString" }, "E_KEY_TYPE"],
  ])("refuses %s", (_, changes, expected) => {
    expect(code(() => draft(row, changes))).toBe(expected)
  })

  it("refuses a key of no known kind and a payload of the caller", () => {
    const { writer } = row
    const input = { subject: SUBJECT, at: 0, dockerReferences: [], annotations: {} }
    expect(code(() => writer.draftSignature(input))).toBe("E_KEY_TYPE")
    expect(code(() => writer.draftSignature({ ...input, keySpec: "EC-256", payload: new Uint8Array(1) }))).toBe(
      "E_USAGE",
    )
    const predicate = { type: "custom", bytes: new Uint8Array(1) }
    const attestation = { subject: SUBJECT.digest, subjectName: "x", predicate, generation: "cosign3", at: 0 } as const
    expect(code(() => writer.draftAttestation(attestation))).toBe("E_USAGE")
  })

  it("refuses what does not belong to the key", () => {
    const other = (curve: string): PublicKey => publicKeyOf(generateKeyPairSync("ec", { namedCurve: curve }).publicKey)
    const finish = (signature: Uint8Array, by: PublicKey, certificates?: readonly Uint8Array[]) => () =>
      draft(row).finish(signature, by, certificates === undefined ? undefined : { certificates })
    expect(code(finish(real.signature, key))).toBe("E_TRUST_MISSING")
    expect(code(finish(real.signature, key, []))).toBe("E_TRUST_MISSING")
    expect(code(finish(real.signature, key, [root, leaf]))).toBe("E_CERT_CHAIN")
    expect(code(finish(real.signature, other("prime256v1"), [leaf]))).toBe("E_CERT_CHAIN")
    expect(code(finish(real.signature, other("secp384r1"), [leaf]))).toBe("E_KEY_TYPE")
    expect(code(finish(new Uint8Array(64), key, [leaf]))).toBe("E_KEY_PROVIDER")
    expect(code(finish(new Uint8Array(0), key, [leaf]))).toBe("E_KEY_PROVIDER")
    expect(code(() => draft(row, { keySpec: "RSA-2048" }).timestamped?.(new Uint8Array(0)))).toBe("E_KEY_PROVIDER")
  })

  it("adopts only envelopes", () => {
    const { writer } = row
    expect(code(() => writer.adopt?.(new Uint8Array(3)))).toBe("E_FORMAT_MALFORMED")
  })
})

describe("placement", () => {
  it("writes the form of version 2 when asked", () => {
    const document = draft(notation).finish(real.signature, key, { certificates: [leaf, root] })
    const { placement } = notation.writer
    if (placement.place !== "referrer") throw new Error("no referrer")
    const marked = { ...document, annotations: { ...document.annotations, "a.plugin": "<x>" } }
    const { bytes, blobs, mediaType } = placement.manifest(
      { ...SUBJECT, annotations: { a: "b" } },
      marked,
      1_999,
      "artifact",
    )
    const thumbprints = (document.annotations["io.cncf.notary.x509chain.thumbprint#S256"] ?? "").replaceAll('"', '\\"')
    // Shape as notation 2.0.0-alpha.1 wrote it.
    expect(new TextDecoder().decode(bytes)).toBe(
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",' +
        '"artifactType":"application/vnd.cncf.notary.signature","config":{"mediaType":"application/vnd.oci.empty.v1+json",' +
        '"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="},' +
        `"layers":[{"mediaType":"application/jose+json","digest":"${document.descriptor.digest}","size":${document.bytes.length}}],` +
        `"subject":{"mediaType":"a/b","digest":"${SUBJECT.digest}","size":7},` +
        `"annotations":{"a.plugin":"\\u003cx\\u003e","io.cncf.notary.x509chain.thumbprint#S256":"${thumbprints}",` +
        '"org.opencontainers.image.created":"1970-01-01T00:00:01Z"}}',
    )
    expect(mediaType).toBe("application/vnd.oci.image.manifest.v1+json")
    expect(blobs?.map(({ descriptor }) => descriptor.size)).toEqual([document.bytes.length, 2])
  })
})
