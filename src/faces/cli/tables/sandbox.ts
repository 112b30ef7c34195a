import type { CommandSpec, FlagSpec } from "../../command.ts"

const DATA_FLAG: FlagSpec = {
  name: "data",
  type: "string",
  usage: "folder that the sandbox is or was served from",
  placeholder: "FOLDER",
}

const serve: CommandSpec = {
  path: ["sandbox"],
  summary: "run a private Sigstore for tests and development",
  description:
    "OpenID Connect issuer with a login page, Fulcio, certificate transparency log, Rekor v1 and v2, timestamp authority\n" +
    "and TUF repository on one port. Keys and logs stay in the folder; trusted_root.json, signing_config.json (Rekor v1)\n" +
    "and signing_config.v2.json (Rekor v2 with timestamps) are written there. Ends on SIGINT or SIGTERM.\n" +
    "Anybody who reaches it can be anybody: keep it on this machine, or in a network that only tests use.",
  examples: [
    { about: "a sandbox that keeps its data", line: "countersign sandbox --listen 127.0.0.1:5800 --data ./sandbox" },
    {
      about: "on a port of the system's choice, forgotten at the end",
      line: "countersign sandbox --listen 127.0.0.1:0 --output json",
    },
  ],
  flags: [
    {
      name: "listen",
      type: "string",
      default: "127.0.0.1:5800",
      usage: "address to listen on; port 0 picks a free one",
      placeholder: "HOST:PORT",
    },
    {
      name: "data",
      type: "string",
      usage: "folder of keys, logs and documents (without it: a temporary one)",
      placeholder: "FOLDER",
    },
    {
      name: "url",
      type: "string",
      usage: "origin that clients reach it by, where that is not the address it listens on",
      placeholder: "URL",
    },
    {
      name: "durability",
      type: "string",
      default: "full",
      usage: "full: an answered entry is on disk; fast: left to the operating system",
      placeholder: "MODE",
      choices: ["full", "fast"],
    },
  ],
  args: { min: 0, max: 0, usage: "" },
  load: async () => (await import("../commands/sandbox.ts")).sandbox,
}

const token: CommandSpec = {
  path: ["sandbox", "token"],
  summary: "print an identity token of a sandbox, whether or not it runs",
  examples: [
    { about: "as a person", line: "countersign sandbox token --data ./sandbox --email alice@example.com" },
    {
      about: "as a GitHub workflow",
      line: "countersign sandbox token --data ./sandbox --claim repository=acme/app --claim job_workflow_ref=acme/app/.github/workflows/release.yml@refs/heads/main",
    },
  ],
  flags: [
    DATA_FLAG,
    { name: "email", type: "string", usage: "verified e-mail address of the holder", placeholder: "ADDRESS" },
    {
      name: "subject",
      type: "string",
      usage: "subject, where none is to be made from the address or the repository",
      placeholder: "TEXT",
    },
    {
      name: "audience",
      type: "string",
      default: "sigstore",
      usage: "whom the token is for",
      placeholder: "TEXT",
    },
    {
      name: "claim",
      type: "stringArray",
      usage: "a further claim; wins over all others (may repeat)",
      placeholder: "NAME=VALUE",
    },
    {
      name: "lifetime",
      type: "duration",
      default: "10m",
      usage: "how long the token is good; negative makes one that has expired",
      placeholder: "TIME",
    },
  ],
  args: { min: 0, max: 0, usage: "" },
  load: async () => (await import("../commands/sandbox-token.ts")).sandboxToken,
}

const env: CommandSpec = {
  path: ["sandbox", "env"],
  summary: "print the exports that make cosign 2 trust a sandbox",
  examples: [
    {
      about: "for this shell",
      line: 'eval "$(countersign sandbox env --data ./sandbox)"',
    },
  ],
  flags: [DATA_FLAG],
  args: { min: 0, max: 0, usage: "" },
  load: async () => (await import("../commands/sandbox-env.ts")).sandboxEnv,
}

/** A private Sigstore. */
export const sandboxCommands: readonly CommandSpec[] = [serve, token, env]
