import { encodeBase64 } from "../../codec/base64.ts"
import type { CborKey, CborTag, CborValue } from "../../codec/cbor.ts"
import { goQuote } from "../../codec/go-quote.ts"
import { goRfc3339Nano } from "../../codec/go-time.ts"
import { malformed } from "../../codec/malformed.ts"
import type { AttributeTime, SignedAttributes } from "../../core/certified.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { keySpecs, type KeySpec } from "../../crypto/key-spec.ts"
import { COSE_LABEL, type CoseHeader } from "../../envelopes/cose/headers.ts"
import { draftSign1, parseSign1, type UnverifiedSign1 } from "../../envelopes/cose/sign1.ts"
import type { DraftTime, EnvelopeDraft, EnvelopeInput } from "./envelope-draft.ts"
import {
  checkCritical,
  checkedEnvelope,
  invalidEnvelope,
  refuseForeignTime,
  signingSchemeOf,
  timeHeaderOf,
  type UnverifiedEnvelope,
} from "./envelope.ts"
import { HEADER, PAYLOAD_MEDIA_TYPE } from "./names.ts"

const SYSTEM = [
  COSE_LABEL.algorithm,
  COSE_LABEL.critical,
  COSE_LABEL.contentType,
  HEADER.expiry,
  HEADER.signingTime,
  HEADER.signingScheme,
  HEADER.authenticSigningTime,
] as const

/** Tag of seconds since the epoch. */
const EPOCH_TAG = 1

/** Most milliseconds from the epoch that a date can have. */
const MAX_TIME = 8.64e15

/**
 * Read a COSE envelope of the Notary Project.
 *
 * Unknown critical attributes are left to who judges the signature: a verification plugin may know them.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: notaryproject/specifications `specs/signature-envelope-cose.md`.
 */
export function parseCoseEnvelope(bytes: Uint8Array): UnverifiedEnvelope {
  const sign1 = parseSign1(bytes)
  const certificates = chainOf(sign1.unprotectedHeader)
  const keySpec = keySpecOfHeader(sign1.protectedHeader)
  const contentType = contentTypeOf(sign1.protectedHeader)
  const attributes = {
    contentType,
    ...signedAttributes(sign1, keySpec),
    ...unsignedAttributes(sign1.unprotectedHeader),
  }
  return checkedEnvelope({
    payload: sign1.payload,
    attributes,
    keySpec,
    algorithm: keySpec.cose,
    certificates,
    message: sign1.toBeSigned,
    signature: sign1.signature,
  })
}

/** The unprotected x5chain, always an array. One in the protected header is not read, as nowhere in the field. */
function chainOf(header: CoseHeader): readonly Uint8Array[] {
  const absent = "certificate chain is not present"
  const value = header.get(COSE_LABEL.x5chain)
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidEnvelope(absent, "expected an unprotected x5chain that is an array of byte strings")
  }
  return (value as readonly CborValue[]).map((item, position) => {
    if (item instanceof Uint8Array) return item
    const text = position === 0 ? "COSE envelope malformed leaf certificate" : absent
    throw invalidEnvelope(text, `item ${position} of x5chain is no byte string`)
  })
}

function keySpecOfHeader(header: CoseHeader): KeySpec {
  const algorithm = header.get(COSE_LABEL.algorithm)
  const found = keySpecs.find(({ cose }) => cose === algorithm)
  if (found !== undefined) return found
  const label = typeof algorithm === "number" || typeof algorithm === "bigint" ? algorithm.toString() : "none"
  const shown = typeof algorithm === "string" ? goQuote(algorithm.slice(0, 100)) : label
  throw invalidEnvelope(
    `signature algorithm not supported: ${shown}`,
    `expected one of ${keySpecs.map(({ cose }) => cose).join(", ")}`,
  )
}

function contentTypeOf(header: CoseHeader): string {
  const value = header.get(COSE_LABEL.contentType)
  if (value === undefined) throw invalidEnvelope("missing content type", "the protected header has no label 3")
  if (typeof value === "string") return value
  throw invalidEnvelope("content type should be of 'tstr' type", "saw a number")
}

function signedAttributes(sign1: UnverifiedSign1, keySpec: KeySpec): Omit<SignedAttributes, "contentType"> {
  const { protectedHeader: header, critical } = sign1
  const written = header.get(HEADER.signingScheme)
  if (typeof written !== "string") throw invalidEnvelope("invalid signingScheme", "expected a text")
  const scheme = signingSchemeOf(written, `unsupported signingScheme: ${written.slice(0, 100)}`)
  checkCritical(scheme, header.has(HEADER.expiry), critical, SYSTEM)
  // DEVIATION: other readers of COSE envelopes pass over the time of the other scheme; JWS ones refuse it.
  refuseForeignTime(scheme, (name) => header.has(name))
  const signingTime = timeOf(header, timeHeaderOf(scheme), "signingTime")
  // SECURITY: a stranger chooses how many headers there are and how many of them are critical.
  const marked = new Set(critical)
  return {
    signingScheme: scheme,
    signingTime,
    ...(header.has(HEADER.expiry) ? { expiry: timeOf(header, HEADER.expiry, "expiry") } : {}),
    algorithm: keySpec.algorithm,
    extended: [...header]
      .filter(([key]) => !SYSTEM.includes(key as 1))
      .map(([key, value]) => ({
        key: typeof key === "bigint" ? String(key) : key,
        critical: marked.has(key),
        value: jsonOf(value),
      })),
  }
}

