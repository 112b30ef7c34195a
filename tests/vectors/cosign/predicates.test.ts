import { describe, expect, it } from "vitest"
import { ToolError } from "../../../src/core/errors.ts"
import { blobFormats } from "../../../src/formats/index.ts"
import { sha256Digest } from "../../../src/crypto/hash.ts"
import { peerFile, predicateCases, text, utf8 } from "./peer-data.ts"

const subject = sha256Digest(peerFile("a.txt"))

/** Strictness of ours that the peers lack: a document two readers could understand differently. */
const stricter = (json: string): boolean => /"a":1,"a":2/.test(json)

function build(type: string, file: string, generation: "cosign2" | "cosign3", at: number): string {
  const predicate = { type, bytes: utf8(file) }
  return text(blobFormats.draftAttestation({ subject, subjectName: "a.txt", predicate, generation, at }).statement)
}

function refusal(action: () => unknown): ToolError {
  try {
    action()
  } catch (error) {
    if (error instanceof ToolError) return error
    throw error
  }
  throw new Error("nothing was refused")
}

describe.each(["cosign2", "cosign3"] as const)("statements of %s, to the byte", (generation) => {
  it.each(predicateCases.map((item, index) => ({ ...item, index })))("$index $type $text", (item) => {
    const peer = item[generation]
    const stamp = /"Timestamp":"([^"]+)"/.exec(peer.statement ?? "")?.[1]
    const make = (): string => build(item.type, item.text, generation, stamp === undefined ? 0 : Date.parse(stamp))
    if (peer.statement !== undefined && !stricter(item.text)) {
      expect(make()).toBe(peer.statement)
      return
    }
    const error = refusal(make)
    expect(error.code).toBe("E_USAGE")
    const required = /required field \S+ missing/.exec(peer.error ?? "")?.[0]
    if (required !== undefined) expect(error.why).toContain(peer.error)
    const shape = /json: cannot unmarshal \w+ into Go value of type map\[string\]interface \{\}$/.exec(peer.error ?? "")
    if (shape !== null) expect(error.why).toBe(peer.error)
  })
})
