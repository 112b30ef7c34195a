/** OCSP responses and revocation lists that somebody changed on the way: a revoked certificate never becomes good. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type DerElement, derChildren, encodeDer, parseDer } from "../../src/codec/der.ts"
import type { Certificate } from "../../src/crypto/x509/certificate.ts"
import { CertificateListReader } from "../../src/crypto/x509/crl-reader.ts"
import { buildOcspRequest } from "../../src/crypto/x509/ocsp-request.ts"
import { parseCertificate } from "../../src/crypto/x509/parse-certificate.ts"
import { loadPrehash } from "../../src/crypto/prehash.ts"
import { ToolError } from "../../src/core/errors.ts"
import { startTestAuthority, type TestAuthority } from "../../src/testing/index.ts"
import { judgeList } from "../../src/trust/revocation/judge-list.ts"
import { judgeOcsp } from "../../src/trust/revocation/judge-ocsp.ts"

interface Subject {
  readonly certificate: Certificate
  readonly issuer: Certificate
}

let pki: TestAuthority
const subjects = new Map<"good" | "revoked", Subject>()

beforeAll(async () => {
  pki = await startTestAuthority()
  await loadPrehash()
  for (const status of ["good", "revoked"] as const) {
    const signer = await pki.issueSigner()
    const [certificate, issuer] = signer.chain.map((der) => parseCertificate(der))
    if (certificate === undefined || issuer === undefined) throw new Error("no chain")
    if (status === "revoked") pki.revoke(signer, { reason: 1 })
    subjects.set(status, { certificate, issuer })
  }
})
afterAll(() => pki.close())

async function bytesOf(answer: Response): Promise<Uint8Array> {
  expect(answer.status).toBe(200)
  return new Uint8Array(await answer.arrayBuffer())
}

/** A kind of document: how it is fetched, and what it says of a certificate. */
interface Kind {
  readonly fetch: (subject: Subject) => Promise<Uint8Array>
  readonly judge: (bytes: Uint8Array, subject: Subject) => string
}

const url = (): string => `${pki.url}/crl/0/base.crl`
const kinds: Readonly<Record<"OCSP response" | "revocation list", Kind>> = {
  "OCSP response": {
    fetch: async ({ certificate, issuer }) => {
      const body = new Uint8Array(buildOcspRequest(certificate, issuer))
      const headers = { "content-type": "application/ocsp-request" }
      return bytesOf(await fetch(`${pki.url}/ocsp/0`, { method: "POST", body, headers }))
    },
    judge: (bytes, subject) => judgeOcsp(bytes, { ...subject, at: Date.now() }).status,
  },
  "revocation list": {
    fetch: async () => bytesOf(await fetch(url())),
    judge: (bytes, subject) => {
      try {
        const reader = new CertificateListReader([subject.certificate.serial])
        reader.push(bytes)
        return judgeList({ url: url(), base: reader.end() }, { ...subject, at: Date.now() }).status
      } catch (thrown) {
        if (thrown instanceof ToolError && thrown.kind !== "bug") return "unknown"
        throw thrown
      }
    },
  },
}

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])("%s", (name) => {
  const { fetch: get, judge } = kinds[name]
  const subject = (status: "good" | "revoked"): Subject => subjects.get(status)!

  it.each(["good", "revoked"] as const)("unchanged: %s", async (status) => {
    expect(judge(await get(subject(status)), subject(status))).toBe(status)
  })

  it("adv: CVE-2025-12816 no changed bit makes a revoked certificate good, or a good answer another's", async () => {
    const bytes = await get(subject("revoked"))
    for (let at = 0; at < bytes.length; at++) {
      for (const bit of [1, 0x80]) {
        const changed = Uint8Array.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ bit
        expect(judge(changed, subject("revoked")), `${at}`).not.toBe("good")
      }
    }
  })

  it("adv: CVE-2025-12816 nor does anything dropped, doubled, swapped or of another class", async () => {
    const bytes = await get(subject("revoked"))
    const changes = mutations(parseDer(bytes, "test"))
    expect(changes.length).toBeGreaterThan(60)
    for (const changed of changes) expect(judge(changed, subject("revoked"))).not.toBe("good")
  })

  it("cut short, or with something behind it", async () => {
    const bytes = await get(subject("good"))
    for (let length = 0; length < bytes.length; length++) {
      expect(judge(bytes.subarray(0, length), subject("good")), `${length}`).toBe("unknown")
    }
    expect(judge(Uint8Array.of(...bytes, 0), subject("good"))).toBe("unknown")
  })

  it.each([200, 20_000])("adv: CVE-2025-66031 nested %i levels deep", (levels) => {
    const heads: Uint8Array[] = []
    let length = 0
    for (let level = 0; level < levels; level++) {
      const head = headOf(length)
      heads.unshift(head)
      length += head.length
    }
    const bytes = Uint8Array.from(heads.flatMap((head) => [...head]))
    expect(judge(bytes, subject("good"))).toBe("unknown")
  })

  it("adv: CVE-2025-58185 a claimed length of 2 GiB", () => {
    for (const claim of ["30847fffffff", "3084ffffffff", "308800ffffffffffffff", "3080"]) {
      expect(judge(Uint8Array.from(Buffer.from(`${claim}0a0100`, "hex")), subject("good"))).toBe("unknown")
    }
  })

  it("an answer about one certificate says nothing of another", async () => {
    const stranger = await startTestAuthority()
    try {
      const signer = await stranger.issueSigner()
      const [certificate, issuer] = signer.chain.map((der) => parseCertificate(der))
      const other = { certificate: certificate!, issuer: issuer! }
      expect(judge(await get(subject("good")), other)).toBe("unknown")
    } finally {
      await stranger.close()
    }
  })
})

/** Head of a SEQUENCE of so many bytes. */
function headOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(0x30, length)
  if (length < 0x100) return Uint8Array.of(0x30, 0x81, length)
  if (length < 0x10000) return Uint8Array.of(0x30, 0x82, length >> 8, length & 0xff)
  return Uint8Array.of(0x30, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff)
}

/** The document with every element in turn dropped, doubled, swapped with the next, and given another class. */
function mutations(element: DerElement): readonly Uint8Array[] {
  if (element.tag === 0x04 && element.contents[0] === 0x30) {
    return mutations(parseDer(element.contents, "test")).map((changed) => encodeDer(0x04, changed))
  }
  if ((element.tag & 0x20) === 0) return []
  const raws = derChildren(element, "test").map(({ raw }) => raw)
  const rebuilt = (parts: readonly Uint8Array[]): Uint8Array => encodeDer(element.tag, ...parts)
  return raws.flatMap((raw, at) => {
    const next = raws[at + 1]
    return [
      rebuilt(raws.toSpliced(at, 1)),
      rebuilt(raws.toSpliced(at, 0, raw)),
      ...(next === undefined ? [] : [rebuilt(raws.toSpliced(at, 2, next, raw))]),
      rebuilt(raws.with(at, Uint8Array.of((raw[0] ?? 0) ^ 0x80, ...raw.subarray(1)))),
      ...mutations(parseDer(raw, "test")).map((changed) => rebuilt(raws.with(at, changed))),
    ]
  })
}
