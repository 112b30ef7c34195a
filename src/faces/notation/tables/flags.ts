/** Flags of the face, in notation's own words. The order of experimental ones is that of its messages. */
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
  { commands: [...LOGGED, "blob sign", "blob verify"], name: "debug", short: "d", type: "bool", usage: "debug mode" },
  { commands: LOGGED, only: "notation", name: "verbose", short: "v", type: "bool", usage: "verbose mode" },
  {
    commands: [...ARTIFACTS, "login"],
    name: "username",
    short: "u",
    type: "string",
    usage: "username for registry operations (default to $NOTATION_USERNAME if not specified)",
  },
  {
    commands: [...ARTIFACTS, "login"],
    name: "password",
    short: "p",
    type: "string",
    usage: "password for registry operations (default to $NOTATION_PASSWORD if not specified)",
  },
  {
    commands: [...ARTIFACTS, "login"],
    name: "insecure-registry",
    type: "bool",
    usage: "use HTTP protocol while connecting to registries. Should be used only for testing",
  },
  { commands: ["login"], name: "password-stdin", type: "bool", usage: "take the password from stdin" },
]

const signing: readonly FaceFlag[] = [
  {
    commands: SIGNERS,
    name: "key",
    short: "k",
    type: "string",
    usage:
      "signing key name, for a key previously added to notation's key list. " +
      "This is mutually exclusive with the --id and --plugin flags",
  },
  {
    commands: SIGNERS,
    name: "signature-format",
    type: "string",
    default: "jws",
    usage: 'signature envelope format, options: "jws", "cose"',
  },
  {
    commands: SIGNERS,
    name: "id",
    type: "string",
    usage: "key id (required if --plugin is set). This is mutually exclusive with the --key flag",
  },
  {
    commands: SIGNERS,
    name: "plugin",
    type: "string",
    usage: "signing plugin name (required if --id is set). This is mutually exclusive with the --key flag",
  },
  {
    commands: SIGNERS,
    name: "expiry",
    short: "e",
    type: "duration",
    usage:
      'optional expiry that provides a "best by use" time for the artifact. ' +
      "The duration is specified in minutes(m) and/or hours(h). For example: 12h, 30m, 3h20m",
  },
  {
    commands: [...SIGNERS, "key add"],
    name: "plugin-config",
    type: "stringArray",
    usage:
      "{key}={value} pairs that are passed as it is to a plugin, " +
      "refer plugin's documentation to set appropriate values",
  },
  {
    commands: SIGNERS,
    name: "user-metadata",
    short: "m",
    type: "stringArray",
    usage: "{key}={value} pairs that are added to the signature payload",
  },
  {
    commands: SIGNERS,
    name: "timestamp-url",
    type: "string",
    usage: "RFC 3161 Timestamping Authority (TSA) server URL",
  },
  {
    commands: SIGNERS,
    name: "timestamp-root-cert",
    type: "string",
    usage: "filepath of timestamp authority root certificate",
  },
  {
    commands: ["sign"],
    name: "force-referrers-tag",
    type: "bool",
    default: "true",
    usage: "force to store signatures using the referrers tag schema",
    notation2: { default: "false" },
  },
]

const verifying: readonly FaceFlag[] = [
  {
    commands: ["verify", "blob verify"],
    name: "plugin-config",
    type: "stringArray",
    usage:
      "{key}={value} pairs that are passed as it is to a plugin, if the verification is associated with a " +
      "verification plugin, refer plugin documentation to set appropriate values",
  },
  {
    commands: ["verify", "blob verify"],
    name: "user-metadata",
    short: "m",
    type: "stringArray",
    usage:
      "user defined {key}={value} pairs that must be present in the signature for successful verification if provided",
  },
  {
    commands: ["verify", "list", "inspect"],
    name: "max-signatures",
    type: "int",
    default: "100",
    usage: "maximum number of signatures to evaluate or examine",
  },
  {
    commands: ["inspect"],
    name: "output",
    short: "o",
    type: "string",
    default: "text",
    usage: "output format, options: 'json', 'text'",
    notation2: { default: "tree", usage: "output format, options: 'json', 'tree'" },
  },
  {
    commands: ["blob inspect"],
    name: "output",
    short: "o",
    type: "string",
    default: "tree",
    usage: "output format, options: 'json', 'tree'",
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
    usage: "[Experimental] use the Referrers API, if not supported, fallback to the Referrers tag schema",
  },
  {
    commands: ["sign"],
    name: "oci-layout",
    type: "bool",
    experimental: true,
    usage: "[Experimental] sign the artifact stored as OCI image layout",
  },
  {
    commands: ["verify"],
    name: "oci-layout",
    type: "bool",
    experimental: true,
    usage: "[Experimental] verify the artifact stored as OCI image layout",
  },
  {
    commands: ["list"],
    name: "oci-layout",
    type: "bool",
    experimental: true,
    usage: "[Experimental] list signatures stored in OCI image layout",
  },
  {
    commands: ["verify"],
    name: "scope",
    type: "string",
    experimental: true,
    usage:
      "[Experimental] set trust policy scope for artifact verification, " +
      'required and can only be used when flag "--oci-layout" is set',
  },
]

