import { goQuote } from "../../../codec/go-quote.ts"
import { ToolError } from "../../../core/errors.ts"
import type { PluginHost, PluginMetadata } from "../../../core/notation-home.ts"
import type { Logger } from "../../../core/ports.ts"
import type { EnvelopeSigner, NotationSigner } from "../signer.ts"
import { mergedConfig, type PluginConfig } from "./plugin-answer.ts"
import { pluginEnvelopeSigner } from "./plugin-envelope.ts"
import { pluginSigningKey } from "./plugin-signing-key.ts"

/** A key behind a plugin and how a command wants to use it. */
export interface PluginSignerRequest {
  /** Of the plugin. */
  readonly name: string
  readonly keyId: string
  /** Settings of the key's entry in `signingkeys.json`. */
  readonly keyConfig?: PluginConfig
  /** Settings of the command line, which win. */
  readonly commandConfig?: PluginConfig
  readonly purpose: "artifact" | "blob"
  /** A timestamp is wanted; plugins that make whole envelopes cannot be given one. */
  readonly timestamp?: boolean
  /** Told of the steps. */
  readonly logger?: Pick<Logger, "debug">
}

/**
 * The signer for a plugin's key: the plugin's raw signatures where it gives them, else its envelopes.
 *
 * @throws {ToolError} what {@link PluginHost.metadata} throws; `E_PLUGIN_FAILED` of kind `usage` for a plugin that cannot
 *   do what is wanted; `E_USAGE` for a timestamp with a plugin that makes envelopes; what {@link pluginSigningKey} throws.
 */
export async function openPluginSigner(
  host: PluginHost,
  request: PluginSignerRequest,
  signal?: AbortSignal,
): Promise<NotationSigner | EnvelopeSigner> {
  const { name, keyId, purpose } = request
  if (keyId === "") throw new ToolError("E_USAGE", { what: "keyID not specified", next: ["name the key with `--id`"] })
  const pluginConfig = mergedConfig(request.keyConfig, request.commandConfig ?? {})
  const metadata = await host.metadata(name, pluginConfig)
  const key = { name, keyId, pluginConfig, metadata }
  if (metadata.capabilities.includes("SIGNATURE_GENERATOR.RAW")) return pluginSigningKey(host, key, purpose, signal)
  if (purpose === "blob") {
    const what = `the plugin ${goQuote(metadata.name)} lacks the signature generator capability required for blob signing`
    throw cannot(what, metadata)
  }
  if (!metadata.capabilities.includes("SIGNATURE_GENERATOR.ENVELOPE")) {
    throw cannot("plugin does not have signing capabilities", metadata)
  }
  if (request.timestamp === true) {
    throw new ToolError("E_USAGE", {
      what: `the plugin ${metadata.name} makes whole envelopes, which cannot be given a timestamp`,
      why: "a timestamp was asked for; the plugin decides alone what is in its envelopes",
      next: ["leave out the timestamp options", "or let the plugin timestamp, if its settings offer that"],
    })
  }
  return pluginEnvelopeSigner(host, key, signal, request.logger)
}

function cannot(what: string, { name, version, capabilities }: PluginMetadata): ToolError {
  return new ToolError("E_PLUGIN_FAILED", {
    what,
    why: `${name} ${version} can ${capabilities.join(", ")}`,
    next: ["sign with a plugin that can, or with a key of your own"],
    kind: "usage",
  })
}
