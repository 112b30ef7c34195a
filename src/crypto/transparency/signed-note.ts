import { decodeBase64, encodeBase64 } from "../../codec/base64.ts"
import { concatBytes } from "../../codec/concat-bytes.ts"
import { malformed, quoted, tooLarge } from "../../codec/malformed.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { SignatureScheme, SigningKey } from "../../core/ports.ts"

/** One signature below a note. */
export interface NoteSignature {
  /** Who is said to have signed; anybody can write any name. */
  readonly name: string
  /** First four bytes of the key's id. */
  readonly hint: Uint8Array
  /** Raw bytes behind the hint. */
  readonly signature: Uint8Array
}

/** A signed note as parsed. Nothing in it is trusted. */
export interface SignedNote {
  /** What is signed: UTF-8 of this text, which ends in a newline. */
  readonly text: string
  /** In order; at least one. */
  readonly signatures: readonly NoteSignature[]
}

/** Who signs a note. */
export interface NoteSigner {
  readonly name: string
  /** 32 bytes; see {@link file://./note-key.ts}. */
  readonly keyId: Uint8Array
  readonly key: SigningKey
  readonly scheme: SignatureScheme
}

const WHAT = "signed note"
const HINT_BYTES = 4
const DASH = "\u2014 "
const CONTROL = /[\0-\x09\x0b-\x1f]/

/** Whether a note may be signed in this name. Spec: C2SP signed-note.md. */
export function isNoteName(name: string): boolean {
  return name !== "" && !/[\s+\x85]/u.test(name)
}

function parseSignature(line: string, at: number): NoteSignature {
  const what = `${WHAT} signature ${at + 1}`
  if (!line.startsWith(DASH)) throw malformed(what, `saw ${quoted(line)}, expected a line that begins with a dash`)
  const space = line.indexOf(" ", DASH.length)
  const name = line.slice(DASH.length, space === -1 ? DASH.length : space)
  if (!isNoteName(name)) throw malformed(what, `saw the name ${quoted(name)}, expected one without spaces and "+"`)
  const bytes = decodeBase64(line.slice(space + 1), { max: limits.noteBytes, what })
  if (bytes.length <= HINT_BYTES)
    throw malformed(what, `saw ${bytes.length} bytes, expected at least ${HINT_BYTES + 1}`)
  return { name, hint: bytes.subarray(0, HINT_BYTES), signature: bytes.subarray(HINT_BYTES) }
}

/**
 * Read a signed note: a text, a blank line, signature lines.
 *
 * @param note - untrusted; at most 64 KiB and 64 signatures.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: C2SP signed-note.md.
 */
export function parseSignedNote(note: string): SignedNote {
  // A character has at least one byte: what is longer than this is not worth encoding.
  const size = note.length > limits.noteBytes ? note.length : encodeUtf8(note, WHAT).length
  if (size > limits.noteBytes) throw tooLarge(WHAT, size, limits.noteBytes, "bytes")
  if (CONTROL.test(note)) throw malformed(WHAT, "a control character")
  const blank = note.lastIndexOf("\n\n")
  if (blank === -1) throw malformed(WHAT, "no blank line between text and signatures")
  const below = note.slice(blank + 2)
  if (below === "") throw malformed(WHAT, "no signature")
  if (!below.endsWith("\n")) throw malformed(WHAT, "the last line has no end")
  const lines = below.slice(0, -1).split("\n")
  if (lines.length > limits.noteSignatures) throw tooLarge(WHAT, lines.length, limits.noteSignatures, "signatures")
  return { text: note.slice(0, blank + 1), signatures: lines.map(parseSignature) }
}

/**
 * Put a note together.
 *
 * @param text - ends in a newline.
 * @throws {ToolError} `E_USAGE` for a text or a name that no note can have.
 */
export function buildSignedNote({ text, signatures }: SignedNote): string {
  const bad = signatures.find(({ name, hint }) => !isNoteName(name) || hint.length !== HINT_BYTES)
  if (!text.endsWith("\n") || CONTROL.test(text) || bad !== undefined) {
    throw new ToolError("E_USAGE", {
      what: "this note cannot be written",
      why:
        bad === undefined ? "the text has control characters or no line end" : `signed in the name ${quoted(bad.name)}`,
    })
  }
  const lines = signatures.map(
    ({ name, hint, signature }) => `${DASH}${name} ${encodeBase64(concatBytes([hint, signature]))}\n`,
  )
  return `${text}\n${lines.join("")}`
}

/** Sign a text by all signers, in order. @throws {ToolError} as {@link buildSignedNote} and the keys. */
export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<string> {
  const message = encodeUtf8(text, WHAT)
  const signatures = await Promise.all(
    signers.map(async ({ name, keyId, key, scheme }) => ({
      name,
      hint: keyId.subarray(0, HINT_BYTES),
      signature: await key.sign(message, scheme),
    })),
  )
  return buildSignedNote({ text, signatures })
}
