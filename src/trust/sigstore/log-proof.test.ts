import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { InclusionProof } from "../../core/sigstore.ts"
import type { KeyName } from "../../crypto/generate.ts"
import { logKeyId } from "../../crypto/transparency/note-key.ts"
import { signNote } from "../../crypto/transparency/signed-note.ts"
import { originOf } from "./log-proof.ts"
import {
  newLog,
  checkpointOf,
  entryOf,
  judge,
  flip,
  newKey,
  SECOND,
  AT,
  ecdsa,
  message,
  rekord,
  rekordV2,
  v1,
  v2,
} from "./test-logs.ts"

describe("what logs vouch with", () => {
  it.each(["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"] satisfies KeyName[])(
    "verifies by keys of kind %s",
    async (kind) => {
      const [one, two] = [await newLog("v1", kind), await newLog("v2", kind)]
      expect(judge([await entryOf(one, rekord)], [one], message).code).toBe("ok")
      expect(judge([await entryOf(two, rekordV2)], [two], message).code).toBe("ok")
    },
  )

  it("adv: sigstore-js #1659 is no time without a promise", async () => {
    for (const integratedTime of [SECOND, 0n, 2n ** 62n]) {
      const entry = await entryOf(v1, rekord, { promise: false, integratedTime })
      const { code, verified } = judge([entry], [v1], message)
      expect(code).toBe("ok")
      expect(verified).toMatchObject([{ promise: false, inclusion: true }])
      expect(verified[0]).not.toHaveProperty("at")
    }
  })

  it("must be something", async () => {
    const nothing = await entryOf(v1, rekord, { promise: false, proof: false })
    expect(judge([nothing], [v1], message).code).toBe("E_TLOG_PROOF")
    const proofAlone = await entryOf(v1, rekord, { promise: false })
    expect(judge([proofAlone], [v1], message, { form: "legacy" }).code).toBe("E_TLOG_PROOF")
    const unsignedRoot = { ...proofAlone, inclusionProof: { ...proofAlone.inclusionProof!, checkpoint: "" } }
    expect(judge([unsignedRoot], [v1], message).code).toBe("E_TLOG_PROOF")
    const both = await entryOf(v1, rekord)
    const promised = { ...both, inclusionProof: { ...both.inclusionProof!, checkpoint: "" } }
    expect(judge([promised], [v1], message).verified).toMatchObject([{ promise: true, inclusion: false }])
    expect(judge([await entryOf(v2, rekordV2, { proof: false })], [v2], message).code).toBe("E_TLOG_PROOF")
    expect(judge([await entryOf(v2, rekordV2, { promise: true })], [v2], message).code).toBe("E_TLOG_PROOF")
  })

  it("is a promise about exactly this", async () => {
    const entry = await entryOf(v1, rekord, { proof: false })
    for (const over of [
      { logIndex: entry.logIndex + 1n },
      { integratedTime: entry.integratedTime + 1n },
      { signedEntryTimestamp: flip(entry.signedEntryTimestamp!, 9) },
      { signedEntryTimestamp: new Uint8Array(0) },
    ]) {
      const { code, findings, verified } = judge([{ ...entry, ...over }], [v1], message)
      expect([code, verified]).toEqual(["E_TLOG_PROOF", []])
      expect(findings.at(-1)).toMatchObject({
        observed: "failed to verify log inclusion: not enough verified log entries from transparency log: 0 < 1",
        detail: "unable to verify SET",
      })
    }
  })

  it("is made while the log's key was valid, both ends included", async () => {
    const entry = await entryOf(v1, rekord, { proof: false })
    const windows: readonly (readonly [number, number | undefined, string])[] = [
      [AT, AT, "ok"],
      [AT - 5, undefined, "ok"],
      [AT + 1, undefined, "E_TLOG_PROOF"],
      [AT - 5, AT - 1, "E_TLOG_PROOF"],
    ]
    for (const [start, end, outcome] of windows) {
      const log = { ...v1.trusted, validFor: { start, ...(end === undefined ? {} : { end }) } }
      expect(judge([entry], [log], message).code).toBe(outcome)
    }
    const early = { ...v1.trusted, validFor: { start: 0, end: 1 } }
    expect(judge([entry], [early, v1], message).verified).toMatchObject([{ log: v1.trusted }])
    const never = await entryOf(v1, rekord, { proof: false, integratedTime: 0n })
    expect(judge([never], [{ ...v1.trusted, validFor: { start: 0 } }], message).code).toBe("E_TLOG_PROOF")
    const late = await entryOf(v1, rekord, { proof: false, integratedTime: 2n ** 60n })
    expect(judge([late], [v1], message).code).toBe("E_TLOG_PROOF")
  })

  it("adv: sigstore-java 23fb4885 is a checkpoint that the log signed", async () => {
    const stranger = await newKey()
    for (const [log, body] of [
      [v1, rekord],
      [v2, rekordV2],
    ] as const) {
      const entry = await entryOf(log, body)
      const proof = entry.inclusionProof!
      const forged = await checkpointOf({ ...log, key: stranger })
      const hint = (log.version === "v1" ? logKeyId(log.key.publicKey) : log.trusted.logId).subarray(0, 4)
      const rightHint = await signNote(forged.slice(0, forged.indexOf("\n\n") + 1), [
        { name: "log.example", keyId: hint, key: stranger, scheme: ecdsa },
      ])
      for (const checkpoint of [forged, rightHint, proof.checkpoint.replace(/.{6}\n$/, "AAAA==\n")]) {
        const changed = { ...entry, inclusionProof: { ...proof, checkpoint } }
        expect(judge([changed], [log], message).code).toBe("E_TLOG_PROOF")
      }
    }
  })

  it("adv: sigstore-js #1722 adv: sigstore-python #1826 is a checkpoint that can be read", async () => {
    const root = Buffer.alloc(32).toString("base64")
    const texts = ["notanumber", "-1", "1e3", "0x10", "9".repeat(400)].map((size) => `log.example\n${size}\n${root}\n`)
    texts.push(
      "log.example\n5\n!!\n",
      `log.example\n5\n${Buffer.alloc(31).toString("base64")}\n`,
      "\n5\n\n",
      "log.example\n",
    )
    for (const log of [v1, v2]) {
      const entry = await entryOf(log, log === v1 ? rekord : rekordV2)
      const signed = await Promise.all(texts.map((text) => checkpointOf(log, text)))
      const names = ["(.*)*x", "("].map((name) => `${texts[0]!}\n— ${name} AAAAAAA=\n`)
      const unsigned = [`${texts[0]!}\n`, texts[0]!, "", `${texts[0]!}\n${"— a AAAAAAA=\n".repeat(10_000)}`]
      for (const checkpoint of [...signed, ...names, ...unsigned.filter((text) => text !== "")]) {
        const changed = { ...entry, inclusionProof: { ...entry.inclusionProof!, checkpoint } }
        expect(judge([changed], [log], message).code).toBe("E_TLOG_PROOF")
      }
    }
  })

  it("is a proof that leads from this entry to that checkpoint", async () => {
    for (const [log, body] of [
      [v1, rekord],
      [v2, rekordV2],
    ] as const) {
      const entry = await entryOf(log, body)
      const proof = entry.inclusionProof!
      const changes: Partial<InclusionProof>[] = [
        { hashes: proof.hashes.slice(1) },
        { hashes: [...proof.hashes, new Uint8Array(32)] },
        { hashes: proof.hashes.toReversed() },
        { hashes: proof.hashes.map((hash) => hash.subarray(1)) },
        ...(log === v1
          ? [
              { logIndex: proof.logIndex + 1n },
              { treeSize: proof.treeSize + 1n },
              { rootHash: flip(proof.rootHash, 0) },
              { rootHash: new Uint8Array(0) },
            ]
          : []),
      ]
      for (const over of changes) {
        expect(judge([{ ...entry, inclusionProof: { ...proof, ...over } }], [log], message).code).toBe("E_TLOG_PROOF")
      }
    }
    // Version 2: size, root and index of the proof are nobody's word and are not used.
    const entry = await entryOf(v2, rekordV2)
    const free = { logIndex: 99n, treeSize: 1n, rootHash: new Uint8Array(0) }
    expect(judge([{ ...entry, inclusionProof: { ...entry.inclusionProof!, ...free } }], [v2], message).code).toBe("ok")
    expect(judge([{ ...entry, logIndex: entry.logIndex + 1n }], [v2], message).code).toBe("E_TLOG_PROOF")
  })

  it("is of the host that the trusted root names, in version 2", async () => {
    const entry = await entryOf(v2, rekordV2)
    for (const baseUrl of ["", "log.example", "https://other.example", "https://other.example/log.example"]) {
      expect(judge([entry], [{ ...v2.trusted, baseUrl }], message).code, baseUrl).toBe("E_TLOG_PROOF")
    }
    expect(judge([entry], [{ ...v2.trusted, baseUrl: "http://log.example" }], message).code).toBe("ok")
    expect(originOf("http://[::1]:80/rekor")).toBe("::1")
    expect(originOf("no url")).toBeUndefined()
  })

  it("is never more than was given, whatever bit changes", async () => {
    const entry = await entryOf(v1, rekord, { proof: false })
    const bodyBits = entry.canonicalizedBody.length * 8
    fc.assert(
      fc.property(fc.nat(bodyBits - 1), (bit) => {
        const changed = entry.canonicalizedBody.slice()
        changed[bit >> 3]! ^= 1 << (bit & 7)
        expect(judge([{ ...entry, canonicalizedBody: changed }], [v1], message).verified).toEqual([])
      }),
    )
  })
})
