import { goRfc3339 } from "../codec/go-time.ts"
import { equalBytes } from "../codec/equal-bytes.ts"
import type { ErrorCode } from "../core/error-catalogue.ts"
import { limits } from "../core/limits.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import { issueFault } from "../crypto/x509/check-issued.ts"
import { EKU, EXTENSION } from "../crypto/x509/extensions.ts"
import { sameName } from "../crypto/x509/name.ts"

/** What a path is built from. */
export interface PathRequest {
  readonly leaf: Certificate
  /** Untrusted; in the order they are tried. */
  readonly intermediates: readonly Certificate[]
  /** Trusted: every path ends in one of them. */
  readonly roots: readonly Certificate[]
  /** Milliseconds since the epoch: every certificate of a path is valid then. */
  readonly at: number
  /** Dotted extended key usage that every certificate of a path allows. */
  readonly usage: string
}

/** Why there is no path, in the words of Go's crypto/x509. */
export interface PathFault {
  readonly reason: PathReason
  /** For the path of a timestamp authority. */
  readonly code: ErrorCode
  readonly detail: string
}

/** What kept a path from being one; `invalid` = a certificate of it breaks a rule. */
export type PathReason = "expired" | "not-yet-valid" | "invalid" | "usage" | "untrusted" | "limit"

/** What is wrong with one certificate. */
interface Unfitness {
  readonly reason: PathReason
  readonly detail: string
}

/** Signatures that may still be checked; shared by all paths of one document. */
export interface PathBudget {
  signatures: number
}

interface Search extends PathRequest {
  readonly budget: PathBudget
  readonly found: Certificate[][]
  /** Why the first candidate was refused that would have made a path. */
  refused?: Unfitness | undefined
}

/** Critical extensions that are obeyed here or restrict nothing where no policy is asked for (RFC 5280 6.1). */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  EXTENSION.keyUsage,
  EXTENSION.basicConstraints,
  EXTENSION.extendedKeyUsage,
  EXTENSION.alternativeNames,
  EXTENSION.crlDistributionPoints,
  EXTENSION.authorityKeyIdentifier,
  EXTENSION.certificatePolicies,
  EXTENSION.policyMappings,
  EXTENSION.inhibitAnyPolicy,
])

/**
 * Paths from a certificate to trusted roots, shortest roots first.
 *
 * SECURITY: bounded in length and in signatures checked, whatever the certificates claim of each other.
 *
 * @returns at least one path, leaf first, root last; or why there is none.
 *
 * Spec: RFC 5280 section 6.1 without policies; names are compared byte for byte, and name constraints are refused.
 */
export function buildPaths(
  request: PathRequest,
  budget: PathBudget = { signatures: limits.pathCandidates },
): { readonly paths: readonly (readonly Certificate[])[] } | { readonly fault: PathFault } {
  const unfit = unfitness(request.leaf, request)
  if (unfit !== undefined) return { fault: { ...unfit, code: "E_TSA_INVALID" } }
  const search: Search = { ...request, budget, found: [] }
  if (request.roots.some((root) => root.thumbprint === request.leaf.thumbprint)) search.found.push([request.leaf])
  else extend(search, [request.leaf])
  if (search.found.length > 0) return allowed(search)
  if (budget.signatures <= 0) {
    const detail = "x509: signature check attempts limit reached while verifying certificate chain"
    return { fault: { reason: "limit", code: "E_LIMIT_EXCEEDED", detail } }
  }
  if (search.refused !== undefined) return { fault: { ...search.refused, code: "E_TSA_INVALID" } }
  const detail = "x509: certificate signed by unknown authority"
  return { fault: { reason: "untrusted", code: "E_TSA_UNTRUSTED", detail } }
}

/** The paths found whose every certificate allows the use. */
function allowed({ found, usage }: Search): ReturnType<typeof buildPaths> {
  const paths = found.filter((path) => path.every((certificate) => allowsUsage(certificate, usage)))
  if (paths.length > 0) return { paths }
  const detail = "x509: certificate specifies an incompatible key usage"
  return { fault: { reason: "usage", code: "E_TSA_INVALID", detail } }
}

function allowsUsage({ extendedKeyUsage }: Certificate, usage: string): boolean {
  return extendedKeyUsage === undefined || extendedKeyUsage.includes(usage) || extendedKeyUsage.includes(EKU.any)
}

/** Follow every issuer of the last certificate of `path`. */
function extend(search: Search, path: readonly Certificate[]): void {
  if (path.length >= limits.pathDepth) return
  for (const root of search.roots) {
    if (issues(search, root, path)) search.found.push([...path, root])
  }
  for (const candidate of search.intermediates) {
    if (path.some((certificate) => sameHolder(certificate, candidate))) continue
    if (search.roots.some((root) => root.thumbprint === candidate.thumbprint)) continue
    // Roots are the user's choice; what comes with the document must say itself that it is an authority.
    if (candidate.basicConstraints?.ca !== true) continue
    if (issues(search, candidate, path)) extend(search, [...path, candidate])
  }
}

/** Whether a fit certificate signed the last one of a path. Takes one signature off the budget where the names fit. */
function issues(search: Search, issuer: Certificate, path: readonly Certificate[]): boolean {
  const child = path.at(-1)
  if (child === undefined || !sameName(issuer.subject, child.issuer) || search.budget.signatures <= 0) return false
  search.budget.signatures--
  if (issueFault(child, issuer) !== undefined) return false
  const most = issuer.basicConstraints?.pathLength
  const unfit =
    most !== undefined && most < path.length - 1
      ? invalid("x509: too many intermediates for path length constraint")
      : unfitness(issuer, search)
  search.refused ??= unfit
  return unfit === undefined
}

/** Two certificates of one key and name add nothing to a path: cross-signing would go round in circles. */
function sameHolder(a: Certificate, b: Certificate): boolean {
  return sameName(a.subject, b.subject) && equalBytes(a.spki, b.spki)
}

function unfitness({ notBefore, notAfter, extensions }: Certificate, { at }: PathRequest): Unfitness | undefined {
  const expired = "x509: certificate has expired or is not yet valid: current time"
  if (at < notBefore) {
    return { reason: "not-yet-valid", detail: `${expired} ${goRfc3339(at)} is before ${goRfc3339(notBefore)}` }
  }
  if (at > notAfter) {
    return { reason: "expired", detail: `${expired} ${goRfc3339(at)} is after ${goRfc3339(notAfter)}` }
  }
  // SECURITY: a constraint that is not implemented is never ignored, critical or not.
  if (extensions.has(EXTENSION.nameConstraints)) return invalid("x509: unhandled name constraints")
  const unknown = [...extensions].find(([type, { critical }]) => critical && !UNDERSTOOD.has(type))
  return unknown === undefined ? undefined : invalid("x509: unhandled critical extension")
}

function invalid(detail: string): Unfitness {
  return { reason: "invalid", detail }
}
