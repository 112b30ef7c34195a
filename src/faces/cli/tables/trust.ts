import type { CommandSpec, FlagSpec } from "../../command.ts"
import { PASSWORD_FILE_FLAG } from "./flags.ts"

const YES_FLAG: FlagSpec = { name: "yes", short: "y", type: "bool", usage: "do not ask" }

const add: CommandSpec = {
  path: ["trust", "add"],
  summary: "trust certificates: put them into a trust store of notation's configuration",
  description:
    "Shows every certificate and asks before anything is written. The notation command reads the same stores.\n" +
    "With --from the certificate is taken from a signature of an artifact, by default the root of its chain. Nothing vouches\n" +
    "for it: compare its SHA-256 with what the signer tells you by another way.",
  examples: [
    { about: "trust an authority", line: "countersign trust add --store ca:acme acme-root.pem" },
    {
      about: "trust a timestamp authority, without being asked",
      line: "countersign trust add --store tsa:stamps --yes tsa-root.pem",
    },
    {
      about: "trust the root that a signature was made under",
      line: "countersign trust add --store ca:acme --from registry.example/app:1.0",
    },
  ],
  flags: [
    {
      name: "store",
      type: "string",
      usage: "the store: ca:NAME, tsa:NAME or signingAuthority:NAME",
      placeholder: "TYPE:NAME",
    },
    {
      name: "from",
      type: "string",
      usage: "take the certificate from a signature of this artifact instead of a file",
      placeholder: "ARTIFACT",
    },
    {
      name: "certificate",
      type: "string",
      usage: "with --from: which one, leaf, root, or the SHA-256 of it (default root)",
      placeholder: "WHICH",
    },
    YES_FLAG,
  ],
  args: { min: 0, usage: "FILE...", complete: "file" },
  load: async () => (await import("../commands/trust-add.ts")).trustAdd,
}

const list: CommandSpec = {
  path: ["trust", "list"],
  summary: "list the certificates of trust stores",
  examples: [
    { about: "every store", line: "countersign trust list" },
    { about: "one store, for a program", line: "countersign trust list --output json ca:acme" },
  ],
  flags: [],
  args: { min: 0, max: 1, usage: "[TYPE[:NAME]]" },
  load: async () => (await import("../commands/trust.ts")).trustList,
}

const show: CommandSpec = {
  path: ["trust", "show"],
  summary: "show the certificates of a trust store in full",
  examples: [
    { about: "a whole store", line: "countersign trust show ca:acme" },
    { about: "one file of it", line: "countersign trust show ca:acme acme-root.pem" },
  ],
  flags: [],
  args: { min: 1, max: 2, usage: "TYPE:NAME [FILE]" },
  load: async () => (await import("../commands/trust.ts")).trustShow,
}

const remove: CommandSpec = {
  path: ["trust", "remove"],
  summary: "trust certificates no longer: remove a file of a trust store, or the store",
  examples: [
    { about: "one file", line: "countersign trust remove ca:acme acme-root.pem" },
    { about: "a whole store, without being asked", line: "countersign trust remove --yes ca:acme" },
  ],
  flags: [YES_FLAG],
  args: { min: 1, max: 2, usage: "TYPE:NAME [FILE]" },
  load: async () => (await import("../commands/trust-remove.ts")).trustRemove,
}

const doctor: CommandSpec = {
  path: ["cert", "doctor"],
  summary: "say everything that is wrong with a certificate chain for notation",
  description:
    "Holds the certificates of the files, in the order given, against every rule of the Notary Project, and says of each\n" +
    "what was observed, what was expected and what to do. Exit code 0: the chain is accepted; 1: it is not; 2: a file\n" +
    "could not be read.",
  examples: [
    { about: "check a chain", line: "countersign cert doctor chain.pem" },
    {
      about: "check it against the key that signs",
      line: "countersign cert doctor --key release.key leaf.pem root.pem",
    },
    {
      about: "check the chain of a timestamp authority at a time",
      line: "countersign cert doctor --purpose timestamping --at 2027-01-01T00:00:00Z tsa.pem",
    },
  ],
  flags: [
    {
      name: "key",
      type: "string",
      usage:
        "key that the first certificate must certify, public or private: a file, env://NAME, https:// URL, or notation:NAME of notation's configuration",
      placeholder: "KEY",
    },
    PASSWORD_FILE_FLAG,
    {
      name: "purpose",
      type: "string",
      default: "code-signing",
      usage: "what the chain is for: code-signing or timestamping",
      placeholder: "PURPOSE",
      choices: ["code-signing", "timestamping"],
    },
    { name: "at", type: "string", usage: "time of signing, RFC 3339 (default now)", placeholder: "TIME" },
    { name: "strict", type: "bool", usage: "refuse also what the specification forbids and notation accepts" },
  ],
  args: { min: 1, usage: "FILE...", complete: "file" },
  load: async () => (await import("../commands/cert-doctor.ts")).certDoctor,
}

