import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { encodeDer, encodeDerInteger, encodeDerOid } from "../../codec/der.ts"
import { encodeHex } from "../../codec/hex.ts"
import { ToolError } from "../../core/errors.ts"
import { limits, MIB } from "../../core/limits.ts"
import type { CertificateList } from "../../core/revocation.ts"
import { digestOf } from "../hash.ts"
import { CertificateListReader } from "./crl-reader.ts"
import { opensslThere, openTestPki, type TestPki } from "../../testing/openssl-authority.ts"
import { parseCertificate } from "./parse-certificate.ts"

function readList(bytes: Uint8Array, serials: readonly bigint[] = [], size = bytes.length): CertificateList {
  const reader = new CertificateListReader(serials)
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
  return reader.end()
}

function codeOf(work: () => unknown): string {
  try {
    work()
    return "accepted"
  } catch (thrown) {
    if (thrown instanceof ToolError) return thrown.code
    throw thrown
  }
}

const SHA256_ECDSA = encodeDer(0x30, encodeDerOid("1.2.840.10045.4.3.2"))
const NAME = encodeDer(
  0x30,
  encodeDer(0x31, encodeDer(0x30, encodeDerOid("2.5.4.3"), encodeDer(0x0c, new Uint8Array([65])))),
)
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const utc = (value: string): Uint8Array => encodeDer(0x17, text(value))
const general = (value: string): Uint8Array => encodeDer(0x18, text(value))
const extension = (oid: string, value: Uint8Array, critical = false): Uint8Array =>
  encodeDer(0x30, encodeDerOid(oid), ...(critical ? [encodeDer(1, new Uint8Array([255]))] : []), encodeDer(4, value))
const entry = (serial: bigint, ...extensions: Uint8Array[]): Uint8Array =>
  encodeDer(
    0x30,
    encodeDerInteger(serial),
    utc("260101000000Z"),
    ...(extensions.length === 0 ? [] : [encodeDer(0x30, ...extensions)]),
  )
const V2 = encodeDerInteger(1n)

/** A list from its signed parts. */
function listOf(parts: readonly Uint8Array[], algorithm = SHA256_ECDSA): Uint8Array {
  return encodeDer(0x30, encodeDer(0x30, ...parts), algorithm, encodeDer(3, new Uint8Array([0, 1, 2, 3])))
}

const usual = (...rest: Uint8Array[]): Uint8Array =>
  listOf([V2, SHA256_ECDSA, NAME, utc("260101000000Z"), utc("270101000000Z"), ...rest])

describe.skipIf(!opensslThere)("lists of openssl", () => {
  let pki: TestPki
  let bytes: Uint8Array
  let serials: readonly bigint[]
  beforeAll(() => {
    pki = openTestPki()
    serials = ["one", "two", "three"].map((name) => parseCertificate(pki.issue(name)).serial)
    pki.revoke("one", "keyCompromise")
    pki.revoke("two")
    bytes = pki.list({ extensions: "authorityKeyIdentifier = keyid", number: 7 })
  })
  afterAll(() => {
    pki.remove()
  })

  it("reads what openssl wrote, whatever the pieces are", () => {
    const whole = readList(bytes, serials)
    expect(whole.entries.map(({ serial, reason }) => [serial, reason])).toEqual([
      [serials[0], 1],
      [serials[1], undefined],
    ])
    expect(whole.issuer).toEqual(parseCertificate(pki.root).subject.raw)
    expect([...whole.extensions.keys()].toSorted()).toEqual(["2.5.29.20", "2.5.29.35"])
    expect((whole.nextUpdate ?? 0) - whole.thisUpdate).toBe(30 * 86_400_000)
    for (const size of [1, 2, 3, 7, 64]) expect(readList(bytes, serials, size)).toEqual(whole)
    const parsed = pki.run(
      "asn1parse",
      "-inform",
      "der",
      "-in",
      "list.der",
      "-strparse",
      "4",
      "-noout",
      "-out",
      "tbs.der",
    )
    expect(parsed).toBe("")
    expect(whole.digests.sha256).toEqual(digestOf("sha256", pki.read("tbs.der")))
  })

  it("keeps only entries that are wanted", () => {
    expect(readList(bytes, [serials[1]!]).entries).toHaveLength(1)
    expect(readList(bytes, [serials[2]!]).entries).toEqual([])
    expect(readList(bytes).entries).toEqual([])
  })

  it("hashes with the algorithm of the signature, and not at all for SHA-1", () => {
    expect(Object.keys(readList(pki.list({ digest: "sha384" })).digests)).toEqual(["sha384"])
    expect(Object.keys(readList(pki.list({ digest: "sha512" })).digests)).toEqual(["sha512"])
    expect(readList(pki.list({ digest: "sha1" })).digests).toEqual({})
  })

  it("refuses every shortened and every lengthened list", () => {
    for (let end = 0; end < bytes.length; end++) {
      expect(codeOf(() => readList(bytes.subarray(0, end)))).toBe("E_FORMAT_MALFORMED")
    }
    expect(codeOf(() => readList(Uint8Array.from([...bytes, 0])))).toBe("E_FORMAT_MALFORMED")
    expect(codeOf(() => readList(Uint8Array.from([...bytes, 0]), [], bytes.length))).toBe("E_FORMAT_MALFORMED")
  })

  it("never fails but on purpose, and never reads a change as the same list", () => {
    const whole = readList(bytes, serials)
    fc.assert(
      fc.property(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.integer({ min: 1, max: 50 }),
        (at, flip, size) => {
          const changed = Uint8Array.from(bytes)
          changed[at] = (changed[at] ?? 0) ^ flip
          try {
            expect(readList(changed, serials, size)).not.toEqual(whole)
          } catch (thrown) {
            if (!(thrown instanceof ToolError)) throw thrown
          }
        },
      ),
      { numRuns: 400 },
    )
  })
})

