import type { ArgsSpec } from "../command.ts"
import type { FaceCommand } from "./face-command.ts"
import { trustCommands } from "./tables/trust-commands.ts"

const WILL_GO = (name: string, instead: string): string =>
  `${name} will be removed in v4.0.0 (see https://github.com/sigstore/cosign/issues/4696). Instead, please use ${instead}`

const IMAGES: ArgsSpec = { min: 1, usage: "" }

const signing: readonly FaceCommand[] = [
  {
    name: "sign",
    summary: "Sign the supplied container image.",
    description:
      "Sign the supplied container image.\n\n" +
      "Make sure to sign the image by its digest (@sha256:...) rather than by tag\n" +
      "(:latest) so that you actually sign what you think you're signing! This prevents\n" +
      "race conditions or (worse) malicious tampering.",
    examples: [
      {
        about: "sign a container image with the Sigstore OIDC flow",
        line: "cosign sign <IMAGE DIGEST>",
      },
      {
        about: "sign a container image with a local key pair file",
        line: "cosign sign --key cosign.key <IMAGE DIGEST>",
      },
      {
        about: "sign a multi-arch container image AND all referenced, discrete images",
        line: "cosign sign --key cosign.key --recursive <MULTI-ARCH IMAGE DIGEST>",
      },
      {
        about: "sign a container image and add annotations",
        line: "cosign sign --key cosign.key -a key1=value1 -a key2=value2 <IMAGE DIGEST>",
      },
      {
        about: "sign a container image with a key stored in an environment variable",
        line: "cosign sign --key env://[ENV_VAR] <IMAGE DIGEST>",
      },
    ],
    args: IMAGES,
    load: async () => (await import("./commands/sign.ts")).sign,
  },
  {
    name: "attest",
    summary: "Attest the supplied container image.",
    examples: [
      {
        about: "attach an attestation to a container image Google sign-in",
        line: "cosign attest --timeout 90s --predicate <FILE> --type <TYPE> <IMAGE>",
      },
      {
        about: "attach an attestation to a container image with a local key pair file",
        line: "cosign attest --predicate <FILE> --type <TYPE> --key cosign.key <IMAGE>",
      },
    ],
    args: IMAGES,
    load: async () => (await import("./commands/attest.ts")).attest,
  },
  {
    name: "sign-blob",
    summary: "Sign the supplied blob, outputting the base64-encoded signature to stdout.",
    examples: [{ about: "sign a blob with a local key pair file", line: "cosign sign-blob --key cosign.key <FILE>" }],
    args: { min: 1, usage: "", complete: "file" },
    load: async () => (await import("./commands/sign-blob.ts")).signBlobs,
  },
  {
    name: "attest-blob",
    summary: "Attest the supplied blob.",
    examples: [
      {
        about: "attach an attestation to a blob with a local key pair file and print the attestation",
        line: "cosign attest-blob --predicate <FILE> --type <TYPE> --key cosign.key --output-attestation <path> <BLOB>",
      },
    ],
    args: { min: 0, usage: "", complete: "file" },
    load: async () => (await import("./commands/attest-blob.ts")).attestBlobs,
  },
]

