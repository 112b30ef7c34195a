import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { LogEntry } from "../../core/sigstore.ts"
import { entryUuid, isUuidOf } from "./entry-uuid.ts"
import { parseLogEntry } from "./log-entry-json.ts"
import { logEntryText } from "./log-entry-text.ts"
import { promiseMessage } from "./promise-message.ts"
import { parseRekorAnswer, parseRekorAnswers, rekorAnswerText } from "./rekor-answer.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: Uint8Array): string => new TextDecoder().decode(value)
const BODY = '{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}'
const PROOF = {
  checkpoint: "log - 1\n2\nAAAA\n\n— log AAAAAAA=\n",
  hashes: ["ab".repeat(32)],
  logIndex: 1,
  rootHash: "cd".repeat(32),
  treeSize: 2,
}
const ANSWER = {
  body: Buffer.from(BODY).toString("base64"),
  integratedTime: 1_700_000_000,
  logID: "ef".repeat(32),
  logIndex: 12,
  verification: { inclusionProof: PROOF, signedEntryTimestamp: "AQID" },
}
const uuid = entryUuid(bytes(BODY), 0x24296fb24b8ad77an)
const ENTRY: LogEntry = {
  logIndex: 12n,
  logId: new Uint8Array(32).fill(0xef),
  kind: "hashedrekord",
  version: "0.0.1",
  integratedTime: 1_700_000_000n,
  signedEntryTimestamp: Uint8Array.of(1, 2, 3),
  inclusionProof: {
    logIndex: 1n,
    rootHash: new Uint8Array(32).fill(0xcd),
    treeSize: 2n,
    hashes: [new Uint8Array(32).fill(0xab)],
    checkpoint: PROOF.checkpoint,
  },
  canonicalizedBody: bytes(BODY),
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

/** The entry without a member. */
function without(entry: LogEntry, name: keyof LogEntry): LogEntry {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => key !== name)) as unknown as LogEntry
}

const read = (value: unknown): string => codeOf(() => parseRekorAnswer(bytes(JSON.stringify(value))))

describe("answers of version 1 logs", () => {
  it("are read and written as the log writes them", () => {
    const answer = JSON.stringify({ [uuid]: ANSWER })
    expect(parseRekorAnswer(bytes(answer))).toEqual({ uuid, entry: ENTRY })
    expect(rekorAnswerText({ uuid, entry: ENTRY })).toBe(answer)
    const more = { ...ANSWER, attestation: { data: "x" }, verification: { ...ANSWER.verification, extra: 1 } }
    expect(parseRekorAnswer(bytes(JSON.stringify({ [uuid]: more }))).entry).toEqual(ENTRY)
    const bare = parseRekorAnswer(bytes(JSON.stringify({ [uuid]: { ...ANSWER, verification: undefined } }))).entry
    expect(bare).not.toHaveProperty("inclusionProof")
    expect(bare).not.toHaveProperty("signedEntryTimestamp")
  })

  it("to searches are lists of them", () => {
    const list = (value: unknown): string => codeOf(() => parseRekorAnswers(bytes(JSON.stringify(value))))
    const other = entryUuid(bytes(BODY))
    expect(parseRekorAnswers(bytes("[]"))).toEqual([])
    const two = parseRekorAnswers(bytes(JSON.stringify([{ [uuid]: ANSWER }, { [other]: ANSWER }])))
    expect(two.map((item) => item.uuid)).toEqual([uuid, other])
    expect(list({ [uuid]: ANSWER })).toBe("E_FORMAT_MALFORMED")
    expect(list([null])).toBe("E_FORMAT_MALFORMED")
    expect(list(Array.from({ length: 33 }, () => ({ [uuid]: ANSWER })))).toBe("E_FORMAT_MALFORMED")
  })

  it.each([
    ["no entry", {}],
    ["two entries", { [uuid]: ANSWER, [entryUuid(bytes(BODY))]: ANSWER }],
    ["an entry under another's name", { [entryUuid(bytes("{}"))]: ANSWER }],
    ["a name that is no UUID", { x: ANSWER }],
    ["null", null],
    ["a list", [{ [uuid]: ANSWER }]],
    ["no body", { [uuid]: { ...ANSWER, body: undefined } }],
    ["a body that is a number", { [uuid]: { ...ANSWER, body: 5 } }],
    ["a body that is no base64", { [uuid]: { ...ANSWER, body: "!!!!" } }],
    ["no log id", { [uuid]: { ...ANSWER, logID: "" } }],
    ["a log id that is no hexadecimal", { [uuid]: { ...ANSWER, logID: "xy" } }],
    ["a negative index", { [uuid]: { ...ANSWER, logIndex: -1 } }],
    ["no index", { [uuid]: { ...ANSWER, logIndex: undefined } }],
    ["no time", { [uuid]: { ...ANSWER, integratedTime: null } }],
    ["a promise that is a list", { [uuid]: { ...ANSWER, verification: { signedEntryTimestamp: [] } } }],
    [
      "a proof without size",
      { [uuid]: { ...ANSWER, verification: { inclusionProof: { ...PROOF, treeSize: undefined } } } },
    ],
    [
      "65 hashes",
      { [uuid]: { ...ANSWER, verification: { inclusionProof: { ...PROOF, hashes: Array(65).fill("ab") } } } },
    ],
  ])("are refused with %s", (_, value) => {
    expect(read(value)).toBe("E_FORMAT_MALFORMED")
  })
})

describe("names of entries", () => {
  it("are leaf hashes, with the tree's id before them", () => {
    expect(entryUuid(bytes(""))).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
    expect(uuid).toBe(`24296fb24b8ad77a${entryUuid(bytes(BODY))}`)
    expect(entryUuid(bytes(""), 1n)).toMatch(/^0000000000000001/)
    expect(isUuidOf(uuid, bytes(BODY))).toBe(true)
    for (const wrong of [uuid.slice(1), `0${uuid}`, uuid.toUpperCase(), `${uuid}\n`, "", entryUuid(bytes("x"))]) {
      expect(isUuidOf(wrong, bytes(BODY)), wrong).toBe(false)
    }
  })
})

describe("answers of version 2 logs", () => {
  it("are read and written as protobuf JSON", () => {
    expect(parseLogEntry(bytes(logEntryText(ENTRY)))).toEqual(ENTRY)
    const plain = without({ ...ENTRY, integratedTime: 0n, logIndex: 0n }, "signedEntryTimestamp")
    expect(parseLogEntry(bytes(logEntryText(plain)))).toEqual(plain)
    expect(logEntryText(plain)).not.toContain("integratedTime")
    const unproven = without(ENTRY, "inclusionProof")
    expect(codeOf(() => parseLogEntry(bytes(logEntryText(unproven))))).toBe("E_FORMAT_MALFORMED")
    const noCheckpoint = { ...ENTRY, inclusionProof: { ...ENTRY.inclusionProof!, checkpoint: "" } }
    expect(codeOf(() => parseLogEntry(bytes(logEntryText(noCheckpoint))))).toBe("E_FORMAT_MALFORMED")
    for (const value of ["", "null", "[]", "{}", '{"logIndex":"-1"}', '{"more":1}']) {
      expect(
        codeOf(() => parseLogEntry(bytes(value))),
        value,
      ).toBe("E_FORMAT_MALFORMED")
    }
  })
})

describe("promises", () => {
  it("are over canonical JSON", () => {
    expect(text(promiseMessage(ENTRY))).toBe(
      `{"body":"${ANSWER.body}","integratedTime":1700000000,"logID":"${"ef".repeat(32)}","logIndex":12}`,
    )
  })
})
