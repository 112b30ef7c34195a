import { ToolError } from "../../core/errors.ts"
import type { NotationHome, SigningKeyEntry } from "../../core/notation-home.ts"
import type { Logger } from "../../core/ports.ts"
import { openPluginSigner } from "./plugins/open-plugin-signer.ts"
import { localSigner, type EnvelopeSigner, type NotationSigner } from "./signer.ts"

/** Which of notation's keys a command signs with. */
export interface SignerChoice {
  /** Name in `signingkeys.json`; empty or absent = its default key. */
  readonly key?: string
  /** A plugin's key that is in no list. */
  readonly plugin?: { readonly name: string; readonly keyId: string }
  /** `--plugin-config`, which wins over the key's own. */
  readonly pluginConfig: Readonly<Record<string, string>>
  readonly purpose: "artifact" | "blob"
  readonly timestamp: boolean
  /** Told of the steps. */
  readonly logger?: Pick<Logger, "debug">
}

/**
 * The signer for a key of notation's configuration, or of a plugin.
 *
 * @throws {ToolError} `E_KEY_NOT_FOUND` in notation's words; what reading keys and asking plugins throws.
 */
export async function openSigner(
  home: Pick<NotationHome, "readKeys" | "readKeyPair" | "plugins">,
  choice: SignerChoice,
): Promise<NotationSigner | EnvelopeSigner> {
  const { plugin, pluginConfig, purpose, timestamp } = choice
  const logger = choice.logger === undefined ? {} : { logger: choice.logger }
  const options = { commandConfig: pluginConfig, purpose, timestamp, ...logger }
  if (plugin !== undefined) return openPluginSigner(home.plugins, { ...plugin, ...options })
  const entry = await signingKeyEntry(home, choice.key ?? "")
  if ("keyPath" in entry) return localSigner(await home.readKeyPair(entry.keyPath, entry.certPath))
  return openPluginSigner(home.plugins, {
    name: entry.pluginName,
    keyId: entry.id,
    ...(entry.pluginConfig === undefined ? {} : { keyConfig: entry.pluginConfig }),
    ...options,
  })
}

/**
 * A key of notation's list.
 *
 * @param name - empty = the default key.
 * @throws {ToolError} `E_KEY_NOT_FOUND` in notation's words.
 */
export async function signingKeyEntry(home: Pick<NotationHome, "readKeys">, name: string): Promise<SigningKeyEntry> {
  const list = await home.readKeys()
  const wanted = name === "" ? list.default : name
  if (wanted === undefined) {
    throw new ToolError("E_KEY_NOT_FOUND", {
      what: "default signing key not set. Please set default signing key or specify a key name",
      next: ["set one with `countersign notation key update --default NAME`, or name it with `--key`"],
    })
  }
  const entry = list.keys.find((key) => key.name === wanted)
  if (entry !== undefined) return entry
  throw new ToolError("E_KEY_NOT_FOUND", {
    what: `signing key ${wanted} not found`,
    next: ["see the keys with `countersign notation key list`"],
  })
}
