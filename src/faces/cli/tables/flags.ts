import { FORMAT_NAMES } from "../../../core/format-names.ts"
import type { FlagSpec } from "../../command.ts"

export const KEY_FLAG: FlagSpec = {
  name: "key",
  type: "string",
  usage: "private key: a file, env://NAME, or notation:NAME of notation's configuration",
  placeholder: "KEY",
}

export const VERIFY_KEY_FLAG: FlagSpec = {
  name: "key",
  type: "stringArray",
  usage: "public key that may have signed: a file, env://NAME or https:// URL; may be repeated",
  placeholder: "KEY",
}

export const PASSWORD_FILE_FLAG: FlagSpec = {
  name: "password-file",
  type: "string",
  usage: "file with the private key's password, - for standard input (else COUNTERSIGN_PASSWORD, COSIGN_PASSWORD)",
  placeholder: "FILE",
}

export const SIGNED_ANNOTATION_FLAG: FlagSpec = {
  name: "annotation",
  short: "a",
  type: "stringArray",
  usage: "name=value to put under the signature; may be repeated",
  placeholder: "NAME=VALUE",
}

export const RECURSIVE_FLAG: FlagSpec = {
  name: "recursive",
  short: "r",
  type: "bool",
  usage: "also every manifest an index lists",
}

export const FROM_FILE_FLAG: FlagSpec = {
  name: "from-file",
  type: "string",
  usage: "file with one artifact a line, - for standard input; # starts a comment",
  placeholder: "LIST",
}

export const SIGNATURE_REPOSITORY_FLAG: FlagSpec = {
  name: "signature-repository",
  type: "string",
  usage: "repository that holds the signatures instead of the artifact's own",
  placeholder: "REPOSITORY",
}

export const BLOB_FLAG: FlagSpec = {
  name: "blob",
  type: "string",
  usage: "a file instead of an artifact, - for standard input",
  placeholder: "FILE",
}

export const WRITE_FORMAT_FLAG: FlagSpec = {
  name: "format",
  type: "stringSlice",
  default: "cosign-v3",
  usage:
    "formats to write: cosign-v3 (bundle, found as referrer), cosign-v2 (tag), notation (JWS), notation-cose; may be a list",
  placeholder: "FORMAT",
  choices: FORMAT_NAMES,
}

/** Of statements; the formats of notation have none. */
export const ATTEST_FORMAT_FLAG: FlagSpec = {
  name: "format",
  type: "stringSlice",
  default: "cosign-v3",
  usage: "formats to write: cosign-v3 (bundle, found as referrer), cosign-v2 (tag); may be a list",
  placeholder: "FORMAT",
  choices: ["cosign-v3", "cosign-v2"],
}

export const READ_FORMAT_FLAG: FlagSpec = {
  name: "format",
  type: "stringSlice",
  default: FORMAT_NAMES.join(","),
  usage: "formats that count; others that are found are named",
  placeholder: "FORMAT",
  choices: FORMAT_NAMES,
}

/** Certificates of statements; those of signatures stand with {@link CERTIFIED_FLAGS}. */
export const CERT_CHAIN_FLAG: FlagSpec = {
  name: "cert-chain",
  type: "string",
  usage:
    "the key's certificates of your own authority in PEM, leaf first, root last; verifiers name identity and authority",
  placeholder: "FILE",
}

/** Certificates and times of notation signatures, for commands that sign. */
export const CERTIFIED_FLAGS: readonly FlagSpec[] = [
  {
    name: "cert-chain",
    type: "string",
    usage:
      "the key's certificates in PEM, leaf first, root last: for the notation formats; without one of them, put into cosign's",
    placeholder: "FILE",
  },
  {
    name: "expires",
    type: "duration",
    usage: "with the notation formats: the signature ends after this time, such as 720h",
    placeholder: "DURATION",
  },
  {
    name: "timestamp-url",
    type: "string",
    usage: "RFC 3161 authority that vouches for the time; instead of the signing config's with --keyless or --log",
    placeholder: "URL",
  },
  {
    name: "timestamp-root",
    type: "string",
    usage: "root certificate of the timestamp authority",
    placeholder: "FILE",
  },
  {
    name: "plugin-config",
    type: "stringArray",
    usage: "name=value for the plugin that holds the key; may be repeated",
    placeholder: "NAME=VALUE",
  },
]

