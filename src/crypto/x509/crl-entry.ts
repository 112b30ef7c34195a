import { bytesToBigint, DER_TAG, parseDer } from "../../codec/der.ts"
import { DER_STRING, derTime } from "../../codec/der-values.ts"
import { equalBytes } from "../../codec/equal-bytes.ts"
import { malformed } from "../../codec/malformed.ts"
import type { RevokedEntry } from "../../core/revocation.ts"
import { parseExtensions } from "./extensions.ts"

const WHAT = "certificate revocation list"

const REASON_CODE = "2.5.29.21"
const INVALIDITY_DATE = "2.5.29.24"
const CERTIFICATE_ISSUER = "2.5.29.29"
const ENUMERATED = 0x0a

/** Extensions remembered, and bytes of each: nearly all entries of a list have one of a handful. */
const REMEMBERED = 64
const REMEMBERED_BYTES = 64

/** Content octets of a serial number; RFC 5280 allows 20. */
const SERIAL_OCTETS = 32

interface EntryExtensions {
  readonly reason?: number
  readonly invalidityDate?: number
  readonly unknownCritical?: string
}

/** Reads entries of a revocation list, quickly where they are not wanted. */
export class EntryReader {
  readonly #wanted: readonly { readonly serial: bigint; readonly contents: Uint8Array }[]
  readonly #extensions = new Map<string, EntryExtensions>()
  /** First critical extension that is not understood. */
  unknownCritical: string | undefined

  constructor(serials: readonly bigint[]) {
    this.#wanted = [...new Set(serials)].map((serial) => ({ serial, contents: integerContents(serial) }))
  }

  /**
   * Read one entry.
   *
   * @param contents - of its SEQUENCE.
   * @param mayExtend - whether the list's version has extensions of entries.
   * @returns the entry when its serial number is wanted.
   * @throws {ToolError} `E_FORMAT_MALFORMED`.
   */
  read(contents: Uint8Array, mayExtend: boolean): RevokedEntry | undefined {
    const serialEnd = shortElement(contents, 0, [DER_TAG.integer])
    const serial = contents.subarray(2, serialEnd)
    checkInteger(serial)
    const timeEnd = shortElement(contents, serialEnd, [DER_STRING.utcTime, DER_STRING.generalizedTime])
    const time = contents.subarray(serialEnd, timeEnd)
    checkTime(time)
    const extensions = timeEnd === contents.length ? {} : this.#read(contents.subarray(timeEnd), mayExtend)
    this.unknownCritical ??= extensions.unknownCritical
    const wanted = this.#wanted.find((item) => equalBytes(item.contents, serial))
    if (wanted === undefined) return undefined
    const { reason, invalidityDate } = extensions
    return {
      serial: wanted.serial,
      revokedAt: derTime(parseDer(time, WHAT), WHAT),
      ...(reason === undefined ? {} : { reason }),
      ...(invalidityDate === undefined ? {} : { invalidityDate }),
    }
  }

  #read(bytes: Uint8Array, mayExtend: boolean): EntryExtensions {
    if (!mayExtend) throw malformed(WHAT, "an entry has extensions, which version 1 does not have")
    if (bytes.length > REMEMBERED_BYTES) return entryExtensions(bytes)
    const key = String.fromCharCode(...bytes)
    const known = this.#extensions.get(key)
    if (known !== undefined) return known
    const read = entryExtensions(bytes)
    if (this.#extensions.size < REMEMBERED) this.#extensions.set(key, read)
    return read
  }
}

function integerContents(value: bigint): Uint8Array {
  let size = 1
  while (BigInt.asIntN(size * 8, value) !== value) size++
  const unsigned = BigInt.asUintN(size * 8, value)
  return Uint8Array.from({ length: size }, (_, at) => Number((unsigned >> BigInt((size - 1 - at) * 8)) & 0xffn))
}

/** End of the element at `at`, which has one of `tags` and a length below 128. */
function shortElement(bytes: Uint8Array, at: number, tags: readonly number[]): number {
  const tag = bytes[at] ?? 0
  const length = bytes[at + 1] ?? 0x80
  if (!tags.includes(tag) || length >= 0x80 || at + 2 + length > bytes.length) {
    throw malformed(WHAT, `an entry has tag 0x${tag.toString(16)} where a serial number or time is expected`)
  }
  return at + 2 + length
}

function checkInteger(contents: Uint8Array): void {
  const [first = 0, second = 0] = contents
  const long = contents.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
  if (contents.length === 0 || contents.length > SERIAL_OCTETS || long) {
    throw malformed(WHAT, "an entry's serial number is not in the form of DER")
  }
}

/** Form alone; whether there is such a day is looked at where the entry matters. */
function checkTime(element: Uint8Array): void {
  const digits = element[0] === DER_STRING.utcTime ? 12 : 14
  let good = element.length === digits + 3 && element[digits + 2] === 0x5a
  for (let at = 2; good && at < digits + 2; at++) {
    const byte = element[at] ?? 0
    good = byte >= 0x30 && byte <= 0x39
  }
  if (!good) throw malformed(WHAT, "an entry's time is not in the form of DER")
}

function entryExtensions(bytes: Uint8Array): EntryExtensions {
  const extensions = parseExtensions(parseDer(bytes, WHAT), WHAT)
  let found: EntryExtensions = {}
  for (const [oid, { critical, value }] of extensions) {
    if (oid === INVALIDITY_DATE) {
      const time = parseDer(value, WHAT)
      if (time.tag !== DER_STRING.generalizedTime) throw malformed(WHAT, "an invalidity date is no GeneralizedTime")
      found = { ...found, invalidityDate: derTime(time, WHAT) }
      continue
    }
    if (oid === REASON_CODE) found = { ...found, reason: reasonCode(value) }
    // Entries of other issuers would be read as this issuer's.
    if (critical || oid === CERTIFICATE_ISSUER) found = { unknownCritical: oid, ...found }
  }
  return found
}

function reasonCode(value: Uint8Array): number {
  const element = parseDer(value, WHAT)
  if (element.tag !== ENUMERATED || element.contents.length !== 1) throw malformed(WHAT, "malformed reason code")
  const code = Number(bytesToBigint(element.contents))
  if (code > 10 || code === 7) throw malformed(WHAT, `reason code ${code}, expected 0 to 6 or 8 to 10`)
  return code
}
