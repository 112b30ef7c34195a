/** Media types, annotation keys and type URIs of the cosign family. */
export const SIMPLE_SIGNING_LAYER = "application/vnd.dev.cosign.simplesigning.v1+json"
export const DSSE_LAYER = "application/vnd.dsse.envelope.v1+json"
/** Config type of legacy signatures stored as OCI 1.1 referrers. */
export const SIGNATURE_ARTIFACT = "application/vnd.dev.cosign.artifact.sig.v1+json"
/** What every bundle layer's media type starts with. */
export const BUNDLE_LAYER_PREFIX = "application/vnd.dev.sigstore.bundle"

export const SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature"
export const CERTIFICATE_ANNOTATION = "dev.sigstore.cosign/certificate"
export const CHAIN_ANNOTATION = "dev.sigstore.cosign/chain"
export const LOG_ANNOTATION = "dev.sigstore.cosign/bundle"
export const TIMESTAMP_ANNOTATION = "dev.sigstore.cosign/rfc3161timestamp"
/** Key on the layer of an attestation. */
export const PREDICATE_TYPE_ANNOTATION = "predicateType"

export const BUNDLE_CONTENT_ANNOTATION = "dev.sigstore.bundle.content"
export const BUNDLE_PREDICATE_ANNOTATION = "dev.sigstore.bundle.predicateType"
export const CREATED_ANNOTATION = "org.opencontainers.image.created"

export const IN_TOTO_PAYLOAD = "application/vnd.in-toto+json"
export const STATEMENT_V01 = "https://in-toto.io/Statement/v0.1"
export const STATEMENT_V1 = "https://in-toto.io/Statement/v1"
/** Predicate type of a bundle that signs an image. */
export const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
export const SIMPLE_SIGNING_TYPE = "cosign container image signature"
