import type { FlagSpec } from "../../command.ts"

/** Formats in the order `--format` names them. */
export const FORMAT_CHOICES: readonly string[] = ["cosign-v3", "cosign-v2"]

export const KEY_FLAG: FlagSpec = {
  name: "key",
  type: "string",
  usage: "private key: a file or env://NAME",
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
  usage: "formats to write: cosign-v3 (bundle, found as referrer), cosign-v2 (tag)",
  placeholder: "FORMAT",
  choices: FORMAT_CHOICES,
}

export const READ_FORMAT_FLAG: FlagSpec = {
  name: "format",
  type: "stringSlice",
  default: "cosign-v3,cosign-v2",
  usage: "formats that count; others that are found are named",
  placeholder: "FORMAT",
  choices: FORMAT_CHOICES,
}
