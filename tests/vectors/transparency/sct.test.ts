import { describe, expect, it } from "vitest"
import type { PublicKey } from "../../../src/core/ports.ts"
import { CT_EXTENSION, precertificateTbs } from "../../../src/crypto/transparency/precertificate.ts"
import { issuerKeyHash, parseSctExtension, type Sct, verifySct } from "../../../src/crypto/transparency/sct.ts"
import { parseCertificate } from "../../../src/crypto/x509/parse-certificate.ts"
import { parseBundle } from "../../../src/envelopes/bundle/parse-bundle.ts"
import { bundleOf, oldBundleOf, present, rootOf } from "./shared.ts"

interface Case {
  readonly name: string
  readonly bundle: () => Uint8Array
  /** Folder of the trusted root. */
  readonly root?: string
  /** No key of the root made the SCT. */
  readonly unknown?: true
}

const cases: readonly Case[] = [
  { name: "happy-path-v0.1", bundle: () => bundleOf("happy-path-v0.1") },
  { name: "happy-path-v0.3", bundle: () => bundleOf("happy-path-v0.3") },
  { name: "bundleV01-dsse-no-proof", bundle: () => oldBundleOf("bundleV01-dsse-no-proof.sigstore") },
  { name: "bundleV03-intoto", bundle: () => oldBundleOf("bundleV03-intoto.sigstore") },
  {
    name: "rekor2-checkpoint-multiple-cosigs",
    bundle: () => bundleOf("rekor2-checkpoint-multiple-cosigs"),
    root: "rekor2-checkpoint-multiple-cosigs",
  },
  {
    name: "intoto-with-custom-trust-root",
    bundle: () => bundleOf("intoto-with-custom-trust-root"),
    root: "intoto-with-custom-trust-root",
  },
  {
    name: "invalid-ct-key_fail",
    bundle: () => bundleOf("invalid-ct-key_fail"),
    root: "invalid-ct-key_fail",
    unknown: true,
  },
]

function leafOf(bundle: Uint8Array): Uint8Array {
  const { material } = parseBundle(bundle)
  const [leaf] = material.kind === "certificate" ? material.certificates : []
  if (leaf === undefined) throw new Error("no certificate in the vector")
  return leaf
}

function holds(sct: Sct, keys: readonly PublicKey[], certificate: Uint8Array, issuers: readonly Uint8Array[]): boolean {
  const tbs = precertificateTbs(certificate)
  return keys.some((key) =>
    issuers.some((spki) => verifySct(sct, { kind: "precert", issuerKeyHash: issuerKeyHash(spki), tbs }, key)),
  )
}

describe("SCTs of real certificates", () => {
  if (!present) {
    it.skip("vectors are missing: sigstore-bundle, trusted-roots", () => undefined)
    return
  }
  it.each(cases)("$name", ({ bundle, root: folder, unknown }) => {
    const root = rootOf(folder)
    const leaf = leafOf(bundle())
    const certificate = parseCertificate(leaf)
    const [sct, ...more] = parseSctExtension(certificate.extensions.get(CT_EXTENSION.sctList)!.value)
    expect(more).toEqual([])
    const keys = root.ctlogs.map(({ key }) => key)
    const issuers = root.authorities
      .map((der) => parseCertificate(der))
      .filter((authority) => Buffer.from(authority.subject.raw).equals(certificate.issuer.raw))
      .map(({ spki }) => spki)
    expect(issuers.length).toBeGreaterThan(0)
    expect(holds(sct!, keys, leaf, issuers)).toBe(unknown !== true)
    if (unknown === true) return
    expect(sct!.timestamp >= BigInt(certificate.notBefore) - 1000n).toBe(true)
    const signature = sct!.signed.signature.slice()
    signature[signature.length - 1]! ^= 1
    const changed: Sct[] = [
      { ...sct!, timestamp: sct!.timestamp + 1n },
      { ...sct!, extensions: Uint8Array.of(0) },
      { ...sct!, signed: { ...sct!.signed, signature } },
      { ...sct!, signed: { ...sct!.signed, hashCode: 2 } },
      { ...sct!, signed: { ...sct!.signed, hashCode: 6 } },
      { ...sct!, signed: { ...sct!.signed, signatureCode: 1 } },
    ]
    expect(changed.map((item) => holds(item, keys, leaf, issuers))).toEqual(changed.map(() => false))
    expect(holds(sct!, keys, leaf, [certificate.spki])).toBe(false)
    expect(verifySct(sct!, { kind: "x509", certificate: leaf }, keys[0]!)).toBe(false)
  })
})
