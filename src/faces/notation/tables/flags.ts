/** Flags of the face, with usage in our own words. The order of experimental ones is that of notation's messages. */
import type { FaceFlag } from "../face-flag.ts"

const ARTIFACTS = ["sign", "verify", "list", "inspect"]
const SIGNERS = ["sign", "blob sign"]
const LOGGED = [
  ...ARTIFACTS,
  "login",
  "logout",
  "key add",
  "key update",
  "key delete",
  "certificate list",
  "certificate show",
  "plugin install",
  "plugin uninstall",
]
const STORES = ["certificate add", "certificate list", "certificate show", "certificate delete"]

const common: readonly FaceFlag[] = [
  {
    commands: [...LOGGED, "blob sign", "blob verify"],
    name: "debug",
    short: "d",
    type: "bool",
    usage: "log everything",
  },
  { commands: LOGGED, only: "notation", name: "verbose", short: "v", type: "bool", usage: "log the main steps" },
  {
    commands: [...ARTIFACTS, "login"],
    name: "username",
    short: "u",
    type: "string",
    usage: "user name at the registry (else $NOTATION_USERNAME)",
  },
  {
    commands: [...ARTIFACTS, "login"],
    name: "password",
    short: "p",
    type: "string",
    usage: "password at the registry (else $NOTATION_PASSWORD)",
  },
  {
    commands: [...ARTIFACTS, "login"],
    name: "insecure-registry",
    type: "bool",
    usage: "try plain http first, at any registry; loopback addresses need no flag. For tests",
  },
  { commands: ["login"], name: "password-stdin", type: "bool", usage: "read the password from standard input" },
]

const signing: readonly FaceFlag[] = [
  {
    commands: SIGNERS,
    name: "key",
    short: "k",
    type: "string",
    usage: "name of a key in the key list. Not together with --id and --plugin",
  },
  {
    commands: SIGNERS,
    name: "signature-format",
    type: "string",
    default: "jws",
    usage: 'kind of envelope, "jws" or "cose"',
  },
  {
    commands: SIGNERS,
    name: "id",
    type: "string",
    usage: "ID by which the plugin knows the key. Goes with --plugin, not with --key",
  },
  {
    commands: SIGNERS,
    name: "plugin",
    type: "string",
    usage: "name of the plugin that signs. Goes with --id, not with --key",
  },
  {
    commands: SIGNERS,
    name: "expiry",
    short: "e",
    type: "duration",
    usage: "how long the signature is good for, in whole seconds, such as 12h, 30m or 3h20m. 0s = for ever",
  },
  {
    commands: [...SIGNERS, "key add"],
    name: "plugin-config",
    type: "stringArray",
    usage: "{key}={value} for the plugin, which says what it understands",
  },
  {
    commands: SIGNERS,
    name: "user-metadata",
    short: "m",
    type: "stringArray",
    usage: "{key}={value} to be signed along with the artifact",
  },
  {
    commands: SIGNERS,
    name: "timestamp-url",
    type: "string",
    usage: "URL of a timestamp authority (RFC 3161)",
  },
  {
    commands: SIGNERS,
    name: "timestamp-root-cert",
    type: "string",
    usage: "file with the root certificate of that authority",
  },
  {
    commands: ["sign"],
    name: "force-referrers-tag",
    type: "bool",
    default: "true",
    usage: "write the referrers tag even where the registry has a referrers API",
    notation2: { default: "false" },
  },
]

const verifying: readonly FaceFlag[] = [
  {
    commands: ["verify", "blob verify"],
    name: "plugin-config",
    type: "stringArray",
    usage: "{key}={value} for the plugin that a signature asks for, if it does",
  },
  {
    commands: ["verify", "blob verify"],
    name: "user-metadata",
    short: "m",
    type: "stringArray",
    usage: "{key}={value} that must have been signed along with the artifact",
  },
  {
    commands: ["verify", "list", "inspect"],
    name: "max-signatures",
    type: "int",
    default: "100",
    usage: "most signatures to look at",
  },
  {
    commands: ["inspect"],
    name: "output",
    short: "o",
    type: "string",
    default: "text",
    usage: "'json' or 'text'",
    notation2: { default: "tree", usage: "'json' or 'tree'" },
  },
  {
    commands: ["blob inspect"],
    name: "output",
    short: "o",
    type: "string",
    default: "tree",
    usage: "'json' or 'tree'",
  },
]

