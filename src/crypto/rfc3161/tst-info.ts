import {
  DER_TAG,
  type DerElement,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  expectDer,
  parseDer,
} from "../../codec/der.ts"
import { contextTag, DER_STRING, derBoolean, derTime, retagDer } from "../../codec/der-values.ts"
import { malformed } from "../../codec/malformed.ts"
import { type DigestAlgorithm, digestAlgorithm } from "../cms/digest-algorithm.ts"

/** Hash of what was stamped. */
export interface MessageImprint {
  readonly algorithm: DigestAlgorithm
  readonly digest: Uint8Array
  /** DER as received. */
  readonly raw: Uint8Array
}

/** How far the time of a token may be off. The parts are as written, and add up. */
export interface Accuracy {
  readonly seconds: number
  readonly millis: number
  readonly micros: number
}

/** What a timestamp authority says; not judged. */
export interface TstInfo {
  readonly version: bigint
  /** Dotted. */
  readonly policy: string
  readonly imprint: MessageImprint
  readonly serial: bigint
  /** Milliseconds since the epoch; what is finer is dropped. */
  readonly genTime: number
  /** The same in nanoseconds, exact. */
  readonly genTimeNanos: bigint
  readonly accuracy?: Accuracy
  readonly ordering: boolean
  readonly nonce?: bigint
  /** Object identifiers of critical extensions, none of which is understood. */
  readonly criticalExtensions: readonly string[]
}

const WHAT = "TSTInfo"
/** Over 60 years: what says more is no clock. */
const MAX_SECONDS = 2n ** 31n - 1n

/**
 * Read a TSTInfo.
 *
 * @param bytes - DER, untrusted.
 * @throws {ToolError} `E_FORMAT_MALFORMED`; also for accuracies out of range, times not in UTC and trailing members.
 *
 * Spec: RFC 3161 2.4.2.
 */
export function parseTstInfo(bytes: Uint8Array): TstInfo {
  const [version, policy, imprint, serial, genTime, ...left] = derSequence(parseDer(bytes, WHAT), WHAT)
  const take = (tag: number): DerElement | undefined => (left[0]?.tag === tag ? left.shift() : undefined)
  const accuracy = take(DER_TAG.sequence)
  const ordering = take(DER_TAG.boolean)
  const nonce = take(DER_TAG.integer)
  take(contextTag(0, true))
  const extensions = take(contextTag(1, true))
  if (left.length > 0) throw malformed(WHAT, `${left.length} members that are not known or out of order`)
  return {
    version: derInteger(version, WHAT),
    policy: derOid(policy, WHAT),
    imprint: parseImprint(imprint, WHAT),
    serial: derInteger(serial, WHAT),
    ...parseGenTime(genTime),
    ...(accuracy === undefined ? {} : { accuracy: parseAccuracy(accuracy) }),
    ordering: ordering !== undefined && derBoolean(ordering, WHAT),
    ...(nonce === undefined ? {} : { nonce: derInteger(nonce, WHAT) }),
    criticalExtensions: extensions === undefined ? [] : criticalExtensions(retagDer(extensions, DER_TAG.sequence)),
  }
}

/** Read a MessageImprint. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function parseImprint(element: DerElement | undefined, what: string): MessageImprint {
  const [algorithm, digest, ...rest] = derSequence(element, what)
  if (rest.length > 0) throw malformed(what, "MessageImprint has more than two members")
  return {
    algorithm: digestAlgorithm(algorithm, what),
    digest: derOctetString(digest, what),
    raw: element?.raw ?? new Uint8Array(0),
  }
}

function parseGenTime(element: DerElement | undefined): Pick<TstInfo, "genTime" | "genTimeNanos"> {
  const { contents } = expectDer(element, DER_STRING.generalizedTime, WHAT)
  const genTime = derTime(element, WHAT, { fractions: true })
  // YYYYMMDDhhmmss, then a point and at most nine digits, then Z.
  const digits = String.fromCharCode(...contents.subarray(15, -1))
  const seconds = BigInt(Math.floor(genTime / 1000))
  return { genTime, genTimeNanos: seconds * 1_000_000_000n + BigInt(digits.padEnd(9, "0")) }
}

function parseAccuracy(element: DerElement): Accuracy {
  const left = derSequence(element, WHAT)
  const take = (tag: number, max: bigint): number => {
    if (left[0]?.tag !== tag) return 0
    const value = derInteger(retagDer(left[0], DER_TAG.integer), WHAT)
    left.shift()
    if (value < 0n || value > max) throw malformed(WHAT, `accuracy of ${value}, expected 0 to ${max}`)
    return Number(value)
  }
  const accuracy = {
    seconds: take(DER_TAG.integer, MAX_SECONDS),
    millis: take(contextTag(0, false), 999n),
    micros: take(contextTag(1, false), 999n),
  }
  if (left.length > 0) throw malformed(WHAT, "accuracy has members that are not known or out of order")
  return accuracy
}

function criticalExtensions(element: DerElement): string[] {
  return derSequence(element, WHAT).flatMap((item) => {
    const [type, ...left] = derSequence(item, WHAT)
    const critical = left[0]?.tag === DER_TAG.boolean && derBoolean(left.shift(), WHAT)
    const [value, ...rest] = left
    derOctetString(value, WHAT)
    if (rest.length > 0) throw malformed(WHAT, "extension with too many members")
    return critical ? [derOid(type, WHAT)] : []
  })
}
