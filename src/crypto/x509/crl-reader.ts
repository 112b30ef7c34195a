import { DER_TAG, derBitString, type DerElement, derInteger, expectDer, parseDer } from "../../codec/der.ts"
import { contextTag, DER_STRING, derExplicit, derTime } from "../../codec/der-values.ts"
import { equalBytes } from "../../codec/equal-bytes.ts"
import { malformed, tooLarge } from "../../codec/malformed.ts"
import { KIB, limits } from "../../core/limits.ts"
import type { CertificateList, RevokedEntry } from "../../core/revocation.ts"
import { ByteQueue } from "./crl-bytes.ts"
import { EntryReader } from "./crl-entry.ts"
import { parseExtensions } from "./extensions.ts"
import { signatureAlgorithm } from "./signature-algorithm.ts"

const WHAT = "certificate revocation list"

/** Bytes of any part of a list but its entries together: names, extensions, signature, one entry. */
const PART_BYTES = 64 * KIB

/** Entries kept; a serial has one or two. */
const MOST_ENTRIES = 1024

/** Parts that are read while bytes come; gives back control where more are needed. */
type Steps<T> = Generator<undefined, T, undefined>

/**
 * Reads a DER revocation list piece by piece and keeps what matters for some serial numbers, so that a list of any size
 * takes little memory. Nothing is verified.
 *
 * Spec: RFC 5280 section 5.1.
 * Security: SHA-1 has no scheme, so its hash is not made and such a list verifies with no key.
 */
export class CertificateListReader {
  readonly #queue = new ByteQueue(WHAT)
  readonly #entries: EntryReader
  readonly #kept: RevokedEntry[] = []
  readonly #steps: Steps<CertificateList>
  #list: CertificateList | undefined

  /** @param serials - whose entries are kept. */
  constructor(serials: readonly bigint[]) {
    this.#entries = new EntryReader(serials)
    this.#steps = this.#read()
  }

  /** Bytes of memory held between two pieces, without the entries kept. */
  get held(): number {
    return this.#queue.held
  }

  /**
   * Read the next piece.
   *
   * @param chunk - must not change until the next call.
   * @throws {ToolError} `E_FORMAT_MALFORMED`; `E_LIMIT_EXCEEDED` past 32 MiB, 64 KiB of one part or 1024 entries kept.
   */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#queue.push(chunk)
    if (this.#list === undefined) {
      const step = this.#steps.next()
      if (step.done === true) this.#list = step.value
    }
    if (this.#list !== undefined && this.#queue.available > 0) {
      throw malformed(WHAT, `DER has ${this.#queue.available} trailing bytes`)
    }
    if (this.#queue.available === 0) this.#queue.clear()
  }

