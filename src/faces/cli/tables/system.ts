import type { CommandSpec, Program } from "../../command.ts"

const serve: CommandSpec = {
  path: ["serve"],
  summary: "run a registry",
  description:
    "An OCI registry with the referrers API, for development, tests and small installations. Ends on SIGINT or SIGTERM.",
  examples: [
    { about: "a registry that forgets everything at the end", line: "countersign serve --listen 127.0.0.1:5000" },
    { about: "one that keeps its data", line: "countersign serve --listen 127.0.0.1:5000 --data /var/lib/countersign" },
  ],
  flags: [
    {
      name: "listen",
      type: "string",
      default: "127.0.0.1:5000",
      usage: "address to listen on; port 0 picks a free one",
      placeholder: "HOST:PORT",
    },
    {
      name: "data",
      type: "string",
      usage: "folder of the store (without it: a temporary one)",
      placeholder: "FOLDER",
    },
    {
      name: "durability",
      type: "string",
      default: "full",
      usage: "full: an answered write is on disk; fast: left to the operating system",
      placeholder: "MODE",
      choices: ["full", "fast"],
    },
    { name: "allow-delete", type: "bool", default: "true", usage: "let clients delete tags, manifests and blobs" },
    { name: "sparse-indexes", type: "bool", usage: "accept manifests whose parts are not stored here" },
  ],
  args: { min: 0, max: 0, usage: "" },
  load: async () => (await import("../commands/serve.ts")).serve,
}

const login: CommandSpec = {
  path: ["login"],
  summary: "check credentials with a registry and store them",
  examples: [
    { about: "asking for the password", line: "countersign login --username alice registry.example" },
    {
      about: "without a terminal",
      line: 'printf %s "$TOKEN" | countersign login --username alice --password-stdin registry.example',
    },
  ],
  flags: [
    { name: "username", short: "u", type: "string", usage: "user name", placeholder: "NAME" },
    { name: "password-stdin", type: "bool", usage: "read the password from standard input" },
  ],
  args: { min: 1, max: 1, usage: "REGISTRY" },
  load: async () => (await import("../commands/login.ts")).login,
}

const logout: CommandSpec = {
  path: ["logout"],
  summary: "forget the credentials of a registry",
  examples: [{ about: "forget them", line: "countersign logout registry.example" }],
  flags: [],
  args: { min: 1, max: 1, usage: "REGISTRY" },
  load: async () => (await import("../commands/login.ts")).logout,
}

const version: CommandSpec = {
  path: ["version"],
  summary: "print the version",
  examples: [{ about: "for a program", line: "countersign version --output json" }],
  flags: [],
  args: { min: 0, max: 0, usage: "" },
  load: async () => (await import("../commands/version.ts")).version,
}

/**
 * What runs and describes the program itself.
 *
 * @param program - the whole program, which `demo` runs commands of.
 */
export function systemCommands(program: () => Program): readonly CommandSpec[] {
  const demo: CommandSpec = {
    path: ["demo"],
    summary: "take the tour: sign, verify and refuse, offline, in one process",
    description:
      "Starts a registry and a private Sigstore on free ports of this machine, pushes an artifact, signs it with keys,\n" +
      "certificates and an identity, verifies and explains it, and shows what is refused and why. Prints every command,\n" +
      "leaves nothing behind, ends by itself.",
    examples: [{ about: "take the tour", line: "countersign demo" }],
    flags: [],
    args: { min: 0, max: 0, usage: "" },
    load: async () => (await import("../commands/demo.ts")).demoOf(program()),
  }
  const completion: CommandSpec = {
    path: ["completion"],
    summary: "print a completion script for a shell",
    examples: [
      { about: "bash, for this shell", line: "source <(countersign completion bash)" },
      { about: "fish, for good", line: "countersign completion fish > ~/.config/fish/completions/countersign.fish" },
    ],
    flags: [],
    args: { min: 1, max: 1, usage: "bash|zsh|fish|powershell" },
    load: async () => (await import("../commands/completion.ts")).completion,
  }
  return [serve, login, logout, demo, completion, version]
}
