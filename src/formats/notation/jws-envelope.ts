import { decodeBase64, encodeBase64 } from "../../codec/base64.ts"
import { goJson, sortedKeys } from "../../codec/go-json.ts"
import { goQuote } from "../../codec/go-quote.ts"
import { expectArray, expectObject, expectString, member, optionalString } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { refuseLookalikes } from "../../codec/oci/descriptor.ts"
import { parseRfc3339 } from "../../codec/rfc3339.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { AttributeTime, SignedAttributes } from "../../core/certified.ts"
import type { JsonObject } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import { keySpecs, type KeySpec } from "../../crypto/key-spec.ts"
import { draftJws, parseJws, type UnverifiedJws } from "../../envelopes/jws/flattened.ts"
import type { EnvelopeDraft, EnvelopeInput } from "./envelope-draft.ts"
import {
  checkCritical,
  checkedEnvelope,
  invalidEnvelope,
  refuseForeignTime,
  signingSchemeOf,
  timeHeaderOf,
  TOKEN_BYTES,
  type UnverifiedEnvelope,
  ZERO_TIME,
} from "./envelope.ts"
import { HEADER, PAYLOAD_MEDIA_TYPE } from "./names.ts"

const SYSTEM = [
  "alg",
  "cty",
  "crit",
  HEADER.expiry,
  HEADER.signingTime,
  HEADER.signingScheme,
  HEADER.authenticSigningTime,
] as const

/**
 * Unprotected headers that count. COMPAT(notation 1.0 release candidates): they wrote the signing agent in another spelling, which
 * is passed over.
 */
const UNPROTECTED = ["x5c", HEADER.timestampSignature]

/**
 * Read a JWS envelope of the Notary Project.
 *
 * Unknown critical attributes are left to who judges the signature: a verification plugin may know them.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: notaryproject/specifications `specs/signature-envelope-jws.md`.
 */
export function parseJwsEnvelope(bytes: Uint8Array): UnverifiedEnvelope {
  let certificates: readonly Uint8Array[] = []
  const jws = parseJws(bytes, {
    known: Object.values(HEADER),
    checkHeader: (header) => {
      refuseLookalikes(header, "JWS envelope.header", UNPROTECTED)
      certificates = chainOf(header)
    },
  })
  const keySpec = keySpecOfHeader(jws.protectedHeader)
  expectObject(parseJson(jws.payload, { maxBytes: limits.signaturePayloadBytes, what: "payload" }), "payload")
  const attributes = { ...signedAttributes(jws, keySpec), ...unsignedAttributes(jws.header) }
  if (jws.signature.length === 0) {
    throw invalidEnvelope("signature missing in jws-json envelope", "saw no bytes, expected a signature")
  }
  return checkedEnvelope({
    payload: jws.payload,
    attributes,
    keySpec,
    algorithm: keySpec.jws,
    certificates,
    message: jws.signingInput,
    signature: jws.signature,
  })
}

function chainOf(header: JsonObject): readonly Uint8Array[] {
  const path = "JWS envelope.header.x5c"
  const value = member(header, "x5c")
  const list = value === undefined ? [] : expectArray(value, path)
  if (list.length === 0) throw invalidEnvelope("certificate chain is not present", "the header has no x5c")
  return list.map((item, i) =>
    decodeBase64(expectString(item, `${path}[${i}]`), { max: limits.certificateBytes, what: `${path}[${i}]` }),
  )
}

/** SECURITY: six algorithms and no other; `none`, MACs and PKCS #1 v1.5 are none of them. */
function keySpecOfHeader(header: JsonObject): KeySpec {
  const algorithm = expectString(member(header, "alg"), "JWS envelope.protected.alg")
  const found = keySpecs.find(({ jws }) => jws === algorithm)
  if (found !== undefined) return found
  throw invalidEnvelope(
    `signature algorithm ${goQuote(algorithm.slice(0, 100))} is not supported`,
    `expected one of ${keySpecs.map(({ jws }) => jws).join(", ")}`,
  )
}

