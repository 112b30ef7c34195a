import { goTimeString } from "../codec/go-time.ts"
import type { DerElement } from "../codec/der.ts"
import { derOctetString, derOid } from "../codec/der.ts"
import { derTime } from "../codec/der-values.ts"
import { equalBytes } from "../codec/equal-bytes.ts"
import type { ErrorCode } from "../core/error-catalogue.ts"
import { ToolError } from "../core/errors.ts"
import { CMS_OID } from "../crypto/cms/object-ids.ts"
import type { IssuerAndSerial, SignerInfo } from "../crypto/cms/signed-data.ts"
import { digestOf } from "../crypto/hash.ts"
import { parseSigningCertificateV2 } from "../crypto/rfc3161/signing-certificate.ts"
import type { TimestampTokenCms } from "../crypto/rfc3161/token.ts"
import { allowedSchemes, sameScheme } from "../crypto/schemes.ts"
import { verifySignature } from "../crypto/verify.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import { EKU, EXTENSION } from "../crypto/x509/extensions.ts"
import { buildPaths, type PathBudget } from "./timestamp-path.ts"

/** Why a signer of a token does not count, in tspclient-go's words. */
export interface SignerFault {
  readonly code: ErrorCode
  readonly detail: string
}

/** Whom a token's signer must lead to. */
export interface SignerTrust {
  readonly roots: readonly Certificate[]
  readonly intermediates: readonly Certificate[]
  /** Milliseconds since the epoch: the path is valid then. */
  readonly at: number
  readonly budget: PathBudget
}

const WHAT = "timestamp token"

/**
 * Verify one signer of a timestamp token.
 *
 * SECURITY: one certificate, the one named under the signature, is looked up once: the path is built for it, its key
 * verifies the signature, and its usage is checked.
 *
 * @returns the path, leaf first, root last.
 *
 * Spec: RFC 3161 2.4.2, RFC 5816, RFC 5652 5.4 to 5.6; tspclient-go `token.go`, `internal/cms/signed.go`.
 */
export function verifySigner(
  cms: TimestampTokenCms,
  signer: SignerInfo,
  trust: SignerTrust,
): { readonly chain: readonly Certificate[] } | { readonly fault: SignerFault } {
  const leaf = signingCertificate(cms, signer, trust.intermediates)
  return typeof leaf === "string" ? invalid(leaf) : verifySignerAs(leaf, cms, signer, trust)
}

/**
 * Verify one signer of a timestamp token whose certificate was found: version, path, signature, attributes and usage.
 *
 * @param leaf - the certificate that the signer names; see {@link verifySigner}.
 */
export function verifySignerAs(
  leaf: Certificate,
  cms: TimestampTokenCms,
  signer: SignerInfo,
  trust: SignerTrust,
): { readonly chain: readonly Certificate[] } | { readonly fault: SignerFault } {
  if (signer.version !== 1n) {
    return failure(`invalid signer info version: only version 1 is supported; got ${signer.version}`)
  }
  const built = buildPaths(
    { ...trust, leaf, intermediates: [...cms.parsed, ...trust.intermediates], usage: EKU.timeStamping },
    trust.budget,
  )
  if ("fault" in built) return failure(built.fault.detail, built.fault.code)
  const broken = signatureProblem(signer, leaf) ?? attributesProblem(cms, signer)
  if (broken !== undefined) return failure(broken)
  const chain = chainAtSigningTime(signer, built.paths)
  if (typeof chain === "string") return failure(chain)
  const usage = usageProblem(leaf)
  return usage === undefined ? { chain } : invalid(usage)
}

function invalid(detail: string, code: ErrorCode = "E_TSA_INVALID"): { readonly fault: SignerFault } {
  return { fault: { code, detail: `failed to verify signed token: ${detail}` } }
}

function failure(detail: string, code?: ErrorCode): { readonly fault: SignerFault } {
  return invalid(`cms verification failure: ${detail}`, code)
}

/** Value of a signed attribute, which must have exactly one; a text says why there is none. */
function attribute(signer: SignerInfo, type: string): DerElement | string {
  const values = signer.signedAttributes?.values.get(type)
  const [value, ...rest] = values ?? []
  if (values === undefined) return "attribute not found"
  return value === undefined || rest.length > 0 ? `${values.length} values in an attribute, expected 1` : value
}

/** Read something of the token; a text says what is wrong with it. */
function read<T>(words: string, parse: () => T): { readonly value: T } | string {
  try {
    return { value: parse() }
  } catch (error) {
    if (error instanceof ToolError) return `${words}: ${error.message}`
    throw error
  }
}

/**
 * The certificate that a signer names under its signature, which is not verified here.
 *
 * @param others - certificates beside those in the token; tokens may come without any.
 * @returns the certificate, or a text in tspclient-go's words that says why there is none.
 */
