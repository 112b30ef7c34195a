import { describe, expect, it } from "vitest"
import { encodeBase64 } from "../../codec/base64.ts"
import { generatePrivateKey } from "../../crypto/generate.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import type { LogEntry } from "../../core/sigstore.ts"
import type { LogProposal } from "../../core/sigstore-ports.ts"
import type { AppContext } from "../requests.ts"
import { createBundle, type CreateBundleRequest } from "./create-bundle.ts"

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const { publicKey: key } = localSigningKey(await generatePrivateKey("ecdsa-p256"))
const signature = utf8("a signature")
const envelopeText = `{"payloadType":"application/vnd.in-toto+json","payload":"${encodeBase64(utf8("{}"))}","signatures":[{"keyid":"","sig":"c2ln"}]}`
const promised = {
  SignedEntryTimestamp: "AAAA",
  Payload: { body: "AAAA", integratedTime: 1, logIndex: 1, logID: "00" },
}
const legacyOf = (text: Uint8Array, more: object = {}): Uint8Array =>
  utf8(JSON.stringify({ base64Signature: encodeBase64(text), ...more }))

const entry: LogEntry = {
  logIndex: 7n,
  logId: new Uint8Array(32),
  kind: "hashedrekord",
  version: "0.0.1",
  integratedTime: 5n,
  signedEntryTimestamp: Uint8Array.of(1),
  inclusionProof: { logIndex: 7n, rootHash: new Uint8Array(32), treeSize: 8n, hashes: [], checkpoint: "note" },
  canonicalizedBody: utf8("{}"),
}

/** @param found - what the log has of each kind. */
async function create(
  request: Partial<CreateBundleRequest>,
  found: Readonly<Record<string, readonly LogEntry[]>> = {},
): Promise<{ readonly bundle: Record<string, unknown>; readonly asked: readonly LogProposal[] }> {
  const asked: LogProposal[] = []
  const app = {
    files: {
      size: () => Promise.resolve(6),
      stream: async function* () {
        yield await Promise.resolve(utf8("hello\n"))
      },
    },
    progress: { start: () => ({ advance: () => undefined, done: () => undefined }) },
    sigstore: {
      logs: {
        find: (_url: string, proposal: LogProposal) => {
          asked.push(proposal)
          return Promise.resolve(found[proposal.kind] ?? [])
        },
      },
    },
  } as unknown as AppContext
  const bytes = await createBundle(app, { artifact: "blob", ...request })
  return { bundle: JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>, asked }
}

describe("createBundle", () => {
  it("asks the log about the signature, and takes its entry", async () => {
    const { bundle, asked } = await create({ signature, key, logUrl: "u" }, { hashedrekord: [entry] })
    expect(asked).toMatchObject([{ kind: "hashedrekord", hash: "sha256", signature, verifier: { key } }])
    expect(bundle["verificationMaterial"]).toMatchObject({ tlogEntries: [{ logIndex: "7", integratedTime: "5" }] })
  })

  it("asks about the envelope as it lies in the file, without blanks around it", async () => {
    const request = { envelope: utf8(`\n${envelopeText} \n`), key, logUrl: "u" }
    const { bundle, asked } = await create(request, { intoto: [entry] })
    expect(asked.map(({ kind }) => kind)).toEqual(["dsse", "intoto"])
    expect(asked).toMatchObject([{ envelope: utf8(envelopeText) }, { envelope: utf8(envelopeText) }])
    expect(bundle["dsseEnvelope"]).toEqual({
      payload: "e30=",
      payloadType: "application/vnd.in-toto+json",
      signatures: [{ sig: "c2ln" }],
    })
  })

  it("finds an envelope in a legacy bundle", async () => {
    const { bundle } = await create({ legacy: legacyOf(utf8(envelopeText)), key })
    expect(bundle).toHaveProperty("dsseEnvelope")
  })

  const SENTENCES: readonly (readonly [string, Partial<CreateBundleRequest>, string, string])[] = [
    [
      "an entry that would be lost",
      { legacy: legacyOf(signature, { rekorBundle: promised }), key },
      "E_USAGE",
      "cannot ignore transparency log when the provided bundle contains a Signed Entry Timestamp",
    ],
    ["nobody who signed", { signature }, "E_USAGE", "invalid bundle: validation error: missing verification material"],
    ["an empty signature", { signature: new Uint8Array(), key }, "E_USAGE", "there is no signature in the file named"],
    ["no signature", { key }, "E_USAGE", "there is no signature in the file named"],
    ["no entry", { signature, key, logUrl: "u" }, "E_SIG_NONE", "signature not found in transparency log"],
  ]
  it.each(SENTENCES)("refuses %s", async (_name, request, code, sentence) => {
    await expect(create(request)).rejects.toMatchObject({ code, what: sentence, details: { cosign: sentence } })
  })

  it("refuses several entries", async () => {
    const answer = create({ signature, key, logUrl: "u" }, { hashedrekord: [entry, { ...entry, logIndex: 8n }] })
    await expect(answer).rejects.toMatchObject({ what: "too many tlog entries; should only have 1" })
  })

  const two = envelopeText.replace('[{"keyid"', '[{"sig":"AAAA"},{"keyid"')
  it.each<[string, Partial<CreateBundleRequest>]>([
    ["a statement in place of an envelope", { envelope: utf8('{"_type":"https://in-toto.io/Statement/v1"}'), key }],
    ["an envelope with two signatures", { envelope: utf8(two), key }],
    ["a certificate that is none", { signature, certificate: Uint8Array.of(0x30, 0) }],
    ["a timestamp file that is none", { signature, key, timestamp: utf8("x") }],
    ["a Sigstore bundle as a legacy one", { legacy: utf8('{"mediaType":"x"}'), key }],
  ])("refuses %s", async (_name, request) => {
    await expect(create(request)).rejects.toMatchObject({ code: "E_FORMAT_MALFORMED" })
  })

  it("COMPAT: lets cosign 2 leave an entry out", async () => {
    const legacy = legacyOf(signature, { rekorBundle: promised })
    const { bundle } = await create({ legacy, key, dropsEntry: true })
    expect(JSON.stringify(bundle)).not.toContain("tlogEntries")
  })
})
