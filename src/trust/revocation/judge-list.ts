import { derInteger, parseDer } from "../../codec/der.ts"
import { equalBytes } from "../../codec/equal-bytes.ts"
import { goTimeString } from "../../codec/go-time.ts"
import type { CertificateList, RevokedEntry } from "../../core/revocation.ts"
import {
  type IssuingDistributionPoint,
  parseDistributionPoints,
  parseIssuingDistributionPoint,
} from "../../crypto/x509/crl-distribution-points.ts"
import { EXTENSION } from "../../crypto/x509/extensions.ts"
import { signatureAlgorithm } from "../../crypto/x509/signature-algorithm.ts"
import {
  CLOCK_SKEW_MS,
  revokedWhy,
  type RevocationJudgement,
  type RevocationSubject,
  unknown,
  unreadable,
} from "./judgement.ts"
import { signatureFault } from "./signed-by.ts"

const CRL_NUMBER = "2.5.29.20"
const DELTA_INDICATOR = "2.5.29.27"
const ISSUING_POINT = "2.5.29.28"

const CERTIFICATE_HOLD = 6
const REMOVE_FROM_CRL = 8

const WHAT = "certificate revocation list"

/** What was found at one URL of a certificate's distribution points. */
export interface FoundLists {
  /** As it stands in the certificate. */
  readonly url: string
  readonly base: CertificateList
  readonly delta?: CertificateList
}

/**
 * Decide what a revocation list and its delta say about a certificate.
 *
 * Needs the curves of `loadPrehash` when the issuer's key is an elliptic curve's: lists are hashed while they are read.
 *
 * @param lists - read for this certificate's serial number, untrusted.
 * @returns never throws for what is in the lists: what cannot be used is `unknown`.
 *
 * Spec: RFC 5280 sections 5.2 and 6.3.3; texts of notation-core-go.
 * Security: lists for other distribution points, of some reasons, of other issuers, and deltas in the place of complete
 * lists are of no use. Upstream looks at none of these.
 */
export function judgeList(lists: FoundLists, subject: RevocationSubject): RevocationJudgement {
  const { url, base, delta } = lists
  try {
    if (subject.certificate.extensions.has(EXTENSION.freshestCrl) && delta === undefined) {
      return unknown("freshest CRL from certificate extension is not supported")
    }
    const fault = listsFault(lists, subject)
    if (fault !== undefined) return unknown(`failed to validate CRL from ${url.slice(0, 200)}: ${fault}`)
    return decide([...base.entries, ...(delta?.entries ?? [])], subject)
  } catch (thrown) {
    return unreadable(thrown, `failed to validate CRL from ${url.slice(0, 200)}`)
  }
}

function listsFault(lists: FoundLists, subject: RevocationSubject): string | undefined {
  const { base, delta } = lists
  const baseFault = base.extensions.has(DELTA_INDICATOR)
    ? "it is a delta CRL where a complete one is expected"
    : listFault(base, lists.url, subject)
  if (baseFault !== undefined) return `failed to validate base CRL: ${baseFault}`
  if (delta === undefined) return undefined
  const deltaOwn = listFault(delta, lists.url, subject)
  if (deltaOwn !== undefined) return `failed to validate delta CRL: ${deltaOwn}`
  return deltaFault(base, delta)
}

/** Why a delta does not belong to its base: RFC 5280 section 5.2.4. */
function deltaFault(base: CertificateList, delta: CertificateList): string | undefined {
  const baseNumber = integerExtension(base, CRL_NUMBER)
  const deltaNumber = integerExtension(delta, CRL_NUMBER)
  if (baseNumber === undefined || deltaNumber === undefined) return "a CRL number is missing"
  if (deltaNumber <= baseNumber) {
    return `delta CRL number ${deltaNumber.toString()} is not greater than the base CRL number ${baseNumber.toString()}`
  }
  const indicator = integerExtension(delta, DELTA_INDICATOR)
  if (indicator === undefined) return "delta CRL indicator extension is not found"
  if (indicator > baseNumber) {
    return `delta CRL indicator ${indicator.toString()} is not less than or equal to the base CRL number ${baseNumber.toString()}`
  }
  const [scope, other] = [base, delta].map((list) => list.extensions.get(ISSUING_POINT)?.value)
  const same = scope === undefined || other === undefined ? scope === other : equalBytes(scope, other)
  return same ? undefined : "the delta CRL has another scope than the base CRL"
}

function integerExtension(list: CertificateList, oid: string): bigint | undefined {
  const value = list.extensions.get(oid)?.value
  return value === undefined ? undefined : derInteger(parseDer(value, WHAT), WHAT)
}

