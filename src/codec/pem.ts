import { limits } from "../core/limits.ts"
import { decodeBase64, encodeBase64 } from "./base64.ts"
import { malformed, quoted, tooLarge } from "./malformed.ts"

/** One PEM block. */
export interface PemBlock {
  /** As in `PUBLIC KEY`. */
  readonly label: string
  /** RFC 1421 headers by name, such as `Proc-Type`. */
  readonly headers: ReadonlyMap<string, string>
  readonly bytes: Uint8Array
}

/** Bounds of {@link parsePem}. */
export interface PemOptions {
  /** Most blocks. Default `limits.pemBlocks`. */
  readonly maxBlocks?: number
  /** Most characters of text. Default `limits.pemBytes`. */
  readonly maxBytes?: number
  /** Name of the document for errors. Default `PEM`. */
  readonly what?: string
}

const BEGIN = /^-----BEGIN ([\x20-\x2c\x2e-\x7e](?:[\x20-\x7e]{0,62}[\x20-\x2c\x2e-\x7e])?)-----$/
const HEADER = /^([^\s:][^:]{0,63}):\s*(.*)$/

function readBlock(lines: readonly string[], begin: number, label: string, what: string): [PemBlock, number] {
  const headers = new Map<string, string>()
  let at = begin + 1
  for (; at < lines.length; at++) {
    const header = HEADER.exec(lines[at] ?? "")
    if (header === null) break
    headers.set(header[1] ?? "", header[2] ?? "")
  }
  const body: string[] = []
  for (; at < lines.length; at++) {
    const line = lines[at] ?? ""
    if (line === `-----END ${label}-----`) {
      const bytes = decodeBase64(body.join(""), { what: `${what} block ${quoted(label)}`, max: limits.pemBytes })
      return [{ label, headers, bytes }, at + 1]
    }
    if (line.startsWith("-----")) break
    body.push(line)
  }
  const seen = at < lines.length ? quoted(lines[at] ?? "") : "the end"
  throw malformed(what, `line ${at + 1}: saw ${seen}, expected "-----END ${label}-----"`)
}

/**
 * Read all PEM blocks of a text. Text between blocks is ignored, as Go's `pem.Decode` does; inside a block everything
 * must be well-formed. Time grows linearly with the text.
 *
 * @param text - untrusted; lines may end in LF or CRLF and carry blanks at their end.
 * @returns the blocks in order; none is an empty list.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 7468 sections 2 and 3 (lax on text outside, strict on base64), RFC 1421 4.6 for headers.
 */
export function parsePem(text: string, options: PemOptions = {}): PemBlock[] {
  const what = options.what ?? "PEM"
  const maxBytes = options.maxBytes ?? limits.pemBytes
  const maxBlocks = options.maxBlocks ?? limits.pemBlocks
  if (text.length > maxBytes) throw tooLarge(what, text.length, maxBytes, "bytes")
  const lines = text.split("\n").map((line) => line.trimEnd())
  const blocks: PemBlock[] = []
  for (let at = 0; at < lines.length;) {
    const label = BEGIN.exec(lines[at] ?? "")?.[1]
    if (label === undefined) {
      at++
      continue
    }
    if (blocks.length === maxBlocks) throw tooLarge(what, maxBlocks + 1, maxBlocks, "blocks")
    const [block, next] = readBlock(lines, at, label, what)
    blocks.push(block)
    at = next
  }
  return blocks
}

/**
 * The first PEM block; what follows it is ignored, whatever it is.
 *
 * @returns `undefined` when there is none.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function firstPem(text: string, options: PemOptions = {}): PemBlock | undefined {
  const what = options.what ?? "PEM"
  const maxBytes = options.maxBytes ?? limits.pemBytes
  if (text.length > maxBytes) throw tooLarge(what, text.length, maxBytes, "bytes")
  const lines = text.split("\n").map((line) => line.trimEnd())
  for (let at = 0; at < lines.length; at++) {
    const label = BEGIN.exec(lines[at] ?? "")?.[1]
    if (label !== undefined) return readBlock(lines, at, label, what)[0]
  }
  return undefined
}

/** A PEM block with base64 in lines of 64 characters and a final newline: what Go's `pem.Encode` writes. */
export function encodePem(label: string, bytes: Uint8Array): string {
  const body = encodeBase64(bytes).replace(/.{64}(?=.)/g, "$&\n")
  return `-----BEGIN ${label}-----\n${body === "" ? "" : `${body}\n`}-----END ${label}-----\n`
}
