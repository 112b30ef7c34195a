import type { ErrorCode } from "../../core/error-catalogue.ts"
import { ToolError } from "../../core/errors.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"

/** What revocation data says of one certificate. */
export interface RevocationJudgement {
  readonly status: "good" | "revoked" | "unknown"
  /** For people: what was seen, and what was expected where it is unknown. */
  readonly why: string
  /** A responder that may answer said that it does not know the certificate; no other is asked. */
  readonly definite?: boolean
  /** Kind of failure where something could not be had. */
  readonly code?: ErrorCode
}

/** Whose revocation is judged, and for when. */
export interface RevocationSubject {
  readonly certificate: Certificate
  /** Issued the certificate; the caller has checked that. */
  readonly issuer: Certificate
  /** Milliseconds since the epoch: when answers must be fresh. */
  readonly at: number
  /** When the signature was made, as vouched for by a signing authority. Milliseconds since the epoch. */
  readonly authenticSigningTime?: number
}

/**
 * Milliseconds an answer may be from the future, for clocks that differ.
 */
export const CLOCK_SKEW_MS = 60_000

/** An answer that is of no use. */
export function unknown(why: string): RevocationJudgement {
  return { status: "unknown", why }
}

/** What a document that cannot be read says. Bugs stay errors. */
export function unreadable(thrown: unknown, prefix: string): RevocationJudgement {
  if (!(thrown instanceof ToolError) || thrown.kind === "bug") throw thrown
  return { status: "unknown", why: `${prefix}: ${thrown.message}`, code: thrown.code }
}

/** Names of CRLReason by number: RFC 5280 section 5.3.1. */
const REASONS: readonly (string | undefined)[] = [
  "unspecified",
  "keyCompromise",
  "cACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "certificateHold",
  undefined,
  "removeFromCRL",
  "privilegeWithdrawn",
  "aACompromise",
]

/** `revoked at TIME, reason NAME`. */
export function revokedWhy(revokedAt: number | undefined, reason: number | undefined): string {
  const name = reason === undefined ? undefined : (REASONS[reason] ?? `${reason}`)
  const when = revokedAt === undefined ? "" : ` at ${new Date(revokedAt).toISOString()}`
  return `revoked${when}${name === undefined ? "" : `, reason ${name}`}`
}
