import type { FaceFlag } from "../face-flag.ts"

const REGISTRY_COMMANDS = [
  "attest",
  "clean",
  "generate",
  "load",
  "save",
  "sign",
  "tree",
  "triangulate",
  "verify",
  "verify-attestation",
]

/** Flags of every command that talks to a registry. */
export const registryFlags: readonly FaceFlag[] = [
  {
    commands: REGISTRY_COMMANDS,
    name: "allow-http-registry",
    type: "bool",
    usage:
      "whether to allow using HTTP protocol while connecting to registries. Don't use this for anything but testing",
  },
  {
    commands: REGISTRY_COMMANDS,
    name: "allow-insecure-registry",
    type: "bool",
    usage:
      "whether to allow insecure connections to registries (e.g., with expired or self-signed TLS certificates). Don't use this for anything but testing",
  },
  {
    commands: REGISTRY_COMMANDS,
    name: "attachment-tag-prefix",
    type: "string",
    usage:
      "optional custom prefix to use for attached image tags. Attachment images are tagged as: `[AttachmentTagPrefix]sha256-[TargetImageDigest].[AttachmentName]`",
    cosign3: { deprecated: "please use OCI referrers" },
  },
  {
    commands: REGISTRY_COMMANDS,
    name: "k8s-keychain",
    type: "bool",
    usage: "whether to use the kubernetes keychain instead of the default keychain (supports workload identity).",
    refused: "cloud providers' keychains are not part of this release; log in, or use --registry-username",
  },
  {
    commands: REGISTRY_COMMANDS,
    name: "registry-cacert",
    type: "string",
    usage: "path to the X.509 CA certificate file in PEM format to be used for the connection to the registry",
  },
  {
    commands: REGISTRY_COMMANDS,
    name: "registry-client-cert",
    type: "string",
    usage: "path to the X.509 certificate file in PEM format to be used for the connection to the registry",
  },
  {
    commands: REGISTRY_COMMANDS,
    name: "registry-client-key",
    type: "string",
    usage:
      "path to the X.509 private key file in PEM format to be used, together with the 'registry-client-cert' value, for the connection to the registry",
  },
  {
    commands: REGISTRY_COMMANDS,
    name: "registry-password",
    type: "string",
    usage: "registry basic auth password",
  },
  {
    commands: ["tree"],
    name: "registry-referrers-mode",
    type: "string",
    choices: ["legacy", "oci-1-1"],
    usage: "mode for fetching references from the registry. allowed: legacy, oci-1-1",
    only: "cosign3",
  },
  {
    commands: ["sign"],
    name: "registry-referrers-mode",
    type: "string",
    choices: ["legacy", "oci-1-1"],
    usage: "mode for fetching references from the registry. allowed: legacy, oci-1-1",
  },
  {
    commands: REGISTRY_COMMANDS,
    name: "registry-server-name",
    type: "string",
    usage: "SAN name to use as the 'ServerName' tls.Config field to verify the mTLS connection to the registry",
  },
  {
    commands: REGISTRY_COMMANDS,
    name: "registry-token",
    type: "string",
    usage: "registry bearer auth token",
  },
  {
    commands: REGISTRY_COMMANDS,
    name: "registry-username",
    type: "string",
    usage: "registry basic auth username",
  },
]
