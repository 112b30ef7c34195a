/** Commands of the face and their help. The words are our own; commands and their usage lines are notation's. */
import { installArguments, uninstallArguments } from "../arguments.ts"
import type { FaceCommand } from "../face-command.ts"

export const pluginsCommands: readonly FaceCommand[] = [
  {
    path: ["plugin", "install"],
    aliases: ["add"],
    summary: "Install a plugin from a file or URL",
    description: `Installs a plugin: an executable, or a .zip or .tar.gz file with one in it. It is run once, to be asked what it is. The version that is there is replaced by a higher one; --force takes any.

Example - from a file:
  notation plugin install --file wabbit-plugin-v1.0.zip

Example - from a file whose SHA-256 is checked first:
  notation plugin install --file wabbit-plugin-v1.0.zip --sha256sum 113062a462674a0e35cb5cad75a0bb2ea16e9537025531c0fd705018fcdbc17e

Example - whatever version is there already:
  notation plugin install --file wabbit-plugin-v1.0.zip --force

Example - from a .tar.gz file:
  notation plugin install --file wabbit-plugin-v1.0.tar.gz

Example - from the executable alone:
  notation plugin install --file notation-wabbit-plugin

Example - from the web; the SHA-256 must be given:
  notation plugin install --url https://wabbit-networks.com/intaller/linux/amd64/wabbit-plugin-v1.0.tar.gz --sha256sum f8a75d9234db90069d9eb5660e5374820edf36d710bd063f4ef81e7063d3810b`,
    use: "[flags] <--file|--url> <plugin_source>",
    args: installArguments,
    exclusive: [["file", "url"]],
    oneRequired: [["file", "url"]],
    complete: "file",
    load: async () => (await import("../commands/plugin-install.ts")).pluginInstall,
  },
  {
    path: ["plugin", "list"],
    aliases: ["ls"],
    summary: "Print the installed plugins",
    description: `Asks each installed plugin what it is, and prints the answers.

Example - all of them:
  notation plugin ls`,
    use: "[flags]",
    load: async () => (await import("../commands/plugin-list.ts")).pluginList,
  },
  {
    path: ["plugin", "uninstall"],
    aliases: ["remove", "rm"],
    summary: "Remove a plugin",
    description: `Removes a plugin with all files in its folder.

Example - by its name:
  notation plugin uninstall wabbit-plugin`,
    use: "[flags] <plugin_name>",
    args: uninstallArguments,
    load: async () => (await import("../commands/plugin-uninstall.ts")).pluginUninstall,
  },
]