function signedAttributes(jws: UnverifiedJws, keySpec: KeySpec): SignedAttributes {
  const header = jws.protectedHeader
  const text = (name: string): string | undefined =>
    optionalString(member(header, name), `JWS envelope.protected["${name}"]`)
  const written = text(HEADER.signingScheme) ?? ""
  const scheme = signingSchemeOf(written, `unsupported SigningScheme: \`${written.slice(0, 100)}\``)
  refuseForeignTime(scheme, (name) => Object.hasOwn(header, name))
  const expiry = timeOf(text(HEADER.expiry), HEADER.expiry)
  const own = timeHeaderOf(scheme)
  const signingTime = timeOf(text(own), own)
  if (signingTime === undefined && own === HEADER.authenticSigningTime) {
    throw invalidEnvelope(`${goQuote(own)} header must be present for ${scheme} signing scheme`, "saw none")
  }
  if (jws.critical.length === 0) throw invalidEnvelope('missing "crit" header', "expected a list of critical headers")
  const expires = expiry !== undefined && expiry.at !== ZERO_TIME
  checkCritical(scheme, expires, jws.critical, SYSTEM)
  if (signingTime === undefined) throw invalidEnvelope("signing-time not present", `the header has no ${own}`)
  const marked = new Set(jws.critical)
  return {
    contentType: text("cty") ?? "",
    signingScheme: scheme,
    signingTime,
    ...(expires ? { expiry } : {}),
    algorithm: keySpec.algorithm,
    // COMPAT(notation 1.3): Go's JWT library takes every salt, its COSE library that of the hash's length alone.
    ...(keySpec.scheme.scheme === "rsa-pss" ? { pssSalt: "any" } : {}),
    extended: Object.entries(header)
      .filter(([key]) => !SYSTEM.includes(key as "alg"))
      .map(([key, value]) => ({ key, critical: marked.has(key), value })),
  }
}

function timeOf(text: string | undefined, name: string): AttributeTime | undefined {
  if (text === undefined) return undefined
  const time = parseRfc3339(text)
  if (time !== undefined) return time
  throw invalidEnvelope(
    "jws envelope protected header can't be decoded",
    `${name} is ${goQuote(text.slice(0, 100))}, expected a time as in RFC 3339`,
  )
}

function unsignedAttributes(header: JsonObject): Pick<SignedAttributes, "signingAgent" | "timestampToken"> {
  const text = (name: string): string => optionalString(member(header, name), `JWS envelope.header["${name}"]`) ?? ""
  const signingAgent = text(HEADER.signingAgent)
  const token = decodeBase64(text(HEADER.timestampSignature), { max: TOKEN_BYTES, what: "timestamp signature" })
  return {
    ...(signingAgent === "" ? {} : { signingAgent }),
    ...(token.length === 0 ? {} : { timestampToken: token }),
  }
}

/** Start a JWS envelope; all bytes are those of notation. */
export function draftJwsEnvelope(input: EnvelopeInput): EnvelopeDraft {
  const { keySpec, times } = input
  const protectedHeader = {
    alg: keySpec.jws,
    cty: PAYLOAD_MEDIA_TYPE,
    crit: [HEADER.signingScheme, ...(times.expiry === undefined ? [] : [HEADER.expiry])],
    [HEADER.signingScheme]: "notary.x509",
    [HEADER.signingTime]: times.signing.text,
    [HEADER.expiry]: times.expiry?.text,
  }
  const draft = draftJws({
    payload: input.payload,
    protectedHeader: encodeUtf8(goJson(sortedKeys(protectedHeader)), "protected header"),
  })
  return {
    message: draft.signingInput,
    finish: (signature, { certificates, timestampToken }) =>
      draft.finish(signature, {
        [HEADER.timestampSignature]: timestampToken === undefined ? undefined : encodeBase64(timestampToken),
        x5c: certificates.map(encodeBase64),
        [HEADER.signingAgent]: input.agent === "" ? undefined : input.agent,
      }),
  }
}
