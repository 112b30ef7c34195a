import type { CommandSpec, FlagSpec } from "../../command.ts"
import {
  BLOB_FLAG,
  CERTIFICATE_FLAGS,
  FROM_FILE_FLAG,
  READ_FORMAT_FLAG,
  RECURSIVE_FLAG,
  SIGNATURE_REPOSITORY_FLAG,
  SIGSTORE_FLAGS,
  VERIFY_KEY_FLAG,
} from "./flags.ts"

const QUESTION_FLAGS: readonly FlagSpec[] = [
  VERIFY_KEY_FLAG,
  READ_FORMAT_FLAG,
  ...CERTIFICATE_FLAGS,
  ...SIGSTORE_FLAGS,
  {
    name: "annotation",
    short: "a",
    type: "stringArray",
    usage: "name=value that must be signed; may be repeated",
    placeholder: "NAME=VALUE",
  },
  {
    name: "attestation",
    type: "string",
    usage: "ask for an attestation of this predicate type instead of a signature",
    placeholder: "TYPE",
  },
  RECURSIVE_FLAG,
  FROM_FILE_FLAG,
  SIGNATURE_REPOSITORY_FLAG,
  BLOB_FLAG,
  { name: "bundle", type: "string", usage: "with --blob: the Sigstore bundle", placeholder: "FILE" },
  {
    name: "signature",
    type: "string",
    usage: "with --blob: the detached signature, in base64 or raw, or a notation envelope",
    placeholder: "FILE",
  },
  {
    name: "certificate",
    type: "string",
    usage: "with --blob and --identity: the signer's certificate, for a signature that holds none",
    placeholder: "FILE",
  },
  {
    name: "media-type",
    type: "string",
    usage: "with --blob and --trust-store: the media type that must be signed for the file",
    placeholder: "TYPE",
  },
  {
    name: "envelope",
    type: "string",
    usage: "with --blob and --attestation: the DSSE envelope",
    placeholder: "FILE",
  },
]

const verify: CommandSpec = {
  path: ["verify"],
  summary: "check that artifacts or a file are signed by a key, identity or certificate you trust",
  description:
    "Answers verified, unsigned, untrusted or unknown for every artifact. Exit code 0 means that all of them are\n" +
    "verified; 1 that at least one is not signed or not trusted; 3 that the answer could not be found out.",
  examples: [
    { about: "check one artifact", line: "countersign verify --key cosign.pub registry.example/app:1.0" },
    {
      about: "accept either of two keys, and ask for a signed annotation",
      line: "countersign verify --key old.pub --key new.pub -a env=prod registry.example/app:1.0",
    },
    {
      about: "accept certificates of an authority, made out to one organisation",
      line: 'countersign verify --trust-store ca:./acme-root.pem --identity "x509.subject: C=US, ST=WA, O=acme" registry.example/app:1.0',
    },
    {
      about: "accept an identity that an issuer vouches for",
      line: "countersign verify --identity alice@example.com --issuer https://accounts.google.com registry.example/app:1.0",
    },
    {
      about: "accept what one workflow built from a tag",
      line: "countersign verify --identity github:acme/app/release.yml@refs/tags/v1.0 registry.example/app:1.0",
    },
    {
      about: "check an attestation",
      line: "countersign verify --key cosign.pub --attestation spdxjson registry.example/app:1.0",
    },
    {
      about: "check a file against its bundle",
      line: "countersign verify --key cosign.pub --blob app.tar.gz --bundle app.tar.gz.sigstore.json",
    },
    {
      about: "check a list and keep the report",
      line: "countersign verify --key cosign.pub --from-file artifacts.txt --output json > report.json",
    },
  ],
  flags: QUESTION_FLAGS,
  args: { min: 0, usage: "ARTIFACT..." },
  load: async () => (await import("../commands/verify.ts")).verify,
}

const explain: CommandSpec = {
  path: ["explain"],
  summary: "show every check behind the answer of verify",
  description:
    "Asks every place where signatures may be, evaluates every signature found, and prints each check with what was\n" +
    "observed and what was expected. Exit codes are those of verify.",
  examples: [
    { about: "see why an artifact is refused", line: "countersign explain --key cosign.pub registry.example/app:1.0" },
    {
      about: "see every check of a file's signature",
      line: "countersign explain --key cosign.pub --blob app.tar.gz --bundle app.tar.gz.sigstore.json",
    },
    {
      about: "keep it for later",
      line: "countersign explain --key cosign.pub --output yaml registry.example/app:1.0 > why.yaml",
    },
  ],
  flags: QUESTION_FLAGS,
  args: { min: 0, usage: "ARTIFACT..." },
  load: async () => (await import("../commands/explain.ts")).explain,
}

/** `verify` and `explain`. */
export const verifyingCommands: readonly CommandSpec[] = [verify, explain]
