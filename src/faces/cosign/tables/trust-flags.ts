import type { FaceFlag } from "../face-flag.ts"

/** Flags of the commands about trust data and about bundles as files. */
export const trustFlags: readonly FaceFlag[] = [
  {
    commands: ["initialize"],
    name: "mirror",
    type: "string",
    default: "https://tuf-repo-cdn.sigstore.dev",
    usage:
      "GCS bucket to a SigStore TUF repository, or HTTP(S) base URL, or file:/// for local filestore remote (air-gap)",
  },
  {
    commands: ["initialize"],
    name: "root",
    type: "string",
    usage: "path to trusted initial root. defaults to embedded root",
  },
  {
    commands: ["initialize"],
    name: "root-checksum",
    type: "string",
    usage:
      "checksum of the initial root, required if root is downloaded via http(s). expects sha256 by default, can be changed to sha512 by providing sha512:<checksum>",
  },
  { commands: ["initialize"], name: "staging", type: "bool", usage: "use the staging TUF repository", only: "cosign3" },
  {
    commands: ["trusted-root create"],
    name: "certificate-chain",
    type: "stringArray",
    usage:
      "path to a list of CA certificates in PEM format which will be needed when building the certificate chain for the signing certificate. Must start with the parent intermediate CA certificate of the signing certificate and end with the root certificate.",
    aliases: ["cert-chain"],
    cosign3: { deprecated: "use --fulcio instead" },
  },
  {
    commands: ["trusted-root create"],
    name: "ctfe",
    type: "stringArray",
    usage:
      "ctfe service specification, as a comma-separated key-value list. Required keys: url, public-key (path to PEM-encoded public key), start-time. Optional keys: end-time, origin.",
    only: "cosign3",
  },
  {
    commands: ["trusted-root create"],
    name: "ctfe-end-time",
    type: "stringArray",
    usage: "end of a key's validity, RFC 3339",
    only: "cosign3",
    deprecated: "use --ctfe instead",
  },
  {
    commands: ["trusted-root create"],
    name: "ctfe-key",
    type: "stringArray",
    usage: "path to a PEM-encoded public key used by certificate authority for certificate transparency log.",
    cosign3: { deprecated: "use --ctfe instead" },
  },
  {
    commands: ["trusted-root create"],
    name: "ctfe-start-time",
    type: "stringArray",
    usage: "RFC 3339 string describing validity start time for key use by certificate transparency log.",
    cosign3: { deprecated: "use --ctfe instead" },
  },
  {
    commands: ["trusted-root create"],
    name: "ctfe-url",
    type: "stringArray",
    usage: "URL of the certificate transparency log",
    only: "cosign3",
    deprecated: "use --ctfe instead",
  },
  {
    commands: ["trusted-root create"],
    name: "fulcio",
    type: "stringArray",
    usage:
      "fulcio service specification, as a comma-separated key-value list. Required keys: url, certificate-chain (path to PEM-encoded certificate chain). Optional keys: start-time, end-time.",
    only: "cosign3",
  },
  {
    commands: ["trusted-root create"],
    name: "fulcio-uri",
    type: "stringArray",
    usage: "URI of the certificate authority",
    only: "cosign3",
    deprecated: "use --fulcio instead",
  },
  {
    commands: ["trusted-root create"],
    name: "no-default-ctfe",
    type: "bool",
    usage: "removes the default CTFE URLs from the trusted root.",
    only: "cosign3",
  },
  {
    commands: ["trusted-root create"],
    name: "no-default-fulcio",
    type: "bool",
    usage: "removes the default Fulcio URLs from the trusted root.",
    only: "cosign3",
  },
  {
    commands: ["trusted-root create"],
    name: "no-default-rekor",
    type: "bool",
    usage: "removes the default Rekor URLs from the trusted root.",
    only: "cosign3",
  },
  {
    commands: ["trusted-root create"],
    name: "no-default-tsa",
    type: "bool",
    usage: "removes the default TSA URLs from the trusted root.",
    only: "cosign3",
  },
  { commands: ["trusted-root create"], name: "out", type: "string", usage: "path to output trusted root" },
  {
    commands: ["trusted-root create"],
    name: "rekor",
    type: "stringArray",
    usage:
      "rekor service specification, as a comma-separated key-value list. Required keys: url, public-key (path to PEM-encoded public key), start-time. Optional keys: end-time, origin.",
    only: "cosign3",
  },
  {
    commands: ["trusted-root create"],
    name: "rekor-end-time",
    type: "stringArray",
    usage: "end of a key's validity, RFC 3339",
    only: "cosign3",
    deprecated: "use --rekor instead",
  },
  {
    commands: ["trusted-root create"],
    name: "rekor-key",
    type: "stringArray",
    usage: "path to a PEM-encoded public key used by transparency log like Rekor.",
    cosign3: { deprecated: "use --rekor instead" },
  },
  {
    commands: ["trusted-root create"],
    name: "rekor-start-time",
    type: "stringArray",
    usage: "RFC 3339 string describing validity start time for key use by transparency log like Rekor.",
    cosign3: { deprecated: "use --rekor instead" },
  },
  {
    commands: ["trusted-root create"],
    name: "rekor-url",
    type: "stringArray",
    usage: "URL of the transparency log",
    only: "cosign3",
    deprecated: "use --rekor instead",
  },
  {
    commands: ["trusted-root create"],
    name: "timestamp-certificate-chain",
    type: "stringArray",
    usage:
      "path to PEM-encoded certificate chain file for the RFC3161 timestamp authority. Must contain the root CA certificate. Optionally may contain intermediate CA certificates",
    cosign3: { deprecated: "use --tsa instead" },
  },
  {
    commands: ["trusted-root create"],
    name: "timestamp-uri",
    type: "stringArray",
    usage: "URI of the timestamp authority",
    only: "cosign3",
    deprecated: "use --tsa instead",
  },
  {
    commands: ["trusted-root create"],
    name: "tsa",
    type: "stringArray",
    usage:
      "timestamping authority specification, as a comma-separated key-value list. Required keys: url, certificate-chain (path to PEM-encoded certificate chain). Optional keys: start-time, end-time.",
    only: "cosign3",
  },
  {
    commands: ["trusted-root create"],
    name: "with-default-services",
    type: "bool",
    usage:
      "use the Sigstore TUF root as default values to populate the trusted root. Specifying the other service flags will override the default values.",
    only: "cosign3",
  },
  {
    commands: ["signing-config create"],
    name: "fulcio",
    type: "stringArray",
    usage:
      "fulcio service specification, as a comma-separated key-value list. Required keys: url, api-version (integer), start-time, operator. Optional keys: end-time.",
  },
  {
    commands: ["signing-config create"],
    name: "no-default-fulcio",
    type: "bool",
    usage: "removes the default Fulcio URLs from the signing config.",
  },
  {
    commands: ["signing-config create"],
    name: "no-default-oidc",
    type: "bool",
    usage: "removes the default OIDC provider URLs from the signing config.",
  },
  {
    commands: ["signing-config create"],
    name: "no-default-rekor",
    type: "bool",
    usage: "removes the default Rekor URLs from the signing config.",
  },
  {
    commands: ["signing-config create"],
    name: "no-default-tsa",
    type: "bool",
    usage: "removes the default TSA URLs from the signing config.",
  },
  {
    commands: ["signing-config create"],
    name: "oidc-provider",
    type: "stringArray",
    usage:
      "oidc provider specification, as a comma-separated key-value list. Required keys: url, api-version (integer), start-time, operator. Optional keys: end-time.",
  },
  { commands: ["signing-config create"], name: "out", type: "string", usage: "path to output signing config" },
  {
    commands: ["signing-config create"],
    name: "rekor",
    type: "stringArray",
    usage:
      "rekor service specification, as a comma-separated key-value list. Required keys: url, api-version (integer), start-time, operator. Optional keys: end-time.",
  },
  {
    commands: ["signing-config create"],
    name: "rekor-config",
    type: "string",
    usage: "rekor configuration. Required if --rekor is provided. One of: ANY, ALL, EXACT:<count>",
  },
  {
    commands: ["signing-config create"],
    name: "tsa",
    type: "stringArray",
    usage:
      "timestamping authority specification, as a comma-separated key-value list. Required keys: url, api-version (integer), start-time, operator. Optional keys: end-time.",
  },
  {
    commands: ["signing-config create"],
    name: "tsa-config",
    type: "string",
    usage: "timestamping authority configuration. Required if --tsa is provided. One of: ANY, ALL, EXACT:<count>",
  },
  {
    commands: ["signing-config create"],
    name: "with-default-rekor-v2",
    type: "bool",
    usage:
      "use the Sigstore TUF root, with the Rekor v2 service, as default values to populate the signing config. Specifying the other service flags will override the default values.",
  },
  {
    commands: ["signing-config create"],
    name: "with-default-services",
    type: "bool",
    usage:
      "use the Sigstore TUF root as default values to populate the signing config. Specifying the other service flags will override the default values.",
  },
  { commands: ["bundle create"], name: "artifact", type: "string", usage: "path to artifact FILE" },
  { commands: ["bundle create"], name: "attestation", type: "string", usage: "path to attestation FILE" },
  { commands: ["bundle create"], name: "bundle", type: "string", usage: "path to old format bundle FILE" },
  {
    commands: ["bundle create"],
    name: "certificate",
    type: "string",
    usage: "path to the signing certificate, likely from Fulcio.",
    aliases: ["cert"],
    cosign2: { usage: "path to the signing certificate, likely from Fulco." },
  },
  {
    commands: ["bundle create"],
    name: "ignore-tlog",
    type: "bool",
    usage:
      "ignore transparency log verification, to be used when an artifact signature has not been uploaded to the transparency log.",
  },
  {
    commands: ["bundle create"],
    name: "key",
    type: "string",
    usage: "path to the public key file, KMS URI or Kubernetes Secret",
  },
  { commands: ["bundle create"], name: "out", type: "string", usage: "path to output bundle" },
  {
    commands: ["bundle create"],
    name: "rekor-url",
    type: "string",
    default: "https://rekor.sigstore.dev",
    usage: "address of rekor STL server",
    cosign3: { deprecated: "please use a signing config to specify a rekor url; see `cosign signing-config --help`" },
  },
  { commands: ["bundle create"], name: "rfc3161-timestamp", type: "string", usage: "path to RFC3161 timestamp FILE" },
  {
    commands: ["bundle create"],
    name: "signature",
    type: "string",
    usage: "path to base64-encoded signature over attestation in DSSE format",
  },
  {
    commands: ["bundle create"],
    name: "sk",
    type: "bool",
    usage: "whether to use a hardware security key",
    refused: "hardware tokens are not part of this release",
  },
  {
    commands: ["bundle create"],
    name: "slot",
    type: "string",
    default: "signature",
    usage: "security key slot to use for generated key (authentication|signature|card-authentication|key-management)",
    refused: "hardware tokens are not part of this release",
  },
  { commands: ["bundle upgrade"], name: "out", type: "string", usage: "path to the output upgraded bundle file" },
  {
    commands: ["bundle upgrade"],
    name: "rekor-url",
    type: "string",
    default: "https://rekor.sigstore.dev",
    usage: "URL of the transparency log",
  },
  // Of cosign 3.1.2; 3.1.1 does not have it.
  {
    commands: ["signing-config create"],
    name: "base-config",
    type: "string",
    usage:
      "path to base signing config file to use as starting point. Service flags will replace services from the base config.",
    hidden: true,
  },
]
