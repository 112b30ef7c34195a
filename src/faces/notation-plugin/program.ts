import type { CommandHandler, CommandSpec, Program } from "../command.ts"

/** A command of the plugin protocol: no flags, the request on standard input. */
function command(name: string, summary: string, load: () => Promise<CommandHandler>): CommandSpec {
  return {
    path: [name],
    summary,
    examples: [],
    flags: [],
    args: { min: 0, max: 0, usage: "", complete: "none" },
    load,
  }
}

/**
 * `notation-countersign`: our plugin for everything that speaks the Notary Project's plugin protocol. It is started by
 * those programs, not by people.
 *
 * Spec: notaryproject/specifications `specs/plugin-extensibility.md`.
 */
export const notationPluginProgram: Program = {
  name: "notation-countersign",
  summary: "plugin that lends keys to the notation command; install it with `countersign keys lend`",
  globalFlags: [],
  commands: [
    command("get-plugin-metadata", "say what this plugin is", async () => (await import("./metadata.ts")).metadata),
    command("describe-key", "say what kind a key is", async () => (await import("./keys.ts")).describeKey),
    command("generate-signature", "sign with a key", async () => (await import("./keys.ts")).generateSignature),
  ],
  onError: async (error, context) => (await import("./protocol-error.ts")).protocolError(error, context),
}
