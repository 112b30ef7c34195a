import { describe, expect, it } from "vitest"
import type { PublicKey } from "../../core/ports.ts"
import type { EntryBody } from "../../envelopes/log-entry/entry-body.ts"
import { judgeLogEntries } from "./log-entries.ts"
import { newLog, entryOf, judge, flip, PAYLOAD, message, rekord, rekordV2, v1, v2, hashOf } from "./test-logs.ts"

describe("how many logs", () => {
  it("adv: GHSA-xvrc-2wvh-49vc only those whose keys are trusted", async () => {
    const stranger = await newLog("v1")
    const entry = await entryOf(stranger, rekord, { form: "legacy" })
    const { code, findings } = judge([entry], [v1], message, { form: "legacy" })
    expect(code).toBe("E_TLOG_KEY_UNKNOWN")
    expect(findings[0]!.observed).toMatch(/^rekor log public key not found for payload\. Check your TUF root/)
    const bundled = judge([await entryOf(stranger, rekord)], [v1], message)
    expect(bundled.code).toBe("E_TLOG_KEY_UNKNOWN")
    expect(bundled.findings[0]).toMatchObject({
      observed: "failed to verify log inclusion: not enough verified log entries from transparency log: 0 < 1",
    })
    // A log that takes another's id is not that log.
    const posing = { ...stranger, trusted: { ...stranger.trusted, logId: v1.trusted.logId } }
    expect(judge([await entryOf(posing, rekord)], [v1], message).code).toBe("E_TLOG_PROOF")
  })

  it("none at all is missing", () => {
    const { code, findings } = judge([], [v1], message)
    expect(code).toBe("E_TLOG_MISSING")
    expect(findings[0]!.observed).toMatch(/0 < 1$/)
    const legacy = judge([], [v1], message, { form: "legacy" })
    expect(legacy.findings).toMatchObject([
      { code: "E_TLOG_MISSING", observed: "signature not found in transparency log" },
    ])
  })

  it("none wanted, none looked at", async () => {
    const entry = await entryOf(v1, rekord)
    expect(judgeLogEntries({ entries: [entry], form: "bundle", logs: [], signed: message, required: 0 })).toEqual({
      findings: [],
      verified: [],
    })
  })

  it("adv: sigstore-js #1702 an entry that comes twice is refused", async () => {
    const entry = await entryOf(v1, rekord, { promise: false })
    for (const required of [1, 2]) {
      const { code, findings } = judge([entry, entry], [v1], message, { required })
      expect(code).toBe("E_TLOG_ENTRY_MISMATCH")
      expect(findings).toMatchObject([{ observed: "failed to verify log inclusion: duplicate tlog entries found" }])
    }
  })

  it("adv: GHSA-9vcr-p3rj-q5q6 a log counts once, however often it vouches and is listed", async () => {
    const first = await entryOf(v1, rekord)
    const second = await entryOf(v1, rekord)
    const alias = { ...v1.trusted, logId: new Uint8Array(32).fill(5), baseUrl: "https://alias.example" }
    const aliased = await entryOf({ ...v1, trusted: alias }, rekord)
    const two = { required: 2 }
    expect(judge([first, second], [v1], message, two).code).toBe("E_SIG_THRESHOLD")
    expect(judge([first, second], [v1, v1], message, two).code).toBe("E_SIG_THRESHOLD")
    expect(judge([first, aliased], [v1, alias], message).code).toBe("ok")
    expect(judge([first, aliased], [v1, alias], message, two).code).toBe("E_SIG_THRESHOLD")
    const another = await newLog("v1")
    expect(judge([first, await entryOf(another, rekord)], [v1, another], message, two).code).toBe("ok")
    expect(judge([first, await entryOf(v2, rekordV2)], [v1, v2], message, two).code).toBe("ok")
    expect(judge([first, await entryOf(v2, rekordV2)], [v1, v2], message, { required: 3 }).code).toBe("E_SIG_THRESHOLD")
  })

  it("what cannot be judged beside enough others is told", async () => {
    const good = await entryOf(v1, rekord)
    const unknown = await entryOf(await newLog("v1"), rekord)
    const broken = await entryOf(v1, rekord, { proof: false })
    const lying = { ...broken, signedEntryTimestamp: flip(broken.signedEntryTimestamp!, 9) }
    expect(judge([unknown, good], [v1], message)).toMatchObject({
      code: "ok",
      findings: [{ outcome: "passed" }, { outcome: "skipped" }],
    })
    expect(judge([lying, good], [v1], message)).toMatchObject({
      code: "ok",
      findings: [{ outcome: "passed" }, { outcome: "failed", logged: true, code: "E_TLOG_PROOF" }],
    })
    // A proof that does not hold, or an entry about something else, is no accident.
    const forged = { ...broken, inclusionProof: { ...good.inclusionProof!, hashes: [] } }
    expect(judge([good, forged], [v1], message).code).toBe("E_TLOG_PROOF")
    const elsewhere = await entryOf(v1, { ...rekord, data: hashOf(PAYLOAD) } as EntryBody)
    expect(judge([good, elsewhere], [v1], message)).toMatchObject({ code: "E_TLOG_ENTRY_MISMATCH", verified: [] })
  })

  it("adv: GHSA-cq38-jh5f-37mq more than 32 entries are refused before any is looked at", async () => {
    const entries = await Promise.all(Array.from({ length: 33 }, () => entryOf(v1, rekord, { proof: false })))
    const untouched: PublicKey = new Proxy(v1.trusted.key, {
      get: () => {
        throw new Error("a key was used")
      },
    })
    expect(judge(entries, [{ ...v1.trusted, key: untouched }], message)).toMatchObject({
      code: "E_LIMIT_EXCEEDED",
      findings: [{ observed: "failed to verify log inclusion: too many tlog entries: 33 > 32" }],
    })
    expect(judge(entries.slice(1), [v1], message)).toMatchObject({ code: "ok" })
  })
})