function timeOf(header: CoseHeader, name: string, what: string): AttributeTime {
  const refuse = (why: string): Error => invalidEnvelope(`invalid ${what}: ${why}`, "expected tag 1 and a number")
  const value = header.get(name)
  if (value === undefined) throw refuse(`protected header ${goQuote(name)} is missing`)
  if (!isTag(value)) throw refuse("invalid timeValue type")
  if (value.tag !== EPOCH_TAG) throw refuse("only Tag `1` Datetime CBOR object is supported")
  const at = millisecondsOf(value.value)
  if (at === undefined) throw refuse("invalid timeValue type")
  return { at }
}

function isTag(value: CborValue): value is CborTag {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "tag"
}

function millisecondsOf(value: CborValue): number | undefined {
  const float = typeof value === "object" && value !== null && "kind" in value && value.kind === "float"
  const seconds = float ? value.value : value
  if (typeof seconds !== "number") return undefined
  const at = Math.floor(seconds * 1000)
  // Comparisons with NaN are false.
  return Math.abs(at) <= MAX_TIME ? at : undefined
}

/** For display and for plugins, which get JSON: bytes as base64, times as RFC 3339, other tags with their number. */
function jsonOf(value: CborValue): JsonValue {
  if (value === null || typeof value !== "object") return value
  if (value instanceof Uint8Array) return encodeBase64(value)
  if (isList(value)) return value.map(jsonOf)
  if (isTag(value)) {
    const at = value.tag === EPOCH_TAG ? millisecondsOf(value.value) : undefined
    return at === undefined ? { tag: value.tag, value: jsonOf(value.value) } : goRfc3339Nano(at)
  }
  if (value instanceof Map) {
    const object = Object.create(null) as Record<string, JsonValue>
    for (const [key, item] of value as ReadonlyMap<CborKey, CborValue>) {
      const name = String(key)
      if (Object.hasOwn(object, name))
        throw malformed("COSE envelope", `an attribute has ${goQuote(name)} twice as key`)
      object[name] = jsonOf(item)
    }
    return object
  }
  const { value: float } = value as { readonly value: number }
  return Number.isFinite(float) ? float : String(float)
}

function isList(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value)
}

function unsignedAttributes(header: CoseHeader): Pick<SignedAttributes, "signingAgent" | "timestampToken"> {
  const signingAgent = header.get(HEADER.signingAgent) ?? ""
  const token = header.get(HEADER.timestampSignature) ?? new Uint8Array(0)
  if (typeof signingAgent !== "string") throw invalidEnvelope("malformed COSE envelope", "the signing agent is no text")
  if (!(token instanceof Uint8Array))
    throw invalidEnvelope("malformed COSE envelope", "the timestamp is no byte string")
  return {
    ...(signingAgent === "" ? {} : { signingAgent }),
    ...(token.length === 0 ? {} : { timestampToken: token }),
  }
}

/** Start a COSE envelope; all bytes are those of notation. */
export function draftCoseEnvelope(input: EnvelopeInput): EnvelopeDraft {
  const { keySpec, times } = input
  const time = ({ seconds }: DraftTime): CborTag => ({ kind: "tag", tag: EPOCH_TAG, value: seconds })
  const draft = draftSign1(
    new Map<CborKey, CborValue>([
      [COSE_LABEL.algorithm, keySpec.cose],
      [COSE_LABEL.critical, [HEADER.signingScheme, ...(times.expiry === undefined ? [] : [HEADER.expiry])]],
      [COSE_LABEL.contentType, PAYLOAD_MEDIA_TYPE],
      [HEADER.signingScheme, "notary.x509"],
      [HEADER.signingTime, time(times.signing)],
      ...(times.expiry === undefined ? [] : [[HEADER.expiry, time(times.expiry)] as const]),
    ]),
    input.payload,
  )
  const agent = input.agent ?? ""
  return {
    message: draft.toBeSigned,
    finish: (signature, { certificates, timestampToken }) =>
      draft.finish(
        signature,
        new Map<CborKey, CborValue>([
          [COSE_LABEL.x5chain, certificates],
          ...(agent === "" ? [] : [[HEADER.signingAgent, agent] as const]),
          ...(timestampToken === undefined ? [] : [[HEADER.timestampSignature, timestampToken] as const]),
        ]),
      ),
  }
}
