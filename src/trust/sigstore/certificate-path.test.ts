import { beforeAll, describe, expect, it, vi } from "vitest"
import type { TrustedAuthority } from "../../core/sigstore.ts"
import { encodeDer } from "../../codec/der.ts"
import type { ExtensionSpec } from "../../crypto/x509/build-certificate.ts"
import {
  basicConstraintsExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
} from "../../crypto/x509/build-extensions.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { EKU } from "../../crypto/x509/extensions.ts"
import * as verify from "../../crypto/verify.ts"
import { type Holder, makeHolder } from "../../servers/authority/timestamp-fixture.ts"
import {
  certificateWith,
  EXPIRES_AT,
  ISSUED_AT,
  longLived,
  makeCa,
  makeSigner,
  signerExtensions,
  type TestCa,
} from "../../servers/authority/signer-fixture.ts"
import { authorityPaths, signerFault } from "./certificate-path.ts"

vi.mock("../../crypto/verify.ts", async (original) => {
  const actual = await original<typeof verify>()
  return { ...actual, verifySignature: vi.fn(actual.verifySignature) }
})

let ca: TestCa
let signer: Holder

beforeAll(async () => {
  ca = await makeCa()
  signer = await makeSigner(ca)
})

function authority(from: TestCa = ca, changes: Partial<TrustedAuthority> = {}): TrustedAuthority {
  return {
    uri: "https://fulcio.example",
    certificates: [from.intermediate.der, from.root.der],
    validFor: { start: 0 },
    ...changes,
  }
}

function outcome(
  leaf: Certificate,
  authorities: readonly TrustedAuthority[],
  at = ISSUED_AT,
  given: readonly Certificate[] = [],
): string {
  const found = authorityPaths(leaf, given, authorities, at)
  return "code" in found ? found.code : `${found.length} of ${found[0]?.chain.length}`
}

