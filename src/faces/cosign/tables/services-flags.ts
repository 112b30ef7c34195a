import type { FaceFlag } from "../face-flag.ts"

/** Flags of signing commands about Sigstore services, tokens and certificates. */
export const servicesFlags: readonly FaceFlag[] = [
  {
    commands: ["sign-blob"],
    name: "certificate",
    aliases: ["cert"],
    type: "string",
    usage: "path to the X.509 certificate for signing attestation",
    only: "cosign3",
  },
  {
    commands: ["attest-blob"],
    name: "certificate",
    aliases: ["cert"],
    type: "string",
    usage: "path to the X.509 certificate for signing attestation",
    cosign2: { usage: "path to the X.509 certificate in PEM format to include in the OCI Signature" },
  },
  {
    commands: ["attest", "sign"],
    name: "certificate",
    aliases: ["cert"],
    type: "string",
    usage: "path to the X.509 certificate in PEM format to include in the OCI Signature",
  },
  {
    commands: ["sign-blob"],
    name: "certificate-chain",
    aliases: ["cert-chain"],
    type: "string",
    usage:
      "path to a list of CA X.509 certificates in PEM format which will be needed when building the certificate chain for the signed attestation. Must start with the parent intermediate CA certificate of the signing certificate and end with the root certificate.",
    only: "cosign3",
  },
  {
    commands: ["attest-blob"],
    name: "certificate-chain",
    aliases: ["cert-chain"],
    type: "string",
    usage:
      "path to a list of CA X.509 certificates in PEM format which will be needed when building the certificate chain for the signed attestation. Must start with the parent intermediate CA certificate of the signing certificate and end with the root certificate.",
    cosign2: {
      usage:
        "path to a list of CA X.509 certificates in PEM format which will be needed when building the certificate chain for the signing certificate. Must start with the parent intermediate CA certificate of the signing certificate and end with the root certificate. Included in the OCI Signature",
    },
  },
  {
    commands: ["attest", "sign"],
    name: "certificate-chain",
    aliases: ["cert-chain"],
    type: "string",
    usage:
      "path to a list of CA X.509 certificates in PEM format which will be needed when building the certificate chain for the signing certificate. Must start with the parent intermediate CA certificate of the signing certificate and end with the root certificate. Included in the OCI Signature",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "fulcio-auth-flow",
    type: "string",
    usage:
      "fulcio interactive oauth2 flow to use for certificate from fulcio. Defaults to determining the flow based on the runtime environment. (options) normal|device|token|client_credentials",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "fulcio-url",
    type: "string",
    default: "https://fulcio.sigstore.dev",
    usage: "address of sigstore PKI server",
    cosign3: { deprecated: "please use a signing config to specify a fulcio url; see `cosign signing-config --help`" },
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "identity-token",
    type: "string",
    usage:
      "identity token to use for certificate from fulcio. the token or a path to a file containing the token is accepted.",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "insecure-skip-verify",
    type: "bool",
    usage: "skip verifying fulcio published to the SCT (this should only be used for testing).",
    cosign3: { deprecated: "SCT verification is no longer performed during signing/attestation." },
  },
  {
    commands: ["attest", "attest-blob"],
    name: "issue-certificate",
    type: "bool",
    usage: "issue a code signing certificate from Fulcio, even if a key is provided",
    deprecated: "support for this flag will be removed in the future",
    only: "cosign3",
  },
  {
    commands: ["sign", "sign-blob"],
    name: "issue-certificate",
    type: "bool",
    usage: "issue a code signing certificate from Fulcio, even if a key is provided",
    cosign3: { deprecated: "support for this flag will be removed in the future" },
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "oidc-client-id",
    type: "string",
    default: "sigstore",
    usage: "OIDC client ID for application",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "oidc-client-secret-file",
    type: "string",
    usage: "Path to file containing OIDC client secret for application",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "oidc-disable-ambient-providers",
    type: "bool",
    usage: "Disable ambient OIDC providers. When true, ambient credentials will not be read",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "oidc-issuer",
    type: "string",
    default: "https://oauth2.sigstore.dev/auth",
    usage: "OIDC provider to be used to issue ID token",
    cosign3: {
      deprecated: "please use a signing config to specify an OIDC issuer; see `cosign signing-config create --help`",
    },
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "oidc-provider",
    type: "string",
    usage:
      "Specify the provider to get the OIDC token from (Optional). If unset, all options will be tried. Options include: [spiffe, google, github-actions, filesystem, buildkite-agent]",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "oidc-redirect-url",
    type: "string",
    usage: "OIDC redirect URL (Optional). The default oidc-redirect-url is 'http://localhost:0/auth/callback'.",
  },
  {
    commands: ["attest", "attest-blob"],
    name: "rekor-entry-type",
    type: "string",
    default: "dsse",
    usage: "specifies the type to be used for a rekor entry upload (dsse|intoto)",
    cosign3: {
      deprecated:
        "support for this flag will be removed in the future. it is strongly discouraged to rely on Rekor for attestation storage, and in future releases of Rekor, this functionality will be removed.",
    },
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "rekor-url",
    type: "string",
    default: "https://rekor.sigstore.dev",
    usage: "address of rekor STL server",
    cosign3: { deprecated: "please use a signing config to specify a rekor url; see `cosign signing-config --help`" },
  },
  {
    commands: ["sign-blob"],
    name: "rfc3161-timestamp",
    type: "string",
    usage: "write the RFC3161 timestamp to a file",
    cosign3: {
      deprecated: "please use --bundle to provide the output bundle location, which will include the signed timestamp",
    },
  },
  {
    commands: ["attest-blob"],
    name: "rfc3161-timestamp-bundle",
    type: "string",
    usage: "path to an RFC 3161 timestamp bundle FILE",
    cosign3: {
      deprecated: "please use --bundle to provide the output bundle location, which will include the signed timestamp",
    },
  },
  {
    commands: ["attest", "sign"],
    name: "signing-config",
    type: "string",
    usage: "path to a signing config file",
    only: "cosign3",
  },
  {
    commands: ["attest-blob", "sign-blob"],
    name: "signing-config",
    type: "string",
    usage:
      "path to a signing config file. Must provide --bundle, which will output verification material in the new format",
    only: "cosign3",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "timestamp-client-cacert",
    type: "string",
    usage: "path to the X.509 CA certificate file in PEM format to be used for the connection to the TSA Server",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "timestamp-client-cert",
    type: "string",
    usage: "path to the X.509 certificate file in PEM format to be used for the connection to the TSA Server",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "timestamp-client-key",
    type: "string",
    usage:
      "path to the X.509 private key file in PEM format to be used, together with the 'timestamp-client-cert' value, for the connection to the TSA Server",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "timestamp-server-name",
    type: "string",
    usage: "SAN name to use as the 'ServerName' tls.Config field to verify the mTLS connection to the TSA Server",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "timestamp-server-url",
    type: "string",
    usage:
      "url to the Timestamp RFC3161 server, default none. Must be the path to the API to request timestamp responses, e.g. https://freetsa.org/tsr",
    cosign3: {
      deprecated: "please use a signing config to specify a timestamp server url; see `cosign signing-config --help`",
    },
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "tlog-upload",
    type: "bool",
    default: "true",
    usage: "whether or not to upload to the tlog",
    cosign3: { deprecated: "prefer using a --signing-config file with no transparency log services" },
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "trusted-root",
    type: "string",
    usage: "optional path to a TrustedRoot JSON file to verify a signature after signing",
    only: "cosign3",
  },
  {
    commands: ["attest", "sign"],
    name: "use-signing-config",
    type: "bool",
    default: "true",
    usage: "whether to use a TUF-provided signing config for the service URLs",
    only: "cosign3",
  },
  {
    commands: ["attest-blob", "sign-blob"],
    name: "use-signing-config",
    type: "bool",
    default: "true",
    usage:
      "whether to use a TUF-provided signing config for the service URLs. Must provide --bundle, which will output verification material in the new format",
    only: "cosign3",
  },
]
