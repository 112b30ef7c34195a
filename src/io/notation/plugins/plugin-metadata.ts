import { basename } from "node:path"

import { type GoJsonValue, sortedKeys } from "../../../codec/go-json.ts"
import { goQuote } from "../../../codec/go-quote.ts"
import { expectArray, expectString, member } from "../../../codec/json-shape.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import type { PluginMetadata } from "../../../core/notation-home.ts"
import type { HomeContext } from "../home-context.ts"
import { executableName, type PluginFile, pluginFailed, runPlugin, unreadable } from "./run-plugin.ts"

/** The version of the protocol that this program speaks. */
const CONTRACT = "1.0"
const COMMAND = "get-plugin-metadata"
const MAX_ITEMS = 100

/**
 * Ask a plugin what it is, and check the answer.
 *
 * @throws {ToolError} `E_PLUGIN_FAILED` with notation's text.
 *
 * Spec: notation-go `plugin/plugin.go`, `validate`.
 */
export async function readMetadata(
  context: HomeContext,
  file: PluginFile,
  pluginConfig: Readonly<Record<string, string>> = {},
): Promise<PluginMetadata> {
  const config = sortedKeys(pluginConfig)
  const request: GoJsonValue = config.size === 0 ? {} : { pluginConfig: config }
  const answer = await runPlugin(context, file, COMMAND, request)
  const metadata = metadataOf(file, answer)
  const fault = faultOf(metadata)
  if (fault !== undefined) {
    throw pluginFailed(file.name, `metadata validation failed for plugin ${file.name}: ${fault}`, "malformed")
  }
  if (metadata.name !== file.name) {
    const [expected, seen] = [executableName(context, metadata.name), basename(file.shown ?? file.path)]
    const what = `plugin executable file name must be ${goQuote(expected)} instead of ${goQuote(seen)}`
    throw pluginFailed(file.name, what, "request", { why: `the plugin calls itself ${goQuote(metadata.name)}` })
  }
  return metadata
}

function metadataOf(file: PluginFile, answer: JsonObject): PluginMetadata {
  const text = (key: string): string => expectString(member(answer, key) ?? "", key)
  const list = (key: string): readonly string[] =>
    expectArray(member(answer, key) ?? [], key, MAX_ITEMS).map((item) => expectString(item, key))
  try {
    return {
      name: text("name"),
      description: text("description"),
      version: text("version"),
      url: text("url"),
      supportedContractVersions: list("supportedContractVersions"),
      capabilities: list("capabilities"),
    }
  } catch (thrown) {
    throw unreadable(file.name, COMMAND, thrown)
  }
}

function faultOf(metadata: PluginMetadata): string | undefined {
  for (const key of ["name", "description", "version", "url"] as const) if (metadata[key] === "") return `empty ${key}`
  if (metadata.capabilities.length === 0) return "empty capabilities"
  const versions = metadata.supportedContractVersions
  if (versions.length === 0) return "supported contract versions not specified"
  if (versions.includes(CONTRACT)) return undefined
  return `contract version ${goQuote(CONTRACT)} is not in the list of the plugin supported versions [${versions.join(" ")}]`
}