export function signingCertificate(
  cms: TimestampTokenCms,
  signer: SignerInfo,
  others: readonly Certificate[] = [],
): Certificate | string {
  const words = "failed to get SigningCertificateV2 from signed attributes"
  const value = attribute(signer, CMS_OID.signingCertificateV2)
  if (typeof value === "string") return `${words}: ${value}`
  const parsed = read(words, () => parseSigningCertificateV2(value))
  if (typeof parsed === "string") return parsed
  const id = parsed.value
  if (id === undefined) return "signingCertificateV2 does not contain any certificate"
  const named = [id.issuerSerial ?? signer.signer, signer.signer].filter((name) => name !== undefined)
  // DEVIATION: upstream takes no notice of the signer's identifier where the attribute has an issuer and serial. All
  // other programs go by the identifier, so both must name the same certificate.
  const candidates = [...cms.parsed, ...others].filter((certificate) =>
    named.every((name) => isNamed(certificate, name)),
  )
  if (candidates.length === 0 || named.length === 0) return "signing certificate not found in the timestamp token"
  const hash = id.algorithm === undefined ? "sha256" : id.algorithm.hash
  if (hash === undefined) return "unsupported certificate hash algorithm in SigningCertificateV2 attribute"
  const found = candidates.find(({ raw }) => equalBytes(digestOf(hash, raw), id.digest))
  return found ?? "signing certificate hash does not match CertHash in signed attribute"
}

function isNamed({ issuer, serial }: Certificate, name: IssuerAndSerial): boolean {
  return serial === name.serial && equalBytes(issuer.raw, name.issuer)
}

function signatureProblem(signer: SignerInfo, { publicKey }: Certificate): string | undefined {
  const { scheme } = signer.algorithm
  if (scheme === undefined) return "unknown signature algorithm"
  if (signer.signedAttributes === undefined) return "missing signed attributes"
  if (publicKey === undefined || !allowedSchemes(publicKey.type).some((item) => sameScheme(item, scheme))) {
    return `x509: signature algorithm ${signer.algorithm.oid} does not fit the key of the signing certificate`
  }
  if (verifySignature(publicKey, scheme, signer.signedAttributes.message, signer.signature)) return undefined
  return publicKey.type === "rsa" ? "crypto/rsa: verification error" : "x509: ECDSA verification failure"
}

function attributesProblem(cms: TimestampTokenCms, signer: SignerInfo): string | undefined {
  const type = attribute(signer, CMS_OID.contentType)
  if (typeof type === "string") return `invalid content type: ${type}`
  const name = read("invalid content type", () => derOid(type, WHAT))
  if (typeof name === "string") return name
  if (name.value !== cms.contentType) {
    return `mismatch content type: found "${name.value}" in signer info, and "${cms.contentType}" in signed data`
  }
  const digest = attribute(signer, CMS_OID.messageDigest)
  if (typeof digest === "string") return `invalid message digest: ${digest}`
  const expected = read("invalid message digest", () => derOctetString(digest, WHAT))
  if (typeof expected === "string") return expected
  const { hash } = signer.digestAlgorithm
  if (hash === undefined) return "unsupported digest algorithm"
  return equalBytes(expected.value, digestOf(hash, cms.content)) ? undefined : "mismatch message digest"
}

/** The first path that was valid when the signer says to have signed, if it says so. */
function chainAtSigningTime(
  signer: SignerInfo,
  paths: readonly (readonly Certificate[])[],
): readonly Certificate[] | string {
  const none = "certificate chain is empty"
  if (signer.signedAttributes?.values.has(CMS_OID.signingTime) !== true) return paths[0] ?? none
  const value = attribute(signer, CMS_OID.signingTime)
  if (typeof value === "string") return `invalid signing time: ${value}`
  const time = read("invalid signing time", () => derTime(value, WHAT))
  if (typeof time === "string") return time
  const fits = ({ notBefore, notAfter }: Certificate): boolean => notBefore <= time.value && time.value <= notAfter
  const chain = paths.find((path) => path.every(fits))
  return chain ?? `signing time, ${goTimeString(time.value)}, is outside certificate's validity period`
}

/** RFC 3161 2.3: for timestamps only, and marked critical. */
function usageProblem({ extendedKeyUsage, extensions, basicConstraints }: Certificate): string | undefined {
  if (extendedKeyUsage?.length !== 1 || extendedKeyUsage[0] !== EKU.timeStamping) {
    return "signing certificate must have and only have ExtKeyUsageTimeStamping as extended key usage"
  }
  if (extensions.get(EXTENSION.extendedKeyUsage)?.critical !== true) {
    return "signing certificate extended key usage extension must be set as critical"
  }
  return basicConstraints?.ca === true ? "signing certificate must not be the certificate of an authority" : undefined
}
