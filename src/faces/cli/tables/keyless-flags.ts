import type { FlagSpec } from "../../command.ts"

/** Identities, logs and what becomes public, for commands that sign. */
export const KEYLESS_FLAGS: readonly FlagSpec[] = [
  {
    name: "keyless",
    type: "bool",
    usage: "sign for an identity: log in, or use the CI job's token; with --key, a certificate for that key",
  },
  { name: "log", type: "bool", usage: "with --key: put the signature into a transparency log (--keyless always does)" },
  { name: "no-log", type: "bool", usage: "with --keyless: no transparency log; needs a timestamp authority" },
  { name: "preview", type: "bool", usage: "show exactly what would become public, and stop" },
  { name: "yes", short: "y", type: "bool", usage: "agree that it becomes public; do not ask" },
  {
    name: "signing-config",
    type: "string",
    usage: "signing_config.json that names the services; default: that of the TUF repository",
    placeholder: "FILE",
  },
  {
    name: "trusted-root",
    type: "string",
    usage: "trusted_root.json to check the services' answers with; default: the TUF repository's, for its own services",
    placeholder: "FILE",
  },
  {
    name: "fulcio-url",
    type: "string",
    usage: "certificate authority, instead of a signing config",
    placeholder: "URL",
  },
  {
    name: "fulcio-version",
    type: "int",
    default: "2",
    usage: "API version of --fulcio-url: 2, or 1 for the legacy one",
    placeholder: "N",
  },
  {
    name: "rekor-url",
    type: "string",
    usage: "transparency log, instead of a signing config",
    placeholder: "URL",
  },
  {
    name: "rekor-version",
    type: "int",
    default: "1",
    usage: "API version of --rekor-url: 1 or 2",
    placeholder: "N",
  },
  {
    name: "identity-token",
    type: "string",
    usage: "identity token, or the file that holds it",
    placeholder: "TOKEN",
  },
  {
    name: "oidc-provider",
    type: "string",
    usage: "take the token of this CI system alone, such as github-actions",
    placeholder: "NAME",
  },
  {
    name: "oidc-flow",
    type: "string",
    usage: "how to log in: normal (browser), device, token or client_credentials; default: device without a terminal",
    placeholder: "FLOW",
    choices: ["normal", "device", "token", "client_credentials"],
  },
  { name: "oidc-issuer", type: "string", usage: "identity provider to log in at", placeholder: "URL" },
  {
    name: "oidc-client-id",
    type: "string",
    usage: "this program's name at the identity provider; default sigstore",
    placeholder: "ID",
  },
  {
    name: "oidc-client-secret-file",
    type: "string",
    usage: "file with the client's secret, for providers that want one",
    placeholder: "FILE",
  },
  {
    name: "oidc-redirect-url",
    type: "string",
    usage: "loopback URL that the browser comes back to; default: a free port",
    placeholder: "URL",
  },
  {
    name: "signing-algorithm",
    type: "string",
    usage:
      "kind of the new key: ecdsa-sha2-256-nistp256 (default), ecdsa-sha2-384-nistp384, rsa-sign-pkcs1-2048-sha256 …",
    placeholder: "NAME",
  },
]

/** Authorities of statements; those of notation signatures stand with their flags. */
export const TIMESTAMP_URL_FLAG: FlagSpec = {
  name: "timestamp-url",
  type: "string",
  usage: "RFC 3161 authority that vouches for the time, instead of the signing config's",
  placeholder: "URL",
}
