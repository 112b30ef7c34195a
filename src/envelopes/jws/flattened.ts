import { decodeBase64, encodeBase64Url } from "../../codec/base64.ts"
import { goJson, type GoJsonValue } from "../../codec/go-json.ts"
import { expectArray, expectObject, expectString, expectText, member } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { refuseLookalikes } from "../../codec/oci/descriptor.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { KIB, MIB } from "../../core/limits.ts"

/** A flattened JWS. Nothing in it is believed: the signature is still to be checked over `signingInput`. */
export interface UnverifiedJws {
  readonly payload: Uint8Array
  /** The header under the signature. */
  readonly protectedHeader: JsonObject
  /** The header beside it. */
  readonly header: JsonObject
  /** Names marked as critical, in order. */
  readonly critical: readonly string[]
  /** Raw signature bytes. */
  readonly signature: Uint8Array
  /** Exactly what the signature covers: both texts as received. */
  readonly signingInput: Uint8Array
}

/** Bounds of {@link parseJws}. */
export interface JwsOptions {
  /** Most bytes of the document. Default 32 MiB. */
  readonly maxBytes?: number
  /** Names that the protected header's reader knows; another spelling in case is refused. */
  readonly known?: readonly string[]
  /** Gets the header beside the signature before the protected one is read; may throw. */
  readonly checkHeader?: (header: JsonObject) => void
  /** Name of the document for errors. Default `JWS envelope`. */
  readonly what?: string
}

const MEMBERS = ["payload", "protected", "header", "signature", "signatures"]

/** Header parameters of RFC 7515 and RFC 7797; they must not be listed as critical. */
const STANDARD = ["alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"]

const HEADER_BYTES = MIB
const HEADER_DEPTH = 32
const SIGNATURE_BYTES = KIB
const MAX_CRITICAL = 256

/**
 * Read a JWS in the flattened JSON form.
 *
 * Refused: the general form, members or headers that differ from known ones in case, duplicate keys, base64url with
 * padding or foreign characters, headers that are both protected and not, unencoded payloads, and a `crit` that is
 * empty, not protected, or lists names twice, names that are absent, or names of the JWS specification itself.
 * Other unknown members are ignored. An absent signature comes as no bytes; the caller says what that means.
 *
 * @param input - untrusted.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 7515 sections 4.1.11, 5.2 and 7.2.2; RFC 7797.
 */
export function parseJws(input: Uint8Array, options: JwsOptions = {}): UnverifiedJws {
  const { what = "JWS envelope", maxBytes = 32 * MIB } = options
  const document = expectObject(parseJson(input, { maxBytes, what }), what)
  refuseLookalikes(document, what, MEMBERS)
  if (Object.hasOwn(document, "signatures")) {
    throw malformed(what, "it has the member signatures, expected the flattened form with one signature")
  }
  const base64 = (name: string, max: number): { readonly text: string; readonly bytes: Uint8Array } => {
    const text = expectString(member(document, name), `${what}.${name}`)
    return { text, bytes: decodeBase64(text, { alphabet: "url", padding: "forbidden", max, what: `${what}.${name}` }) }
  }
  const header = headerOf(member(document, "header"), what)
  options.checkHeader?.(header)
  const protectedPart = base64("protected", HEADER_BYTES)
  const payload = base64("payload", maxBytes)
  const bounds = { maxBytes: HEADER_BYTES, maxDepth: HEADER_DEPTH, what: `${what}.protected` }
  const protectedHeader = expectObject(parseJson(protectedPart.bytes, bounds), `${what}.protected`)
  refuseLookalikes(protectedHeader, `${what}.protected`, [...STANDARD, "b64", ...(options.known ?? [])])
  refuseMixture(protectedHeader, header, what)
  return {
    payload: payload.bytes,
    protectedHeader,
    header,
    critical: criticalOf(protectedHeader, `${what}.protected.crit`),
    signature: base64("signature", SIGNATURE_BYTES).bytes,
    signingInput: jwsSigningInput(protectedPart.text, payload.text),
  }
}

function headerOf(value: JsonValue | undefined, what: string): JsonObject {
  return value === undefined ? Object.freeze(Object.create(null) as JsonObject) : expectObject(value, `${what}.header`)
}

function refuseMixture(protectedHeader: JsonObject, header: JsonObject, what: string): void {
  for (const name of Object.keys(header)) {
    if (Object.hasOwn(protectedHeader, name)) {
      throw malformed(what, `header ${quoted(name)} is both protected and not, expected one of them`)
    }
  }
  for (const [part, where] of [
    [protectedHeader, "protected"],
    [header, "header"],
  ] as const) {
    // SECURITY: nobody here signs unencoded payloads; with this header the signing input would be another.
    if (Object.hasOwn(part, "b64")) throw malformed(`${what}.${where}`, "it has b64, expected an encoded payload")
  }
  if (Object.hasOwn(header, "crit"))
    throw malformed(`${what}.header`, "it has crit, expected that in the protected one")
}

function criticalOf(protectedHeader: JsonObject, path: string): readonly string[] {
  const value = member(protectedHeader, "crit")
  if (value === undefined) return []
  const names = expectArray(value, path, MAX_CRITICAL).map((name, i) => expectText(name, `${path}[${i}]`))
  if (names.length === 0) throw malformed(path, 'missing "crit" header: the list is empty, expected at least one name')
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) throw malformed(path, `${quoted(name, 200)} is listed twice`)
    seen.add(name)
    if (STANDARD.includes(name)) throw malformed(path, `${quoted(name)} is no extension, it must not be listed`)
    if (!Object.hasOwn(protectedHeader, name)) {
      throw malformed(path, `${quoted(name, 200)} header is marked critical but not present`)
    }
  }
  return names
}

/** `protected.payload` in ASCII. @param protectedText - base64url, as is `payloadText`. */
function jwsSigningInput(protectedText: string, payloadText: string): Uint8Array {
  return encodeUtf8(`${protectedText}.${payloadText}`)
}

/** What a JWS is built from. */
export interface JwsInput {
  readonly payload: Uint8Array
  /** JSON of the protected header, as it is to be signed. */
  readonly protectedHeader: Uint8Array
}

/** A JWS to be signed. */
export interface JwsDraft {
  readonly signingInput: Uint8Array
  /**
   * @param header - unprotected header; members in the order wanted.
   * @returns compact JSON as Go writes it: payload, protected, header, signature.
   */
  finish(signature: Uint8Array, header: GoJsonValue): Uint8Array
}

/** Start a flattened JWS. Spec: RFC 7515 section 7.2.2. */
export function draftJws(input: JwsInput): JwsDraft {
  const payload = encodeBase64Url(input.payload)
  const protectedText = encodeBase64Url(input.protectedHeader)
  return {
    signingInput: jwsSigningInput(protectedText, payload),
    finish: (signature, header) =>
      encodeUtf8(goJson({ payload, protected: protectedText, header, signature: encodeBase64Url(signature) })),
  }
}
