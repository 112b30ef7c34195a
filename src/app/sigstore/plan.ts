import type { SigningKey } from "../../core/ports.ts"
import type { IdentityToken } from "../../core/sigstore-ports.ts"
import { fingerprint } from "../../crypto/public-key.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { readCertificateFacts } from "../../trust/sigstore/fulcio-certificate.ts"
import { challengeOf } from "./challenge.ts"
import { publishedClaims } from "./published-claims.ts"
import type { PlannedItem, SigstorePlan, SigstoreSigning } from "./signing.ts"

/**
 * Exactly what becomes public.
 *
 * @param signer - the token whose holder is named, or the bare key.
 */
export function planOf(
  { keyless, certificates, logs, timestamps }: SigstoreSigning,
  signer: { readonly token: IdentityToken } | { readonly key: SigningKey },
  items: readonly PlannedItem[],
): SigstorePlan {
  const shared = { logs, timestamps, items }
  if (keyless !== undefined && "token" in signer) {
    const { token, source, claims } = signer.token
    const name = challengeOf(token)
    const about = { authority: keyless.authority.url, claims: publishedClaims(token) }
    return { identity: { issuer: claims.issuer, name, source, ...about }, ...shared }
  }
  if (certificates === undefined && "key" in signer && logs.length > 0) {
    return { key: fingerprint(signer.key.publicKey), ...shared }
  }
  const [leaf] = certificates ?? []
  return leaf === undefined || logs.length === 0 ? shared : { certificate: namesOf(leaf), ...shared }
}

function namesOf(leaf: Uint8Array): NonNullable<SigstorePlan["certificate"]> {
  const certificate = parseCertificate(leaf)
  const { subjects } = readCertificateFacts(certificate)
  return { subject: certificate.subject.text, names: subjects.map(({ value }) => value) }
}

/** Logs keep the statements of their oldest kind of entry whole. */
export function publishedBy({ entryKind, logs }: SigstoreSigning): PlannedItem["published"] {
  const whole = entryKind === "intoto" && logs.some(({ majorApiVersion }) => majorApiVersion === 1)
  return whole ? "statement" : "hashes"
}