describe("authorityPaths", () => {
  it.each([
    ["when issued", ISSUED_AT],
    ["in its last second", EXPIRES_AT],
  ])("finds the way to a root %s", (_, at) => {
    expect(outcome(signer.certificate, [authority()], at)).toBe("1 of 3")
  })

  it("tries every authority, and uses certificates that came along only where none are known", () => {
    const bare = authority(ca, { certificates: [ca.root.der] })
    expect(outcome(signer.certificate, [bare])).toBe("E_CERT_UNTRUSTED")
    expect(outcome(signer.certificate, [bare], ISSUED_AT, [ca.intermediate.certificate])).toBe("1 of 3")
    expect(outcome(signer.certificate, [bare, authority()])).toBe("1 of 3")
  })

  it("finds the way by any of many authorities of one name", () => {
    const rows = Array.from({ length: 40 }, (_, start) => authority(ca, { validFor: { start } }))
    expect(outcome(signer.certificate, rows)).toBe("40 of 3")
  })

  it("adv: bundle-with-root-cert_fail trusts no root that came along", async () => {
    const evil = await makeCa()
    const forged = await makeSigner(evil)
    const given = [evil.intermediate.certificate, evil.root.certificate]
    expect(outcome(forged.certificate, [authority()], ISSUED_AT, given)).toBe("E_CERT_UNTRUSTED")
    const bare = authority(ca, { certificates: [ca.root.der] })
    expect(outcome(forged.certificate, [bare], ISSUED_AT, given)).toBe("E_CERT_UNTRUSTED")
  })

  it.each([
    ["before it was issued", ISSUED_AT - 1, {}, "E_CERT_NOT_YET_VALID"],
    ["after it expired", EXPIRES_AT + 1000, {}, "E_CERT_EXPIRED"],
    ["before the authority was trusted", ISSUED_AT, { validFor: { start: ISSUED_AT + 1 } }, "E_CERT_UNTRUSTED"],
    ["after the authority was trusted", ISSUED_AT, { validFor: { start: 0, end: ISSUED_AT - 1 } }, "E_CERT_UNTRUSTED"],
    ["at both ends of the window", ISSUED_AT, { validFor: { start: ISSUED_AT, end: ISSUED_AT } }, "1 of 3"],
  ])("%s: %s", (_, at, changes, expected) => {
    expect(outcome(signer.certificate, [authority(ca, changes)], at)).toBe(expected)
  })

  it("refuses without any authority", () => {
    expect(outcome(signer.certificate, [])).toBe("E_CERT_UNTRUSTED")
  })

  it("adv: GHSA-wfqv-66vq-46rm refuses while the intermediate or the root is not valid", async () => {
    for (const expired of ["root", "intermediate"] as const) {
      const window = { notBefore: ISSUED_AT - 9000, notAfter: ISSUED_AT - 1000 }
      const root = expired === "root" ? await makeHolder("R", window) : await makeHolder("R", longLived)
      const validity = expired === "intermediate" ? window : longLived
      const intermediate = await makeHolder("I", { issuer: root, ...validity })
      const leaf = await makeSigner({ root, intermediate })
      expect(outcome(leaf.certificate, [authority({ root, intermediate })])).toBe("E_CERT_EXPIRED")
    }
  })

  it("adv: GHSA-2328-f5f3-gj25 lets nobody issue who is no authority", async () => {
    const variants: readonly (readonly ExtensionSpec[])[] = [
      [],
      [basicConstraintsExtension(false)],
      [keyUsageExtension(["keyCertSign"])],
      [basicConstraintsExtension(true), keyUsageExtension(["digitalSignature"])],
    ]
    for (const extensions of variants) {
      const intermediate = await makeHolder("Between", { issuer: ca.root, ...longLived, extensions })
      const leaf = await makeSigner({ root: ca.root, intermediate })
      expect(outcome(leaf.certificate, [authority({ root: ca.root, intermediate })])).toBe("E_CERT_UNTRUSTED")
    }
  })

  it("adv: CVE-2025-61727 refuses name constraints and unknown critical extensions", async () => {
    const constraint = encodeDer(0x30, encodeDer(0xa0, encodeDer(0x30, encodeDer(0x82, Uint8Array.of(0x61)))))
    const unknown: ExtensionSpec = { oid: "1.2.3.4", critical: true, value: Uint8Array.of(5, 0) }
    const variants: readonly ExtensionSpec[] = [{ oid: "2.5.29.30", critical: true, value: constraint }, unknown]
    for (const extension of variants) {
      const extensions = [basicConstraintsExtension(true), keyUsageExtension(["keyCertSign"]), extension]
      const intermediate = await makeHolder("Between", { issuer: ca.root, ...longLived, extensions })
      const leaf = await makeSigner({ root: ca.root, intermediate })
      expect(outcome(leaf.certificate, [authority({ root: ca.root, intermediate })])).toBe("E_CERT_CHAIN")
    }
    const leaf = await makeSigner(ca, { extensions: [...signerExtensions, unknown] })
    expect(outcome(leaf.certificate, [authority()])).toBe("E_CERT_CHAIN")
  })

  it("refuses an intermediate that is for other things", async () => {
    const extensions = [
      basicConstraintsExtension(true),
      keyUsageExtension(["keyCertSign"]),
      extendedKeyUsageExtension([EKU.timeStamping]),
    ]
    const intermediate = await makeHolder("Between", { issuer: ca.root, ...longLived, extensions })
    const leaf = await makeSigner({ root: ca.root, intermediate })
    expect(outcome(leaf.certificate, [authority({ root: ca.root, intermediate })])).toBe("E_CERT_USAGE")
  })

  it("refuses a signature by another key in the issuer's name", async () => {
    const impostor = await makeHolder("Test Fulcio Intermediate", { issuer: ca.root, ...longLived })
    const leaf = await makeSigner({ root: ca.root, intermediate: impostor })
    expect(outcome(leaf.certificate, [authority()])).toBe("E_CERT_UNTRUSTED")
  })

  it("checks the signatures between authorities once", async () => {
    const fresh = await makeCa("Counted")
    const trusted = authority(fresh)
    const [first, second] = [await makeSigner(fresh), await makeSigner(fresh)]
    const count = (leaf: Holder): number => {
      vi.mocked(verify.verifySignature).mockClear()
      expect(outcome(leaf.certificate, [trusted])).toBe("1 of 3")
      return vi.mocked(verify.verifySignature).mock.calls.length
    }
    expect([count(first), count(second), count(second)]).toEqual([2, 1, 0])
  })

  it("adv: CVE-2018-16875 gives up on certificates that all sign each other", async () => {
    const root = await makeHolder("Same", longLived)
    const others = await Promise.all(
      Array.from({ length: 10 }, () => makeHolder("Same", { ...longLived, issuer: root, sameKeyAs: root })),
    )
    const leaf = await makeSigner({ root, intermediate: root })
    const stranger = await makeHolder("Same", longLived)
    const found = outcome(
      leaf.certificate,
      [authority(ca, { certificates: [stranger.der] })],
      ISSUED_AT,
      others.map(({ certificate }) => certificate),
    )
    expect(["E_CERT_UNTRUSTED", "E_LIMIT_EXCEEDED"]).toContain(found)
  })
})

describe("signerFault", () => {
  it("accepts a signer", () => {
    expect(signerFault(signer.certificate)).toBeUndefined()
  })

  it.each<[string, readonly ExtensionSpec[]]>([
    ["no extended key usage", [keyUsageExtension(["digitalSignature"])]],
    ["any extended key usage", [extendedKeyUsageExtension([EKU.any])]],
    ["another extended key usage", [extendedKeyUsageExtension([EKU.timeStamping])]],
    ["a key for other things", [extendedKeyUsageExtension([EKU.codeSigning]), keyUsageExtension(["keyAgreement"])]],
    ["an authority's certificate", [...signerExtensions, basicConstraintsExtension(true)]],
  ])("adv: CVE-2025-22874 refuses %s", async (_, extensions) => {
    expect(signerFault(await certificateWith(...extensions))?.code).toBe("E_CERT_USAGE")
  })
})
