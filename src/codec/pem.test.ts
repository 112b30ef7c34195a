import { createPublicKey, generateKeyPairSync } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ToolError } from "../core/errors.ts"
import { encodePem, firstPem, parsePem } from "./pem.ts"

const ONE = "-----BEGIN TEST-----\nZm9v\n-----END TEST-----\n"

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ToolError) return error.code
    throw error
  }
  return "accepted"
}

describe("parsePem", () => {
  it("reads and writes what OpenSSL writes", () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
    const text = publicKey.export({ type: "spki", format: "pem" }).toString()
    const [block] = parsePem(text)
    expect(block?.label).toBe("PUBLIC KEY")
    expect(createPublicKey({ key: Buffer.from(block!.bytes), format: "der", type: "spki" }).equals(publicKey)).toBe(
      true,
    )
    expect(encodePem("PUBLIC KEY", block!.bytes)).toBe(text)
  })

  it.each([
    ["plain", ONE],
    ["CRLF", ONE.replaceAll("\n", "\r\n")],
    ["blanks at line ends", ONE.replaceAll("\n", " \t\n")],
    ["no final newline", ONE.trimEnd()],
    ["text before", `subject=x\n${ONE}`],
    ["text after", `${ONE}trailing -----BEGIN nonsense`],
    ["headers", "-----BEGIN TEST-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nZm9v\n-----END TEST-----\n"],
  ])("reads: %s", (_, text) => {
    const blocks = parsePem(text)
    expect(blocks).toHaveLength(1)
    expect(new TextDecoder().decode(blocks[0]!.bytes)).toBe("foo")
  })

  it("keeps headers", () => {
    const [block] = parsePem("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nZm9v\n-----END A-----")
    expect(block?.headers.get("Proc-Type")).toBe("4,ENCRYPTED")
  })

  it.each([
    ["no end", "-----BEGIN TEST-----\nZm9v\n"],
    ["other end", "-----BEGIN TEST-----\nZm9v\n-----END OTHER-----\n"],
    ["begin in the block", `-----BEGIN TEST-----\n${ONE}`],
    ["junk in the body", "-----BEGIN TEST-----\nZm9v!\n-----END TEST-----\n"],
    ["blank in the body", "-----BEGIN TEST-----\nZm 9v\n-----END TEST-----\n"],
    ["missing padding", "-----BEGIN TEST-----\nZg\n-----END TEST-----\n"],
    ["trailing bits", "-----BEGIN TEST-----\nZh==\n-----END TEST-----\n"],
  ])("refuses: %s", (_, text) => {
    expect(codeOf(() => parsePem(text))).toBe("E_FORMAT_MALFORMED")
    expect(codeOf(() => firstPem(text))).toBe("E_FORMAT_MALFORMED")
  })

  it("adv: CVE-2022-24675, CVE-2025-61723: bounded text and blocks", () => {
    expect(codeOf(() => parsePem("-----BEGIN A-----\n".repeat(300_000)))).toBe("E_LIMIT_EXCEEDED")
    expect(codeOf(() => parsePem("-----BEGIN A-----\n".repeat(50_000)))).toBe("E_FORMAT_MALFORMED")
    expect(codeOf(() => parsePem(ONE.repeat(10_000)))).toBe("E_LIMIT_EXCEEDED")
    expect(codeOf(() => parsePem(ONE.repeat(3), { maxBlocks: 2 }))).toBe("E_LIMIT_EXCEEDED")
    expect(parsePem("-----BEGIN \n".repeat(50_000))).toEqual([])
  })

  it("firstPem ignores everything after the block", () => {
    expect(firstPem(`${ONE}-----BEGIN BROKEN-----\n!`)?.label).toBe("TEST")
    expect(firstPem("nothing here")).toBeUndefined()
  })

  it("round trips any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = encodePem("SOME LABEL", bytes)
        expect(text.split("\n").every((line) => line.length <= 64)).toBe(true)
        expect(firstPem(text)?.bytes).toEqual(bytes)
      }),
    )
  })

  it("throws nothing but ToolError", () => {
    const pieces = fc.constantFrom("-----BEGIN A-----", "-----END A-----", "\n", "Zm9v", "a: b", "=", "-----", "\r")
    fc.assert(fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => void codeOf(() => parsePem(parts.join("")))))
  })
})
