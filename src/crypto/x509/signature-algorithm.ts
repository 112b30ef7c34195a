import {
  DER_TAG,
  type DerElement,
  derInteger,
  derOid,
  derSequence,
  encodeDer,
  encodeDerInteger,
  encodeDerOid,
} from "../../codec/der.ts"
import { contextTag, derExplicit } from "../../codec/der-values.ts"
import { ToolError } from "../../core/errors.ts"
import type { HashAlgorithm, SignatureScheme } from "../../core/ports.ts"

/** What an AlgorithmIdentifier of a signature says. */
export interface SignatureAlgorithm {
  readonly oid: string
  /** Go's name, such as `SHA256-RSA`; the object identifier where Go has none. */
  readonly name: string
  /** Absent when signatures of this algorithm are not accepted. */
  readonly scheme?: SignatureScheme
}

const RSA_PSS = "1.2.840.113549.1.1.10"
const MGF1 = "1.2.840.113549.1.1.8"
const ED25519 = "1.3.101.112"

/** Hashes by object identifier with their length in bytes. */
const HASHES: ReadonlyMap<string, readonly [HashAlgorithm, number]> = new Map([
  ["2.16.840.1.101.3.4.2.1", ["sha256", 32]],
  ["2.16.840.1.101.3.4.2.2", ["sha384", 48]],
  ["2.16.840.1.101.3.4.2.3", ["sha512", 64]],
])

/** SECURITY: MD5, SHA-1 and DSA have names for messages and no scheme: nothing verifies with them. */
const ALGORITHMS: ReadonlyMap<string, readonly [name: string, scheme?: SignatureScheme]> = new Map([
  ["1.2.840.113549.1.1.4", ["MD5-RSA"]],
  ["1.2.840.113549.1.1.5", ["SHA1-RSA"]],
  ["1.3.14.3.2.29", ["SHA1-RSA"]],
  ["1.2.840.113549.1.1.11", ["SHA256-RSA", { scheme: "rsa-pkcs1", hash: "sha256" }]],
  ["1.2.840.113549.1.1.12", ["SHA384-RSA", { scheme: "rsa-pkcs1", hash: "sha384" }]],
  ["1.2.840.113549.1.1.13", ["SHA512-RSA", { scheme: "rsa-pkcs1", hash: "sha512" }]],
  ["1.2.840.10040.4.3", ["DSA-SHA1"]],
  ["2.16.840.1.101.3.4.3.2", ["DSA-SHA256"]],
  ["1.2.840.10045.4.1", ["ECDSA-SHA1"]],
  ["1.2.840.10045.4.3.2", ["ECDSA-SHA256", { scheme: "ecdsa", hash: "sha256" }]],
  ["1.2.840.10045.4.3.3", ["ECDSA-SHA384", { scheme: "ecdsa", hash: "sha384" }]],
  ["1.2.840.10045.4.3.4", ["ECDSA-SHA512", { scheme: "ecdsa", hash: "sha512" }]],
  [ED25519, ["Ed25519", { scheme: "ed25519" }]],
])

function isNull(element: DerElement | undefined): boolean {
  return element?.tag === DER_TAG.null && element.contents.length === 0
}

/** Object identifier and parameters of an AlgorithmIdentifier. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function algorithmIdentifier(element: DerElement | undefined, what: string): readonly [string, DerElement?] {
  const [oid, parameters, ...rest] = derSequence(element, what)
  if (rest.length > 0) {
    throw new ToolError("E_FORMAT_MALFORMED", {
      what: `malformed ${what}`,
      why: "AlgorithmIdentifier has more than two members",
    })
  }
  return parameters === undefined ? [derOid(oid, what)] : [derOid(oid, what), parameters]
}

/** Hash of an AlgorithmIdentifier whose parameters are absent or NULL. */
function hashIdentifier(element: DerElement | undefined, what: string): string | undefined {
  const [oid, parameters] = algorithmIdentifier(element, what)
  return parameters === undefined || isNull(parameters) ? oid : undefined
}

