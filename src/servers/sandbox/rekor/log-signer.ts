import { concatBytes } from "../../../codec/concat-bytes.ts"
import { encodeUtf8 } from "../../../codec/utf8.ts"
import type { Clock, SigningKey } from "../../../core/ports.ts"
import { defaultScheme } from "../../../crypto/schemes.ts"
import { digestOf } from "../../../crypto/hash.ts"
import { rawPublicKey } from "../../../crypto/public-key.ts"
import { checkpointText } from "../../../crypto/transparency/checkpoint.ts"
import { buildSignedNote, type NoteSignature } from "../../../crypto/transparency/signed-note.ts"
import type { RekorWitness } from "./options.ts"

/** A tree that is to be signed. */
export interface TreeState {
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** Who signs a log's checkpoints. */
export interface CheckpointParts {
  /** First line. */
  readonly origin: string
  /** Name in the log's signature line. */
  readonly name: string
  /** At least 4 bytes; see `crypto/transparency/note-key.ts`. */
  readonly keyId: Uint8Array
  readonly key: SigningKey
  readonly witnesses: readonly RekorWitness[]
  readonly clock: Clock
}

const HINT_BYTES = 4
/** Type of an Ed25519 cosignature with a time. */
const COSIGNATURE = Uint8Array.of(4)

/**
 * Sign the checkpoint of a tree, and have it cosigned.
 *
 * @returns the signed note, the log's signature first.
 *
 * Spec: C2SP tlog-checkpoint.md, signed-note.md, tlog-cosignature.md.
 */
export async function signCheckpoint({ size, root }: TreeState, parts: CheckpointParts): Promise<string> {
  const text = checkpointText({ origin: parts.origin, size: BigInt(size), rootHash: root, extra: [] })
  const { name, keyId, key } = parts
  const signature = await key.sign(encodeUtf8(text), defaultScheme(key.publicKey))
  const own: NoteSignature = { name, hint: keyId.subarray(0, HINT_BYTES), signature }
  const seconds = BigInt(Math.floor(parts.clock.now() / 1000))
  const others = await Promise.all(parts.witnesses.map((witness) => cosign(text, witness, seconds)))
  return buildSignedNote({ text, signatures: [own, ...others] })
}

async function cosign(text: string, { name, key }: RekorWitness, seconds: bigint): Promise<NoteSignature> {
  const id = digestOf("sha256", concatBytes([encodeUtf8(`${name}\n`), COSIGNATURE, rawPublicKey(key.publicKey)]))
  const signed = await key.sign(encodeUtf8(`cosignature/v1\ntime ${seconds}\n${text}`), { scheme: "ed25519" })
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, seconds)
  return { name, hint: id.subarray(0, HINT_BYTES), signature: concatBytes([time, signed]) }
}
