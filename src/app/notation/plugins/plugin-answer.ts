import { decodeBase64 } from "../../../codec/base64.ts"
import { expectArray, expectObject, expectString, member, stringRecord } from "../../../codec/json-shape.ts"
import { compareUtf8 } from "../../../codec/utf8.ts"
import { asToolError, ToolError } from "../../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import type { PluginCommand, PluginHost } from "../../../core/notation-home.ts"

/** Version of the plugin protocol that is spoken. */
export const CONTRACT_VERSION = "1.0"

/** Annotations and attributes read from one answer. */
const MAX_MEMBERS = 1000

/** Settings of a plugin. */
export type PluginConfig = Readonly<Record<string, string>>

/** Typed access to what a plugin answered; every method throws `E_PLUGIN_FAILED` for members of another type. */
export interface PluginAnswer {
  /** Empty when absent: notation does not tell the two apart. */
  text(member: string): string
  /** Standard base64; empty when absent. @param max - most decoded bytes. */
  bytes(member: string, max: number): Uint8Array
  /** Certificates in DER; none when absent. */
  certificates(member: string): readonly Uint8Array[]
  record(member: string): Readonly<Record<string, string>>
  object(member: string): JsonObject | undefined
  list(member: string): readonly JsonValue[]
}

/**
 * Run a command of a plugin and hold its answer.
 *
 * @throws {ToolError} what {@link PluginHost.run} throws.
 */
export async function askPlugin(
  host: PluginHost,
  name: string,
  command: PluginCommand,
  request: JsonObject,
  signal?: AbortSignal,
): Promise<PluginAnswer> {
  return answerOf(name, command, await host.run(name, command, request, signal))
}

function answerOf(name: string, command: PluginCommand, answer: JsonObject): PluginAnswer {
  const read = <T>(key: string, absent: T, convert: (value: JsonValue, path: string) => T): T => {
    const value = member(answer, key)
    if (value === undefined || value === null) return absent
    try {
      return convert(value, `${command} response ${key}`)
    } catch (thrown) {
      throw unreadable(name, command, thrown)
    }
  }
  const decode = (value: JsonValue, path: string, max: number): Uint8Array =>
    decodeBase64(expectString(value, path), { what: path, max })
  return {
    text: (key) => read(key, "", expectString),
    bytes: (key, max) => read(key, new Uint8Array(0), (value, path) => decode(value, path, max)),
    certificates: (key) =>
      read<readonly Uint8Array[]>(key, [], (value, path) =>
        expectArray(value, path, limits.chainCertificates).map((item) => decode(item, path, limits.certificateBytes)),
      ),
    record: (key) =>
      read(key, Object.create(null) as Record<string, string>, (value, path) => stringRecord(value, path, MAX_MEMBERS)),
    object: (key) => read<JsonObject | undefined>(key, undefined, expectObject),
    list: (key) => read<readonly JsonValue[]>(key, [], (value, path) => expectArray(value, path, MAX_MEMBERS)),
  }
}

function unreadable(name: string, command: PluginCommand, thrown: unknown): ToolError {
  return new ToolError("E_PLUGIN_FAILED", {
    what: `failed to unmarshal the response of ${command} command for plugin ${name}`,
    why: asToolError(thrown).message,
    cause: thrown,
  })
}

/** Error of a plugin that answered, and answered wrong. @param what - notation's text, where it has one. */
export function wrongAnswer(what: string, why?: string): ToolError {
  return new ToolError("E_PLUGIN_FAILED", { what, ...(why === undefined ? {} : { why }) })
}

/** The same error with words before it, as Go wraps errors. */
export function wrapped(prefix: string, thrown: unknown): ToolError {
  const { code, what, why, next, details, kind, cause } = asToolError(thrown)
  return new ToolError(code, {
    what: `${prefix}${what}`,
    ...(why === undefined ? {} : { why }),
    next,
    details,
    kind,
    cause: cause ?? thrown,
  })
}

/** Member `pluginConfig` of a request: absent when empty, keys in the order Go prints them. */
export function configMember(config: PluginConfig): JsonObject {
  const entries = Object.entries(config).toSorted(([a], [b]) => compareUtf8(a, b))
  return entries.length === 0 ? {} : { pluginConfig: Object.fromEntries(entries) }
}

/** A key's settings with those of the command line laid over them. */
export function mergedConfig(ofKey: PluginConfig | undefined, ofCommand: PluginConfig): PluginConfig {
  return Object.fromEntries([...Object.entries(ofKey ?? {}), ...Object.entries(ofCommand)])
}