const verifying: readonly FaceCommand[] = [
  {
    name: "verify",
    summary: "Verify a signature on the supplied container image",
    description: "Verify signature and annotations on an image by checking the claims\nagainst the transparency log.",
    examples: [
      {
        about: "verify image by the identity that signed it",
        line: "cosign verify --certificate-identity <IDENTITY> --certificate-oidc-issuer <ISSUER URL> <IMAGE>",
      },
      {
        about: "verify image with an on-disk public key",
        line: "cosign verify --key cosign.pub --insecure-ignore-tlog=true <IMAGE>",
      },
      {
        about: "verify image with an annotation",
        line: "cosign verify --key cosign.pub --insecure-ignore-tlog=true -a key=value <IMAGE>",
      },
    ],
    args: IMAGES,
    load: async () => (await import("./commands/verify.ts")).verify,
  },
  {
    name: "verify-attestation",
    summary: "Verify an attestation on the supplied container image",
    description: "Verify an attestation on an image by checking the claims\nagainst the transparency log.",
    examples: [
      {
        about: "verify an attestation of one type by the identity that signed it",
        line: "cosign verify-attestation --type slsaprovenance --certificate-identity <IDENTITY> --certificate-oidc-issuer <ISSUER URL> <IMAGE>",
      },
      {
        about: "verify an attestation of one type with an on-disk public key",
        line: "cosign verify-attestation --key cosign.pub --type slsaprovenance --insecure-ignore-tlog=true <IMAGE>",
      },
    ],
    args: IMAGES,
    load: async () => (await import("./commands/verify-attestation.ts")).verifyAttestation,
  },
  {
    name: "verify-blob",
    summary: "Verify a signature on the supplied blob",
    description:
      "Verify a signature on the supplied blob input using the specified key reference.\n" +
      "The blob may be specified as a path to a file or - for stdin.",
    examples: [
      {
        about: "Verify a blob (keyless)",
        line: "cosign verify-blob --bundle artifact.sigstore.json --certificate-identity <IDENTITY> --certificate-oidc-issuer <ISSUER URL> <blob>",
      },
      {
        about: "Verify a blob with an on-disk public key",
        line: "cosign verify-blob --bundle artifact.sigstore.json --key cosign.pub --insecure-ignore-tlog=true <blob>",
      },
    ],
    args: { min: 1, max: 1, usage: "", complete: "file" },
    load: async () => (await import("./commands/verify-blob.ts")).verifyBlobs,
  },
  {
    name: "verify-blob-attestation",
    summary: "Verify an attestation on the supplied blob",
    examples: [
      {
        about: "Verify a blob attestation (keyless)",
        line: "cosign verify-blob-attestation --bundle artifact.sigstore.json --certificate-identity <IDENTITY> --certificate-oidc-issuer <ISSUER URL> <blob>",
      },
      {
        about: "Verify a blob attestation with a public key",
        line: "cosign verify-blob-attestation --bundle artifact.sigstore.json --key cosign.pub --insecure-ignore-tlog=true <blob>",
      },
    ],
    args: { min: 0, usage: "", complete: "file" },
    load: async () => (await import("./commands/verify-blob-attestation.ts")).verifyBlobAttestations,
  },
]

const images: readonly FaceCommand[] = [
  {
    name: "generate",
    summary: "Generates (unsigned) signature payloads from the supplied container image.",
    description:
      "Generates an unsigned payload from the supplied container image and flags.\n" +
      'This payload matches the one generated by the "cosign sign" command and can be used if you need\n' +
      "to sign payloads with your own tooling or algorithms.",
    examples: [{ about: "Generate a simple payload for an image", line: "cosign generate <IMAGE>" }],
    args: { min: 1, max: 1, usage: "" },
    deprecated: { cosign3: WILL_GO("generate", "in-toto tooling") },
    load: async () => (await import("./commands/generate.ts")).generate,
  },
  {
    name: "triangulate",
    summary:
      "Outputs the located cosign image reference. This is the location where cosign stores the specified artifact type.",
    examples: [{ about: "", line: "cosign triangulate <IMAGE>" }],
    args: { min: 0, usage: "" },
    deprecated: {
      cosign3: WILL_GO("triangulate", "`oras discover` or `cosign tree` to show referring artifacts"),
    },
    load: async () => (await import("./commands/triangulate.ts")).triangulate,
  },
  {
    name: "tree",
    summary: "Display supply chain security related artifacts for an image such as signatures, SBOMs and attestations",
    examples: [{ about: "", line: "cosign tree <IMAGE>" }],
    args: { min: 1, max: 1, usage: "" },
    load: async () => (await import("./commands/tree.ts")).tree,
  },
  {
    name: "clean",
    summary: "Remove all signatures from an image.",
    examples: [{ about: "", line: "cosign clean <IMAGE>" }],
    args: { min: 1, max: 1, usage: "" },
    environment: false,
    load: async () => (await import("./commands/clean.ts")).clean,
  },
]

