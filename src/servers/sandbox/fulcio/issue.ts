import type { Clock, PublicKey, Randomness, SigningKey } from "../../../core/ports.ts"
import { defaultScheme } from "../../../crypto/schemes.ts"
import { CT_EXTENSION } from "../../../crypto/transparency/precertificate.ts"
import { buildSctExtension, type Sct } from "../../../crypto/transparency/sct.ts"
import { buildCertificate, type ExtensionSpec } from "../../../crypto/x509/build-certificate.ts"
import {
  authorityKeyExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
  subjectKeyExtension,
} from "../../../crypto/x509/build-extensions.ts"
import { EKU } from "../../../crypto/x509/extensions.ts"
import { parseCertificate } from "../../../crypto/x509/parse-certificate.ts"
import type { CtLog } from "../ct/ct-log.ts"
import { randomSerial } from "../material/keys.ts"
import type { Principal } from "./principal.ts"

/** Milliseconds a certificate is valid. */
const VALIDITY_MS = 10 * 60_000

/** DER NULL: what the critical extension that makes a certificate unusable holds. Spec: RFC 6962 3.1. */
const POISON: ExtensionSpec = { oid: CT_EXTENSION.poison, critical: true, value: Uint8Array.of(5, 0) }

/** Who issues. */
export interface IssuerParts {
  /** Of the first certificate in the chain. */
  readonly key: SigningKey
  /** DER: the issuing certificate, then those above it. */
  readonly chain: readonly Uint8Array[]
  readonly ct: CtLog
  readonly clock: Clock
  readonly randomness: Randomness
}

/** A certificate as issued. */
export interface Issued {
  /** DER, leaf first, root last. */
  readonly chain: readonly Uint8Array[]
  /** The log's promise where it does not lie in the certificate. */
  readonly detached?: Sct
}

/**
 * Certify a key for a principal: ten minutes, code signing, no subject.
 *
 * @param sct - `embedded`: a precertificate is logged first. `detached`: the certificate itself is.
 *
 * Spec: sigstore/fulcio `docs/certificate-specification.md`, RFC 6962 3.1.
 */
export async function issueCertificate(
  { key, chain, ct, clock, randomness }: IssuerParts,
  holder: PublicKey,
  principal: Principal,
  sct: "embedded" | "detached",
): Promise<Issued> {
  const [issuer = new Uint8Array(0)] = chain
  const now = clock.now()
  const extensions = [
    keyUsageExtension(["digitalSignature"]),
    extendedKeyUsageExtension([EKU.codeSigning]),
    subjectKeyExtension(holder.spki),
    authorityKeyExtension(key.publicKey.spki),
    ...principal.extensions,
  ]
  const spec = {
    subject: [],
    issuer: parseCertificate(issuer).subject.raw,
    serial: randomSerial(randomness),
    notBefore: now,
    notAfter: now + VALIDITY_MS,
    publicKey: holder.spki,
    signWith: key,
    scheme: defaultScheme(key.publicKey),
  }
  if (sct === "detached") {
    const leaf = await buildCertificate({ ...spec, extensions })
    return { chain: [leaf, ...chain], detached: await ct.promise([leaf, issuer]) }
  }
  const precertificate = await buildCertificate({ ...spec, extensions: [...extensions, POISON] })
  const promised = await ct.promise([precertificate, issuer])
  const list = { oid: CT_EXTENSION.sctList, critical: false, value: buildSctExtension([promised]) }
  return { chain: [await buildCertificate({ ...spec, extensions: [...extensions, list] }), ...chain] }
}