  /** The list, when all of it was there. @throws {ToolError} `E_FORMAT_MALFORMED`. */
  end(): CertificateList {
    if (this.#list === undefined) throw malformed(WHAT, `DER ends at offset ${this.#queue.position}`)
    return this.#list
  }

  *#read(): Steps<CertificateList> {
    const outer = yield* this.#enter(DER_TAG.sequence, Infinity, limits.crlBytes)
    const start = this.#queue.position
    const signedEnd = yield* this.#enter(DER_TAG.sequence, outer.end, limits.crlBytes)
    const head = [signedEnd.header]
    const extensible = yield* this.#version(signedEnd.end, head)
    const inner = yield* this.#part(signedEnd.end)
    head.push(inner.raw.slice())
    this.#startHashing(inner, head, this.#queue.position - start)
    const innerRaw = head.at(-1) ?? new Uint8Array(0)

    const issuer = expectDer(yield* this.#part(signedEnd.end), DER_TAG.sequence, WHAT).raw.slice()
    const thisUpdate = derTime(yield* this.#part(signedEnd.end), WHAT)
    const nextUpdate = yield* this.#nextUpdate(signedEnd.end)
    yield* this.#revoked(signedEnd.end, extensible)
    const extensions = yield* this.#extensions(signedEnd.end, extensible)
    if (this.#queue.position !== signedEnd.end) throw malformed(WHAT, "unexpected elements behind the extensions")
    const digests = this.#queue.stopHashing()

    const algorithm = yield* this.#part(outer.end)
    const signatureAlgorithmDer = algorithm.raw.slice()
    if (!equalBytes(signatureAlgorithmDer, innerRaw)) {
      throw malformed(WHAT, "the signature algorithm outside the signature differs from the one inside")
    }
    const signature = derBitString(yield* this.#part(outer.end), WHAT).slice()
    if (this.#queue.position !== outer.end) throw malformed(WHAT, "unexpected elements behind the signature")
    const { unknownCritical } = this.#entries
    return {
      issuer,
      thisUpdate,
      ...(nextUpdate === undefined ? {} : { nextUpdate }),
      entries: this.#kept,
      extensions,
      ...(unknownCritical === undefined ? {} : { unknownCriticalEntryExtension: unknownCritical }),
      signatureAlgorithm: signatureAlgorithmDer,
      signature,
      digests,
    }
  }

  /** Only one hash is needed, and the algorithm that says which one comes before the entries. */
  #startHashing(algorithm: DerElement, head: readonly Uint8Array[], size: number): void {
    const { scheme } = signatureAlgorithm(algorithm, WHAT)
    if (scheme === undefined || !("hash" in scheme)) return
    const before = new Uint8Array(size)
    let at = 0
    for (const part of head) {
      before.set(part, at)
      at += part.length
    }
    this.#queue.startHashing([scheme.hash], before)
  }

  *#version(end: number, head: Uint8Array[]): Steps<boolean> {
    if ((yield* this.#nextTag(end)) !== DER_TAG.integer) return false
    const version = yield* this.#part(end)
    if (derInteger(version, WHAT) !== 1n) throw malformed(WHAT, "a version that is not 2")
    head.push(version.raw.slice())
    return true
  }

  *#nextUpdate(end: number): Steps<number | undefined> {
    const tag = yield* this.#nextTag(end)
    if (tag !== DER_STRING.utcTime && tag !== DER_STRING.generalizedTime) return undefined
    return derTime(yield* this.#part(end), WHAT)
  }

  *#revoked(end: number, extensible: boolean): Steps<void> {
    if ((yield* this.#nextTag(end)) !== DER_TAG.sequence) return
    const list = yield* this.#enter(DER_TAG.sequence, end, limits.crlBytes)
    while (this.#queue.position < list.end) {
      const header = this.#queue.header()
      if (header === undefined) {
        yield
        continue
      }
      this.#queue.check(header, list.end, PART_BYTES)
      if (header.tag !== DER_TAG.sequence) throw malformed(WHAT, `an entry with tag 0x${header.tag.toString(16)}`)
      while (this.#queue.available < header.size + header.length) yield
      const entry = this.#entries.read(this.#queue.take(header.size + header.length).subarray(header.size), extensible)
      if (entry === undefined) continue
      if (this.#kept.length >= MOST_ENTRIES) {
        throw tooLarge(`entries of one serial number in a ${WHAT}`, MOST_ENTRIES + 1, MOST_ENTRIES, "entries")
      }
      this.#kept.push(entry)
    }
  }

  *#extensions(end: number, extensible: boolean): Steps<CertificateList["extensions"]> {
    if ((yield* this.#nextTag(end)) !== contextTag(0, true)) return new Map()
    if (!extensible) throw malformed(WHAT, "extensions, which version 1 does not have")
    // A copy: what is read views the piece it came in, which is not kept.
    const copy = parseDer((yield* this.#part(end)).raw.slice(), WHAT)
    return parseExtensions(derExplicit(copy, WHAT), WHAT)
  }

  /** Tag of the next element; `undefined` at the end of the one around it. */
  *#nextTag(end: number): Steps<number | undefined> {
    if (this.#queue.position >= end) return undefined
    while (this.#queue.available === 0) yield
    return this.#queue.view()[0]
  }

  /** One element as a whole; a view that holds until more bytes are needed. */
  *#part(end: number): Steps<DerElement> {
    const header = yield* this.#header(end, PART_BYTES)
    while (this.#queue.available < header.size + header.length) yield
    return parseDer(this.#queue.take(header.size + header.length), WHAT)
  }

  /** Consume the header of an element whose contents are read one by one. */
  *#enter(tag: number, end: number, max: number): Steps<{ readonly end: number; readonly header: Uint8Array }> {
    const header = yield* this.#header(end, max)
    if (header.tag !== tag) {
      throw malformed(WHAT, `DER: saw tag 0x${header.tag.toString(16)}, expected tag 0x${tag.toString(16)}`)
    }
    const bytes = this.#queue.take(header.size).slice()
    return { end: this.#queue.position + header.length, header: bytes }
  }

  *#header(end: number, max: number): Steps<NonNullable<ReturnType<ByteQueue["header"]>>> {
    for (;;) {
      const header = this.#queue.position < end ? this.#queue.header() : undefined
      if (header !== undefined) {
        this.#queue.check(header, end, max)
        return header
      }
      if (this.#queue.position >= end)
        throw malformed(WHAT, `DER: an element is missing at offset ${this.#queue.position}`)
      yield
    }
  }
}