const folders: readonly FaceCommand[] = [
  {
    name: "save",
    summary: "Save the container image and associated signatures to disk at the specified directory.",
    examples: [{ about: "", line: "cosign save --dir <path to directory> <IMAGE>" }],
    args: { min: 1, max: 1, usage: "" },
    load: async () => (await import("./commands/save.ts")).save,
  },
  {
    name: "load",
    summary: "Load a signed image on disk to a remote registry",
    examples: [{ about: "", line: "cosign load --dir <path to directory> <IMAGE>" }],
    args: { min: 1, max: 1, usage: "" },
    load: async () => (await import("./commands/load.ts")).load,
  },
]

const keysAndProgram: readonly FaceCommand[] = [
  {
    name: "generate-key-pair",
    summary: "Generates a key-pair.",
    description: "Generates a key-pair for signing.",
    examples: [
      { about: "generate key-pair and write to cosign.key and cosign.pub files", line: "cosign generate-key-pair" },
      {
        about: "generate key-pair and write to custom named files",
        line: "cosign generate-key-pair --output-key-prefix my-name",
      },
    ],
    args: { min: 0, usage: "" },
    load: async () => (await import("./commands/generate-key-pair.ts")).generateKeys,
  },
  {
    name: "import-key-pair",
    summary: "Imports a PEM-encoded RSA or EC private key.",
    description: "Imports a PEM-encoded RSA or EC private key for signing.",
    examples: [
      {
        about: "import PEM-encoded RSA or EC private key and write to import-cosign.key and import-cosign.pub files",
        line: "cosign import-key-pair --key <key path>",
      },
    ],
    args: { min: 0, usage: "" },
    load: async () => (await import("./commands/import-key-pair.ts")).importKeys,
  },
  {
    name: "public-key",
    summary: "Gets a public key from the key-pair.",
    description:
      "Gets a public key from the key-pair and\nwrites to a specified file. By default, it will write to standard out.",
    examples: [
      {
        about: "extract public key from private key to a specified out file",
        line: "cosign public-key --key <PRIVATE KEY FILE> --outfile <OUTPUT>",
      },
    ],
    args: { min: 0, usage: "" },
    load: async () => (await import("./commands/public-key.ts")).publicKey,
  },
  {
    name: "login",
    summary: "Log in to a registry",
    examples: [{ about: "Log in to reg.example.com", line: "cosign login reg.example.com -u AzureDiamond -p hunter2" }],
    args: { min: 1, max: 1, usage: "[OPTIONS] [SERVER] [flags]" },
    environment: false,
    load: async () => (await import("./commands/login.ts")).login,
  },
  {
    name: "env",
    summary: "Prints Cosign environment variables",
    examples: [],
    args: { min: 0, max: 0, usage: "" },
    environment: false,
    load: async () => (await import("./commands/env.ts")).env,
  },
  {
    name: "version",
    summary: "Prints the version",
    examples: [],
    args: { min: 0, usage: "" },
    environment: false,
    load: async () => (await import("./commands/version.ts")).version,
  },
  {
    name: "completion",
    summary: "Generate completion script",
    description: "To load completions:\nBash:\n  $ source <(cosign completion bash)",
    examples: [],
    args: { min: 1, max: 1, usage: "[bash|zsh|fish|powershell]" },
    environment: false,
    load: async () => (await import("./commands/completion.ts")).completion,
  },
]

/** Every command of the face. */
export const faceCommands: readonly FaceCommand[] = [
  ...signing,
  ...verifying,
  ...images,
  ...folders,
  ...trustCommands,
  ...keysAndProgram,
]
