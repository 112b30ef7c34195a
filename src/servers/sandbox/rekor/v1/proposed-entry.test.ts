import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { JsonValue } from "../../../../core/json-value.ts"
import { parseJson } from "../../../../codec/json.ts"
import { MIB } from "../../../../core/limits.ts"
import { base64, bytesOf, dsse, envelope, hashedrekord, newSigner, sha256, textOf } from "../rekor-fixture.ts"
import { readRequestV2 } from "../v2/request.ts"
import { isForeignEntry, readProposedEntry } from "./proposed-entry.ts"

const VECTORS = fileURLToPath(new URL("../../../../../../shared/vectors", import.meta.url))
const SUITES = ["sigstore-bundle", "sigstore-js-bundles"].map((name) => join(VECTORS, name))
const present = SUITES.every((folder) => existsSync(folder))
if (!present) console.warn(`MISSING VECTORS: ${SUITES.join(", ")}; what real logs wrote is not compared`)

interface BundleText {
  verificationMaterial: {
    certificate?: { rawBytes: string }
    x509CertificateChain?: { certificates: { rawBytes: string }[] }
    tlogEntries?: { kindVersion: { kind: string; version: string }; canonicalizedBody: string }[]
  }
  messageSignature?: { messageDigest: { digest: string }; signature: string }
  dsseEnvelope?: { payload: string; payloadType: string; signatures: { sig: string; keyid?: string }[] }
}

interface Case {
  readonly name: string
  readonly bundle: BundleText
  readonly kind: string
  readonly body: string
}

/** Entries of bundles whose names do not say that something is wrong with them. */
function casesOf(folder: string): readonly Case[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json") && !name.includes("_fail"))
    .flatMap((name) => {
      const bundle = JSON.parse(readFileSync(join(folder, name), "utf8")) as Partial<BundleText>
      const [entry] = bundle.verificationMaterial?.tlogEntries ?? []
      if (entry === undefined) return []
      const { kind, version } = entry.kindVersion
      return [{ name, bundle: bundle as BundleText, kind: `${kind} ${version}`, body: textOf(entry.canonicalizedBody) }]
    })
}

const real = present ? SUITES.flatMap(casesOf) : []
const json = (value: unknown): JsonValue => parseJson(JSON.stringify(value), { maxBytes: 4 * MIB, what: "test" })
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function certificatePem({ verificationMaterial: material }: BundleText): string {
  const raw = material.certificate?.rawBytes ?? material.x509CertificateChain?.certificates[0]?.rawBytes ?? ""
  // Not in lines of 64: the log writes it anew.
  return `-----BEGIN CERTIFICATE-----\n${raw}\n-----END CERTIFICATE-----\n`
}

/** The entry as the client must have proposed it. */
function proposalOf({ bundle, kind, body }: Case): unknown {
  const { messageSignature: message, dsseEnvelope: signed } = bundle
  if (kind === "hashedrekord 0.0.1" && message !== undefined) {
    const hash = { algorithm: "sha256", value: Buffer.from(bytesOf(message.messageDigest.digest)).toString("hex") }
    // Entries of keys have the key itself, which bundles do not hold.
    const held = (JSON.parse(body) as { spec: { signature: { publicKey: { content: string } } } }).spec.signature
      .publicKey
    const hasKey = textOf(held.content).includes("PUBLIC KEY")
    const publicKey = hasKey ? held : { content: base64(certificatePem(bundle)) }
    const spec = { data: { hash }, signature: { content: message.signature, publicKey } }
    return { apiVersion: "0.0.1", kind: "hashedrekord", spec }
  }
  if (kind === "intoto 0.0.2" && signed !== undefined) {
    type Held = { spec: { content: { envelope: { signatures: { publicKey: string }[] }; hash: unknown } } }
    const { envelope: held, hash } = (JSON.parse(body) as Held).spec.content
    // This kind keeps the PEM as it was sent.
    const signatures = signed.signatures.map(({ sig, keyid = "" }, at) => ({
      ...(keyid === "" ? {} : { keyid }),
      sig: base64(sig),
      publicKey: held.signatures[at]?.publicKey,
    }))
    const envelope = { payload: base64(signed.payload), payloadType: signed.payloadType, signatures }
    return { apiVersion: "0.0.2", kind: "intoto", spec: { content: { envelope, hash } } }
  }
  return undefined
}