const IDENTITY_FLAG: FlagSpec = {
  name: "identity",
  type: "stringArray",
  usage:
    "signer that counts. With an issuer: alice@example.com, email:…, uri:…, san:…, re2:PATTERN, spiffe://…, " +
    "github:OWNER/REPO[/workflow.yml][@refs/…], gitlab:GROUP/PROJECT. With a trust store: " +
    '"x509.subject: C=…, ST=…, O=…", x509.thumbprint:HEX, x509.san:DNS:…, "x509.issuer: …", x509.serial:HEX, or *; may be repeated',
  placeholder: "IDENTITY",
}

/** Identities by issuer, logs and timestamps, for commands that verify. */
export const SIGSTORE_FLAGS: readonly FlagSpec[] = [
  {
    name: "issuer",
    type: "string",
    usage:
      "with --identity: the OIDC issuer that vouches for it, re2:PATTERN, or none where certificates of --ca-roots name no issuer; github: and gitlab: know theirs",
    placeholder: "URL",
  },
  {
    name: "trusted-root",
    type: "string",
    usage: "trusted_root.json with authorities and logs; default: that of the TUF repository",
    placeholder: "FILE",
  },
  {
    name: "ca-roots",
    type: "string",
    usage: "PEM file of certificate authorities to trust instead of the trusted root's",
    placeholder: "FILE",
  },
  {
    name: "ca-intermediates",
    type: "string",
    usage: "with --ca-roots: PEM file of their intermediates",
    placeholder: "FILE",
  },
  {
    name: "log",
    type: "string",
    usage: "transparency log: require (default with --identity) or ignore (default with --key)",
    placeholder: "CHOICE",
    choices: ["require", "ignore"],
  },
  {
    name: "log-threshold",
    type: "int",
    usage: "distinct logs that must hold the signature; default 1 where the log is required",
    placeholder: "N",
  },
  {
    name: "rekor-url",
    type: "stringArray",
    usage: "version 1 log that is asked for signatures which carry no entry; may be repeated",
    placeholder: "URL",
  },
  {
    name: "timestamps",
    type: "int",
    usage: "distinct timestamp authorities that must vouch for the time; default 0",
    placeholder: "N",
  },
  {
    name: "sct",
    type: "string",
    usage: "certificate transparency of an identity's certificate: require (default) or ignore",
    placeholder: "CHOICE",
    choices: ["require", "ignore"],
  },
]

/** Whose certificates count, for commands that verify. */
export const CERTIFICATE_FLAGS: readonly FlagSpec[] = [
  {
    name: "trust-store",
    type: "stringArray",
    usage:
      "certificates that vouch for signers: ca:NAME, signingAuthority:NAME or tsa:NAME of notation's configuration, or ca:./FILE; may be repeated",
    placeholder: "TYPE:STORE",
  },
  IDENTITY_FLAG,
  {
    name: "level",
    type: "string",
    default: "strict",
    usage: "how much is enforced for certificates: strict, permissive (times and revocation only warn), audit",
    placeholder: "LEVEL",
    choices: ["strict", "permissive", "audit"],
  },
  {
    name: "override",
    type: "stringArray",
    usage: "one validation otherwise than the level says, such as expiry=log; may be repeated",
    placeholder: "VALIDATION=ACTION",
  },
  {
    name: "verify-timestamp",
    type: "string",
    default: "always",
    usage: "with a tsa store: always, or only afterCertExpiry",
    placeholder: "WHEN",
    choices: ["always", "afterCertExpiry"],
  },
  {
    name: "plugin-config",
    type: "stringArray",
    usage: "name=value for the plugin that a signature asks for; may be repeated",
    placeholder: "NAME=VALUE",
  },
]
