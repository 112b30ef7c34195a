import { parseDer } from "../../codec/der.ts"
import { DER_STRING, derTime } from "../../codec/der-values.ts"
import { equalBytes } from "../../codec/equal-bytes.ts"
import { goTimeString } from "../../codec/go-time.ts"
import { malformed } from "../../codec/malformed.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { EKU } from "../../crypto/x509/extensions.ts"
import { certIdOf, responderKeyHash, sameCertId } from "../../crypto/x509/ocsp-request.ts"
import {
  type BasicOcspResponse,
  type OcspResponseStatus,
  parseOcspResponse,
  type SingleResponse,
} from "../../crypto/x509/ocsp-response.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { signatureAlgorithm, type SignatureAlgorithm } from "../../crypto/x509/signature-algorithm.ts"
import {
  CLOCK_SKEW_MS,
  revokedWhy,
  type RevocationJudgement,
  type RevocationSubject,
  unknown,
  unreadable,
} from "./judgement.ts"
import { certificateAlgorithm, signatureFault } from "./signed-by.ts"

const INVALIDITY_DATE = "2.5.29.24"

/** Upstream's words for answers that are none. */
const REFUSALS: Readonly<Record<Exclude<OcspResponseStatus, "successful">, string>> = {
  unauthorized: "OCSP unauthorized",
  malformedRequest: "OCSP malformed",
  internalError: "OCSP internal error",
  tryLater: "OCSP try later",
  sigRequired: "OCSP signature required",
}

/**
 * Decide what an OCSP response says about a certificate.
 *
 * Good needs all of: a status for this very certificate (CertID with issuer's name and key), a signature of the issuer
 * or of a delegate that the issuer itself certified for OCSP, and times around `at`.
 *
 * @param response - DER as received, untrusted.
 * @returns never throws for what is in the response: what cannot be used is `unknown`.
 *
 * Spec: RFC 6960 sections 3.2 and 4.2.2.2.
 * Security: notation takes any certificate of the same issuer as a responder and looks neither at issuer hashes nor at
 * thisUpdate; all three are required here. Revocation of the delegate itself is not looked at, as upstream.
 */
export function judgeOcsp(response: Uint8Array, subject: RevocationSubject): RevocationJudgement {
  try {
    const { status, basic } = parseOcspResponse(response)
    if (basic === undefined) return unknown(status === "successful" ? "an empty response" : REFUSALS[status])
    const matching = basic.responses.filter((single) => isAbout(single, subject))
    const fault = matching.length === 0 ? otherCertificate(basic) : authorityFault(basic, subject)
    if (fault !== undefined) return unknown(fault)
    return worst(matching.map((single) => judgeSingle(single, subject)))
  } catch (thrown) {
    return unreadable(thrown, "the OCSP response cannot be used")
  }
}

function isAbout(single: SingleResponse, { certificate, issuer }: RevocationSubject): boolean {
  const wanted = certIdOf(certificate, issuer, single.id.hashOid)
  return wanted !== undefined && sameCertId(wanted, single.id)
}

function otherCertificate(basic: BasicOcspResponse): string {
  const seen = basic.responses.map(({ id }) => id.serial.toString(16)).slice(0, 3)
  return `the OCSP response is about other certificates (serial ${seen.join(", ")}, by their issuers)`
}

/** Why the response is not by somebody who may answer for the issuer. */
function authorityFault(basic: BasicOcspResponse, subject: RevocationSubject): string | undefined {
  for (const [oid, { critical }] of basic.extensions) {
    if (critical) return `unsupported critical extension found in OCSP response: ${oid}`
  }
  const { issuer } = subject
  const others = basic.certificates.filter((der) => !equalBytes(der, issuer.raw))
  if (isNamed(basic, issuer)) {
    const fault = signatureFault(issuer, responseAlgorithm(basic), basic.tbs, basic.signature)
    // A delegate may have taken the issuer's name; then its certificate is here.
    if (fault === undefined || others.length === 0) {
      return fault === undefined ? undefined : `the OCSP response is not signed by the certificate issuer: ${fault}`
    }
  }
  const faults = others.map((der) => delegateFault(basic, parseCertificate(der), subject))
  if (faults.includes(undefined)) return undefined
  return (
    faults.find((fault) => fault !== NOT_NAMED) ?? "the OCSP response is signed by none who may answer for the issuer"
  )
}