describe.skipIf(!present)("entries that real logs wrote", () => {
  const proposed = real.flatMap((item) => {
    const proposal = proposalOf(item)
    return proposal === undefined ? [] : [{ ...item, proposal }]
  })

  it("are there in both kinds", () => {
    expect(new Set(proposed.map(({ kind }) => kind))).toEqual(new Set(["hashedrekord 0.0.1", "intoto 0.0.2"]))
  })

  it.each(proposed)("$name: $kind is written to the byte", async ({ proposal, body, kind }) => {
    const { body: ours } = await readProposedEntry(json(proposal))
    const theirs = JSON.parse(body) as { spec: { content?: { envelope: { payload?: string } } } }
    // Rekor kept payloads in its first years.
    delete theirs.spec.content?.envelope.payload
    expect(text(ours)).toBe(kind.startsWith("intoto") ? JSON.stringify(theirs) : body)
  })

  it.each(real.filter(({ kind }) => kind === "dsse 0.0.1"))("$name: dsse has the same members", async ({ body }) => {
    const ours = await readProposedEntry(json(dsse(envelope("payload"))))
    const shape = (value: unknown): unknown =>
      typeof value !== "object" || value === null
        ? typeof value
        : Array.isArray(value)
          ? value.map(shape)
          : Object.entries(value).map(([key, item]) => [key, shape(item)])
    expect(shape(JSON.parse(text(ours.body)))).toEqual(shape(JSON.parse(body)))
  })

  it.each(real.filter(({ kind }) => kind === "hashedrekord 0.0.2"))(
    "$name: version 2 is written to the byte",
    async ({ body }) => {
      const { spec } = JSON.parse(body) as {
        spec: { hashedRekordV002: { data: { digest: string }; signature: object } }
      }
      const { data, signature } = spec.hashedRekordV002
      const request = { hashedRekordRequestV002: { digest: data.digest, signature } }
      expect(text((await readRequestV2(json(request), false)).body)).toBe(body)
      const spelled = {
        hashed_rekord_request_v002: { digest: data.digest.replaceAll("+", "-").replaceAll("/", "_"), signature },
      }
      expect(text((await readRequestV2(json(spelled), false)).body)).toBe(body)
    },
  )
})

describe("entries of cosign's statements", () => {
  const rows = readFileSync(
    new URL("../../../../envelopes/log-entry/testdata/proposals.jsonl", import.meta.url),
    "utf8",
  )
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly kind: string; readonly proposed: string; readonly body: string })
    .filter(({ kind }) => kind === "intoto 0.0.1")

  it("are written as a real log wrote them", async () => {
    expect(rows).toHaveLength(2)
    for (const { proposed, body } of rows) {
      expect(text((await readProposedEntry(JSON.parse(proposed) as JsonValue)).body)).toBe(body)
    }
  })
})

describe("words an entry is found by", () => {
  it("are those of key, digest, and the statement's digests", async () => {
    const one = newSigner()
    const key = sha256(one.pem).toString("hex")
    const digest = sha256("a").toString("hex")
    expect((await readProposedEntry(json(hashedrekord("a", one)))).keywords).toEqual([
      key,
      `sha256:${key}`,
      `sha256:${digest}`,
    ])
    for (const payload of [
      "",
      "null",
      "[]",
      "{",
      '{"subject":1}',
      '{"subject":[null,{"digest":[]},{"digest":{"sha256":1}}]}',
    ]) {
      const { keywords } = await readProposedEntry(json(dsse(envelope(payload, [one]), [one])))
      expect(keywords).toHaveLength(4)
    }
    const many = JSON.stringify({ subject: Array(3000).fill({ digest: { sha256: "00" } }) })
    expect((await readProposedEntry(json(dsse(envelope(many, [one]), [one])))).keywords.length).toBeLessThanOrEqual(
      1028,
    )
    const { keywords } = await readProposedEntry(json(dsse(envelope(many, [one], "text/plain"), [one])))
    expect(keywords).toHaveLength(4)
  })
})

describe("kinds this log does not take", () => {
  it("are told from those that are wrong", () => {
    expect(isForeignEntry({ kind: "intoto", apiVersion: "0.0.1" })).toBe(false)
    expect(isForeignEntry({ kind: "rpm", apiVersion: "0.0.1" })).toBe(true)
    expect(isForeignEntry({ kind: "intoto", apiVersion: "0.0.2" })).toBe(false)
    for (const value of [null, [], "x", {}, { kind: 1, apiVersion: "0.0.1" }, { kind: "rpm", apiVersion: null }]) {
      expect(() => isForeignEntry(value)).toThrow(/malformed/)
    }
  })
})
