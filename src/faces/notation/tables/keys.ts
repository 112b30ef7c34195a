/** Commands of the face and their help. The words are our own; commands and their usage lines are notation's. */
import { atLeastOne, exactlyOne } from "../arguments.ts"
import type { FaceCommand } from "../face-command.ts"

export const keysCommands: readonly FaceCommand[] = [
  {
    path: ["key", "add"],
    summary: "Put a plugin's key on the list of signing keys",
    use: "--plugin <plugin_name> [flags] <key_name>",
    args: exactlyOne("either missing key name or unnecessary parameters passed"),
    required: ["plugin"],
    load: async () => (await import("../commands/key-add.ts")).keyAdd,
  },
  {
    path: ["key", "delete"],
    summary: "Take keys off the list of signing keys",
    use: "[flags] <key_name>...",
    args: atLeastOne("missing key names"),
    load: async () => (await import("../commands/key-delete.ts")).keyDelete,
  },
  {
    path: ["key", "list"],
    aliases: ["ls"],
    summary: "Print the list of signing keys",
    use: "[flags]",
    load: async () => (await import("../commands/key-list.ts")).keyList,
  },
  {
    path: ["key", "update"],
    aliases: ["set"],
    summary: "Make another key the default",
    use: "[flags] <key_name>",
    args: atLeastOne("missing key name"),
    load: async () => (await import("../commands/key-update.ts")).keyUpdate,
  },
]
