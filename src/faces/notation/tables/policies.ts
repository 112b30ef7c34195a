/** Commands of the face and their help, whose words are notation's own. */
import { exactly, importArguments } from "../arguments.ts"
import type { FaceCommand } from "../face-command.ts"

export const policiesCommands: readonly FaceCommand[] = [
  {
    path: ["policy", "import"],
    summary: "Import trust policy configuration from a JSON file",
    description: `Import trust policy configuration from a JSON file.

** This command is in preview and under development. **

Example - Import trust policy configuration from a file:
  notation policy import my_policy.json`,
    use: "[flags] <file_path>",
    notation2: {
      summary: "Import OCI trust policy configuration from a JSON file",
      description: `Import OCI trust policy configuration from a JSON file.

Example - Import OCI trust policy configuration from a JSON file and store as "trustpolicy.oci.json":
  notation policy import my_policy.json

Example - Import OCI trust policy and override existing configuration without prompt:
  notation policy import --force my_policy.json`,
    },
    args: importArguments("policy", "trust policy file location"),
    complete: "file",
    load: async () => (await import("../commands/policy-import.ts")).policyImport,
  },
  {
    path: ["policy", "show"],
    summary: "Show trust policy configuration",
    description: `Show trust policy configuration.

** This command is in preview and under development. **

Example - Show current trust policy configuration:
  notation policy show

Example - Save current trust policy configuration to a file:
  notation policy show > my_policy.json`,
    use: "[flags]",
    notation2: {
      summary: "Show OCI trust policy configuration",
      description: `Show OCI trust policy configuration.

Example - Show current OCI trust policy configuration:
  notation policy show

Example - Save current OCI trust policy configuration to a file:
  notation policy show > my_policy.json`,
    },
    args: exactly(0),
    load: async () => (await import("../commands/policy-show.ts")).policyShow,
  },
  {
    path: ["blob", "policy", "import"],
    only: "notation2",
    summary: "Import blob trust policy configuration from a JSON file",
    description: `Import blob trust policy configuration from a JSON file.

Example - Import blob trust policy configuration from a JSON file and store as "trustpolicy.blob.json":
  notation blob policy import my_policy.json

Example - Import blob trust policy and override existing configuration without prompt:
  notation blob policy import --force my_policy.json`,
    use: "[flags] <file_path>",
    args: importArguments("blob policy", "trust policy configuration location"),
    complete: "file",
    load: async () => (await import("../commands/blob-policy-import.ts")).blobPolicyImport,
  },
  {
    path: ["blob", "policy", "init"],
    only: "notation2",
    summary: "Initialize blob trust policy configuration",
    description: `Initialize blob trust policy configuration.

Example - init a blob trust policy configuration with a trust store and a trusted identity:
  notation blob policy init --name examplePolicy --trust-store ca:exampleStore --trusted-identity "x509.subject: C=US, ST=WA, O=acme-rockets.io"

Example - init a blob trust policy configuration and set the policy statement as the global policy:
  notation blob policy init --name examplePolicy --trust-store ca:exampleStore --trusted-identity "x509.subject: C=US, ST=WA, O=acme-rockets.io" --global

Example - init a blob trust policy configuration with multiple trust stores and trusted identities:
  notation blob policy init --name examplePolicy --trust-store ca:exampleStore --trust-store ca:exampleStore2 --trusted-identity "x509.subject: C=US, ST=WA, O=acme-rockets.io" --trusted-identity "x509.subject: C=US, ST=WA, L=Seattle, O=wabbit-networks.io"

Example - init a blob trust policy configuration with any trusted identity:
  notation blob policy init --name examplePolicy --trust-store ca:exampleStore --trusted-identity "*"

Example - init a blob trust policy configuration without prompt:
  notation blob policy init --name examplePolicy --trust-store ca:exampleStore --trusted-identity "x509.subject: C=US, ST=WA, O=acme-rockets.io" --force`,
    use: '[flags] --name <policy_name> --trust-store "<store_type>:<store_name>" --trusted-identity "<trusted_identity>"',
    args: exactly(0),
    required: ["name", "trust-store", "trusted-identity"],
    load: async () => (await import("../commands/blob-policy-init.ts")).blobPolicyInit,
  },
  {
    path: ["blob", "policy", "show"],
    only: "notation2",
    summary: "Show blob trust policy configuration",
    description: `Show blob trust policy configuration.

Example - Show current blob trust policy configuration:
  notation blob policy show

Example - Save current blob trust policy configuration to a file:
  notation blob policy show > my_policy.json`,
    use: "[flags]",
    args: exactly(0),
    load: async () => (await import("../commands/blob-policy-show.ts")).blobPolicyShow,
  },
]
