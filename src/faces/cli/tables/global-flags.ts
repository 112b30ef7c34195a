import type { FlagSpec } from "../../command.ts"

/** Flags every command takes. */
export const globalFlags: readonly FlagSpec[] = [
  {
    name: "output",
    short: "o",
    type: "string",
    default: "text",
    usage: "form of the answer on standard output: text, json or yaml",
    placeholder: "FORM",
    choices: ["text", "json", "yaml"],
  },
  { name: "quiet", short: "q", type: "bool", usage: "print errors and requested data only" },
  { name: "verbose", short: "v", type: "bool", usage: "print what is done" },
  { name: "debug", type: "bool", usage: "print every request" },
  {
    name: "log-format",
    type: "string",
    default: "text",
    usage: "form of messages on standard error: text or json",
    placeholder: "FORM",
    choices: ["text", "json"],
  },
  {
    name: "timeout",
    type: "duration",
    default: "3m",
    usage: "give up after this time, such as 30s or 10m",
    placeholder: "TIME",
  },
  { name: "offline", type: "bool", usage: "contact nobody but the registries of the artifacts named" },
  { name: "plain-http", type: "bool", usage: "speak http, not https, with the registry (loopback needs no flag)" },
  { name: "insecure-skip-tls-verify", type: "bool", usage: "accept any certificate of the registry" },
  {
    name: "registry-cacert",
    type: "string",
    usage: "PEM file of authorities that vouch for the registry",
    placeholder: "FILE",
  },
  { name: "registry-client-cert", type: "string", usage: "PEM file of the client certificate", placeholder: "FILE" },
  {
    name: "registry-client-key",
    type: "string",
    usage: "PEM file of the client certificate's key",
    placeholder: "FILE",
  },
  {
    name: "registry-server-name",
    type: "string",
    usage: "host name the registry's certificate must have",
    placeholder: "NAME",
  },
  {
    name: "registry-username",
    type: "string",
    usage: "user name for the registry (password: COUNTERSIGN_REGISTRY_PASSWORD or --registry-password-stdin)",
    placeholder: "NAME",
  },
  { name: "registry-password-stdin", type: "bool", usage: "read the registry's password from standard input" },
  {
    name: "authfile",
    type: "string",
    usage: "file with registry credentials, read instead of the usual places",
    placeholder: "FILE",
  },
]
