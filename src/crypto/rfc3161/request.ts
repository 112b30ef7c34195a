import {
  DER_TAG,
  derInteger,
  derOid,
  derSequence,
  encodeDer,
  encodeDerInteger,
  expectDer,
  parseDer,
} from "../../codec/der.ts"
import { contextTag, derBoolean } from "../../codec/der-values.ts"
import { malformed } from "../../codec/malformed.ts"
import { encodeDigestAlgorithm, type MessageHash } from "../cms/digest-algorithm.ts"
import { type MessageImprint, parseImprint } from "./tst-info.ts"

/** What is to be stamped. */
export interface TimestampRequestInit {
  readonly hash: MessageHash
  /** Raw digest of the message with `hash`. */
  readonly digest: Uint8Array
  /** Not negative; at most 20 bytes. Absent = none. */
  readonly nonce?: bigint
  /** False leaves the authority's certificates out. Default true. */
  readonly certReq?: boolean
}

/** A TimeStampReq as an authority reads it. */
export interface TimestampRequest {
  readonly version: bigint
  readonly imprint: MessageImprint
  /** Dotted object identifier of the policy wished for. */
  readonly policy?: string
  readonly nonce?: bigint
  /** Whether the authority's certificates shall come with the token. */
  readonly certReq: boolean
  /** Extensions are there; none is understood. */
  readonly extensions: boolean
}

const WHAT = "TimeStampReq"

/** MessageImprint DER, with NULL parameters at the hash. */
export function encodeImprint(hash: MessageHash, digest: Uint8Array): Uint8Array {
  return encodeDer(DER_TAG.sequence, encodeDigestAlgorithm(hash), encodeDer(DER_TAG.octetString, digest))
}

/**
 * A TimeStampReq that asks for no policy.
 *
 * @returns DER.
 *
 * Spec: RFC 3161 2.4.1.
 */
export function buildTimestampRequest(init: TimestampRequestInit): Uint8Array {
  return encodeDer(
    DER_TAG.sequence,
    encodeDerInteger(1n),
    encodeImprint(init.hash, init.digest),
    ...(init.nonce === undefined ? [] : [encodeDerInteger(init.nonce)]),
    // FALSE is the default, which DER leaves out.
    ...(init.certReq === false ? [] : [encodeDer(DER_TAG.boolean, Uint8Array.of(0xff))]),
  )
}

/** Read a TimeStampReq. @param bytes - DER, untrusted. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function parseTimestampRequest(bytes: Uint8Array): TimestampRequest {
  const [version, imprint, ...left] = derSequence(parseDer(bytes, WHAT), WHAT)
  const policy = left[0]?.tag === DER_TAG.oid ? left.shift() : undefined
  const nonce = left[0]?.tag === DER_TAG.integer ? left.shift() : undefined
  const certReq = left[0]?.tag === DER_TAG.boolean ? left.shift() : undefined
  const extensions = left.shift()
  if (extensions !== undefined) expectDer(extensions, contextTag(0, true), WHAT)
  if (left.length > 0) throw malformed(WHAT, `${left.length} members that are not known or out of order`)
  return {
    version: derInteger(version, WHAT),
    imprint: parseImprint(imprint, WHAT),
    ...(policy === undefined ? {} : { policy: derOid(policy, WHAT) }),
    ...(nonce === undefined ? {} : { nonce: derInteger(nonce, WHAT) }),
    certReq: certReq !== undefined && derBoolean(certReq, WHAT),
    extensions: extensions !== undefined,
  }
}