const update: CommandSpec = {
  path: ["trust", "update"],
  summary: "get the trusted root and signing config of a Sigstore instance anew",
  description:
    "Asks the TUF repository in use and verifies everything it says. With --mirror or --root it begins anew with another\n" +
    "repository, which is the one in use from then on; cosign uses the same cache. The root of a repository other than the\n" +
    "public one must be given: nothing else says whom to believe.",
  examples: [
    { about: "refresh what is in use", line: "countersign trust update" },
    {
      about: "use a repository of your own",
      line: "countersign trust update --mirror https://tuf.example --root root.json",
    },
  ],
  flags: [
    { name: "mirror", type: "string", usage: "URL of the TUF repository to use from now on", placeholder: "URL" },
    { name: "root", type: "string", usage: "the root.json to believe: a file, or a URL", placeholder: "FILE|URL" },
    {
      name: "root-checksum",
      type: "string",
      usage: "SHA-256 of the root, or sha512: and its SHA-512, in hexadecimal",
      placeholder: "HEX",
    },
  ],
  args: { min: 0, max: 0, usage: "" },
  load: async () => (await import("../commands/trust-update.ts")).trustUpdate,
}

const status: CommandSpec = {
  path: ["trust", "status"],
  summary: "show which TUF repository is in use and how old its data is, without asking it",
  examples: [
    { about: "what is known", line: "countersign trust status" },
    { about: "for a program", line: "countersign trust status --output json" },
  ],
  flags: [],
  args: { min: 0, max: 0, usage: "" },
  load: async () => (await import("../commands/trust-update.ts")).trustStatus,
}

const pack: CommandSpec = {
  path: ["trust", "pack"],
  summary: "put trust data into one signed file, for a place without a network",
  description:
    "With --sigstore the trusted root and signing configs of the instance in use, with --notation the trust stores and\n" +
    "trust policies of notation's configuration, and any file that is named: keys, keyrings, revocation lists, policies.\n" +
    "NAME is the path in the pack, files/ and the file's own name by default.",
  examples: [
    {
      about: "all that keyless verification needs, and a key",
      line: "countersign trust pack --sigstore --out trust.pack --key packer.key keys/release.pub=release.pub",
    },
    {
      about: "what notation trusts",
      line: "countersign trust pack --notation --name notation --out notation.pack --key packer.key",
    },
  ],
  flags: [
    { name: "out", type: "string", usage: "file to write", placeholder: "FILE" },
    { name: "key", type: "string", usage: "private key that signs the pack", placeholder: "KEY" },
    PASSWORD_FILE_FLAG,
    { name: "sigstore", type: "bool", usage: "pack the trusted root and signing configs of the instance in use" },
    { name: "notation", type: "bool", usage: "pack the trust stores and trust policies of notation's configuration" },
    {
      name: "name",
      type: "string",
      default: "trust",
      usage: "name of the series that the pack belongs to",
      placeholder: "NAME",
    },
    {
      name: "pack-version",
      type: "string",
      usage: "version within the series; older ones are refused later (default seconds since 1970)",
      placeholder: "N",
    },
  ],
  args: { min: 0, usage: "[NAME=]FILE...", complete: "file" },
  load: async () => (await import("../commands/trust-pack.ts")).trustPack,
}

const unpack: CommandSpec = {
  path: ["trust", "unpack"],
  summary: "verify a pack of trust data and write its files",
  description:
    "Nothing is written before the signature and every digest were verified. Files of the same names are replaced. A pack\n" +
    "that is older than one of its series that was unpacked before is refused.",
  examples: [
    { about: "unpack into a folder", line: "countersign trust unpack trust.pack --key packer.pub --into /etc/trust" },
  ],
  flags: [
    {
      name: "key",
      type: "stringArray",
      usage: "public key that may have signed the pack (can be repeated)",
      placeholder: "KEY",
    },
    { name: "into", type: "string", default: ".", usage: "folder to write the files to", placeholder: "FOLDER" },
    {
      name: "state",
      type: "string",
      usage: "folder that remembers which packs were seen (default countersign/trust-packs in XDG_STATE_HOME)",
      placeholder: "FOLDER",
    },
  ],
  args: { min: 1, max: 1, usage: "FILE", complete: "file" },
  load: async () => (await import("../commands/trust-pack.ts")).trustUnpack,
}

/** `trust …` and `cert …`. */
export const trustCommands: readonly CommandSpec[] = [add, list, show, remove, update, status, pack, unpack, doctor]