const experimental: readonly FaceFlag[] = [
  {
    commands: ARTIFACTS,
    only: "notation",
    name: "allow-referrers-api",
    type: "bool",
    hidden: true,
    experimental: true,
    usage: "[Experimental] prefer the referrers API to the referrers tag",
  },
  {
    commands: ["sign"],
    name: "oci-layout",
    type: "bool",
    experimental: true,
    usage: "[Experimental] the artifact is in an OCI layout",
  },
  {
    commands: ["verify"],
    name: "oci-layout",
    type: "bool",
    experimental: true,
    usage: "[Experimental] the artifact is in an OCI layout",
  },
  {
    commands: ["list"],
    name: "oci-layout",
    type: "bool",
    experimental: true,
    usage: "[Experimental] the artifact is in an OCI layout",
  },
  {
    commands: ["verify"],
    name: "scope",
    type: "string",
    experimental: true,
    usage: "[Experimental] repository whose statement of the policy counts. Goes with --oci-layout",
  },
]

const blobs: readonly FaceFlag[] = [
  {
    commands: ["blob sign"],
    name: "media-type",
    type: "string",
    default: "application/octet-stream",
    usage: "media type to sign",
  },
  { commands: ["blob verify"], name: "media-type", type: "string", usage: "media type that must have been signed" },
  {
    commands: ["blob sign"],
    name: "signature-directory",
    type: "string",
    usage: "folder for the signature file (else that of the blob)",
  },
  {
    commands: ["blob sign"],
    name: "force",
    type: "bool",
    usage: "replace a signature file without a question",
  },
  {
    commands: ["blob verify"],
    name: "signature",
    short: "s",
    type: "string",
    usage: "file with the signature",
  },
  {
    commands: ["blob verify"],
    name: "policy-name",
    type: "string",
    usage: "name of the statement of the policy that counts (else the global one)",
  },
]

const configuring: readonly FaceFlag[] = [
  { commands: ["key add"], name: "plugin", type: "string", usage: "name of the plugin that holds the key" },
  { commands: ["key add"], name: "id", type: "string", usage: "ID by which the plugin knows the key" },
  { commands: ["key add", "key update"], name: "default", type: "bool", usage: "make it the default key" },
  {
    commands: STORES,
    name: "type",
    short: "t",
    type: "string",
    usage: "type of trust store: ca, signingAuthority or tsa",
  },
  { commands: STORES, name: "store", short: "s", type: "string", usage: "name of the trust store" },
  {
    commands: ["certificate delete"],
    name: "all",
    short: "a",
    type: "bool",
    usage: "remove the whole store",
  },
  {
    commands: ["certificate delete", "certificate cleanup-test", "plugin uninstall"],
    name: "yes",
    short: "y",
    type: "bool",
    usage: "ask no question",
  },
  {
    commands: ["certificate generate-test"],
    name: "bits",
    short: "b",
    type: "int",
    default: "2048",
    usage: "size of the RSA key: 2048, 3072 or 4096 bits",
  },
  { commands: ["certificate generate-test"], name: "default", type: "bool", usage: "make it the default key" },
  {
    commands: ["completion bash", "completion fish", "completion powershell", "completion zsh"],
    name: "no-descriptions",
    type: "bool",
    usage: "accepted, without effect on the script",
  },
]

const policies: readonly FaceFlag[] = [
  {
    commands: ["policy import"],
    name: "force",
    type: "bool",
    usage: "replace a trust policy without a question",
  },
  {
    commands: ["blob policy import"],
    name: "force",
    type: "bool",
    usage: "replace a trust policy without a question",
  },
  {
    commands: ["blob policy init"],
    name: "name",
    short: "n",
    type: "string",
    usage: "name of the statement",
  },
  {
    commands: ["blob policy init"],
    name: "trust-store",
    type: "stringArray",
    usage: "TYPE:NAME of a trust store",
  },
  {
    commands: ["blob policy init"],
    name: "trusted-identity",
    type: "stringArray",
    usage: 'signer: "x509.subject:" and attributes of its subject, or "*" for any',
  },
  {
    commands: ["blob policy init"],
    name: "force",
    type: "bool",
    usage: "replace a trust policy without a question",
  },
  {
    commands: ["blob policy init"],
    name: "global",
    type: "bool",
    usage: "the statement counts where --policy-name names none",
  },
]

const plugins: readonly FaceFlag[] = [
  {
    commands: ["plugin install"],
    name: "file",
    type: "bool",
    usage: "the source is a file",
  },
  {
    commands: ["plugin install"],
    name: "url",
    type: "bool",
    usage: "the source is an https URL; the download may take ten minutes",
  },
  {
    commands: ["plugin install"],
    name: "sha256sum",
    type: "string",
    usage: "SHA-256 of the source, hexadecimal; a must with --url",
  },
  { commands: ["plugin install"], name: "force", type: "bool", usage: "install over any version" },
]

/** Every flag of every command. */
export const flagRows: readonly FaceFlag[] = [
  ...common,
  ...signing,
  ...verifying,
  ...experimental,
  ...blobs,
  ...configuring,
  ...policies,
  ...plugins,
]
