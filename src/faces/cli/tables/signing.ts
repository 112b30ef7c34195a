import type { CommandSpec } from "../../command.ts"
import {
  ATTEST_FORMAT_FLAG,
  BLOB_FLAG,
  CERT_CHAIN_FLAG,
  CERTIFIED_FLAGS,
  FROM_FILE_FLAG,
  KEY_FLAG,
  PASSWORD_FILE_FLAG,
  RECURSIVE_FLAG,
  SIGNATURE_REPOSITORY_FLAG,
  SIGNED_ANNOTATION_FLAG,
  WRITE_FORMAT_FLAG,
} from "./flags.ts"
import { KEYLESS_FLAGS, TIMESTAMP_URL_FLAG } from "./keyless-flags.ts"

const sign: CommandSpec = {
  path: ["sign"],
  summary: "sign artifacts or a file",
  description:
    "Signs artifacts in a registry or an OCI layout folder (oci:PATH[:TAG|@DIGEST]) with a private key, in one or more\n" +
    "formats, and stores the signatures beside them. A tag is resolved once; what is signed is the digest.\n\n" +
    "With --keyless, signs for an identity: a login in the browser, or the token of a CI job, gets a short-lived certificate\n" +
    "for a new key. Certificate and signature are put into public logs; what becomes public is shown before.\n\n" +
    "With --blob, signs a file and writes a Sigstore bundle, a detached signature, or both. Like cosign, these replace what\n" +
    "is there; a notation signature replaces nothing without --overwrite.",
  examples: [
    {
      about: "sign an artifact in the format of cosign 3",
      line: "countersign sign --key cosign.key registry.example/app:1.0",
    },
    {
      about: "sign it for readers of cosign 2 as well",
      line: "countersign sign --key cosign.key --format cosign-v3,cosign-v2 registry.example/app:1.0",
    },
    {
      about: "sign every artifact of a list that has no signature of this key yet",
      line: "countersign sign --key cosign.key --if-missing --from-file artifacts.txt",
    },
    {
      about: "sign it for readers of cosign and of notation in one run",
      line: "countersign sign --key release.key --cert-chain release.pem --format cosign-v3,notation registry.example/app:1.0",
    },
    {
      about: "sign under the name in the certificate of your own authority",
      line: "countersign sign --key release.key --cert-chain release.pem --timestamp-url https://timestamp.example registry.example/app:1.0",
    },
    {
      about: "sign for an identity instead of with a key",
      line: "countersign sign --keyless registry.example/app:1.0",
    },
    {
      about: "sign a file",
      line: "countersign sign --key cosign.key --blob app.tar.gz --bundle app.tar.gz.sigstore.json",
    },
  ],
  flags: [
    KEY_FLAG,
    PASSWORD_FILE_FLAG,
    WRITE_FORMAT_FLAG,
    ...CERTIFIED_FLAGS,
    ...KEYLESS_FLAGS,
    SIGNED_ANNOTATION_FLAG,
    RECURSIVE_FLAG,
    { name: "if-missing", type: "bool", usage: "leave artifacts alone that this key has signed in that format" },
    FROM_FILE_FLAG,
    SIGNATURE_REPOSITORY_FLAG,
    BLOB_FLAG,
    { name: "bundle", type: "string", usage: "with --blob: write a Sigstore bundle here", placeholder: "FILE" },
    {
      name: "signature",
      type: "string",
      usage: "with --blob: write the detached signature here, in base64, or the notation envelope",
      placeholder: "FILE",
    },
    {
      name: "media-type",
      type: "string",
      default: "application/octet-stream",
      usage: "with --blob and a notation format: the file's media type, which is signed",
      placeholder: "TYPE",
    },
    {
      name: "overwrite",
      type: "bool",
      usage: "with --blob and a notation format: replace the signature file if it is there",
    },
  ],
  args: { min: 0, usage: "ARTIFACT..." },
  load: async () => (await import("../commands/sign.ts")).sign,
}

const attest: CommandSpec = {
  path: ["attest"],
  summary: "attach a signed statement to artifacts or a file",
  description:
    "Signs an in-toto statement about artifacts and stores it beside them. The predicate comes from --predicate and its\n" +
    "type from --type; or a whole statement is signed as it is with --statement.",
  examples: [
    {
      about: "attach an SPDX bill of materials",
      line: "countersign attest --key cosign.key --type spdxjson --predicate sbom.spdx.json registry.example/app:1.0",
    },
    {
      about: "replace the earlier one of the same type",
      line: "countersign attest --key cosign.key --type cyclonedx --predicate bom.json --replace registry.example/app:1.0",
    },
    {
      about: "sign a statement about a file",
      line: "countersign attest --key cosign.key --type custom --predicate facts.json --blob app.tar.gz --bundle app.att.json",
    },
  ],
  flags: [
    KEY_FLAG,
    PASSWORD_FILE_FLAG,
    ATTEST_FORMAT_FLAG,
    CERT_CHAIN_FLAG,
    ...KEYLESS_FLAGS,
    TIMESTAMP_URL_FLAG,
    { name: "predicate", type: "string", usage: "file with the predicate, - for standard input", placeholder: "FILE" },
    {
      name: "type",
      type: "string",
      usage:
        "predicate type: custom, slsaprovenance, slsaprovenance02, slsaprovenance1, link, spdx, spdxjson, cyclonedx, vuln, openvex or a URI",
      placeholder: "TYPE",
    },
    { name: "statement", type: "string", usage: "file with a whole in-toto statement to sign", placeholder: "FILE" },
    { name: "replace", type: "bool", usage: "drop earlier attestations of the same predicate type" },
    RECURSIVE_FLAG,
    FROM_FILE_FLAG,
    SIGNATURE_REPOSITORY_FLAG,
    BLOB_FLAG,
    { name: "bundle", type: "string", usage: "with --blob: write a Sigstore bundle here", placeholder: "FILE" },
    { name: "envelope", type: "string", usage: "with --blob: write the DSSE envelope here", placeholder: "FILE" },
  ],
  args: { min: 0, usage: "ARTIFACT..." },
  load: async () => (await import("../commands/attest.ts")).attest,
}

/** `sign` and `attest`. */
export const signingCommands: readonly CommandSpec[] = [sign, attest]
