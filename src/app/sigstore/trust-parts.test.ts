import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { encodePem } from "../../codec/pem.ts"
import type { TrustedAuthority, TrustedLog } from "../../core/sigstore.ts"
import { parseTrustedRoot } from "../../envelopes/trusted-root/trusted-root.ts"
import { certificateAuthorityPart, logPart, timestampAuthorityPart, trustedRootDocument } from "./trust-parts.ts"

const vector = new URL("../../../../shared/vectors/trusted-roots/trusted-root-public-good.json", import.meta.url)
const present = existsSync(vector)
if (!present) console.warn(`skipped: no vector ${vector.pathname}`)

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const START = Date.UTC(2024, 0, 1)

/** What `trusted-root create` would be given for what the public instance publishes. */
function filesOf(): { readonly logs: readonly TrustedLog[]; readonly authorities: readonly TrustedAuthority[] } {
  const { tlogs, ctlogs, certificateAuthorities } = parseTrustedRoot(new Uint8Array(readFileSync(vector)))
  return { logs: [...tlogs, ...ctlogs], authorities: certificateAuthorities }
}

function chainOf({ certificates }: TrustedAuthority): Uint8Array {
  return utf8(certificates.map((der) => encodePem("CERTIFICATE", der)).join(""))
}

describe.skipIf(!present)("parts of the public instance", () => {
  it("logs made out of their keys are those that are published", () => {
    for (const { key, baseUrl, logId, keyDetails, validFor } of filesOf().logs) {
      const bytes = utf8(encodePem("PUBLIC KEY", key.spki))
      const made = logPart({ file: "log.pub", bytes, url: baseUrl, start: validFor.start })
      expect(made).toMatchObject({ baseUrl, keyDetails, logId, validFor: { start: validFor.start } })
    }
  })

  it("authorities made out of their chains are those that are published", () => {
    for (const authority of filesOf().authorities) {
      const made = certificateAuthorityPart({ file: "ca.pem", bytes: chainOf(authority), url: authority.uri })
      expect(made.certificates).toEqual(authority.certificates)
    }
  })

  it("the document holds each log once, the last one, and no operators", () => {
    const root = parseTrustedRoot(new Uint8Array(readFileSync(vector)))
    const [log] = root.tlogs
    const later = { ...log!, baseUrl: "https://later.example", operator: "somebody" }
    const bytes = trustedRootDocument({ ...root, tlogs: [...root.tlogs, later] })
    const made = parseTrustedRoot(bytes)
    expect(made.tlogs).toHaveLength(root.tlogs.length)
    expect(made.tlogs.map(({ baseUrl }) => baseUrl)).toContain("https://later.example")
    expect(new TextDecoder().decode(bytes)).not.toContain("operator")
  })

  it("a leaf in the first place is needed of timestamp authorities, save in the manners of cosign 2", () => {
    const [authority] = filesOf().authorities
    const part = { file: "tsa.pem", bytes: chainOf(authority!), url: "" }
    expect(() => timestampAuthorityPart(part, "signer")).toThrow(
      "first certificate in chain must be a leaf certificate",
    )
    expect(timestampAuthorityPart(part, "root", "optional").certificates).toEqual(authority!.certificates)
  })

  it("a window does not end before it starts", () => {
    const [{ key }] = filesOf().logs as readonly [TrustedLog]
    const part = { file: "log.pub", bytes: utf8(encodePem("PUBLIC KEY", key.spki)), url: "", start: START }
    expect(() => logPart({ ...part, end: START - 1 })).toThrow(/is before start-time/)
    expect(logPart({ ...part, end: START }).validFor).toEqual({ start: START, end: START })
  })
})

describe("files that hold something else", () => {
  it.each([
    ["nothing", "", "PEM decoding failed"],
    ["text", "junk", "PEM decoding failed"],
    [
      "a certificate",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "unknown Public key PEM file type: CERTIFICATE. Are you passing the correct public key?",
    ],
  ])("a log's key: %s", (_name, text, sentence) => {
    const part = { file: "log.pub", bytes: utf8(text), url: "", start: START }
    expect(() => logPart(part)).toThrow(
      expect.objectContaining({ code: "E_TRUST_MALFORMED", details: { cosign: sentence } }) as Error,
    )
  })

  it.each(["", "junk"])("a chain: %j", (text) => {
    const part = { file: "ca.pem", bytes: utf8(text), url: "" }
    for (const read of [certificateAuthorityPart, (p: typeof part) => timestampAuthorityPart(p, "signer")]) {
      expect(() => read(part)).toThrow("no certificates in file ca.pem")
    }
  })
})
