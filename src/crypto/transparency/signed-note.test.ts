import { createPublicKey } from "node:crypto"
import { readFileSync } from "node:fs"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeBase64 } from "../../codec/base64.ts"
import { encodeHex } from "../../codec/hex.ts"
import { ToolError } from "../../core/errors.ts"
import type { PublicKey } from "../../core/ports.ts"
import { generatePrivateKey, type KeyName } from "../generate.ts"
import { localSigningKey } from "../local-key.ts"
import { publicKeyFromSpki, publicKeyOf } from "../public-key.ts"
import { defaultScheme } from "../schemes.ts"
import { verifySignature } from "../verify.ts"
import { type Checkpoint, checkpointText, parseCheckpoint, verifyCheckpoint } from "./checkpoint.ts"
import { logKeyId, noteKeyId } from "./note-key.ts"
import { buildSignedNote, parseSignedNote, signNote } from "./signed-note.ts"

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const b64 = (text: string): Uint8Array => decodeBase64(text, { max: 10_000, what: "test" })

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

/** The example in the documentation of Go's golang.org/x/mod/sumdb/note. */
const GO = {
  key: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
  note:
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
}

function goKey(): { readonly name: string; readonly hint: string; readonly key: PublicKey } {
  const [name = "", hint = "", encoded = ""] = GO.key.split("+", 3)
  const raw = Buffer.from(b64(encoded).subarray(1)).toString("base64url")
  return {
    name,
    hint,
    key: publicKeyOf(createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw }, format: "jwk" })),
  }
}

const SIGNATURE = "— log.example AAAAAAA=\n"
const ROOT = Buffer.alloc(32, 1).toString("base64")

describe("signed notes", () => {
  it("reads what Go wrote", () => {
    const { text, signatures } = parseSignedNote(GO.note)
    const { name, hint, key } = goKey()
    expect(signatures).toHaveLength(1)
    expect(signatures[0]!.name).toBe(name)
    expect(encodeHex(signatures[0]!.hint)).toBe(hint)
    expect(encodeHex(noteKeyId(key, name)).slice(0, 8)).toBe(hint)
    expect(encodeHex(noteKeyId(key, "Peter")).slice(0, 8)).not.toBe(hint)
    expect(verifySignature(key, { scheme: "ed25519" }, utf8(text), signatures[0]!.signature)).toBe(true)
    expect(buildSignedNote({ text, signatures })).toBe(GO.note)
  })

  it("knows keys by the ids that another implementation gives them", () => {
    const text = readFileSync(new URL("testdata/note-keys.jsonl", import.meta.url), "utf8")
    const rows = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly spki: string; readonly id: string })
    const keys = rows.map(({ spki }) => publicKeyFromSpki(b64(spki)))
    expect(keys.map(({ type }) => type)).toEqual(["ed25519", "ecdsa-p384", "rsa"])
    expect(keys.map((key) => encodeHex(noteKeyId(key, "log.example")))).toEqual(rows.map(({ id }) => id))
    const elsewhere = keys.map((key, at) => encodeHex(noteKeyId(key, "other.example")) === rows[at]!.id)
    expect(elsewhere).toEqual([false, true, false])
    expect(encodeHex(logKeyId(keys[1]!))).toBe(rows[1]!.id)
  })

  it("ends the text at the last blank line", () => {
    expect(parseSignedNote(`a\n\nb\n\n${SIGNATURE}`).text).toBe("a\n\nb\n")
  })

  it.each([
    ["nothing", ""],
    ["no blank line", `text\n${SIGNATURE}`],
    ["no signatures", "text\n\n"],
    ["no end of the last line", `text\n\n${SIGNATURE.trimEnd()}`],
    ["another dash", `text\n\n- log.example AAAAAAA=\n`],
    ["no dash", `text\n\nlog.example AAAAAAA=\n`],
    ["no name", `text\n\n— AAAAAAA=\n`],
    ["an empty name", `text\n\n—  AAAAAAA=\n`],
    ["a plus in the name", `text\n\n— a+b AAAAAAA=\n`],
    ["a space of Unicode in the name", `text\n\n— a\u00a0b AAAAAAA=\n`],
    ["no signature behind the name", `text\n\n— log.example\n`],
    ["an empty signature", `text\n\n— log.example \n`],
    ["a signature that is a hint alone", `text\n\n— log.example AAAAAA==\n`],
    ["bad base64", `text\n\n— log.example AAAA!AA=\n`],
    ["base64 without padding", `text\n\n— log.example AAAAAAA\n`],
    ["two spaces", `text\n\n— log.example  AAAAAAA=\n`],
    ["something behind the signature", `text\n\n— log.example AAAAAAA= x\n`],
    ["a carriage return", `text\r\n\n${SIGNATURE}`],
    ["a null character", `te\0xt\n\n${SIGNATURE}`],
    ["a lone surrogate", `te\ud800xt\n\n${SIGNATURE}`],
  ])("refuses %s", (_, note) => {
    expect(codeOf(() => parseSignedNote(note))).toBe("E_FORMAT_MALFORMED")
  })

  it("is bounded", () => {
    expect(codeOf(() => parseSignedNote(`text\n\n${SIGNATURE.repeat(64)}`))).toBe("accepted")
    expect(codeOf(() => parseSignedNote(`text\n\n${SIGNATURE.repeat(65)}`))).toBe("E_LIMIT_EXCEEDED")
    expect(codeOf(() => parseSignedNote(`${"x".repeat(65_536)}\n\n${SIGNATURE}`))).toBe("E_LIMIT_EXCEEDED")
    expect(codeOf(() => parseSignedNote(`${"é".repeat(32_768)}\n\n${SIGNATURE}`))).toBe("E_LIMIT_EXCEEDED")
  })

  it("is not written with what could not be read", () => {
    const signature = { name: "log", hint: new Uint8Array(4), signature: new Uint8Array(1) }
    expect(codeOf(() => buildSignedNote({ text: "text", signatures: [signature] }))).toBe("E_USAGE")
    expect(codeOf(() => buildSignedNote({ text: "a\tb\n", signatures: [signature] }))).toBe("E_USAGE")
    expect(codeOf(() => buildSignedNote({ text: "a\n", signatures: [{ ...signature, name: "a b" }] }))).toBe("E_USAGE")
    const long = { ...signature, hint: new Uint8Array(5) }
    expect(codeOf(() => buildSignedNote({ text: "a\n", signatures: [long] }))).toBe("E_USAGE")
  })

  it("never fails in another way", () => {
    const piece = fc.constantFrom("\n", "\n\n", "— ", "a", " ", "AAAAAAA=", "log.example", "+", "1", ROOT)
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const note = pieces.join("")
        expect(["accepted", "E_FORMAT_MALFORMED"]).toContain(codeOf(() => parseSignedNote(note)))
        expect(["accepted", "E_FORMAT_MALFORMED"]).toContain(codeOf(() => parseCheckpoint(note)))
      }),
    )
  })
})

