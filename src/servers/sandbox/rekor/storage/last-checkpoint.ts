import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { concatBytes } from "../../../../codec/concat-bytes.ts"
import { decodeUtf8, encodeUtf8 } from "../../../../codec/utf8.ts"
import { ToolError } from "../../../../core/errors.ts"
import { KIB } from "../../../../core/limits.ts"
import { digestOf } from "../../../../crypto/hash.ts"
import { storageError } from "./storage-error.ts"

/** Two slots are written in turn, so that one is whole whenever the other is being written. */
const SLOT_BYTES = 16 * KIB
const HEAD_BYTES = 12
const SUM_BYTES = 32

/** The last checkpoint that was given to anybody. */
export interface LastCheckpoint {
  /** Signed note; `undefined` when none was ever kept. */
  readonly text: string | undefined
  /** Keep a newer one; it is on the disk when this settles. @throws {ToolError} `E_IO`. */
  write(text: string): Promise<void>
  close(): Promise<void>
}

/**
 * Open the file that holds the last checkpoint, beside the log and not in it: a log that was put back to an earlier state
 * is noticed. The file has its full size from the beginning, so that writing it needs no room on a full disk.
 *
 * @param flush - every write is flushed to the disk.
 * @throws {ToolError} `E_IO`.
 */
export async function openLastCheckpoint(path: string, flush: boolean): Promise<LastCheckpoint> {
  try {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      return await withSlots(file, flush)
    } catch (cause) {
      await file.close()
      throw cause
    }
  } catch (cause) {
    throw storageError("open the last checkpoint", cause)
  }
}

interface Slot {
  readonly sequence: bigint
  readonly text: string
}

async function withSlots(file: FileHandle, flush: boolean): Promise<LastCheckpoint> {
  const bytes = new Uint8Array(2 * SLOT_BYTES)
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
  if (bytesRead < bytes.length) await file.write(new Uint8Array(bytes.length - bytesRead), 0, undefined, bytesRead)
  const slots = [readSlot(bytes.subarray(0, SLOT_BYTES)), readSlot(bytes.subarray(SLOT_BYTES))]
  const newest = slots.reduce((a, b) => (a === undefined || (b !== undefined && b.sequence > a.sequence) ? b : a))
  let sequence = newest?.sequence ?? 0n
  return {
    text: newest?.text,
    async write(text) {
      try {
        const slot = buildSlot(sequence + 1n, text)
        await file.write(slot, 0, slot.length, Number((sequence + 1n) % 2n) * SLOT_BYTES)
        if (flush) await file.datasync()
        sequence += 1n
      } catch (cause) {
        throw storageError("keep the checkpoint", cause)
      }
    },
    close: () => file.close(),
  }
}

function buildSlot(sequence: bigint, text: string): Uint8Array {
  const content = encodeUtf8(text)
  if (HEAD_BYTES + content.length + SUM_BYTES > SLOT_BYTES) {
    throw new ToolError("E_LIMIT_EXCEEDED", {
      what: "the checkpoint is too large",
      why: `${content.length} bytes, at most ${SLOT_BYTES - HEAD_BYTES - SUM_BYTES} are kept`,
    })
  }
  const head = new Uint8Array(HEAD_BYTES)
  const view = new DataView(head.buffer)
  view.setUint32(0, content.length)
  view.setBigUint64(4, sequence)
  const body = concatBytes([head, content])
  return concatBytes([body, digestOf("sha256", body)])
}

/** @returns `undefined` for a slot that was never written, or not to its end. */
function readSlot(bytes: Uint8Array): Slot | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = view.getUint32(0)
  if (length === 0 || HEAD_BYTES + length + SUM_BYTES > SLOT_BYTES) return undefined
  const end = HEAD_BYTES + length
  const sum = digestOf("sha256", bytes.subarray(0, end))
  if (!sum.every((byte, at) => byte === bytes[end + at])) return undefined
  return { sequence: view.getBigUint64(4), text: decodeUtf8(bytes.subarray(HEAD_BYTES, end), "checkpoint") }
}
