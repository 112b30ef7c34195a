import { EXIT } from "../../core/error-catalogue.ts"
import { printable } from "../../core/printable.ts"
import type { CommandSpec, FlagSpec, Program } from "../command.ts"

const SHARED: readonly FlagSpec[] = [
  { name: "staging", type: "bool", usage: "use the staging instance of Sigstore" },
  { name: "bundle", type: "string", usage: "the bundle", placeholder: "FILE" },
  {
    name: "trusted-root",
    type: "string",
    usage: "trusted root, default that of the TUF repository",
    placeholder: "FILE",
  },
]

const sign: CommandSpec = {
  path: ["sign-bundle"],
  summary: "sign a file for an identity",
  examples: [
    { about: "sign a file", line: "countersign conformance sign-bundle --identity-token TOKEN --bundle out.json FILE" },
  ],
  flags: [
    ...SHARED,
    { name: "in-toto", type: "bool", usage: "the file is an in-toto statement to sign as it is" },
    {
      name: "identity-token",
      type: "string",
      usage: "the identity token, or a file that holds it",
      placeholder: "TOKEN",
    },
    {
      name: "signing-config",
      type: "string",
      usage: "which services sign, default the config of the TUF repository",
      placeholder: "FILE",
    },
  ],
  args: { min: 1, max: 1, usage: "FILE", complete: "file" },
  load: async () => (await import("./sign-bundle.ts")).signBundle,
}

const verify: CommandSpec = {
  path: ["verify-bundle"],
  summary: "verify a bundle about a file or its digest",
  examples: [
    {
      about: "verify by identity",
      line: "countersign conformance verify-bundle --bundle b.json --certificate-identity ID --certificate-oidc-issuer URL FILE",
    },
    { about: "verify by key", line: "countersign conformance verify-bundle --bundle b.json --key key.pub FILE" },
  ],
  flags: [
    ...SHARED,
    {
      name: "certificate-identity",
      type: "string",
      usage: "subject alternative name that the certificate must have",
      placeholder: "IDENTITY",
    },
    {
      name: "certificate-oidc-issuer",
      type: "string",
      usage: "issuer that the certificate must name",
      placeholder: "URL",
    },
    { name: "key", type: "string", usage: "public key instead of an identity", placeholder: "FILE" },
    { name: "offline", type: "bool", usage: "use trust data that is there, of whatever age" },
  ],
  args: { min: 1, max: 1, usage: "FILE_OR_DIGEST", complete: "file" },
  load: async () => (await import("./verify-bundle.ts")).verifyBundle,
}

/**
 * `conformance`: what the suite of Sigstore's clients runs. Exit code 0 is a yes, everything else a no.
 *
 * Spec: sigstore/sigstore-conformance `docs/cli_protocol.md`.
 */
export const conformanceProgram: Program = {
  name: "countersign conformance",
  summary: "signs and verifies bundles as the conformance suite of Sigstore clients asks",
  globalFlags: [],
  commands: [sign, verify],
  onError: async (error, { world }) => {
    const why = error.why === undefined ? "" : `  why       ${printable(error.why)}\n`
    const hints = error.next.map((line) => `  hint: ${printable(line)}\n`).join("")
    await world.stderr.write(`error: ${printable(error.what)} [${error.code}]\n${why}${hints}`)
    return EXIT[error.kind]
  },
}
