import { decodeBase64 } from "../../codec/base64.ts"
import { malformed } from "../../codec/malformed.ts"
import { limits } from "../../core/limits.ts"
import type { TrustedRoot } from "../../core/sigstore.ts"
import { parseCertificateFile } from "../../crypto/x509/certificate-file.ts"
import { asTrustData } from "../../envelopes/trusted-root/trust-fields.ts"
import {
  authoritiesFromBag,
  authoritiesFromRoots,
  authorityFromChain,
  logFromKeyFile,
  timestampAuthoritiesFromBag,
} from "../../envelopes/trusted-root/trust-files.ts"

/** A file that a user named, and its content. */
export interface TrustFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Trust by the piece: each file stands in for its part of a trusted root. */
export interface TrustPieces {
  /** Issuer of the signer first, root last. */
  readonly certificateChain?: TrustFile
  /** Every certificate in it is a root. */
  readonly caRoots?: TrustFile
  /** Beside {@link TrustPieces.caRoots}. */
  readonly caIntermediates?: TrustFile
  /** Roots and intermediates in any order. */
  readonly authorities?: TrustFile
  readonly logKey?: TrustFile
  readonly ctLogKey?: TrustFile
  /** One signer, and what leads from it to roots. */
  readonly timestampChain?: TrustFile
}

/**
 * A trusted root with the parts that files name instead of its own. A chain goes before roots, roots before a bag.
 *
 * @throws {ToolError} `E_TRUST_MALFORMED`, `E_LIMIT_EXCEEDED` for files that do not hold what they should.
 */
export function individualTrust(pieces: TrustPieces, rest: TrustedRoot): TrustedRoot {
  const { logKey, ctLogKey, timestampChain } = pieces
  return {
    tlogs: logKey === undefined ? rest.tlogs : [logFromKeyFile(logKey.bytes, { what: logKey.name })],
    ctlogs: ctLogKey === undefined ? rest.ctlogs : [logFromKeyFile(ctLogKey.bytes, { what: ctLogKey.name })],
    certificateAuthorities: authoritiesOf(pieces) ?? rest.certificateAuthorities,
    timestampAuthorities:
      timestampChain === undefined
        ? rest.timestampAuthorities
        : timestampAuthoritiesFromBag(timestampChain.bytes, { what: timestampChain.name }),
  }
}

function authoritiesOf(pieces: TrustPieces): TrustedRoot["certificateAuthorities"] | undefined {
  const { certificateChain, caRoots, caIntermediates, authorities } = pieces
  if (certificateChain !== undefined) {
    return [authorityFromChain(certificateChain.bytes, { what: certificateChain.name })]
  }
  if (caRoots !== undefined) {
    return authoritiesFromRoots(caRoots.bytes, caIntermediates?.bytes, { what: caRoots.name })
  }
  return authorities === undefined ? undefined : authoritiesFromBag(authorities.bytes, { what: authorities.name })
}

/**
 * The first certificate of a file in PEM, DER, or base64 of either, as cosign writes it.
 *
 * @returns DER.
 * @throws {ToolError} `E_TRUST_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function certificateOf({ name, bytes }: TrustFile): Uint8Array {
  return asTrustData(name, () => {
    const text = new TextDecoder("latin1").decode(bytes).trim()
    const coded = /^[A-Za-z0-9+/]+=*$/.test(text)
    const [leaf] = parseCertificateFile(coded ? decodeBase64(text, { max: limits.pemBytes, what: name }) : bytes)
    if (leaf === undefined) throw malformed(name, "no certs found in pem file")
    return leaf.raw
  })
}
