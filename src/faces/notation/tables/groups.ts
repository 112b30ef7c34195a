/** Words that several commands begin with. */
import type { FaceGroup } from "../face-command.ts"

export const groups: readonly FaceGroup[] = [
  {
    path: ["certificate"],
    aliases: ["cert"],
    summary: "Manage certificates in trust store",
    description: "Manage certificates in trust store for signature verification.",
  },
  {
    path: ["key"],
    summary: "Manage keys used for signing",
    description: `Manage keys used for signing

Example - Add a key to signing key list:
  notation key add --plugin <plugin_name> --id <key_id> <key_name>

Example - List keys used for signing:
  notation key ls

Example - Update the default signing key:
  notation key set --default <key_name>

Example - Delete the key from signing key list:
  notation key delete <key_name>...`,
  },
  {
    path: ["policy"],
    summary: "Manage trust policy configuration",
    description: "Manage trust policy configuration for signature verification.",
    notation2: {
      summary: "Manage OCI trust policy configuration for OCI artifact signature verification",
      description: "Manage OCI trust policy configuration for OCI artifact signature verification.",
    },
  },
  {
    path: ["plugin"],
    summary: "Manage plugins",
    description: "Manage plugins",
  },
  {
    path: ["completion"],
    summary: "Generate the autocompletion script for the specified shell",
    description: `Generate the autocompletion script for notation for the specified shell.
See each sub-command's help for details on how to use the generated script.`,
  },
  {
    path: ["blob"],
    only: "notation2",
    summary: "Commands for blob",
    description: "Sign, verify, inspect signatures of blob. Configure blob trust policy.",
  },
  {
    path: ["blob", "policy"],
    only: "notation2",
    summary: "Manage blob trust policy configuration for arbitrary blob signature verification",
    description: "Manage blob trust policy configuration for arbitrary blob signature verification.",
  },
]
