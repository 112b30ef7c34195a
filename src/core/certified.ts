/**
 * What certificate-based signatures and the trust in them are made of: signed attributes, trust stores, identities and
 * the validations a policy can enforce, log or skip. Words of the Notary Project specifications, where they have one.
 */
import type { JsonValue } from "./json-value.ts"
import type { SigningKey } from "./ports.ts"
import type { CheckId } from "./report.ts"

/** How the time of signing is vouched for. */
export type SigningScheme = "notary.x509" | "notary.x509.signingAuthority"

/** A time in a signed header. */
export interface AttributeTime {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Zone as written, such as `Z` or `+08:00`; absent where the encoding has none (COSE). */
  readonly zone?: string
}

/** An attribute beyond those of the specification. */
export interface ExtendedAttribute {
  /** COSE labels may be integers. */
  readonly key: string | number
  /** Listed as critical: who does not understand it must refuse the signature. */
  readonly critical: boolean
  readonly value: JsonValue
}

/** What a certificate-based envelope says of itself. Signed, but by nobody trusted yet. */
export interface SignedAttributes {
  readonly contentType: string
  readonly signingScheme: SigningScheme
  /** Claimed under `notary.x509`; vouched for by the authority under `notary.x509.signingAuthority`. */
  readonly signingTime: AttributeTime
  readonly expiry?: AttributeTime
  /** Algorithm that the envelope names, as plugins know it: `RSASSA-PSS-SHA-256`. The key's must be equal. */
  readonly algorithm?: string
  /** The envelope allows RSA-PSS salts of every length; absent = that of the hash alone. */
  readonly pssSalt?: "any"
  readonly extended: readonly ExtendedAttribute[]
  /** Not signed. */
  readonly signingAgent?: string
  /** Not signed: a TimeStampToken (ContentInfo DER or BER) over the signature bytes. */
  readonly timestampToken?: Uint8Array
}

/** Kinds of trust stores. */
export type TrustStoreType = "ca" | "signingAuthority" | "tsa"

/** Names a trust store, written `type:name`. */
export interface TrustStoreName {
  readonly type: TrustStoreType
  readonly name: string
}

/** A trust store, loaded: DER certificates that passed the rules of their store. */
export interface TrustStore extends TrustStoreName {
  readonly certificates: readonly Uint8Array[]
}

/** What a certificate's holder must be. The text is as the user wrote it. */
export type TrustedIdentity =
  | { readonly kind: "any"; readonly text: string }
  /** Every pair must be in the leaf's subject; types as in `C`, `ST`, `O`. */
  | { readonly kind: "subject"; readonly attributes: ReadonlyMap<string, string>; readonly text: string }
  /** Lower-case hexadecimal SHA-256 of the leaf's DER. */
  | { readonly kind: "thumbprint"; readonly sha256: string; readonly text: string }
  /** A subject alternative name: `DNS:…`, `email:…`, `URI:…` or `IP:…`. */
  | { readonly kind: "san"; readonly name: string; readonly text: string }
  /** Every pair must be in the leaf's issuer name. */
  | { readonly kind: "issuer"; readonly attributes: ReadonlyMap<string, string>; readonly text: string }
  /** Serial number, lower-case hexadecimal without leading zeros. */
  | { readonly kind: "serial"; readonly serial: string; readonly text: string }
  /** Only a verification plugin knows what it means. */
  | { readonly kind: "opaque"; readonly text: string }

/** What is checked about a certificate-based signature. */
export type Validation = "integrity" | "authenticity" | "authenticTimestamp" | "expiry" | "revocation"

/** What a failed validation does: ends it, is reported, or it is not made at all. */
export type ValidationAction = "enforce" | "log" | "skip"

/** The validation a check belongs to; checks that are no validation of their own decide by themselves. */
export const VALIDATION_OF: Readonly<Partial<Record<CheckId, Validation>>> = {
  "format.parse": "integrity",
  "payload.type": "integrity",
  "envelope.attributes": "integrity",
  "signature.algorithm": "integrity",
  "signature.cryptographic": "integrity",
  "certificate.chain": "integrity",
  "certificate.trusted": "authenticity",
  "signer.identity": "authenticity",
  timestamp: "authenticTimestamp",
  "signature.expiry": "expiry",
  revocation: "revocation",
}

/** When a timestamp is looked at. */
export type VerifyTimestamp = "always" | "afterCertExpiry"

/** A key to sign with and the certificates that vouch for it: DER, leaf first, root last. */
export interface CertifiedKey {
  readonly key: SigningKey
  readonly chain: readonly Uint8Array[]
}
