/** Commands of the face and their help, whose words are notation's own. */
import { atLeastOne, exactlyOne } from "../arguments.ts"
import type { FaceCommand } from "../face-command.ts"

export const keysCommands: readonly FaceCommand[] = [
  {
    path: ["key", "add"],
    summary: "Add key to Notation signing key list",
    use: "--plugin <plugin_name> [flags] <key_name>",
    args: exactlyOne("either missing key name or unnecessary parameters passed"),
    required: ["plugin"],
    load: async () => (await import("../commands/key-add.ts")).keyAdd,
  },
  {
    path: ["key", "delete"],
    summary: "Remove key from Notation signing key list",
    use: "[flags] <key_name>...",
    args: atLeastOne("missing key names"),
    load: async () => (await import("../commands/key-delete.ts")).keyDelete,
  },
  {
    path: ["key", "list"],
    aliases: ["ls"],
    summary: "List keys used for signing",
    use: "[flags]",
    load: async () => (await import("../commands/key-list.ts")).keyList,
  },
  {
    path: ["key", "update"],
    aliases: ["set"],
    summary: "Update key in Notation signing key list",
    use: "[flags] <key_name>",
    args: atLeastOne("missing key name"),
    load: async () => (await import("../commands/key-update.ts")).keyUpdate,
  },
]
