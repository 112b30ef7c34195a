import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../../src/core/errors.ts"
import { digestOf, sha256Digest } from "../../../src/crypto/hash.ts"
import { parsePublicKey } from "../../../src/crypto/public-key.ts"
import { parseBundle } from "../../../src/envelopes/bundle/parse-bundle.ts"
import { blobFormats } from "../../../src/formats/index.ts"
import { evaluateKeys } from "../../../src/trust/keyed.ts"
import { loadPrehash } from "../../../src/crypto/prehash.ts"

await loadPrehash()

const shared = join(import.meta.dirname, "../../../../shared/vectors")
const root = join(shared, "sigstore-bundle")
const present = existsSync(root)
if (!present) console.warn(`skipped: no vectors in ${root}`)

/** Cases whose fault lies in the shape of the bundle; all others need the log, certificates or the artifact. */
const malformed: readonly (readonly [string, RegExp])[] = [
  ["bundle-empty-certificate-chain_fail", /saw no certificates/],
  ["bundle-invalid-base64-signature_fail", /messageSignature\.signature: base64/],
  ["bundle-negative-log-index_fail", /logIndex: saw the string "-1"/],
  ["rekor2-no-inclusion-proof_fail", /saw no inclusionProof/],
]

function read(...parts: readonly string[]): Uint8Array {
  return new Uint8Array(readFileSync(join(root, ...parts)))
}

describe("sigstore-bundle: shape", () => {
  if (!present) {
    it.skip(`vectors are missing: ${root}`, () => undefined)
    return
  }
  it.each(malformed)("%s is refused", (name, why) => {
    let thrown: unknown
    try {
      parseBundle(read(name, "bundle.sigstore.json"))
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ToolError)
    expect((thrown as ToolError).code).toBe("E_FORMAT_MALFORMED")
    expect((thrown as ToolError).message).toMatch(why)
  })

  const bad = new Set(malformed.map(([name]) => name))
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !bad.has(entry.name))
    .map(({ name }) => name)
  it.each(folders)("%s is read", (name) => {
    const bytes = read(name, "bundle.sigstore.json")
    const bundle = parseBundle(bytes)
    expect(bundle.bytes).toBe(bytes)
    expect(bundle.logEntries.length).toBeGreaterThan(0)
    const candidate = blobFormats.parseBundle(bytes)
    expect(candidate.notEvaluated).toContain("transparency log entry")
    expect(candidate.notEvaluated.includes("timestamp")).toBe(bundle.timestamps.length > 0)
  })

  it("reads bundles of other clients", () => {
    const others = [
      ...readdirSync(join(shared, "sigstore-js-bundles"))
        .filter((name) => name.endsWith(".sigstore"))
        .map((name) => join(shared, "sigstore-js-bundles", name)),
      join(shared, "cosign", "oci-attestation.sigstore.json"),
    ]
    for (const path of others) expect(parseBundle(new Uint8Array(readFileSync(path))).content.kind).toBe("dsse")
  })
})

describe("sigstore-bundle: keys", () => {
  if (!present) {
    it.skip(`vectors are missing: ${root}`, () => undefined)
    return
  }
  const blob = read("a.txt")
  const artifact = { digests: { sha256: digestOf("sha256", blob) }, bytes: blob }
  const key = parsePublicKey(read("managed-key-and-trusted-root", "key.pub"))
  const wanted = { kind: "signature", annotations: {} } as const

  it("managed-key-and-trusted-root verifies with its key", () => {
    const candidate = blobFormats.parseBundle(read("managed-key-and-trusted-root", "bundle.sigstore.json"))
    const { findings, signer } = evaluateKeys(candidate, [{ name: "key.pub", key }], { artifact })
    expect(findings.every(({ outcome }) => outcome === "passed")).toBe(true)
    expect(signer).toMatchObject({ kind: "key", name: "key.pub" })
    expect(candidate.bind({ digest: sha256Digest(blob) }, wanted)[0]?.outcome).toBe("passed")
    expect(candidate.content({ digest: sha256Digest(blob) }, wanted)).toMatchObject({
      kind: "message",
      digestAlgorithm: "sha256",
    })
  })

  it("managed-key-no-key_fail does not verify without a key", () => {
    const candidate = blobFormats.parseBundle(read("managed-key-no-key_fail", "bundle.sigstore.json"))
    expect(() => evaluateKeys(candidate, [], { artifact })).toThrow(
      expect.objectContaining({ code: "E_TRUST_MISSING" }) as Error,
    )
  })

  const keyless = readdirSync(root).filter((name) => /^(dsse|happy|intoto|rekor2|signature|wrong)/.test(name))
  it.each(keyless.filter((name) => !malformed.some(([bad]) => bad === name)))(
    "%s, made with a certificate, does not verify with a key",
    (name) => {
      const candidate = blobFormats.parseBundle(read(name, "bundle.sigstore.json"))
      const { findings, signer } = evaluateKeys(candidate, [{ name: "key.pub", key }], { artifact })
      expect(signer).toBeUndefined()
      expect(findings).toMatchObject([
        { check: "signer.key", outcome: "failed", observed: "expected key signature, not certificate" },
      ])
    },
  )
})
