import { goQuote } from "../../codec/go-quote.ts"
import { parseDer } from "../../codec/der.ts"
import { tooLarge } from "../../codec/malformed.ts"
import type { AttributeTime, SignedAttributes, SigningScheme } from "../../core/certified.ts"
import { ToolError } from "../../core/errors.ts"
import { limits, MIB } from "../../core/limits.ts"
import { derEcdsaSignature } from "../../crypto/ecdsa-raw.ts"
import type { KeySpec } from "../../crypto/key-spec.ts"
import { HEADER } from "./names.ts"

/** A Notary Project envelope, decoded and not trusted. */
export interface UnverifiedEnvelope {
  readonly payload: Uint8Array
  readonly attributes: SignedAttributes
  /** How the envelope says that it was signed. The key's kind must agree, which is not checked here. */
  readonly keySpec: KeySpec
  /** `alg` as written. */
  readonly algorithm: string | number
  /** DER, leaf first. At least one. */
  readonly certificates: readonly Uint8Array[]
  /** Exactly what the signature covers. */
  readonly message: Uint8Array
  /** ASN.1 DER for ECDSA. */
  readonly signature: Uint8Array
}

/** Most bytes of a timestamp token: what clients of timestamp authorities read of an answer. */
export const TOKEN_BYTES: number = MIB

/** First second of the year 1: Go's zero time, which stands for "no time". Milliseconds since the epoch. */
export const ZERO_TIME = -62_135_596_800_000

/**
 * Error of an envelope that breaks the specification.
 *
 * @param text - the words of Notary Project tools, which its users search for.
 */
export function invalidEnvelope(text: string, why: string): ToolError {
  return new ToolError("E_FORMAT_MALFORMED", { what: text, why })
}

/**
 * Which scheme it is.
 *
 * @param text - as written in a header.
 * @throws {ToolError} `E_FORMAT_MALFORMED` with `refusal`.
 */
export function signingSchemeOf(text: string, refusal: string): SigningScheme {
  if (text === "notary.x509" || text === "notary.x509.signingAuthority") return text
  throw invalidEnvelope(refusal, "expected notary.x509 or notary.x509.signingAuthority")
}

/** Refuse the signing-time header of the other scheme. @param has - whether a header is there. */
export function refuseForeignTime(scheme: SigningScheme, has: (name: string) => boolean): void {
  const foreign = scheme === "notary.x509" ? HEADER.authenticSigningTime : HEADER.signingTime
  if (!has(foreign)) return
  const own = timeHeaderOf(scheme)
  throw invalidEnvelope(
    `${goQuote(foreign)} header must not be present for ${scheme} signing scheme`,
    `expected ${own}`,
  )
}

/** Header that holds the signing time. */
export function timeHeaderOf(scheme: SigningScheme): string {
  return scheme === "notary.x509" ? HEADER.signingTime : HEADER.authenticSigningTime
}

/**
 * The headers that decide what a signature means must be critical, and of the specification's headers no other may be.
 *
 * DEVIATION: COSE envelopes with further headers of the specification in `crit` are refused too, as JWS ones are everywhere.
 *
 * @param critical - distinct labels that are all there.
 * @param system - labels that the specification or the envelope defines.
 */
export function checkCritical(
  scheme: SigningScheme,
  hasExpiry: boolean,
  critical: readonly (string | number | bigint)[],
  system: readonly (string | number)[],
): void {
  const required: readonly string[] = [
    HEADER.signingScheme,
    ...(scheme === "notary.x509" ? [] : [HEADER.authenticSigningTime]),
    ...(hasExpiry ? [HEADER.expiry] : []),
  ]
  const extra = critical.find((label) => system.includes(label as string) && !required.includes(label as string))
  if (extra !== undefined) {
    const shown = typeof extra === "string" ? goQuote(extra) : String(extra)
    throw invalidEnvelope(`${shown} header is marked critical but not present`, "it must not be listed in crit here")
  }
  const missing = required.filter((name) => !critical.includes(name))
  if (missing.length > 0) {
    throw invalidEnvelope(
      `these required headers are not marked as critical: [${missing.join(" ")}]`,
      `crit lists ${critical.length} others`,
    )
  }
}

/**
 * Check what is the same in both envelopes.
 *
 * @param parts - with the signature as stored: `r || s` for ECDSA.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: notaryproject/specifications `specs/signature-specification.md`.
 */
export function checkedEnvelope(parts: UnverifiedEnvelope): UnverifiedEnvelope {
  const { payload, attributes, certificates, keySpec, signature } = parts
  checkCertificates(certificates)
  if (payload.length === 0) throw invalidEnvelope("content not present", "the payload is empty")
  checkTimes(attributes.signingTime, attributes.expiry)
  const token = attributes.timestampToken?.length ?? 0
  if (token > TOKEN_BYTES) throw tooLarge("timestamp signature", token, TOKEN_BYTES, "bytes")
  if (keySpec.rawBytes === undefined) return parts
  const der = derEcdsaSignature(signature, keySpec.rawBytes)
  if (der !== undefined) return { ...parts, signature: der }
  throw invalidEnvelope(
    "signature is invalid. Error: verification error",
    `saw a signature of ${signature.length} bytes, expected ${keySpec.rawBytes} for ${keySpec.algorithm}`,
  )
}

function checkCertificates(certificates: readonly Uint8Array[]): void {
  if (certificates.length > limits.chainCertificates) {
    throw tooLarge("certificate chain", certificates.length, limits.chainCertificates, "certificates")
  }
  for (const [position, der] of certificates.entries()) {
    if (der.length > limits.certificateBytes) {
      throw tooLarge("certificate", der.length, limits.certificateBytes, "bytes")
    }
    try {
      parseDer(der, "certificate")
    } catch (cause) {
      if (!(cause instanceof ToolError) || position > 0) throw cause
      throw new ToolError("E_FORMAT_MALFORMED", { what: "malformed leaf certificate", why: cause.message, cause })
    }
  }
}

function checkTimes(signingTime: AttributeTime, expiry: AttributeTime | undefined): void {
  if (signingTime.at === ZERO_TIME) throw invalidEnvelope("signing-time not present", "saw the year 1")
  if (expiry !== undefined && expiry.at <= signingTime.at) {
    const seen = [expiry, signingTime].map(({ at }) => new Date(at).toISOString())
    throw invalidEnvelope("expiry cannot be equal or before the signing time", seen.join(" is not after "))
  }
}
