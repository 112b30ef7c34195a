import type { TrustedAuthority, TrustedRoot } from "../../core/sigstore.ts"
import { ToolError } from "../../core/errors.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { authorityPaths, signerFault, windowContains } from "../../trust/sigstore/certificate-path.ts"
import { principalSubject, readCertificateFacts } from "../../trust/sigstore/fulcio-certificate.ts"

/**
 * That the certificates which a key has of an authority of the user's own go into signatures of cosign's formats.
 *
 * What no verification would accept is refused: a leaf that is not for signing code or names nobody, and issuers that do not
 * lead from it to the last one now.
 *
 * @param chain - DER, the key's leaf first. Issuers may be left out: verifiers need the root anyway.
 * @param given - `path` of the file for messages; `at` in milliseconds since the epoch; the trusted root that the services'
 *   answers will be checked with.
 * @throws {ToolError} `E_USAGE`.
 */
export function checkKeyCertificates(
  chain: readonly Uint8Array[],
  given: { readonly path: string; readonly at: number; readonly trustedRoot?: TrustedRoot | undefined },
): void {
  const [first, ...issuers] = chain
  if (first === undefined) throw new ToolError("E_INTERNAL", { what: "a chain without certificates" })
  const leaf = parseCertificate(first)
  const fault = signerFault(leaf)?.detail ?? nameFault(leaf) ?? pathFault(leaf, issuers, given.at, given.trustedRoot)
  if (fault === undefined) return
  throw new ToolError("E_USAGE", {
    what: `the certificates of ${given.path} vouch for no signature of cosign's formats`,
    why: fault,
    next: [
      "name a chain, leaf first, whose leaf is for code signing and has a subject alternative name",
      "or add `--format notation` to `countersign sign`, whose formats compare other names",
      "or leave out `--cert-chain`",
    ],
  })
}

function nameFault(leaf: Certificate): string | undefined {
  if (principalSubject(readCertificateFacts(leaf)) !== undefined) return undefined
  return "the certificate has no subject alternative name, which verifiers compare with the identity they accept"
}

function pathFault(
  leaf: Certificate,
  issuers: readonly Uint8Array[],
  at: number,
  root: TrustedRoot | undefined,
): string | undefined {
  if (!windowContains({ start: leaf.notBefore, end: leaf.notAfter }, at)) return "the certificate is not valid now"
  if (issuers.length === 0 && root === undefined) return undefined
  const authorities = issuers.length === 0 ? (root?.certificateAuthorities ?? []) : [ownAuthority(issuers)]
  const paths = authorityPaths(leaf, [], authorities, at)
  if (!("code" in paths)) return undefined
  return issuers.length === 0 ? `its issuers are not there, nor in the trusted root: ${paths.detail}` : paths.detail
}

/** The issuers of a user's certificate as an authority. @param issuers - DER, root last. */
export function ownAuthority(issuers: readonly Uint8Array[]): TrustedAuthority {
  return { uri: "", certificates: issuers, validFor: { start: 0 } }
}
