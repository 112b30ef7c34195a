import type { CommandSpec, FlagSpec } from "../../command.ts"
import { PASSWORD_FILE_FLAG } from "./flags.ts"

const NAME_FLAG: FlagSpec = {
  name: "name",
  type: "string",
  default: "countersign",
  usage: "write NAME.key and NAME.pub",
  placeholder: "NAME",
}

const generate: CommandSpec = {
  path: ["keys", "generate"],
  summary: "make a key pair",
  description:
    "Writes the private key, encrypted with a password, to NAME.key and the public key to NAME.pub. cosign reads both.",
  examples: [
    { about: "make a key pair, asking for a password", line: "countersign keys generate --name release" },
    { about: "without a terminal", line: "COUNTERSIGN_PASSWORD=… countersign keys generate --name release" },
  ],
  flags: [
    NAME_FLAG,
    {
      name: "type",
      type: "string",
      default: "ecdsa-p256",
      usage: "kind of key: ecdsa-p256, ecdsa-p384, ecdsa-p521, rsa or ed25519",
      placeholder: "TYPE",
      choices: ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa", "ed25519"],
    },
    PASSWORD_FILE_FLAG,
  ],
  args: { min: 0, max: 0, usage: "" },
  load: async () => (await import("../commands/keys.ts")).keysGenerate,
}

const importKey: CommandSpec = {
  path: ["keys", "import"],
  summary: "encrypt an existing private key for signing",
  description: "Reads an unencrypted private key in PEM and writes it, encrypted with a password, to NAME.key.",
  examples: [{ about: "import a key that openssl made", line: "countersign keys import --name release private.pem" }],
  flags: [NAME_FLAG, PASSWORD_FILE_FLAG],
  args: { min: 1, max: 1, usage: "FILE", complete: "file" },
  load: async () => (await import("../commands/keys.ts")).keysImport,
}

const publicKey: CommandSpec = {
  path: ["keys", "public"],
  summary: "print the public key of a key",
  examples: [{ about: "public half of a private key", line: "countersign keys public release.key > release.pub" }],
  flags: [PASSWORD_FILE_FLAG],
  args: { min: 1, max: 1, usage: "KEY", complete: "file" },
  load: async () => (await import("../commands/keys.ts")).keysPublic,
}

const inspectKey: CommandSpec = {
  path: ["keys", "inspect"],
  summary: "show kind, size and fingerprint of a key",
  examples: [{ about: "compare a fingerprint with what verify prints", line: "countersign keys inspect release.pub" }],
  flags: [PASSWORD_FILE_FLAG],
  args: { min: 1, max: 1, usage: "KEY", complete: "file" },
  load: async () => (await import("../commands/keys.ts")).keysInspect,
}

const lend: CommandSpec = {
  path: ["keys", "lend"],
  summary: "let the notation command sign with your keys",
  description:
    "Installs countersign as a plugin of the Notary Project, so that notation can sign with every key that countersign\n" +
    "opens. Then name a key to it:\n\n" +
    "  notation key add --plugin=countersign --id KEY --plugin-config certs=FILE NAME\n\n" +
    "Run it again after countersign moved.",
  examples: [
    { about: "install the plugin where notation looks", line: "countersign keys lend" },
    {
      about: "install it into another folder of plugins",
      line: "countersign keys lend --plugins /opt/notation/plugins",
    },
  ],
  flags: [
    {
      name: "plugins",
      type: "string",
      usage: "folder of notation's plugins (default: where notation looks)",
      placeholder: "DIR",
    },
  ],
  args: { min: 0, max: 0, usage: "" },
  load: async () => (await import("../commands/keys-lend.ts")).keysLend,
}

/** `keys …`. */
export const keyCommands: readonly CommandSpec[] = [generate, importKey, publicKey, inspectKey, lend]
