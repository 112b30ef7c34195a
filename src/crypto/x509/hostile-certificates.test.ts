import fc from "fast-check"
import { beforeAll, describe, expect, it } from "vitest"
import { type DerElement, derChildren, derOid, encodeDer, encodeDerOid, parseDer } from "../../codec/der.ts"
import type { SigningKey } from "../../core/ports.ts"
import { generatePrivateKey } from "../generate.ts"
import { localSigningKey } from "../local-key.ts"
import { signatureHolds } from "./check-issued.ts"
import { EKU, EXTENSION } from "./extensions.ts"
import { parseCertificate } from "./parse-certificate.ts"
import {
  codeOf,
  craft as craftWith,
  extensionBytes,
  extensionsOf,
  hex,
  type Parts,
  seq,
  wellMade,
} from "./testdata/craft.ts"

let key: SigningKey
let issued: Uint8Array
const craft = (parts: Parts): Uint8Array => craftWith(key, parts)

beforeAll(async () => {
  key = localSigningKey(await generatePrivateKey("ecdsa-p256"))
  issued = await wellMade(key)
})

describe("hostile certificates", () => {
  const wide = (oid: string) => oid.replace(/\d+$/, (arc) => String(BigInt(arc) + (1n << 32n)))

  it("adv: CVE-2025-66030 arcs beyond 32 bits are not the small ones", () => {
    expect(derOid(parseDer(hex("06072a81808080800a"), "test"), "test")).toBe("1.2.34359738378")
    expect(codeOf(() => derOid(parseDer(hex("06042a80 8103"), "test"), "test"))).toBe("E_FORMAT_MALFORMED")
    const usage = seq(encodeDerOid(wide(EKU.codeSigning)))
    const algorithm = seq(encodeDerOid(wide("1.2.840.10045.4.3.2")))
    const certificate = parseCertificate(
      craft({
        inner: algorithm,
        tail: [
          extensionsOf(
            extensionBytes(EXTENSION.extendedKeyUsage, usage),
            extensionBytes(wide(EXTENSION.basicConstraints), hex("30030101ff")),
          ),
        ],
      }),
    )
    expect(certificate.signatureScheme).toBeUndefined()
    expect(certificate.basicConstraints).toBeUndefined()
    expect(certificate.extendedKeyUsage).toEqual([wide(EKU.codeSigning)])
  })

  it.each([200, 20_000])("adv: CVE-2025-66031 nested %i levels deep", (levels) => {
    let bytes: Uint8Array = new Uint8Array(0)
    for (let i = 0; i < levels && bytes.length < 60_000; i++) bytes = seq(bytes)
    expect(codeOf(() => parseCertificate(bytes))).toBe("E_FORMAT_MALFORMED")
    const inside = extensionsOf(extensionBytes(EXTENSION.alternativeNames, bytes))
    expect(codeOf(() => parseCertificate(craft({ tail: [inside] })))).toBe("E_FORMAT_MALFORMED")
  })

  it.each([
    ["30810100", "length in long form"],
    ["3082000100", "length with a zero in front"],
    ["3084 7fffffff 00", "adv: CVE-2025-58185 a length of 2 GiB"],
    ["3080 0000", "indefinite length"],
    ["", "nothing"],
    ["00", "one byte"],
  ])("adv: sigstore-js-1678 %s: %s", (bytes) => {
    expect(codeOf(() => parseCertificate(hex(bytes)))).toBe("E_FORMAT_MALFORMED")
  })

  it("adv: sigstore-js-1678 one byte behind the certificate", () => {
    const longer = new Uint8Array(issued.length + 1)
    longer.set(issued)
    expect(codeOf(() => parseCertificate(longer))).toBe("E_FORMAT_MALFORMED")
  })

  it("adv: CVE-2025-58187 twenty thousand alternative names", () => {
    const names = seq(...Array.from({ length: 20_000 }, () => hex("820161")))
    const parts = { tail: [extensionsOf(extensionBytes(EXTENSION.alternativeNames, names))] }
    expect(codeOf(() => parseCertificate(craft(parts)))).toBe("accepted")
    const more = seq(...Array.from({ length: 22_000 }, () => hex("820161")))
    const large = { tail: [extensionsOf(extensionBytes(EXTENSION.alternativeNames, more))] }
    expect(codeOf(() => parseCertificate(craft(large)))).toBe("E_LIMIT_EXCEEDED")
  })

  /** Every certificate that differs from this one in one element: dropped, doubled, swapped, of another class. */
  function mutations(element: DerElement, wrap: (bytes: Uint8Array) => Uint8Array): Uint8Array[] {
    const others = [element.tag ^ 0x80, element.tag ^ 0x20, element.tag ^ 0x01].map((tag) =>
      wrap(encodeDer(tag, element.contents)),
    )
    const twice = new Uint8Array(element.raw.length * 2)
    twice.set(element.raw)
    twice.set(element.raw, element.raw.length)
    const here = [wrap(new Uint8Array(0)), wrap(twice), ...others]
    if ((element.tag & 0x20) === 0) return here
    const children = derChildren(element, "test")
    const rebuild = (parts: readonly Uint8Array[]) => wrap(encodeDer(element.tag, ...parts))
    const raws = children.map(({ raw }) => raw)
    const swapped = raws.slice(1).map((raw, at) => rebuild(raws.toSpliced(at, 2, raw, raws[at]!)))
    const inside = children.flatMap((child, at) => mutations(child, (bytes) => rebuild(raws.with(at, bytes))))
    return [...here, ...swapped, ...inside]
  }

  it("adv: CVE-2025-12816 elements dropped, doubled, swapped or of another class change the verdict", () => {
    const original = parseCertificate(issued)
    const all = mutations(parseDer(issued, "test"), (bytes) => bytes)
    expect(all.length).toBeGreaterThan(250)
    for (const bytes of all) {
      if (Buffer.compare(bytes, issued) === 0) continue
      let holds = false
      const code = codeOf(() => {
        holds = signatureHolds(parseCertificate(bytes), original)
      })
      expect(["accepted", "E_FORMAT_MALFORMED", "E_KEY_TYPE"]).toContain(code)
      expect(holds).toBe(false)
    }
  })

  it("throws nothing but ToolError", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean(), (place, value, cut) => {
        const bytes = Uint8Array.from(issued)
        const at = place % bytes.length
        if (bytes[at] === value) return
        bytes[at] = value
        const code = codeOf(() => {
          const certificate = parseCertificate(cut ? bytes.subarray(0, at) : bytes)
          // The flag of another curve's size and the like: nothing that parses may still verify.
          expect(signatureHolds(certificate, parseCertificate(issued))).toBe(false)
        })
        expect(["accepted", "E_FORMAT_MALFORMED", "E_KEY_TYPE", "E_LIMIT_EXCEEDED"]).toContain(code)
      }),
      { numRuns: 2000 },
    )
  })
})
