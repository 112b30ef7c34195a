import { concatBytes } from "../../../../codec/concat-bytes.ts"

/** The one wire type the workload API's messages are made of. */
const LENGTH_DELIMITED = 2

/** A field that holds bytes, a text or a message. Shorter than 2^28 bytes. */
export function protobufField(number: number, bytes: Uint8Array): Uint8Array {
  return concatBytes([varint(number * 8 + LENGTH_DELIMITED), varint(bytes.length), bytes])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 0x80)
  return Uint8Array.from([...bytes, rest])
}

/**
 * The values of a length-delimited field, in order. Other fields are passed over.
 *
 * @returns `undefined` for a message that is malformed, or has more than `max` values.
 *
 * Spec: the protobuf wire format.
 */
export function protobufValues(message: Uint8Array, number: number, max: number): readonly Uint8Array[] | undefined {
  const values: Uint8Array[] = []
  const cursor = { at: 0 }
  while (cursor.at < message.length) {
    const key = readVarint(message, cursor)
    if (key === undefined || key < 8) return undefined
    const value = readValue(message, cursor, key % 8)
    if (value === undefined) return undefined
    if (key % 8 === LENGTH_DELIMITED && Math.floor(key / 8) === number) values.push(value)
    if (values.length > max) return undefined
  }
  return values
}

interface Cursor {
  at: number
}

/** At most 2^35: nothing here is larger than an answer. */
function readVarint(message: Uint8Array, cursor: Cursor): number | undefined {
  let value = 0
  for (let place = 1; place <= 2 ** 28; place *= 128) {
    const byte = message[cursor.at++]
    if (byte === undefined) return undefined
    value += (byte % 128) * place
    if (byte < 0x80) return value
  }
  return undefined
}

/** The bytes of the next value; of numbers, their bytes. */
function readValue(message: Uint8Array, cursor: Cursor, wireType: number): Uint8Array | undefined {
  if (wireType === 0) return skipVarint(message, cursor)
  const fixed = wireType === 1 ? 8 : wireType === 5 ? 4 : undefined
  const length = wireType === LENGTH_DELIMITED ? readVarint(message, cursor) : fixed
  if (length === undefined || length > message.length - cursor.at) return undefined
  cursor.at += length
  return message.subarray(cursor.at - length, cursor.at)
}

function skipVarint(message: Uint8Array, cursor: Cursor): Uint8Array | undefined {
  const start = cursor.at
  while (cursor.at - start < 10) {
    const byte = message[cursor.at++]
    if (byte === undefined) return undefined
    if (byte < 0x80) return message.subarray(start, cursor.at)
  }
  return undefined
}