const NOT_NAMED = "the certificate is not the responder's"

function delegateFault(
  basic: BasicOcspResponse,
  delegate: Certificate,
  { issuer, at }: RevocationSubject,
): string | undefined {
  if (!isNamed(basic, delegate)) return NOT_NAMED
  const name = `the OCSP responder ${JSON.stringify(delegate.subject.text)}`
  if (!equalBytes(delegate.issuer.raw, issuer.subject.raw)) return `${name} is not certified by the certificate issuer`
  const { extendedKeyUsage = [], keyUsage, notBefore, notAfter } = delegate
  if (!extendedKeyUsage.includes(EKU.ocspSigning)) return `${name} is not allowed to sign OCSP responses`
  if (keyUsage !== undefined && !keyUsage.has("digitalSignature") && !keyUsage.has("contentCommitment")) {
    return `${name} has a key that is not for signatures`
  }
  if (at < notBefore || at > notAfter) {
    return `${name} is valid from ${goTimeString(notBefore)} to ${goTimeString(notAfter)} only`
  }
  const certified = signatureFault(issuer, certificateAlgorithm(delegate), delegate.tbs, delegate.signature)
  if (certified !== undefined) return `${name} is not certified by the certificate issuer: ${certified}`
  const signed = signatureFault(delegate, responseAlgorithm(basic), basic.tbs, basic.signature)
  return signed === undefined ? undefined : `the OCSP response is not signed by its responder: ${signed}`
}

function responseAlgorithm({ signatureAlgorithm: element }: BasicOcspResponse): SignatureAlgorithm {
  return signatureAlgorithm(element, "OCSP response")
}

function isNamed({ responder }: BasicOcspResponse, certificate: Certificate): boolean {
  if ("name" in responder) return equalBytes(responder.name, certificate.subject.raw)
  return equalBytes(responder.keyHash, responderKeyHash(certificate.spki))
}

function judgeSingle(single: SingleResponse, subject: RevocationSubject): RevocationJudgement {
  const { at, authenticSigningTime } = subject
  for (const [oid, { critical }] of single.extensions) {
    if (critical) return unknown(`unsupported critical extension found in OCSP response: ${oid}`)
  }
  if (single.thisUpdate > at + CLOCK_SKEW_MS) {
    return unknown(`OCSP response is from the future: thisUpdate is ${goTimeString(single.thisUpdate)}`)
  }
  if (single.nextUpdate === undefined) return unknown("expired OCSP response: it has no nextUpdate")
  if (at > single.nextUpdate) {
    return unknown(`expired OCSP response: nextUpdate was ${goTimeString(single.nextUpdate)}`)
  }
  if (single.status === "good") return { status: "good", why: "good by OCSP" }
  if (single.status === "unknown") {
    return { status: "unknown", why: "the OCSP responder does not know the certificate", definite: true }
  }
  const invalid = invalidityDate(single)
  if (authenticSigningTime !== undefined && invalid !== undefined && authenticSigningTime < invalid) {
    return { status: "good", why: `revoked, but signed before its invalidity date ${goTimeString(invalid)}` }
  }
  return { status: "revoked", why: `${revokedWhy(single.revokedAt, single.reason)} (OCSP)` }
}

function invalidityDate(single: SingleResponse): number | undefined {
  const value = single.extensions.get(INVALIDITY_DATE)?.value
  if (value === undefined) return undefined
  const element = parseDer(value, "invalidity date")
  if (element.tag !== DER_STRING.generalizedTime) throw malformed("invalidity date", "it is no GeneralizedTime")
  return derTime(element, "invalidity date")
}

/** Of several statuses for one certificate the worst decides. */
function worst(all: readonly RevocationJudgement[]): RevocationJudgement {
  const of = (status: RevocationJudgement["status"]): RevocationJudgement | undefined =>
    all.find((one) => one.status === status)
  return of("revoked") ?? of("unknown") ?? of("good") ?? unknown("an empty response")
}
