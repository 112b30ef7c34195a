import type { FaceCommand } from "../face-command.ts"

/** Commands about trust data and about bundles as files. */
export const trustCommands: readonly FaceCommand[] = [
  {
    name: "initialize",
    summary: "Initializes SigStore root to retrieve trusted certificate and key targets for verification",
    description:
      "Fetches the trusted root and the signing config of a Sigstore instance from its TUF repository and keeps them.\n\n" +
      "By default that is the public instance, whose root came with this program. Another repository needs its root:\n" +
      "name it with --root, as a file or URL.\n\n" +
      "What was fetched lies in $HOME/.sigstore/root, or in the folder that TUF_ROOT names.",
    examples: [
      { about: "begin with the public instance", line: "cosign initialize" },
      { about: "begin with another repository", line: "cosign initialize --mirror <url> --root <file>" },
      {
        about: "get the root of another repository from a URL, and check it",
        line: "cosign initialize --mirror <url> --root <url> --root-checksum <sha256>",
      },
    ],
    args: { min: 0, usage: "" },
    load: async () => (await import("../commands/initialize.ts")).initialize,
  },
  {
    name: "trusted-root create",
    summary: "Create a Sigstore protobuf trusted root",
    description:
      "Create a trusted root out of certificates and keys.\n\n" +
      "Each service is named by a flag (--fulcio, --rekor, --ctfe, --tsa) that takes key=value pairs between commas.",
    cosign2: { description: "Create a trusted root out of certificates and keys" },
    examples: [
      {
        about: "",
        line: 'cosign trusted-root create --fulcio="url=https://fulcio.example,certificate-chain=fulcio.pem" --out trusted-root.json',
      },
    ],
    args: { min: 0, usage: "" },
    environment: false,
    load: async () => (await import("../commands/trusted-root-create.ts")).trustedRootCreate,
  },
  {
    name: "signing-config create",
    only: "cosign3",
    summary: "Create a Sigstore protobuf signing config",
    description:
      "Create a signing config out of the URLs of services.\n\n" +
      "Each service is named by a flag (--fulcio, --rekor, --oidc-provider, --tsa) that takes key=value pairs between commas.",
    examples: [
      {
        about: "",
        line: 'cosign signing-config create --rekor="url=https://rekor.example,api-version=1,start-time=2024-01-01T00:00:00Z,operator=example" --rekor-config=ANY --out signing-config.json',
      },
    ],
    args: { min: 0, usage: "" },
    environment: false,
    load: async () => (await import("../commands/signing-config-create.ts")).signingConfigCreate,
  },
  {
    name: "bundle create",
    summary: "Create a Sigstore protobuf bundle",
    description: "Create a Sigstore protobuf bundle by supplying signed material",
    examples: [
      {
        about: "",
        line: "cosign bundle create --artifact <path> --signature <path> --key cosign.pub --ignore-tlog --out bundle.sigstore.json",
      },
    ],
    args: { min: 0, usage: "" },
    environment: false,
    load: async () => (await import("../commands/bundle-create.ts")).bundleCreate,
  },
  {
    name: "bundle upgrade",
    only: "cosign3",
    summary: "Upgrade a Sigstore protobuf bundle",
    description: "Upgrade a Sigstore bundle of version 0.1 or 0.2 to version 0.3.",
    examples: [],
    args: { min: 1, max: 1, usage: "<bundle> [flags]", complete: "file" },
    environment: false,
    load: async () => (await import("../commands/bundle-upgrade.ts")).bundleUpgrade,
  },
]
