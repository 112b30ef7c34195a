import type { PublicKey, SignatureScheme } from "../../core/ports.ts"

/** One attribute of a distinguished name. */
export interface NameAttribute {
  /** Dotted object identifier. */
  readonly type: string
  /** Text of the value; for values that are no string, `undefined`. */
  readonly value: string | undefined
  /** DER of the value as received. */
  readonly raw: Uint8Array
}

/** A distinguished name. */
export interface Name {
  /** DER as received; names are equal when these are. */
  readonly raw: Uint8Array
  /** Relative names in order, each a set of attributes. */
  readonly rdns: readonly (readonly NameAttribute[])[]
  /** As Go's `pkix.Name.String()` prints it: `CN=…,OU=…,O=…,L=…,ST=…,C=…`. */
  readonly text: string
}

/** Bits of the keyUsage extension. */
export type KeyUsage =
  | "digitalSignature"
  | "contentCommitment"
  | "keyEncipherment"
  | "dataEncipherment"
  | "keyAgreement"
  | "keyCertSign"
  | "cRLSign"
  | "encipherOnly"
  | "decipherOnly"

export interface Extension {
  readonly critical: boolean
  /** Content of the extnValue octets: DER of the extension. */
  readonly value: Uint8Array
}

/** An X.509 certificate, decoded and not trusted. All bytes view one private copy. */
export interface Certificate {
  /** DER of the whole certificate. */
  readonly raw: Uint8Array
  /** DER of the TBSCertificate: the bytes under the signature. */
  readonly tbs: Uint8Array
  /** Lower-case hexadecimal SHA-256 of {@link raw}. */
  readonly thumbprint: string
  readonly version: 1 | 2 | 3
  readonly serial: bigint
  readonly issuer: Name
  readonly subject: Name
  /** Milliseconds since the epoch, both inclusive. */
  readonly notBefore: number
  readonly notAfter: number
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  /** Absent for kinds and sizes of keys this program does not know; nothing verifies with those. */
  readonly publicKey?: PublicKey
  /** What the key is, for messages: `rsa 1024`, `ec 1.3.132.0.33`, `1.2.840.10040.4.1`. */
  readonly keyDescription: string
  /** Object identifier of the signature algorithm. */
  readonly signatureOid: string
  /** Go's name of it, such as `SHA256-RSA` or `SHA1-RSA`. */
  readonly signatureName: string
  /** Absent for algorithms that are not accepted (MD5, SHA-1, unknown ones, odd parameters). */
  readonly signatureScheme?: SignatureScheme
  readonly signature: Uint8Array
  /** By dotted object identifier; each at most once. */
  readonly extensions: ReadonlyMap<string, Extension>
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength?: number }
  readonly keyUsage?: ReadonlySet<KeyUsage>
  /** Object identifiers in order. */
  readonly extendedKeyUsage?: readonly string[]
  /** `DNS:`, `email:`, `URI:`, `IP:` and the name; other kinds are left out. */
  readonly alternativeNames: readonly string[]
  /** URLs of the authorityInfoAccess extension for OCSP, in order. */
  readonly ocspUrls: readonly string[]
  /** URLs of all cRLDistributionPoints, in order. */
  readonly crlUrls: readonly string[]
}
