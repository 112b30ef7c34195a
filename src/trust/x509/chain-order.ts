import type { Certificate } from "../../crypto/x509/certificate.ts"
import { signatureHolds } from "../../crypto/x509/check-issued.ts"
import { sameName } from "../../crypto/x509/name.ts"

/** Certificates put in order. */
export interface ChainOrder {
  /** Leaf first, each issued by the next. */
  readonly chain: readonly Certificate[]
  /** Those that have no place in it, as they stood. */
  readonly left: readonly Certificate[]
  /** Those that were there already, as they stood. */
  readonly twice: readonly Certificate[]
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
  const pool = new Map<string, Certificate>()
  const twice: Certificate[] = []
  for (const certificate of certificates) {
    if (pool.has(certificate.thumbprint)) twice.push(certificate)
    else pool.set(certificate.thumbprint, certificate)
  }
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
  return { chain, left: [...pool.values()], twice }
}

/** Whether issuer and subject are the same name, as a root's are. */
export function isSelfIssued({ issuer, subject }: Certificate): boolean {
  return sameName(issuer, subject)
}

function issuerOf(child: Certificate, pool: readonly Certificate[]): Certificate | undefined {
  const named = pool.filter(({ subject }) => sameName(child.issuer, subject))
  return named.find((one) => signatureHolds(child, one)) ?? named[0] ?? pool.find((one) => signatureHolds(child, one))
}
