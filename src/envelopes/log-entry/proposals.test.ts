import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { LogProposal, LogVerifier } from "../../core/sigstore-ports.ts"
import { generatePrivateKey } from "../../crypto/generate.ts"
import { digestOf } from "../../crypto/hash.ts"
import { publicKeyFromSpki, publicKeyOf } from "../../crypto/public-key.ts"
import { createPublicKey } from "node:crypto"
import { pae } from "../dsse/pae.ts"
import { buildEntryBody } from "./build-entry-body.ts"
import { parseEntryBody } from "./parse-entry-body.ts"
import { dsseRequestV2, entriesToFind, hashedRekordV2Of, logRequestV2, proposedEntry } from "./proposals.ts"

interface Row {
  readonly kind: LogProposal["kind"] | "intoto 0.0.1"
  readonly key: string
  readonly certificate?: string
  readonly signature: string
  readonly digest?: string
  readonly envelope?: string
  readonly payload?: string
  readonly proposed: string
  readonly body: string
}

const raw = (text: string, encoding: "base64" | "hex" = "base64"): Uint8Array =>
  new Uint8Array(Buffer.from(text, encoding))
const all = readFileSync(new URL("testdata/proposals.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Row)
/** What {@link proposedEntry} makes; the others are only looked for. */
const rows = all.filter(({ kind }) => kind !== "intoto 0.0.1")
const titled = rows.map(
  (row) => [`${row.kind} by a ${row.certificate === undefined ? "key" : "certificate"}`, row] as const,
)
const payloadType = "application/vnd.in-toto+json"

function verifierOf(row: Row): LogVerifier {
  const key = publicKeyFromSpki(raw(row.key))
  return row.certificate === undefined ? { key } : { key, certificate: raw(row.certificate) }
}

function proposalOf(row: Row): LogProposal {
  const shared = { hash: "sha256", signature: raw(row.signature), verifier: verifierOf(row) } as const
  if (row.kind === "hashedrekord") return { ...shared, kind: row.kind, digest: raw(row.digest!, "hex") }
  const kind = row.kind === "dsse" ? "dsse" : "intoto"
  return { ...shared, kind, envelope: raw(row.envelope!), payload: raw(row.payload!), payloadType }
}

describe("proposals to version 1 logs", () => {
  it.each(titled)("are what a real log takes: %s", (_, row) => {
    expect(proposedEntry(proposalOf(row))).toBe(row.proposed)
  })

  it.each(titled)("become the entries that a real log makes of them: %s", (_, row) => {
    const body = parseEntryBody(new TextEncoder().encode(row.body))
    expect(new TextDecoder().decode(buildEntryBody(body))).toBe(row.body)
    const signature = raw(row.signature)
    const der = raw(row.certificate ?? row.key)
    const signed = { signature, verifier: { kind: row.certificate === undefined ? "public-key" : "certificate", der } }
    if (body.kind === "hashedrekord") {
      expect(body).toMatchObject({ data: { algorithm: "sha256", digest: raw(row.digest!, "hex") }, signature: signed })
      return
    }
    expect(body).toMatchObject({
      envelopeHash: { digest: digestOf("sha256", raw(row.envelope!)) },
      payloadHash: { digest: digestOf("sha256", raw(row.payload!)) },
      signatures: [signed],
    })
  })

  it("are looked for in every form that a log may hold", () => {
    for (const row of rows) {
      const [first, ...more] = entriesToFind(proposalOf(row))
      expect(first).toBe(row.proposed)
      expect(more).toHaveLength(row.kind === "intoto" ? 1 : 0)
    }
    const old = all.filter(({ kind }) => kind === "intoto 0.0.1")
    expect(old).toHaveLength(2)
    for (const row of old) {
      expect(entriesToFind(proposalOf(row))[1]).toBe(row.proposed)
      const body = parseEntryBody(new TextEncoder().encode(row.body))
      expect(new TextDecoder().decode(buildEntryBody(body))).toBe(row.body)
      const der = raw(row.certificate ?? row.key)
      expect(body).toEqual({
        kind: "intoto",
        version: "0.0.1",
        envelopeHash: { algorithm: "sha256", digest: digestOf("sha256", raw(row.envelope!)) },
        payloadHash: { algorithm: "sha256", digest: digestOf("sha256", raw(row.payload!)) },
        verifier: { kind: row.certificate === undefined ? "public-key" : "certificate", der },
      })
    }
  })

  it("refuse an envelope that is none", () => {
    const row = rows.find(({ kind }) => kind === "intoto")!
    const proposal = { ...proposalOf(row), envelope: new TextEncoder().encode("{}") } as LogProposal
    expect(() => proposedEntry(proposal)).toThrow(ToolError)
  })
})

describe("requests to version 2 logs", () => {
  it.each(titled)("hold digest, signature and signer: %s", (_, row) => {
    const proposal = proposalOf(row)
    const digest =
      row.kind === "hashedrekord" ? raw(row.digest!, "hex") : digestOf("sha256", pae(payloadType, raw(row.payload!)))
    const rawBytes = row.certificate ?? row.key
    const who = row.certificate === undefined ? { publicKey: { rawBytes } } : { x509Certificate: { rawBytes } }
    expect(JSON.parse(logRequestV2(proposal))).toEqual({
      hashedRekordRequestV002: {
        digest: Buffer.from(digest).toString("base64"),
        signature: { content: row.signature, verifier: { keyDetails: "PKIX_ECDSA_P256_SHA_256", ...who } },
      },
    })
    if (proposal.kind === "hashedrekord") return
    expect(JSON.parse(dsseRequestV2(proposal))).toEqual({
      dsseRequestV002: {
        envelope: { payload: row.payload, payloadType, signatures: [{ sig: row.signature, keyid: "key-1" }] },
        verifiers: [{ keyDetails: "PKIX_ECDSA_P256_SHA_256", ...who }],
      },
    })
  })

  it("name the algorithm by key and hash", async () => {
    const name = async (
      kind: string,
      hash: LogProposal["hash"],
      of: "hashedrekord" | "dsse" = "hashedrekord",
    ): Promise<string> => {
      const key = publicKeyOf(createPublicKey(await generatePrivateKey(kind)))
      const base = proposalOf(rows.find((row) => row.kind === of)!)
      const proposal = {
        ...base,
        hash,
        verifier: { key },
        ...(of === "dsse" ? {} : { digest: digestOf(hash, raw("")) }),
      }
      try {
        const { signature, data } = hashedRekordV2Of(proposal)
        expect(data.digest).toHaveLength({ sha224: 28, sha256: 32, sha384: 48, sha512: 64 }[data.algorithm])
        return signature.keyDetails
      } catch (error) {
        return error instanceof ToolError ? error.code : "thrown"
      }
    }
    expect(await name("ecdsa-p384", "sha384")).toBe("PKIX_ECDSA_P384_SHA_384")
    expect(await name("ecdsa-p384", "sha384", "dsse")).toBe("PKIX_ECDSA_P384_SHA_384")
    expect(await name("ecdsa-p384", "sha512")).toBe("E_KEY_TYPE")
    expect(await name("rsa-2048", "sha256")).toBe("PKIX_RSA_PKCS1V15_2048_SHA256")
    expect(await name("rsa-2048", "sha512")).toBe("E_KEY_TYPE")
    expect(await name("ed25519", "sha512")).toBe("PKIX_ED25519_PH")
    expect(await name("ed25519", "sha512", "dsse")).toBe("E_KEY_TYPE")
  })
})