const blobs: readonly FaceFlag[] = [
  {
    commands: ["blob sign"],
    name: "media-type",
    type: "string",
    default: "application/octet-stream",
    usage: "media type of the blob",
  },
  { commands: ["blob verify"], name: "media-type", type: "string", usage: "media type of the blob to verify" },
  {
    commands: ["blob sign"],
    name: "signature-directory",
    type: "string",
    usage: "directory where the signature file is placed (default same directory as the blob)",
  },
  {
    commands: ["blob sign"],
    name: "force",
    type: "bool",
    usage: "override the existing signature file, never prompt",
  },
  {
    commands: ["blob verify"],
    name: "signature",
    short: "s",
    type: "string",
    usage: "filepath of the signature to be verified",
  },
  {
    commands: ["blob verify"],
    name: "policy-name",
    type: "string",
    usage: "policy name to verify against. If not provided, the global policy is used if exists",
  },
]

const configuring: readonly FaceFlag[] = [
  { commands: ["key add"], name: "plugin", type: "string", usage: "signing plugin name" },
  { commands: ["key add"], name: "id", type: "string", usage: "key id (required if --plugin is set)" },
  { commands: ["key add", "key update"], name: "default", type: "bool", usage: "mark as default" },
  {
    commands: STORES,
    name: "type",
    short: "t",
    type: "string",
    usage: "specify trust store type, options: ca, signingAuthority, tsa",
  },
  { commands: STORES, name: "store", short: "s", type: "string", usage: "specify named store" },
  {
    commands: ["certificate delete"],
    name: "all",
    short: "a",
    type: "bool",
    usage: "delete all certificates in the named store",
  },
  {
    commands: ["certificate delete", "certificate cleanup-test", "plugin uninstall"],
    name: "yes",
    short: "y",
    type: "bool",
    usage: "do not prompt for confirmation",
  },
  {
    commands: ["certificate generate-test"],
    name: "bits",
    short: "b",
    type: "int",
    default: "2048",
    usage: "RSA key bits",
  },
  { commands: ["certificate generate-test"], name: "default", type: "bool", usage: "mark as default signing key" },
  {
    commands: ["completion bash", "completion fish", "completion powershell", "completion zsh"],
    name: "no-descriptions",
    type: "bool",
    usage: "disable completion descriptions",
  },
]

const policies: readonly FaceFlag[] = [
  {
    commands: ["policy import"],
    name: "force",
    type: "bool",
    usage: "override the existing trust policy configuration, never prompt",
    notation2: { usage: "override the existing OCI trust policy configuration without prompt" },
  },
  {
    commands: ["blob policy import"],
    name: "force",
    type: "bool",
    usage: "override the existing blob trust policy configuration without prompt",
  },
  {
    commands: ["blob policy init"],
    name: "name",
    short: "n",
    type: "string",
    usage: "name of the blob trust policy",
  },
  {
    commands: ["blob policy init"],
    name: "trust-store",
    type: "stringArray",
    usage: 'trust store in the format "<store_type>:<store_name>"',
  },
  {
    commands: ["blob policy init"],
    name: "trusted-identity",
    type: "stringArray",
    usage:
      'trusted identity, use the format "x509.subject:<subject_of_signing_certificate>" for x509 CA scheme and ' +
      '"<signing_authority_identity>" for x509 signingAuthority scheme',
  },
  {
    commands: ["blob policy init"],
    name: "force",
    type: "bool",
    usage: "override the existing blob trust policy configuration, never prompt (default --force=false)",
  },
  {
    commands: ["blob policy init"],
    name: "global",
    type: "bool",
    usage: "set the policy as the global policy (default --global=false)",
  },
]

const plugins: readonly FaceFlag[] = [
  {
    commands: ["plugin install"],
    name: "file",
    type: "bool",
    usage: "install plugin from a file on file system",
  },
  {
    commands: ["plugin install"],
    name: "url",
    type: "bool",
    usage: "install plugin from an HTTPS URL. The plugin download timeout is 10m0s",
  },
  {
    commands: ["plugin install"],
    name: "sha256sum",
    type: "string",
    usage: 'must match SHA256 of the plugin source, required when "--url" flag is set',
  },
  { commands: ["plugin install"], name: "force", type: "bool", usage: "force the installation of the plugin" },
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
