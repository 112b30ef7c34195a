/** Names of the Notary Project specifications. */

/** Artifact type of a manifest that holds a signature; config media type before image-spec 1.1. */
export const SIGNATURE_ARTIFACT = "application/vnd.cncf.notary.signature"
export const JWS_MEDIA_TYPE = "application/jose+json"
export const COSE_MEDIA_TYPE = "application/cose"
export const PAYLOAD_MEDIA_TYPE = "application/vnd.cncf.notary.payload.v1+json"

export const THUMBPRINT_ANNOTATION = "io.cncf.notary.x509chain.thumbprint#S256"
export const CREATED_ANNOTATION = "org.opencontainers.image.created"

/** Prefix of names that belong to the specification. */
export const RESERVED_PREFIX = "io.cncf.notary"

/** Headers of both envelopes, by what they say. */
export const HEADER: {
  readonly expiry: "io.cncf.notary.expiry"
  readonly signingTime: "io.cncf.notary.signingTime"
  readonly signingScheme: "io.cncf.notary.signingScheme"
  readonly authenticSigningTime: "io.cncf.notary.authenticSigningTime"
  readonly verificationPlugin: "io.cncf.notary.verificationPlugin"
  readonly verificationPluginMinVersion: "io.cncf.notary.verificationPluginMinVersion"
  readonly timestampSignature: "io.cncf.notary.timestampSignature"
  readonly signingAgent: "io.cncf.notary.signingAgent"
} = {
  expiry: "io.cncf.notary.expiry",
  signingTime: "io.cncf.notary.signingTime",
  signingScheme: "io.cncf.notary.signingScheme",
  authenticSigningTime: "io.cncf.notary.authenticSigningTime",
  verificationPlugin: "io.cncf.notary.verificationPlugin",
  verificationPluginMinVersion: "io.cncf.notary.verificationPluginMinVersion",
  timestampSignature: "io.cncf.notary.timestampSignature",
  signingAgent: "io.cncf.notary.signingAgent",
}
