/** Commands of the face and their help. The words are our own; commands and their usage lines are notation's. */
import { exactly, importArguments } from "../arguments.ts"
import type { FaceCommand } from "../face-command.ts"

export const policiesCommands: readonly FaceCommand[] = [
  {
    path: ["policy", "import"],
    summary: "Make a file the trust policy",
    description: `Checks a trust policy and makes it the one that counts. The bytes of the file are kept as they are.

Example - a policy in JSON:
  notation policy import my_policy.json`,
    use: "[flags] <file_path>",
    notation2: {
      summary: "Make a file the trust policy of artifacts",
      description: `Checks a trust policy and makes it the one that counts for artifacts. The bytes of the file are kept as they are.

Example - the copy is "trustpolicy.oci.json":
  notation policy import my_policy.json

Example - replace the old one with no question asked:
  notation policy import --force my_policy.json`,
    },
    args: importArguments("policy", "trust policy file location"),
    complete: "file",
    load: async () => (await import("../commands/policy-import.ts")).policyImport,
  },
  {
    path: ["policy", "show"],
    summary: "Print the trust policy",
    description: `Prints the file of the trust policy as it is.

Example - on the terminal:
  notation policy show

Example - into a file:
  notation policy show > my_policy.json`,
    use: "[flags]",
    notation2: {
      summary: "Print the trust policy of artifacts",
      description: `Prints the file of the trust policy of artifacts as it is. A policy that breaks a rule is printed, too, but is an error.

Example - on the terminal:
  notation policy show

Example - into a file:
  notation policy show > my_policy.json`,
    },
    args: exactly(0),
    load: async () => (await import("../commands/policy-show.ts")).policyShow,
  },
  {
    path: ["blob", "policy", "import"],
    only: "notation2",
    summary: "Make a file the trust policy of files",
    description: `Checks a trust policy and makes it the one that counts for files. The bytes of the file are kept as they are.

Example - the copy is "trustpolicy.blob.json":
  notation blob policy import my_policy.json

Example - replace the old one with no question asked:
  notation blob policy import --force my_policy.json`,
    use: "[flags] <file_path>",
    args: importArguments("blob policy", "trust policy configuration location"),
    complete: "file",
    load: async () => (await import("../commands/blob-policy-import.ts")).blobPolicyImport,
  },
  {
    path: ["blob", "policy", "init"],
    only: "notation2",
    summary: "Write a first trust policy of files",
    description: `Writes a trust policy of files with one statement, at level strict.

Example - one trust store and one signer:
  notation blob policy init --name examplePolicy --trust-store ca:exampleStore --trusted-identity "x509.subject: C=US, ST=WA, O=acme-rockets.io"

Example - the statement also counts where none is named:
  notation blob policy init --name examplePolicy --trust-store ca:exampleStore --trusted-identity "x509.subject: C=US, ST=WA, O=acme-rockets.io" --global

Example - several trust stores and signers:
  notation blob policy init --name examplePolicy --trust-store ca:exampleStore --trust-store ca:exampleStore2 --trusted-identity "x509.subject: C=US, ST=WA, O=acme-rockets.io" --trusted-identity "x509.subject: C=US, ST=WA, L=Seattle, O=wabbit-networks.io"

Example - whoever has a certificate of the store:
  notation blob policy init --name examplePolicy --trust-store ca:exampleStore --trusted-identity "*"

Example - replace the old one with no question asked:
  notation blob policy init --name examplePolicy --trust-store ca:exampleStore --trusted-identity "x509.subject: C=US, ST=WA, O=acme-rockets.io" --force`,
    use: '[flags] --name <policy_name> --trust-store "<store_type>:<store_name>" --trusted-identity "<trusted_identity>"',
    args: exactly(0),
    required: ["name", "trust-store", "trusted-identity"],
    load: async () => (await import("../commands/blob-policy-init.ts")).blobPolicyInit,
  },
  {
    path: ["blob", "policy", "show"],
    only: "notation2",
    summary: "Print the trust policy of files",
    description: `Prints the file of the trust policy of files as it is. A policy that breaks a rule is printed, too, but is an error.

Example - on the terminal:
  notation blob policy show

Example - into a file:
  notation blob policy show > my_policy.json`,
    use: "[flags]",
    args: exactly(0),
    load: async () => (await import("../commands/blob-policy-show.ts")).blobPolicyShow,
  },
]