/** Why a list is of no use by itself. */
function listFault(list: CertificateList, url: string, subject: RevocationSubject): string | undefined {
  return (
    signerFault(list, subject) ?? timeFault(list, subject.at) ?? extensionFault(list) ?? scopeFault(list, url, subject)
  )
}

function signerFault(list: CertificateList, { issuer }: RevocationSubject): string | undefined {
  const prefix = `CRL is not signed by CA ${issuer.subject.text}`
  if (!equalBytes(list.issuer, issuer.subject.raw)) return `${prefix}: it names another issuer`
  if (issuer.keyUsage?.has("cRLSign") === false) return `${prefix}: the CA's key usage has no cRLSign`
  const algorithm = signatureAlgorithm(parseDer(list.signatureAlgorithm, WHAT), WHAT)
  const fault = signatureFault(issuer, algorithm, list.digests, list.signature)
  return fault === undefined ? undefined : `${prefix}: ${fault}`
}

function timeFault(list: CertificateList, at: number): string | undefined {
  if (list.thisUpdate > at + CLOCK_SKEW_MS)
    return `CRL is from the future: thisUpdate is ${goTimeString(list.thisUpdate)}`
  if (list.nextUpdate === undefined) return "CRL NextUpdate is not set"
  if (at <= list.nextUpdate) return undefined
  return `expired CRL. Current time ${goTimeString(at)} is after CRL NextUpdate ${goTimeString(list.nextUpdate)}`
}

function extensionFault(list: CertificateList): string | undefined {
  for (const [oid, { critical }] of list.extensions) {
    if (critical && oid !== ISSUING_POINT && oid !== DELTA_INDICATOR) {
      return `unsupported critical extension found in CRL: ${oid}`
    }
  }
  const { unknownCriticalEntryExtension: oid } = list
  return oid === undefined ? undefined : `unsupported critical extension found in CRL: ${oid} (in an entry)`
}

/** Why a list does not cover the certificate: RFC 5280 section 6.3.3 (b). */
function scopeFault(list: CertificateList, url: string, subject: RevocationSubject): string | undefined {
  const value = list.extensions.get(ISSUING_POINT)?.value
  if (value === undefined) return undefined
  const scope = parseIssuingDistributionPoint(value, WHAT)
  const { certificate } = subject
  const ca = certificate.basicConstraints?.ca === true
  if (scope.indirect) return "indirect CRLs are not supported"
  if (scope.onlySomeReasons) return "it covers some reasons for revocation only"
  if (scope.onlyAttributeCertificates) return "it covers attribute certificates only"
  if (scope.onlyUserCertificates && ca) return "it covers no CA certificates"
  if (scope.onlyCaCertificates && !ca) return "it covers CA certificates only"
  return pointFault(scope, url, subject)
}

/** A list names the point it is for, so that nobody can put it in the place of another one of the same issuer. */
function pointFault(
  scope: IssuingDistributionPoint,
  url: string,
  { certificate }: RevocationSubject,
): string | undefined {
  if (scope.urls === undefined) return undefined
  const value = certificate.extensions.get(EXTENSION.crlDistributionPoints)?.value
  const points = value === undefined ? [] : parseDistributionPoints(value, "cRLDistributionPoints")
  const names = points.filter(({ urls }) => urls.includes(url)).flatMap(({ urls }) => urls)
  if (scope.urls.some((name) => names.includes(name))) return undefined
  return `it is for the distribution point ${JSON.stringify(scope.urls)}, which is not the certificate's`
}

function decide(entries: readonly RevokedEntry[], subject: RevocationSubject): RevocationJudgement {
  const { authenticSigningTime, certificate } = subject
  let held: RevokedEntry | undefined
  let spared: RevokedEntry | undefined
  for (const entry of entries) {
    if (entry.serial !== certificate.serial) continue
    const { invalidityDate, reason } = entry
    if (authenticSigningTime !== undefined && invalidityDate !== undefined && authenticSigningTime < invalidityDate) {
      // DEVIATION: upstream answers good at once; another entry for the same certificate may have no such date.
      spared = entry
      continue
    }
    if (reason !== CERTIFICATE_HOLD && reason !== REMOVE_FROM_CRL) return revoked(entry)
    // Of holds and their ends the latest counts; of two at the same time the first.
    if (held === undefined || held.revokedAt < entry.revokedAt) held = entry
  }
  if (held?.reason === CERTIFICATE_HOLD) return revoked(held)
  if (spared?.invalidityDate === undefined) return { status: "good", why: "not on the revocation list" }
  return {
    status: "good",
    why: `revoked, but signed before its invalidity date ${goTimeString(spared.invalidityDate)}`,
  }
}

function revoked(entry: RevokedEntry): RevocationJudgement {
  return { status: "revoked", why: `${revokedWhy(entry.revokedAt, entry.reason)} (CRL)` }
}
