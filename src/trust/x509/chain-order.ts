import type { Certificate } from "../../crypto/x509/certificate.ts"
import { signatureHolds } from "../../crypto/x509/check-issued.ts"
import { sameName } from "../../crypto/x509/name.ts"

/** Certificates put in order. */
export interface ChainOrder {
  /** Leaf first, each issued by the next. */
  readonly chain: readonly Certificate[]
  /** Those that have no place in it, and those that come twice, as they stood. */
  readonly left: readonly Certificate[]
}

/**
 * Find the chain in certificates of any order.
 *
 * The leaf is the first that no other one names as its issuer, one that is no authority before others. Issuers are found
 * by name, and by signature where several names fit or none.
 *
 * @param certificates - untrusted; those of one file, at most 64.
 */
export function chainOrder(certificates: readonly Certificate[]): ChainOrder {
  const pool = new Map(certificates.map((certificate) => [certificate.thumbprint, certificate]))
  const issued = (issuer: Certificate): boolean =>
    [...pool.values()].some((child) => child !== issuer && sameName(child.issuer, issuer.subject))
  const ends = [...pool.values()].filter((certificate) => !issued(certificate))
  let next = ends.find(({ basicConstraints }) => basicConstraints?.ca !== true) ?? ends[0]
  const chain: Certificate[] = []
  while (next !== undefined) {
    chain.push(next)
    pool.delete(next.thumbprint)
    next = isSelfIssued(next) ? undefined : issuerOf(next, [...pool.values()])
  }
  const left = certificates.filter((certificate) => !chain.includes(certificate))
  return { chain, left }
}

/** Whether issuer and subject are the same name, as a root's are. */
export function isSelfIssued({ issuer, subject }: Certificate): boolean {
  return sameName(issuer, subject)
}

function issuerOf(child: Certificate, pool: readonly Certificate[]): Certificate | undefined {
  const named = pool.filter(({ subject }) => sameName(child.issuer, subject))
  return named.find((one) => signatureHolds(child, one)) ?? named[0] ?? pool.find((one) => signatureHolds(child, one))
}