/** The hash of RSASSA-PSS-params, when MGF1 has the same one, the salt its length, and the trailer is the usual one. */
function pssHash(parameters: DerElement, what: string): HashAlgorithm | undefined {
  const [hash, generator, salt, trailer, ...rest] = derSequence(parameters, what)
  // The defaults stand for SHA-1, so the first three must be written.
  if (hash?.tag !== contextTag(0, true) || generator?.tag !== contextTag(1, true)) return undefined
  if (salt?.tag !== contextTag(2, true) || rest.length > 0) return undefined
  if (trailer !== undefined) {
    if (trailer.tag !== contextTag(3, true) || derInteger(derExplicit(trailer, what), what) !== 1n) return undefined
  }
  const oid = hashIdentifier(derExplicit(hash, what), what)
  const [mask, maskParameters] = algorithmIdentifier(derExplicit(generator, what), what)
  if (oid === undefined || mask !== MGF1 || hashIdentifier(maskParameters, what) !== oid) return undefined
  const known = HASHES.get(oid)
  return known !== undefined && derInteger(derExplicit(salt, what), what) === BigInt(known[1]) ? known[0] : undefined
}

function pss(parameters: DerElement | undefined, what: string): SignatureAlgorithm {
  let hash: HashAlgorithm | undefined
  try {
    hash = parameters === undefined ? undefined : pssHash(parameters, what)
  } catch (error) {
    // Odd parameters make the algorithm unknown; they do not make the document around them malformed.
    if (!(error instanceof ToolError)) throw error
  }
  if (hash === undefined) return { oid: RSA_PSS, name: RSA_PSS }
  return { oid: RSA_PSS, name: `${hash.toUpperCase()}-RSAPSS`, scheme: { scheme: "rsa-pss", hash } }
}

/**
 * Read the AlgorithmIdentifier of a signature in a certificate or revocation list.
 *
 * RSA-PSS is accepted with SHA-256, SHA-384 or SHA-512, MGF1 with the same hash and a salt of its length, as Go does.
 *
 * @param element - untrusted.
 * @param what - name of the document for errors.
 * @throws {ToolError} `E_FORMAT_MALFORMED` when it is no AlgorithmIdentifier. Unknown ones only have no scheme.
 *
 * Spec: RFC 4055 sections 3 and 5, RFC 5758 section 3, RFC 8410 section 3.
 */
export function signatureAlgorithm(element: DerElement | undefined, what: string): SignatureAlgorithm {
  const [oid, parameters] = algorithmIdentifier(element, what)
  if (oid === RSA_PSS) return pss(parameters, what)
  const [name = oid, scheme] = ALGORITHMS.get(oid) ?? []
  const usual = parameters === undefined || (oid !== ED25519 && isNull(parameters))
  return { oid, name, ...(scheme !== undefined && usual ? { scheme } : {}) }
}

function encodePss(hash: HashAlgorithm): Uint8Array {
  const [oid, [, salt] = []] = [...HASHES].find(([, [name]]) => name === hash) ?? []
  if (oid === undefined || salt === undefined) throw noIdentifier(`RSA-PSS with ${hash}`)
  const digest = encodeDer(DER_TAG.sequence, encodeDerOid(oid), encodeDer(DER_TAG.null))
  const parameters = encodeDer(
    DER_TAG.sequence,
    encodeDer(contextTag(0, true), digest),
    encodeDer(contextTag(1, true), encodeDer(DER_TAG.sequence, encodeDerOid(MGF1), digest)),
    encodeDer(contextTag(2, true), encodeDerInteger(BigInt(salt))),
  )
  return encodeDer(DER_TAG.sequence, encodeDerOid(RSA_PSS), parameters)
}

function noIdentifier(scheme: string): ToolError {
  return new ToolError("E_KEY_TYPE", {
    what: "the signature algorithm cannot be used in certificates",
    why: `${scheme}, expected RSA or ECDSA with SHA-256, SHA-384 or SHA-512, or Ed25519`,
    next: ["choose another algorithm or key"],
  })
}

/**
 * DER of the AlgorithmIdentifier of a scheme.
 *
 * @throws {ToolError} `E_KEY_TYPE` for schemes certificates are not signed with.
 */
export function encodeSignatureAlgorithm(scheme: SignatureScheme): Uint8Array {
  if (scheme.scheme === "rsa-pss") return encodePss(scheme.hash)
  const hash = "hash" in scheme ? scheme.hash : undefined
  const row = [...ALGORITHMS].find(
    ([, [, known]]) => known?.scheme === scheme.scheme && ("hash" in known ? known.hash : undefined) === hash,
  )
  if (row === undefined) throw noIdentifier(hash === undefined ? scheme.scheme : `${scheme.scheme} with ${hash}`)
  const parameters = scheme.scheme === "rsa-pkcs1" ? [encodeDer(DER_TAG.null)] : []
  return encodeDer(DER_TAG.sequence, encodeDerOid(row[0]), ...parameters)
}
