import { decodeBase64, encodeBase64 } from "../../codec/base64.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { PublicKey, SignatureScheme } from "../../core/ports.ts"
import { HASH_LENGTH } from "../hash.ts"
import { verifySignature } from "../verify.ts"
import { logKeyId, noteKeyId } from "./note-key.ts"
import { type NoteSignature, parseSignedNote } from "./signed-note.ts"

/** What a log says of its tree. */
export interface Checkpoint {
  /** Name of the log or tree. */
  readonly origin: string
  /** Entries in the tree. */
  readonly size: bigint
  /** 32 bytes. */
  readonly rootHash: Uint8Array
  /** Further lines; none is empty. */
  readonly extra: readonly string[]
}

/** The log whose checkpoint it must be. */
export interface CheckpointSigner {
  readonly key: PublicKey
  readonly scheme: SignatureScheme
  /** Version 2 logs: the origin, which is also the name of the signature. Absent: neither is looked at (version 1). */
  readonly origin?: string
}

/** A checkpoint that the log signed, or why it is none. */
export type CheckpointAnswer =
  { readonly ok: true; readonly checkpoint: Checkpoint } | { readonly ok: false; readonly why: string }

const WHAT = "checkpoint"
const LARGEST = 2n ** 64n - 1n

/**
 * Read the text of a checkpoint.
 *
 * @param text - untrusted; what is signed of a note, ending in a newline.
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 *
 * Spec: C2SP tlog-checkpoint.md.
 */
export function parseCheckpoint(text: string): Checkpoint {
  if (!text.endsWith("\n")) throw malformed(WHAT, "the last line has no end")
  const [origin = "", size = "", root, ...extra] = text.slice(0, -1).split("\n")
  if (origin === "") throw malformed(WHAT, "no origin in the first line")
  if (!/^(?:0|[1-9][0-9]{0,19})$/.test(size) || BigInt(size) > LARGEST) {
    throw malformed(WHAT, `saw the size ${quoted(size)}, expected a decimal number below 2^64`)
  }
  if (root === undefined) throw malformed(WHAT, "no root hash in the third line")
  const rootHash = decodeBase64(root, { max: 1024, what: `${WHAT} root hash` })
  if (rootHash.length !== HASH_LENGTH.sha256) {
    throw malformed(WHAT, `saw a root hash of ${rootHash.length} bytes, expected ${HASH_LENGTH.sha256}`)
  }
  // SECURITY: readers differ in where the text of a note with several blank lines ends.
  if (extra.includes("")) throw malformed(WHAT, "an empty line in the text")
  return { origin, size: BigInt(size), rootHash, extra }
}

/** Text of a checkpoint, to be signed as a note. */
export function checkpointText({ origin, size, rootHash, extra }: Checkpoint): string {
  return [origin, size.toString(), encodeBase64(rootHash), ...extra].map((line) => `${line}\n`).join("")
}

function isBy(keyId: Uint8Array, origin: string | undefined): (signature: NoteSignature) => boolean {
  return ({ name, hint }) => (origin === undefined || name === origin) && hint.every((byte, at) => byte === keyId[at])
}

/**
 * Whether a log signed a checkpoint. Signatures of others, such as witnesses and earlier keys, are not looked at.
 *
 * @param note - untrusted text of the signed note.
 * @throws {ToolError} `E_FORMAT_MALFORMED` and `E_LIMIT_EXCEEDED` when it is no checkpoint at all.
 *
 * Security: names and hints only choose what is tried; the first that fits must verify.
 */
export function verifyCheckpoint(note: string, signer: CheckpointSigner): CheckpointAnswer {
  const { text, signatures } = parseSignedNote(note)
  const checkpoint = parseCheckpoint(text)
  const { key, scheme, origin } = signer
  if (origin !== undefined && checkpoint.origin !== origin) {
    return { ok: false, why: `checkpoint of ${quoted(checkpoint.origin, 100)}, expected ${quoted(origin, 100)}` }
  }
  const found = signatures.find(isBy(origin === undefined ? logKeyId(key) : noteKeyId(key, origin), origin))
  if (found === undefined) return { ok: false, why: "no signature of the log's key on the checkpoint" }
  if (!verifySignature(key, scheme, encodeUtf8(text, WHAT), found.signature)) {
    return { ok: false, why: "the log's signature on the checkpoint does not verify" }
  }
  return { ok: true, checkpoint }
}
