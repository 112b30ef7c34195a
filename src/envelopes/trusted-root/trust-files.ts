/**
 * Parts of a trusted root out of the PEM files that flags and variables name.
 *
 * All functions throw `E_TRUST_MALFORMED` for files that do not hold what they should, and `E_LIMIT_EXCEEDED`.
 */
import { malformed } from "../../codec/malformed.ts"
import type { TrustedAuthority, TrustedLog, ValidityWindow } from "../../core/sigstore.ts"
import { parsePublicKey } from "../../crypto/public-key.ts"
import { logKeyId, noteKeyId } from "../../crypto/transparency/note-key.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificateFile } from "../../crypto/x509/certificate-file.ts"
import { sameName } from "../../crypto/x509/name.ts"
import { logKeyOf } from "./log-key.ts"
import { asTrustData, BEGINNING } from "./trust-fields.ts"
import { checkedChain } from "./trusted-root.ts"

/** What a file does not say about an authority. */
export interface AuthorityOptions {
  readonly uri?: string
  /** Name of the file for errors. */
  readonly what?: string
}

/** What a file does not say about a log. */
export interface LogOptions {
  readonly baseUrl?: string
  /** Default: always valid. */
  readonly validFor?: ValidityWindow
  /** Origin of the log's checkpoints; with it the id is the checkpoint key's (Rekor v2, static CT). */
  readonly origin?: string
  /** Name of the file for errors. */
  readonly what?: string
}

/** Validity of a certificate or key that a user names without one. */
const ALWAYS: ValidityWindow = { start: BEGINNING }

/**
 * A certificate authority out of one chain, issuer first, root last: `--certificate-chain`, and `trusted-root create
 * --fulcio`, which is valid from the root's notBefore on.
 */
export function authorityFromChain(bytes: Uint8Array, options: AuthorityOptions = {}): TrustedAuthority {
  const { uri = "", what = "certificate chain" } = options
  return asTrustData(what, () => {
    const certificates = readCertificates(bytes, what)
    return { uri, certificates: anchored(certificates, what), validFor: windowOf(certificates) }
  })
}

/**
 * Certificate authorities out of a bag of certificates (`SIGSTORE_ROOT_FILE`): each self-issued one is a root, all others are
 * intermediates of every root.
 */
export function authoritiesFromBag(bytes: Uint8Array, options: AuthorityOptions = {}): readonly TrustedAuthority[] {
  const { what = "certificate authorities" } = options
  return asTrustData(what, () => {
    const certificates = readCertificates(bytes, what)
    const roots = certificates.filter(isSelfIssued)
    if (roots.length === 0) throw malformed(what, "saw no self-signed certificate, expected at least one root")
    return authoritiesOf(
      roots,
      certificates.filter((certificate) => !isSelfIssued(certificate)),
      options,
      what,
    )
  })
}

/**
 * Certificate authorities out of `--ca-roots` and `--ca-intermediates`: every certificate of the first file is a root.
 *
 * @param intermediates - absent = none.
 */
export function authoritiesFromRoots(
  roots: Uint8Array,
  intermediates?: Uint8Array,
  options: AuthorityOptions = {},
): readonly TrustedAuthority[] {
  const { what = "certificate authorities" } = options
  return asTrustData(what, () =>
    authoritiesOf(
      readCertificates(roots, what),
      intermediates === undefined ? [] : readCertificates(intermediates, `${what} (intermediates)`),
      options,
      what,
    ),
  )
}

/**
 * A timestamp authority out of its chain, signer first, root last, as `trusted-root create --tsa` takes it: valid from the
 * root's notBefore on.
 */
export function timestampAuthorityFromChain(bytes: Uint8Array, options: AuthorityOptions = {}): TrustedAuthority {
  const { uri = "", what = "timestamp certificate chain" } = options
  return asTrustData(what, () => {
    const certificates = readCertificates(bytes, what)
    if (certificates[0] !== undefined && isAuthority(certificates[0])) {
      throw malformed(what, "first certificate in chain must be a leaf certificate")
    }
    if (certificates.length < 2) throw malformed(what, "certificate chain must have at least two certificates")
    return { uri, certificates: anchored(certificates, what), validFor: windowOf(certificates) }
  })
}

/**
 * Timestamp authorities out of a bag of certificates (`SIGSTORE_TSA_CERTIFICATE_FILE`, `--timestamp-certificate-chain`):
 * exactly one signer, and each self-issued authority is a root.
 */
export function timestampAuthoritiesFromBag(
  bytes: Uint8Array,
  options: AuthorityOptions = {},
): readonly TrustedAuthority[] {
  const { what = "timestamp certificate chain" } = options
  return asTrustData(what, () => {
    const certificates = readCertificates(bytes, what)
    const leaves = certificates.filter((certificate) => !isAuthority(certificate))
    const roots = certificates.filter((certificate) => isAuthority(certificate) && isSelfIssued(certificate))
    const others = certificates.filter((certificate) => isAuthority(certificate) && !isSelfIssued(certificate))
    if (leaves.length !== 1) throw malformed(what, "TSA certificate chain must contain exactly one leaf certificate")
    if (roots.length === 0) throw malformed(what, "TSA certificate chain must contain at least one root certificate")
    return authoritiesOf(roots, [...leaves, ...others], options, what)
  })
}

/**
 * A log out of its public key, PEM or DER: `SIGSTORE_REKOR_PUBLIC_KEY`, `SIGSTORE_CT_LOG_PUBLIC_KEY_FILE`, `trusted-root
 * create --rekor` and `--ctfe`.
 */
export function logFromKeyFile(bytes: Uint8Array, options: LogOptions = {}): TrustedLog {
  const { baseUrl = "", validFor = ALWAYS, origin, what = "log public key" } = options
  return asTrustData(what, () => {
    const logKey = logKeyOf(parsePublicKey(bytes, { what }), what)
    return {
      baseUrl,
      ...logKey,
      logId: origin === undefined ? logKeyId(logKey.key) : noteKeyId(logKey.key, origin),
      validFor,
    }
  })
}

function readCertificates(bytes: Uint8Array, what: string): readonly Certificate[] {
  const certificates = parseCertificateFile(bytes)
  if (certificates.length === 0) throw malformed(what, "no certificates in file")
  return certificates
}

function authoritiesOf(
  roots: readonly Certificate[],
  intermediates: readonly Certificate[],
  { uri = "" }: AuthorityOptions,
  what: string,
): readonly TrustedAuthority[] {
  return roots.map((root) => ({
    uri,
    certificates: anchored([...intermediates, root], what),
    validFor: ALWAYS,
  }))
}

function anchored(certificates: readonly Certificate[], what: string): readonly Uint8Array[] {
  return checkedChain(
    certificates.map(({ raw }) => raw),
    what,
  )
}

function windowOf(certificates: readonly Certificate[]): ValidityWindow {
  const root = certificates.at(-1)
  return root === undefined ? ALWAYS : { start: root.notBefore }
}

function isAuthority({ basicConstraints }: Certificate): boolean {
  return basicConstraints?.ca === true
}

function isSelfIssued({ subject, issuer }: Certificate): boolean {
  return sameName(subject, issuer)
}