describe("lists made by hand", () => {
  const bad: readonly (readonly [string, Uint8Array])[] = [
    ["no bytes of a list", new Uint8Array([5, 0])],
    ["an indefinite length", Uint8Array.from([0x30, 0x80, 0, 0])],
    ["a length that is too long a form", Uint8Array.from([0x30, 0x81, 0x05, 0x30, 0x03, 2, 1, 1])],
    ["version 1 written out", listOf([encodeDerInteger(0n), SHA256_ECDSA, NAME, utc("260101000000Z")])],
    ["version 3", listOf([encodeDerInteger(2n), SHA256_ECDSA, NAME, utc("260101000000Z")])],
    ["no thisUpdate", listOf([V2, SHA256_ECDSA, NAME])],
    [
      "extensions in version 1",
      listOf([SHA256_ECDSA, NAME, utc("260101000000Z"), encodeDer(0xa0, encodeDer(0x30, extension("1.2.3", V2)))]),
    ],
    [
      "entry extensions in version 1",
      listOf([SHA256_ECDSA, NAME, utc("260101000000Z"), encodeDer(0x30, entry(1n, extension("1.2.3", V2)))]),
    ],
    [
      "two algorithms",
      listOf([V2, SHA256_ECDSA, NAME, utc("260101000000Z")], encodeDer(0x30, encodeDerOid("1.2.840.10045.4.3.3"))),
    ],
    ["an entry without a time", usual(encodeDer(0x30, encodeDer(0x30, encodeDerInteger(5n))))],
    [
      "an entry with letters for a time",
      usual(encodeDer(0x30, encodeDer(0x30, encodeDerInteger(5n), utc("26010100000xZ")))),
    ],
    ["an entry that is a SET", usual(encodeDer(0x30, encodeDer(0x31, encodeDerInteger(5n), utc("260101000000Z"))))],
    [
      "a serial number with a leading zero",
      usual(encodeDer(0x30, encodeDer(0x30, Uint8Array.from([2, 2, 0, 5]), utc("260101000000Z")))),
    ],
    [
      "a wanted entry on February 30",
      usual(encodeDer(0x30, encodeDer(0x30, encodeDerInteger(9n), utc("260230000000Z")))),
    ],
    [
      "something behind an entry's extensions",
      usual(
        encodeDer(
          0x30,
          encodeDer(0x30, encodeDerInteger(5n), utc("260101000000Z"), encodeDer(0x30, extension("1.2.3", V2)), V2),
        ),
      ),
    ],
    ["an invalidity date in UTCTime", usual(encodeDer(0x30, entry(5n, extension("2.5.29.24", utc("260101000000Z")))))],
    [
      "a reason that is not known",
      usual(encodeDer(0x30, entry(5n, extension("2.5.29.21", Uint8Array.from([10, 1, 7]))))),
    ],
    ["an extension twice", usual(encodeDer(0xa0, encodeDer(0x30, extension("1.2.3", V2), extension("1.2.3", V2))))],
    ["something behind the extensions", usual(encodeDer(0xa0, encodeDer(0x30, extension("1.2.3", V2))), V2)],
    ["two lists of entries", usual(encodeDer(0x30, entry(1n)), encodeDer(0x30, entry(2n)))],
  ]
  it.each(bad)("refuses %s", (_, bytes) => {
    expect(codeOf(() => readList(bytes, [9n]))).toBe("E_FORMAT_MALFORMED")
    expect(codeOf(() => readList(bytes, [9n], 1))).toBe("E_FORMAT_MALFORMED")
  })

  it("tells a critical entry extension, in whatever entry", () => {
    const list = readList(usual(encodeDer(0x30, entry(1n), entry(2n, extension("1.2.3.4", V2, true)))), [1n])
    expect(list.unknownCriticalEntryExtension).toBe("1.2.3.4")
    expect(
      readList(usual(encodeDer(0x30, entry(2n, extension("1.2.3.4", V2)))), [1n]).unknownCriticalEntryExtension,
    ).toBe(undefined)
    expect(
      readList(usual(encodeDer(0x30, entry(2n, extension("2.5.29.29", V2)))), [1n]).unknownCriticalEntryExtension,
    ).toBe("2.5.29.29")
  })

  it("keeps invalidity dates and negative serial numbers", () => {
    const negative = encodeDer(0x30, Uint8Array.from([2, 1, 0x85]), general("20600101000000Z"))
    const dated = entry(7n, extension("2.5.29.24", general("20250102030405Z")))
    const list = readList(usual(encodeDer(0x30, negative, dated)), [-123n, 7n])
    expect(list.entries).toEqual([
      { serial: -123n, revokedAt: Date.UTC(2060, 0, 1) },
      { serial: 7n, revokedAt: Date.UTC(2026, 0, 1), invalidityDate: Date.UTC(2025, 0, 2, 3, 4, 5) },
    ])
  })

  it("bounds the whole, each part and the entries kept", () => {
    const header = Uint8Array.from([0x30, 0x84, 2, 0, 0, 1])
    expect(codeOf(() => readList(header))).toBe("E_LIMIT_EXCEEDED")
    const name = encodeDer(0x30, new Uint8Array(70_000))
    expect(codeOf(() => readList(listOf([V2, SHA256_ECDSA, name, utc("260101000000Z")])))).toBe("E_LIMIT_EXCEEDED")
    const many = Array.from({ length: 1025 }, () => entry(5n))
    expect(codeOf(() => readList(usual(encodeDer(0x30, ...many)), [5n]))).toBe("E_LIMIT_EXCEEDED")
    expect(codeOf(() => readList(usual(encodeDer(0x30, ...many)), [6n]))).toBe("accepted")
  })

  it("holds little of a list of nearly 32 MiB", () => {
    const one = entry(0x1234_5678_9abc_def0n, extension("2.5.29.21", Uint8Array.from([10, 1, 1])))
    const count = Math.floor((limits.crlBytes - 4096) / one.length)
    const body = new Uint8Array(count * one.length)
    for (let at = 0; at < body.length; at += one.length) body.set(one, at)
    const bytes = usual(encodeDer(0x30, body))
    expect(bytes.length).toBeGreaterThan(31 * MIB)
    const reader = new CertificateListReader([5n])
    let most = 0
    for (let at = 0; at < bytes.length; at += 65_536) {
      reader.push(bytes.subarray(at, at + 65_536))
      most = Math.max(most, reader.held)
    }
    expect(reader.end().entries).toEqual([])
    expect(most).toBeLessThan(256 * 1024)
  })
})

const vectors = join(import.meta.dirname, "../../../../shared/vectors/notation/revocation/crl/testdata")
const there = existsSync(vectors)
if (!there) console.warn("vectors of notation/revocation are not there: skipped")

describe.skipIf(!there)("vectors of notation-core-go", () => {
  it.each([
    ["delta.crl", ["2.5.29.35", "2.5.29.27", "2.5.29.20"]],
    ["crlWithMultipleFreshestCRLs.crl", []],
  ])("reads %s", (file, extensions) => {
    const bytes = new Uint8Array(readFileSync(join(vectors, file)))
    const list = readList(bytes, [])
    for (const oid of extensions) expect([...list.extensions.keys()]).toContain(oid)
    expect(encodeHex(list.issuer)).toMatch(/^30/)
  })
})
