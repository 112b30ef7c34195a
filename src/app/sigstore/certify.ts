import { ToolError } from "../../core/errors.ts"
import type { SignatureScheme, SigningKey } from "../../core/ports.ts"
import type { IdentityToken } from "../../core/sigstore-ports.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import { generatePrivateKey } from "../../crypto/generate.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import { sameKey } from "../../crypto/public-key.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { algorithmByName, defaultScheme, type AlgorithmEntry } from "../../crypto/schemes.ts"
import type { AppContext } from "../requests.ts"
import { challengeOf } from "./challenge.ts"
import type { KeylessSigning } from "./signing.ts"

/** Algorithm of new keys when nobody says otherwise, and those that cosign offers. */
const DEFAULT_ALGORITHM = "ecdsa-sha2-256-nistp256"

/** A key for one run, and the algorithm it was made for. */
export interface EphemeralKey {
  readonly key: SigningKey
  readonly scheme: SignatureScheme
}

/**
 * Make a key that is forgotten with the process.
 *
 * @param algorithm - a name of `--signing-algorithm`.
 * @throws {ToolError} `E_USAGE` for unknown names and those no certificate is issued for.
 */
export async function ephemeralKey(algorithm: string = DEFAULT_ALGORITHM): Promise<EphemeralKey> {
  const row = algorithmByName(algorithm)
  if (
    row === undefined ||
    row.deprecated === true ||
    row.scheme.scheme === "ed25519ph" ||
    row.scheme.scheme === "rsa-pss"
  ) {
    throw new ToolError("E_USAGE", {
      what: `no short-lived certificate can be had for the algorithm ${JSON.stringify(algorithm)}`,
      why: "expected one such as ecdsa-sha2-256-nistp256, ecdsa-sha2-384-nistp384 or rsa-sign-pkcs1-2048-sha256",
      next: ["leave out `--signing-algorithm`"],
    })
  }
  const key = localSigningKey(await generatePrivateKey(keyName(row)))
  // The scheme of the algorithm comes first, so that every user of the key takes it.
  const others = key.schemes.filter((scheme) => JSON.stringify(scheme) !== JSON.stringify(row.scheme))
  return { key: { ...key, schemes: [row.scheme, ...others] }, scheme: row.scheme }
}

function keyName({ keyType, bits }: AlgorithmEntry): string {
  return bits === undefined ? keyType : `${keyType}-${bits}`
}

/** A certificate as issued, checked against the key. */
export interface Certified {
  /** DER, leaf first. */
  readonly certificates: readonly Uint8Array[]
  readonly detachedSct?: Uint8Array
}

/**
 * Get a certificate for a key and the holder of a token.
 *
 * @throws {ToolError} `E_OIDC_REJECTED`, `E_SERVICE_REFUSED`, `E_SERVICE_PROTOCOL` also for a certificate of another
 *   key or one that is not valid now, `E_NET_*`.
 *
 * Spec: cosign.md 11.1.
 */
export async function certify(
  app: Pick<AppContext, "sigstore" | "clock">,
  { authority }: Pick<KeylessSigning, "authority">,
  { token }: Pick<IdentityToken, "token">,
  key: SigningKey,
): Promise<Certified> {
  const scheme = key.schemes[0] ?? defaultScheme(key.publicKey)
  const proof = await key.sign(encodeUtf8(challengeOf(token), "challenge"), scheme)
  const { chain, detachedSct } = await app.sigstore.certificates.certify({
    url: authority.url,
    api: authority.api,
    token,
    publicKey: key.publicKey,
    proof,
  })
  const [leaf] = chain
  if (leaf === undefined) throw wrong("saw no certificate", authority.url)
  const certificate = parseCertificate(leaf)
  if (certificate.publicKey === undefined || !sameKey(certificate.publicKey, key.publicKey))
    throw wrong("it is for another key", authority.url)
  const now = app.clock.now()
  if (now > certificate.notAfter) {
    throw wrong(`it ended ${new Date(certificate.notAfter).toISOString()}, before now`, authority.url, [
      "check the clock of this machine",
    ])
  }
  return { certificates: chain, ...(detachedSct === undefined ? {} : { detachedSct }) }
}

function wrong(why: string, url: string, next: readonly string[] = []): ToolError {
  return new ToolError("E_SERVICE_PROTOCOL", {
    what: "the certificate authority issued a certificate that cannot be used",
    why: `${url}: ${why}`,
    next,
  })
}
