import { berParts, berToDer } from "../../codec/ber.ts"
import { DER_TAG, derInteger, derSequence, encodeDer, encodeDerInteger, expectDer, parseDer } from "../../codec/der.ts"
import { derNamedBits } from "../../codec/der-values.ts"
import { malformed } from "../../codec/malformed.ts"
import { decodeUtf8 } from "../../codec/utf8.ts"
import { limits } from "../../core/limits.ts"

/** A TimeStampResp, not judged. */
export interface TimestampResponse {
  /** PKIStatus: 0 granted, 1 granted with modifications, others are refusals. */
  readonly status: bigint
  /** Free text of the authority; untrusted. */
  readonly texts: readonly string[]
  /** Bits of PKIFailureInfo that are set. */
  readonly failures: readonly number[]
  /** The TimeStampToken as received: DER or BER. */
  readonly token?: Uint8Array
}

const WHAT = "TimeStampResp"

/**
 * Read a TimeStampResp.
 *
 * @param bytes - DER or BER, untrusted, below 1 MiB.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 3161 2.4.2.
 */
export function parseTimestampResponse(bytes: Uint8Array): TimestampResponse {
  const [info, token, ...rest] = berParts(bytes, WHAT, limits.timestampBytes)
  if (bytes[0] !== DER_TAG.sequence) throw malformed(WHAT, "DER: no SEQUENCE")
  if (info === undefined || rest.length > 0) throw malformed(WHAT, "expected a status and at most one token")
  const [status, ...left] = derSequence(parseDer(berToDer(info, WHAT, limits.timestampBytes), WHAT), WHAT)
  const texts = left[0]?.tag === DER_TAG.sequence ? left.shift() : undefined
  const failures = left.shift()
  if (left.length > 0) throw malformed(WHAT, "PKIStatusInfo has members that are not known or out of order")
  return {
    status: derInteger(status, WHAT),
    texts: texts === undefined ? [] : derSequence(texts, WHAT).map(({ contents }) => decodeUtf8(contents, WHAT)),
    failures: failures === undefined ? [] : derNamedBits(expectDer(failures, DER_TAG.bitString, WHAT), WHAT),
    ...(token === undefined ? {} : { token }),
  }
}

/**
 * A TimeStampResp.
 *
 * @param failure - bit of PKIFailureInfo, 0 to 25.
 * @param token - DER of the token, for granted requests.
 * @returns DER.
 */
export function buildTimestampResponse(answer: {
  readonly status: number
  readonly failure?: number
  readonly token?: Uint8Array
}): Uint8Array {
  const { status, failure, token } = answer
  const bits = failure === undefined ? [] : [encodeDer(DER_TAG.bitString, namedBit(failure))]
  const info = encodeDer(DER_TAG.sequence, encodeDerInteger(BigInt(status)), ...bits)
  return encodeDer(DER_TAG.sequence, info, ...(token === undefined ? [] : [token]))
}

/** BIT STRING contents with one bit set and none after it. */
function namedBit(position: number): Uint8Array {
  const bytes = new Uint8Array(2 + Math.floor(position / 8))
  bytes[0] = 7 - (position % 8)
  bytes[bytes.length - 1] = 0x80 >> (position % 8)
  return bytes
}
