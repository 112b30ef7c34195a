import { describe, expect, it } from "vitest"
import { digestOf } from "../../crypto/hash.ts"
import { buildEntryBody } from "../../envelopes/log-entry/build-entry-body.ts"
import type { BodyVerifier, EntryBody } from "../../envelopes/log-entry/entry-body.ts"
import type { LogQuestion } from "./log-entries.ts"
import {
  type TestLog,
  entryOf,
  certificateOf,
  judge,
  flip,
  utf8,
  newKey,
  AT,
  MESSAGE,
  PAYLOAD,
  TYPE,
  signer,
  other,
  ecdsa,
  messageSignature,
  envelopeSignature,
  ENVELOPE,
  keyVerifier,
  keyDetails,
  message,
  envelope,
  legacyEnvelope,
  rekord,
  rekordV2,
  dsse,
  dsseV2,
  paeV2,
  intotoV1,
  intotoV2,
  v1,
  v2,
  hashOf,
} from "./test-logs.ts"

describe("entries about a signature", () => {
  it.each([
    ["hashedrekord 0.0.1", v1, rekord, message],
    ["dsse 0.0.1", v1, dsse, envelope],
    ["intoto 0.0.2", v1, intotoV2, envelope],
    ["hashedrekord 0.0.2", v2, rekordV2, message],
    ["hashedrekord 0.0.2 of an envelope", v2, paeV2, envelope],
    ["dsse 0.0.2", v2, dsseV2, envelope],
  ] as const)("verify in bundles: %s", async (_, log, body, signed) => {
    const entry = await entryOf(log, body)
    const { code, verified, findings } = judge([entry], [log], signed)
    expect(code).toBe("ok")
    const isV1 = log.version === "v1"
    expect(verified).toEqual([{ log: log.trusted, entry, promise: isV1, inclusion: true, ...(isV1 ? { at: AT } : {}) }])
    expect(findings[0]!.observed).toMatch(`entry ${entry.logIndex} of https://log.example:8443/rekor`)
  })

  it.each([
    ["hashedrekord 0.0.1", rekord, message],
    ["dsse 0.0.1", dsse, legacyEnvelope],
    ["intoto 0.0.1", intotoV1, legacyEnvelope],
    ["intoto 0.0.2", intotoV2, legacyEnvelope],
  ] as const)("verify in the legacy form: %s", async (_, body, signed) => {
    const entry = await entryOf(v1, body, { form: "legacy" })
    const { code, verified } = judge([entry], [v1], signed, { form: "legacy" })
    expect(code).toBe("ok")
    expect(verified).toMatchObject([{ promise: true, inclusion: false, at: AT }])
  })

  it("are refused when they are about anything else", async () => {
    const digest = {
      ...message,
      content: { kind: "message", digests: { sha256: digestOf("sha256", PAYLOAD) } },
    } as const
    const payload = { ...envelope, content: { kind: "envelope", payload: MESSAGE, payloadType: TYPE } } as const
    const type = { ...envelope, content: { kind: "envelope", payload: PAYLOAD, payloadType: "text/plain" } } as const
    const foreign = { key: other.publicKey }
    const table: readonly (readonly [TestLog, EntryBody, LogQuestion["signed"]])[] = [
      [v1, rekord, { ...message, signature: envelopeSignature }],
      [v1, rekord, { ...message, verifier: foreign }],
      [v1, rekord, digest],
      [v1, rekord, { ...message, content: { kind: "message", digests: {} } }],
      [v1, rekord, { ...message, content: { kind: "message", digests: { sha512: digestOf("sha512", MESSAGE) } } }],
      [v1, rekord, { ...message, content: envelope.content }],
      [v1, dsse, { ...envelope, signature: messageSignature }],
      [v1, dsse, { ...envelope, verifier: foreign }],
      [v1, dsse, payload],
      [v1, dsse, { ...envelope, content: message.content }],
      [v1, intotoV2, { ...envelope, signature: messageSignature }],
      [v1, intotoV2, { ...envelope, verifier: foreign }],
      [v1, intotoV2, payload],
      [v1, intotoV1, envelope],
      [v2, rekordV2, { ...message, signature: envelopeSignature }],
      [v2, rekordV2, { ...message, verifier: foreign }],
      [v2, rekordV2, digest],
      [v2, rekordV2, { ...message, content: { kind: "message", digests: {} } }],
      [v2, paeV2, payload],
      [v2, paeV2, type],
      [v2, dsseV2, payload],
      [v2, dsseV2, { ...envelope, verifier: foreign }],
      [v2, dsseV2, { ...envelope, signature: messageSignature }],
      [v2, dsseV2, { ...envelope, content: message.content }],
    ]
    for (const [log, body, signed] of table) {
      const entry = await entryOf(log, body)
      const { code, verified, findings } = judge([entry], [log], signed)
      expect(code, `${body.kind} ${body.version}`).toBe("E_TLOG_ENTRY_MISMATCH")
      expect(verified).toEqual([])
      expect(findings[0]!.observed).toMatch(/^failed to verify log inclusion: transparency log/)
    }
  })

  it("adv: GHSA-ccxc-vr6p-4858 adv: GHSA-8gw7-4j42-w388 adv: sigstore/cosign d104fc40 refuses another's annotation", async () => {
    const legacy = { form: "legacy" } as const
    const entry = await entryOf(v1, rekord, legacy)
    const texts = [
      [
        { ...message, signature: await signer.sign(MESSAGE, ecdsa) },
        /^signature in bundle does not match signature being/,
      ],
      [{ ...message, verifier: { key: other.publicKey } }, /^comparing public key PEMs, expected SHA256:/],
      [
        { ...message, content: { kind: "message", digests: { sha256: new Uint8Array(32) } } },
        /^matching bundle to payload: bundle="/,
      ],
      [
        { ...message, content: { kind: "message", digests: { sha512: new Uint8Array(64) } } },
        /^unexpected algorithm: "sha256"/,
      ],
    ] as const
    for (const [signed, text] of texts) {
      const { code, findings } = judge([entry], [v1], signed, legacy)
      expect(code).toBe("E_TLOG_ENTRY_MISMATCH")
      expect(findings[0]!.observed).toMatch(text)
    }
  })

  it("tie legacy attestations to the envelope's bytes", async () => {
    const changed = {
      ...legacyEnvelope,
      content: { ...envelope.content, envelope: flip(ENVELOPE, 3) },
    } as LogQuestion["signed"]
    for (const body of [dsse, intotoV1, intotoV2]) {
      const entry = await entryOf(v1, body, { form: "legacy" })
      expect(judge([entry], [v1], changed, { form: "legacy" }).code).toBe("E_TLOG_ENTRY_MISMATCH")
      expect(
        judge([entry], [v1], { ...legacyEnvelope, verifier: { key: other.publicKey } }, { form: "legacy" }).code,
      ).toBe("E_TLOG_ENTRY_MISMATCH")
    }
    const old = await entryOf(v1, { ...intotoV1, payloadHash: hashOf(MESSAGE) } as EntryBody, { form: "legacy" })
    expect(judge([old], [v1], legacyEnvelope, { form: "legacy" }).code).toBe("E_TLOG_ENTRY_MISMATCH")
  })

  it("name the certificate where that is what vouches, and the key where the key does", async () => {
    const certificate = await certificateOf(signer)
    const foreign = await certificateOf(other)
    const cases: readonly (readonly [BodyVerifier, LogQuestion["signed"]["verifier"], string])[] = [
      [{ kind: "certificate", der: certificate }, { key: signer.publicKey, certificate }, "ok"],
      [{ kind: "certificate", der: certificate }, { key: signer.publicKey }, "ok"],
      [keyVerifier, { key: signer.publicKey, certificate }, "E_TLOG_ENTRY_MISMATCH"],
      [{ kind: "certificate", der: foreign }, { key: signer.publicKey, certificate }, "E_TLOG_ENTRY_MISMATCH"],
      [{ kind: "certificate", der: foreign }, { key: signer.publicKey }, "E_TLOG_ENTRY_MISMATCH"],
      [
        { kind: "certificate", der: flip(certificate, 40) },
        { key: signer.publicKey, certificate },
        "E_TLOG_ENTRY_MISMATCH",
      ],
      [{ kind: "certificate", der: Uint8Array.of(1) }, { key: signer.publicKey }, "E_TLOG_ENTRY_MISMATCH"],
      [{ kind: "public-key", der: certificate }, { key: signer.publicKey, certificate }, "E_TLOG_ENTRY_MISMATCH"],
    ]
    for (const [verifier, wanted, outcome] of cases) {
      const signed = { ...message, verifier: wanted }
      const one = await entryOf(v1, { ...rekord, signature: { signature: messageSignature, verifier } } as EntryBody)
      expect(judge([one], [v1], signed).code).toBe(outcome)
      const two = await entryOf(v2, {
        ...rekordV2,
        signature: { signature: messageSignature, verifier, keyDetails },
      } as EntryBody)
      expect(judge([two], [v2], signed).code).toBe(outcome)
    }
  })

  it("take the hash of a version 2 entry from the name of its algorithm", async () => {
    const keys = [
      ["ecdsa-p384", "PKIX_ECDSA_P384_SHA_384", "sha384", "ok"],
      ["ecdsa-p384", "PKIX_ECDSA_P384_SHA_256", "sha256", "ok"],
      ["ecdsa-p384", "PKIX_ECDSA_P384_SHA_384", "sha256", "E_TLOG_ENTRY_MISMATCH"],
      ["ecdsa-p384", "PKIX_ECDSA_P256_SHA_256", "sha256", "E_TLOG_ENTRY_MISMATCH"],
      ["ed25519", "PKIX_ED25519_PH", "sha512", "ok"],
      ["ed25519", "PKIX_ED25519", "sha512", "E_TLOG_ENTRY_MISMATCH"],
      ["rsa-2048", "PKIX_RSA_PKCS1V15_2048_SHA256", "sha256", "ok"],
      ["rsa-2048", "PKIX_RSA_PKCS1V15_4096_SHA256", "sha256", "E_TLOG_ENTRY_MISMATCH"],
      ["rsa-2048", "no such algorithm", "sha256", "E_TLOG_ENTRY_MISMATCH"],
    ] as const
    for (const [kind, details, hash, outcome] of keys) {
      const { publicKey } = await newKey(kind)
      const verifier: BodyVerifier = { kind: "public-key", der: publicKey.spki }
      const signature = { signature: messageSignature, verifier, keyDetails: details }
      const entry = await entryOf(v2, { ...rekordV2, data: hashOf(MESSAGE, hash), signature } as EntryBody)
      const digests = {
        sha256: digestOf("sha256", MESSAGE),
        sha384: digestOf("sha384", MESSAGE),
        sha512: digestOf("sha512", MESSAGE),
      }
      const signed = { ...message, verifier: { key: publicKey }, content: { kind: "message", digests } } as const
      expect(judge([entry], [v2], signed).code, `${kind} ${details}`).toBe(outcome)
    }
  })

  it("are exactly the bytes that their content has, in version 2 logs", async () => {
    const text = new TextDecoder().decode(buildEntryBody(rekordV2))
    for (const bytes of [
      utf8(`${text} `),
      utf8(text.replace("{", "{ ")),
      utf8(text.replace("SHA2_256", "1").replace('"1"', "1")),
    ]) {
      const entry = { ...(await entryOf(v2, bytes)), version: "0.0.2" }
      expect(judge([entry], [v2], message).code).toBe("E_TLOG_ENTRY_MISMATCH")
    }
  })

  it("say their kind as it stands beside them", async () => {
    for (const said of [{ kind: "dsse" }, { version: "0.0.2" }, { kind: "", version: "" }, { kind: "__proto__" }]) {
      const entry = { ...(await entryOf(v1, rekord)), ...said }
      expect(judge([entry], [v1], message).code).toBe("E_TLOG_ENTRY_MISMATCH")
    }
    const searched = await entryOf(v1, rekord, { form: "bundle" })
    expect(judge([searched], [v1], message, { form: "legacy" }).code, "named by the log").toBe("ok")
    expect(judge([{ ...searched, kind: "dsse" }], [v1], message, { form: "legacy" }).code).toBe("E_TLOG_ENTRY_MISMATCH")
  })

  it("adv: sigstore/cosign #4649 refuses what is no entry", async () => {
    for (const text of [
      "1",
      "null",
      "[]",
      "{",
      '{"kind":"hashedrekord"}',
      '{"kind":"x","apiVersion":"0.0.1","spec":{}}',
    ]) {
      const legacy = await entryOf(v1, utf8(text), { form: "legacy" })
      expect(judge([legacy], [v1], message, { form: "legacy" }).code).toBe("E_FORMAT_MALFORMED")
      const entry = await entryOf(v1, utf8(text))
      expect(judge([entry], [v1], message).code).toBe("E_TLOG_ENTRY_MISMATCH")
    }
  })
})