describe("checkpoints", () => {
  const valid: Checkpoint = {
    origin: "log.example",
    size: 5n,
    rootHash: new Uint8Array(32).fill(1),
    extra: ["Timestamp: 1"],
  }

  it("are read as they were written", () => {
    expect(checkpointText(valid)).toBe(`log.example\n5\n${ROOT}\nTimestamp: 1\n`)
    expect(parseCheckpoint(checkpointText(valid))).toEqual(valid)
    expect(parseCheckpoint(`o\n0\n${ROOT}\n`)).toEqual({ ...valid, origin: "o", size: 0n, extra: [] })
    expect(parseCheckpoint(`o\n18446744073709551615\n${ROOT}\n`).size).toBe(2n ** 64n - 1n)
  })

  it.each([
    ["size that is no number", `o\nnotanumber\n${ROOT}\n`],
    ["negative size", `o\n-1\n${ROOT}\n`],
    ["size with an exponent", `o\n1e3\n${ROOT}\n`],
    ["hexadecimal size", `o\n0x10\n${ROOT}\n`],
    ["size of 400 digits", `o\n${"9".repeat(400)}\n${ROOT}\n`],
    ["size of 2^64", `o\n18446744073709551616\n${ROOT}\n`],
    ["size with a zero in front", `o\n05\n${ROOT}\n`],
    ["size with a sign", `o\n+5\n${ROOT}\n`],
    ["size with a space", `o\n5 \n${ROOT}\n`],
    ["missing size", `o\n${ROOT}\n`],
    ["empty size", `o\n\n${ROOT}\n`],
    ["missing origin", `5\n${ROOT}\n`],
    ["empty origin", `\n5\n${ROOT}\n`],
    ["missing root hash", "o\n5\n"],
    ["empty root hash", "o\n5\n\n"],
    ["root hash that is no base64", "o\n5\n!!!!\n"],
    ["root hash of 31 bytes", `o\n5\n${Buffer.alloc(31).toString("base64")}\n`],
    ["root hash of 33 bytes", `o\n5\n${Buffer.alloc(33).toString("base64")}\n`],
    ["blank line inside", `o\n5\n${ROOT}\n\nmore\n`],
    ["missing line end", `o\n5\n${ROOT}`],
    ["no text", ""],
  ])("adv: sigstore-js #1722, sigstore-python #1826 refuses a %s", (_, text) => {
    expect(codeOf(() => parseCheckpoint(text))).toBe("E_FORMAT_MALFORMED")
    expect(
      codeOf(() => verifyCheckpoint(`${text}\n${SIGNATURE}`, { key: goKey().key, scheme: { scheme: "ed25519" } })),
    ).toBe("E_FORMAT_MALFORMED")
  })

  it.each(["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"] satisfies KeyName[])(
    "verify by the log: %s",
    async (name) => {
      const key = localSigningKey(await generatePrivateKey(name))
      const other = localSigningKey(await generatePrivateKey(name))
      const scheme = defaultScheme(key.publicKey)
      const signer = { key: key.publicKey, scheme, origin: "log.example" }
      const mine = { name: "log.example", keyId: noteKeyId(key.publicKey, "log.example"), key, scheme }
      const witness = { name: "witness.example/w", keyId: noteKeyId(other.publicKey, "w"), key: other, scheme }
      const text = checkpointText(valid)
      const why = async (signers: Parameters<typeof signNote>[1], over: object = {}, words = text): Promise<string> => {
        const answer = verifyCheckpoint(await signNote(words, signers), { ...signer, ...over })
        return answer.ok ? "ok" : answer.why
      }
      expect(await why([mine])).toBe("ok")
      expect(await why([witness, mine, witness])).toBe("ok")
      // An earlier key of the same name.
      expect(await why([{ ...witness, name: "log.example" }, mine])).toBe("ok")
      expect(await why([witness])).toMatch("no signature of the log's key")
      expect(await why([{ ...mine, name: "other.example" }])).toMatch("no signature of the log's key")
      expect(await why([{ ...mine, keyId: new Uint8Array(32) }])).toMatch("no signature of the log's key")
      expect(await why([{ ...mine, key: other }])).toMatch("does not verify")
      expect(await why([mine], { origin: "other.example" })).toMatch('expected "other.example"')
      const elsewhere = checkpointText({ ...valid, origin: "other.example" })
      expect(await why([mine], {}, elsewhere)).toMatch('checkpoint of "other.example"')
      // Version 1 logs: the tree's name is the origin, the id is that of the key alone.
      const first = { ...mine, name: "log.example", keyId: logKeyId(key.publicKey) }
      const tree = checkpointText({ ...valid, origin: "log.example - 42" })
      const answer = verifyCheckpoint(await signNote(tree, [first]), { key: key.publicKey, scheme })
      expect(answer).toEqual({ ok: true, checkpoint: { ...valid, origin: "log.example - 42" } })
    },
  )

  it("adv: sigstore-js #1722 takes names as they are, and no time for many of them", () => {
    const signer = { key: goKey().key, scheme: { scheme: "ed25519" }, origin: "o" } as const
    for (const name of ["(.*)*x", "(", "[", ".*", "log.example".repeat(500)]) {
      const note = `o\n5\n${ROOT}\n\n— ${name} AAAAAAA=\n`
      expect(verifyCheckpoint(note, signer)).toEqual({
        ok: false,
        why: "no signature of the log's key on the checkpoint",
      })
    }
    const many = `o\n5\n${ROOT}\n\n${SIGNATURE.repeat(10_000)}`
    expect(codeOf(() => verifyCheckpoint(many, signer))).toBe("E_LIMIT_EXCEEDED")
  })

  it("fail with any bit of text or signature changed", async () => {
    const key = localSigningKey(await generatePrivateKey("ed25519"))
    const scheme = { scheme: "ed25519" } as const
    const keyId = noteKeyId(key.publicKey, "log.example")
    const note = utf8(await signNote(checkpointText(valid), [{ name: "log.example", keyId, key, scheme }]))
    fc.assert(
      fc.property(fc.nat(note.length * 8 - 1), (bit) => {
        const changed = note.slice()
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const text = new TextDecoder().decode(changed)
        const run = (): boolean => verifyCheckpoint(text, { key: key.publicKey, scheme, origin: "log.example" }).ok
        let held: boolean
        try {
          held = run()
        } catch (error) {
          expect(error).toBeInstanceOf(ToolError)
          held = false
        }
        expect(held).toBe(false)
      }),
      { numRuns: 300 },
    )
  })
})
