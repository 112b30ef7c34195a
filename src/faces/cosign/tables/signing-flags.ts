import type { FaceFlag } from "../face-flag.ts"

/** Flags of signing commands. */
export const signingFlags: readonly FaceFlag[] = [
  {
    commands: ["sign"],
    name: "attachment",
    type: "string",
    usage: "DEPRECATED, related image attachment to sign (sbom), default none",
    cosign3: {
      deprecated:
        "please use OCI referrers for attachments; see `cosign attach sbom --registry-referrers-mode=oci-1-1 --help`",
    },
    refused: "SBOM attachments are not part of this release",
  },
  {
    commands: ["sign-blob"],
    name: "b64",
    type: "bool",
    default: "true",
    usage: "whether to base64 encode the output",
    cosign3: { deprecated: "please use --bundle, which already base64 encodes content as appropriate" },
  },
  {
    commands: ["attest"],
    name: "bundle",
    type: "string",
    usage: "write everything required to verify the blob to a FILE",
    only: "cosign3",
  },
  {
    commands: ["sign"],
    name: "bundle",
    type: "string",
    usage: "write everything required to verify the image to FILE",
    only: "cosign3",
  },
  {
    commands: ["attest-blob", "sign-blob"],
    name: "bundle",
    type: "string",
    usage: "write everything required to verify the blob to a FILE",
  },
  {
    commands: ["attest-blob"],
    name: "hash",
    type: "string",
    usage:
      "hash of blob in hexadecimal (base16). Used if you want to sign an artifact stored elsewhere and have the hash",
  },
  {
    commands: ["sign"],
    name: "new-bundle-format",
    type: "bool",
    default: "true",
    usage: "write a Sigstore bundle",
    deprecated: "this will be the only supported format in future versions",
    only: "cosign3",
  },
  {
    commands: ["attest"],
    name: "new-bundle-format",
    type: "bool",
    usage: "attach a Sigstore bundle using OCI referrers API",
    cosign3: { deprecated: "this will be the only supported format in future versions", default: "true" },
  },
  {
    commands: ["attest-blob", "sign-blob"],
    name: "new-bundle-format",
    type: "bool",
    usage: "output bundle in new format that contains all verification material",
    cosign3: { deprecated: "this will be the only supported format in future versions", default: "true" },
  },
  {
    commands: ["attest"],
    name: "no-upload",
    type: "bool",
    usage: "do not upload the generated attestation, but send the attestation output to STDOUT",
    cosign2: { usage: "do not upload the generated attestation" },
  },
  {
    commands: ["sign-blob"],
    name: "output",
    type: "string",
    usage: "write the signature to FILE",
    cosign3: {
      deprecated: "please use --bundle to provide the output bundle location, which will include the signature",
    },
  },
  {
    commands: ["attest-blob"],
    name: "output-attestation",
    type: "string",
    usage: "write the attestation to FILE",
  },
  {
    commands: ["attest-blob", "sign", "sign-blob"],
    name: "output-certificate",
    aliases: ["output-cert"],
    type: "string",
    usage: "write the certificate to FILE",
    cosign3: {
      deprecated: "please use --bundle to provide the output bundle location, which will include the certificate",
    },
  },
  {
    commands: ["sign"],
    name: "output-payload",
    type: "string",
    usage: "write the signed payload to FILE",
    cosign3: {
      deprecated: "please use --bundle to provide the output bundle location, which will include the payload",
    },
  },
  {
    commands: ["attest-blob", "sign", "sign-blob"],
    name: "output-signature",
    type: "string",
    usage: "write the signature to FILE",
    cosign3: {
      deprecated: "please use --bundle to provide the output bundle location, which will include the signature",
    },
  },
  {
    commands: ["sign"],
    name: "payload",
    type: "string",
    usage: "path to a payload file to use rather than generating one",
  },
  {
    commands: ["attest", "attest-blob"],
    name: "predicate",
    type: "string",
    usage: "path to the predicate file.",
  },
  {
    commands: ["attest"],
    name: "record-creation-timestamp",
    type: "bool",
    usage:
      "set the createdAt timestamp in the attestation artifact to the time it was created; by default, cosign sets this to the zero value",
    cosign3: { deprecated: "not used with the new bundle format" },
  },
  {
    commands: ["sign"],
    name: "record-creation-timestamp",
    type: "bool",
    usage:
      "set the createdAt timestamp in the signature artifact to the time it was created; by default, cosign sets this to the zero value",
    cosign3: { deprecated: "not used with the new bundle format" },
  },
  {
    commands: ["attest"],
    name: "recursive",
    short: "r",
    type: "bool",
    usage: "if a multi-arch image is specified, additionally sign each discrete image",
    only: "cosign2",
  },
  {
    commands: ["sign"],
    name: "recursive",
    short: "r",
    type: "bool",
    usage: "if a multi-arch image is specified, additionally sign each discrete image",
  },
  {
    commands: ["attest"],
    name: "replace",
    type: "bool",
    usage: "",
    cosign3: { deprecated: "not needed when OCI referrers become the default behavior" },
  },
  {
    commands: ["sign"],
    name: "sign-container-identity",
    type: "string",
    usage:
      "manually set the .critical.docker-reference field for the signed identity, which is useful when image proxies are being used where the pull reference should match the signature",
    cosign3: { type: "stringSlice", deprecated: "not possible when OCI referrers become the default behavior" },
  },
  {
    commands: ["sign-blob"],
    name: "signing-algorithm",
    type: "string",
    default: "ecdsa-sha2-256-nistp256",
    usage:
      "signing algorithm to use for signing/hashing (allowed ecdsa-sha2-256-nistp256, ecdsa-sha2-384-nistp384, ecdsa-sha2-512-nistp521, rsa-sign-pkcs1-2048-sha256, rsa-sign-pkcs1-3072-sha256, rsa-sign-pkcs1-4096-sha256)",
    only: "cosign3",
  },
  {
    commands: ["attest", "attest-blob"],
    name: "statement",
    type: "string",
    usage: "path to the statement file.",
    only: "cosign3",
  },
  {
    commands: ["sign"],
    name: "upload",
    type: "bool",
    default: "true",
    usage: "whether to upload the signature",
  },
  {
    commands: ["attest", "attest-blob", "sign", "sign-blob"],
    name: "yes",
    short: "y",
    type: "bool",
    usage: "skip confirmation prompts for non-destructive operations",
  },
]
