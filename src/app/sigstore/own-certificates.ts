import { decodeUtf8 } from "../../codec/utf8.ts"
import { firstPem, parsePem } from "../../codec/pem.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { PublicKey } from "../../core/ports.ts"
import type { TrustedAuthority } from "../../core/sigstore.ts"
import { sameKey } from "../../crypto/public-key.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { authorityPaths } from "../../trust/sigstore/certificate-path.ts"

/** A file that a user named, and its content. */
interface NamedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Certificates that a user has for a signing key. */
export interface OwnCertificates {
  /** PEM or DER. */
  readonly leaf: NamedFile
  /** PEM, issuer of the leaf first, root last. */
  readonly chain?: NamedFile
}

/**
 * The certificates of a signing key, checked: the leaf is the key's, and the chain leads from it to its last one for
 * signing code. Errors say what the peer says.
 *
 * @returns DER, leaf first.
 * @throws {ToolError} `E_CERT_CHAIN`, `E_KEY_TYPE`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: sigstore/cosign `cmd/cosign/cli/signcommon/common.go`.
 */
export function ownCertificates({ leaf, chain }: OwnCertificates, key: PublicKey): readonly Uint8Array[] {
  const certificate = leafOf(leaf)
  if (certificate.publicKey === undefined || !sameKey(certificate.publicKey, key)) {
    throw bad("public key in certificate does not match the provided public key")
  }
  if (chain === undefined) return [certificate.raw]
  const issuers = inWords("loading certificate chain: ", () =>
    parsePem(decodeUtf8(chain.bytes, chain.name), { what: chain.name }).map(({ bytes }) => parseCertificate(bytes)),
  )
  if (issuers.length === 0) throw bad("no certificates in certificate chain")
  const authority: TrustedAuthority = {
    uri: "",
    certificates: issuers.map(({ raw }) => raw),
    validFor: { start: certificate.notBefore },
  }
  const paths = authorityPaths(certificate, [], [authority], certificate.notBefore)
  if ("code" in paths) throw bad(`unable to validate certificate chain: ${paths.detail}`)
  return [certificate.raw, ...authority.certificates]
}

function leafOf({ name, bytes }: NamedFile): Certificate {
  const text = new TextDecoder("latin1").decode(bytes)
  if (!text.startsWith("-----")) return inWords("parse x509 certificate: ", () => parseCertificate(bytes))
  const block = firstPem(text)
  if (block?.label !== "CERTIFICATE") throw bad(`supplied PEM file is not a certificate: ${name}`)
  return inWords("parse x509 certificate: ", () => parseCertificate(block.bytes))
}

function inWords<Value>(prefix: string, work: () => Value): Value {
  try {
    return work()
  } catch (thrown) {
    const error = asToolError(thrown)
    throw bad(`${prefix}${error.why ?? error.message}`)
  }
}

function bad(sentence: string): ToolError {
  return new ToolError("E_CERT_CHAIN", { what: sentence, details: { cosign: sentence } })
}
