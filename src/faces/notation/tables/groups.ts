/** Words that several commands begin with, with help in our own words. */
import type { FaceGroup } from "../face-command.ts"

export const groups: readonly FaceGroup[] = [
  {
    path: ["certificate"],
    aliases: ["cert"],
    summary: "Look after trust stores and their certificates",
    description: "Looks after trust stores: the certificates by which signatures and timestamps are verified.",
  },
  {
    path: ["key"],
    summary: "Look after the list of signing keys",
    description: `Looks after the list of signing keys. The keys themselves are files or lie with plugins.

Example - list a key that a plugin holds:
  notation key add --plugin <plugin_name> --id <key_id> <key_name>

Example - print the list:
  notation key ls

Example - sign with another key by default:
  notation key set --default <key_name>

Example - take keys off the list:
  notation key delete <key_name>...`,
  },
  {
    path: ["policy"],
    summary: "Look after the trust policy",
    description: "Looks after the trust policy: whose signatures count for which artifacts.",
    notation2: {
      summary: "Look after the trust policy of artifacts",
      description: "Looks after the trust policy of artifacts: whose signatures count for which repositories.",
    },
  },
  {
    path: ["plugin"],
    summary: "Look after plugins",
    description: "Looks after plugins: programs that sign and verify in notation's place.",
  },
  {
    path: ["completion"],
    summary: "Write a completion script for a shell",
    description: `Writes a script that lets a shell complete notation's commands and flags.
The help of each shell's command says where the script goes.`,
  },
  {
    path: ["blob"],
    only: "notation2",
    summary: "Sign and verify files",
    description: "Signs and verifies files, prints what their signatures contain, and looks after their trust policy.",
  },
  {
    path: ["blob", "policy"],
    only: "notation2",
    summary: "Look after the trust policy of files",
    description: "Looks after the trust policy of files: whose signatures count under which statement.",
  },
]
