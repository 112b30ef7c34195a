/** Commands of the face and their help, whose words are notation's own. */
import { installArguments, uninstallArguments } from "../arguments.ts"
import type { FaceCommand } from "../face-command.ts"

export const pluginsCommands: readonly FaceCommand[] = [
  {
    path: ["plugin", "install"],
    aliases: ["add"],
    summary: "Install a plugin",
    description: `Install a plugin

Example - Install plugin from file system:
  notation plugin install --file wabbit-plugin-v1.0.zip

Example - Install plugin from file system with user input SHA256 checksum:
  notation plugin install --file wabbit-plugin-v1.0.zip --sha256sum 113062a462674a0e35cb5cad75a0bb2ea16e9537025531c0fd705018fcdbc17e

Example - Install plugin from file system regardless if it's already installed:
  notation plugin install --file wabbit-plugin-v1.0.zip --force

Example - Install plugin from file system with .tar.gz:
  notation plugin install --file wabbit-plugin-v1.0.tar.gz

Example - Install plugin from file system with a single plugin executable file:
  notation plugin install --file notation-wabbit-plugin

Example - Install plugin from URL, SHA256 checksum is required:
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
    summary: "List installed plugins",
    description: `List installed plugins

Example - List installed Notation plugins:
  notation plugin ls`,
    use: "[flags]",
    load: async () => (await import("../commands/plugin-list.ts")).pluginList,
  },
  {
    path: ["plugin", "uninstall"],
    aliases: ["remove", "rm"],
    summary: "Uninstall a plugin",
    description: `Uninstall a plugin

Example - Uninstall plugin:
  notation plugin uninstall wabbit-plugin`,
    use: "[flags] <plugin_name>",
    args: uninstallArguments,
    load: async () => (await import("../commands/plugin-uninstall.ts")).pluginUninstall,
  },
]
