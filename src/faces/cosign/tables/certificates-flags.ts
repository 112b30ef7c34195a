import type { FaceFlag } from "../face-flag.ts"

/** Flags of verifying commands about certificates, logs and timestamps. */
export const certificatesFlags: readonly FaceFlag[] = [
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "ca-intermediates",
    type: "string",
    usage:
      "path to a file of intermediate CA certificates in PEM format which will be needed when building the certificate chains for the signing certificate. The flag is optional and must be used together with --ca-roots, conflicts with --certificate-chain.",
    cosign3: { deprecated: "please use --trusted-root to provide CA certificates" },
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "ca-roots",
    type: "string",
    usage:
      "path to a bundle file of CA certificates in PEM format which will be needed when building the certificate chains for the signing certificate. Conflicts with --certificate-chain.",
    cosign3: { deprecated: "please use --trusted-root to provide CA certificates" },
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "certificate",
    aliases: ["cert"],
    type: "string",
    usage:
      "path to the public certificate. The certificate will be verified against the Fulcio roots if the --certificate-chain option is not passed.",
    cosign3: { deprecated: "please use --bundle with --trusted-root to provide the public certificate" },
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "certificate-chain",
    aliases: ["cert-chain"],
    type: "string",
    usage:
      "path to a list of CA certificates in PEM format which will be needed when building the certificate chain for the signing certificate. Must start with the parent intermediate CA certificate of the signing certificate and end with the root certificate. Conflicts with --ca-roots and --ca-intermediates.",
    cosign3: { deprecated: "please use --trusted-root to provide the certificate chain" },
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "certificate-github-workflow-name",
    type: "string",
    usage:
      "contains the workflow claim from the GitHub OIDC Identity token that contains the name of the executed workflow.",
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "certificate-github-workflow-ref",
    type: "string",
    usage:
      "contains the ref claim from the GitHub OIDC Identity token that contains the git ref that the workflow run was based upon.",
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "certificate-github-workflow-repository",
    type: "string",
    usage:
      "contains the repository claim from the GitHub OIDC Identity token that contains the repository that the workflow run was based upon",
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "certificate-github-workflow-sha",
    type: "string",
    usage:
      "contains the sha claim from the GitHub OIDC Identity token that contains the commit SHA that the workflow run was based upon.",
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "certificate-github-workflow-trigger",
    type: "string",
    usage:
      "contains the event_name claim from the GitHub OIDC Identity token that contains the name of the event that triggered the workflow run",
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "certificate-identity",
    aliases: ["cert-identity"],
    type: "string",
    usage:
      "The identity expected in a valid Fulcio certificate. Valid values include email address, DNS names, IP addresses, and URIs. Either --certificate-identity or --certificate-identity-regexp must be set for keyless flows.",
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "certificate-identity-regexp",
    type: "string",
    usage:
      "A regular expression alternative to --certificate-identity. Accepts the Go regular expression syntax described at https://golang.org/s/re2syntax. Either --certificate-identity or --certificate-identity-regexp must be set for keyless flows.",
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "certificate-oidc-issuer",
    aliases: ["cert-oidc-issuer"],
    type: "string",
    usage:
      "The OIDC issuer expected in a valid Fulcio certificate, e.g. https://token.actions.githubusercontent.com or https://oauth2.sigstore.dev/auth. Either --certificate-oidc-issuer or --certificate-oidc-issuer-regexp must be set for keyless flows.",
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "certificate-oidc-issuer-regexp",
    type: "string",
    usage:
      "A regular expression alternative to --certificate-oidc-issuer. Accepts the Go regular expression syntax described at https://golang.org/s/re2syntax. Either --certificate-oidc-issuer or --certificate-oidc-issuer-regexp must be set for keyless flows.",
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "insecure-ignore-sct",
    type: "bool",
    usage:
      "when set, verification will not check that a certificate contains an embedded SCT, a proof of inclusion in a certificate transparency log",
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "rekor-url",
    type: "string",
    default: "https://rekor.sigstore.dev",
    usage: "address of rekor STL server",
    cosign3: { deprecated: "please use --bundle, which includes the Rekor inclusion proof" },
  },
  {
    commands: ["verify-blob", "verify-blob-attestation"],
    name: "rfc3161-timestamp",
    type: "string",
    usage: "path to RFC3161 timestamp FILE",
    cosign3: {
      deprecated: "please use --bundle to provide the output bundle location, which will include the signed timestamp",
    },
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "sct",
    type: "string",
    usage:
      "path to a detached Signed Certificate Timestamp, formatted as a RFC6962 AddChainResponse struct. If a certificate contains an SCT, verification will check both the detached and embedded SCTs.",
    cosign3: { deprecated: "a Signed Certificate Timestamp is now provided via a Sigstore bundle" },
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "timestamp-certificate-chain",
    type: "string",
    usage:
      "path to PEM-encoded certificate chain file for the RFC3161 timestamp authority. Must contain the root CA certificate. Optionally may contain intermediate CA certificates, and may contain the leaf TSA certificate if not present in the timestamp",
    cosign3: { deprecated: "please use --trusted-root to provide the timestamp authority certificate chain" },
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "trusted-root",
    type: "string",
    usage: "Path to a Sigstore TrustedRoot JSON file",
    cosign2: { usage: "Path to a Sigstore TrustedRoot JSON file. Requires --new-bundle-format to be set." },
  },
  {
    commands: ["verify", "verify-attestation", "verify-blob", "verify-blob-attestation"],
    name: "use-signed-timestamps",
    type: "bool",
    usage: "verify rfc3161 timestamps",
  },
]
