import { stat } from "node:fs/promises"
import { join } from "node:path"

import { goJson, type GoJsonValue } from "../../../codec/go-json.ts"
import { isObject, member } from "../../../codec/json-shape.ts"
import { parseJson } from "../../../codec/json.ts"
import { refuseLookalikes } from "../../../codec/oci/descriptor.ts"
import { goQuoteRune } from "../../../codec/go-quote.ts"
import { encodeUtf8 } from "../../../codec/utf8.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import { MIB } from "../../../core/limits.ts"
import type { PluginCommand } from "../../../core/notation-home.ts"
import { errnoOf, systemReason } from "../../system/io-error.ts"
import type { HomeContext } from "../home-context.ts"
import { type PluginEnd, runPluginProcess } from "./plugin-process.ts"

/** Of an answer, in the log. Requests are not logged: settings of plugins may be credentials. */
const LOGGED_BYTES = 4096

/** The plugin that `keys lend` installs. */
const OWN_PLUGIN = "countersign"

/** Members of answers; others are passed over. Spec: notation-plugin-framework-go `plugin/proto.go`. */
const MEMBERS: Readonly<Record<PluginCommand, readonly string[]>> = {
  "get-plugin-metadata": ["name", "description", "version", "url", "supportedContractVersions", "capabilities"],
  "describe-key": ["keyId", "keySpec"],
  "generate-signature": ["keyId", "signature", "signingAlgorithm", "certificateChain"],
  "generate-envelope": ["signatureEnvelope", "signatureEnvelopeType", "annotations"],
  "verify-signature": ["verificationResults", "processedAttributes"],
}

/** A plugin's executable. */
export interface PluginFile {
  readonly name: string
  readonly path: string
  /** The path as errors name it, where it is another. */
  readonly shown?: string
}

/** How a plugin failed, in `details.reason` of its error: as a program, against the protocol, or by its own word. */
export type PluginFailure = "executable" | "malformed" | "request"

/**
 * The executable of an installed plugin.
 *
 * SECURITY: names come from signatures, too. One that could lead elsewhere is that of no plugin.
 *
 * @throws {ToolError} `E_PLUGIN_NOT_FOUND` with notation's text.
 */
export async function findPlugin(context: HomeContext, name: string): Promise<PluginFile> {
  const path = join(pluginsFolder(context), name, executableName(context, name))
  if (!isPluginName(name))
    throw notFound(
      name,
      `plugin executable file is either not found or inaccessible: ${JSON.stringify(name)} is not the name of a plugin`,
    )
  await checkExecutable(name, path)
  return { name, path }
}

/** Where plugins lie. */
export function pluginsFolder(context: HomeContext): string {
  return join(context.folders.libexec, "plugins")
}

/** Name of a plugin's executable. */
export function executableName(context: HomeContext, name: string): string {
  return `notation-${name}${context.platform === "win32" ? ".exe" : ""}`
}

/** Whether a name is that of one folder. */
export function isPluginName(name: string): boolean {
  return /^[^/\\:\p{Cc}]{1,128}$/u.test(name) && name !== "." && name !== ".."
}

/** @throws {ToolError} `E_PLUGIN_NOT_FOUND` unless there is a regular file, maybe behind links. */
async function checkExecutable(name: string, path: string): Promise<void> {
  const facts = await stat(path).catch((thrown: unknown) => {
    const errno = errnoOf(thrown)
    const text = `stat ${path}: ${systemReason(errno)}`
    throw notFound(name, `plugin executable file is either not found or inaccessible: ${text}`, errno)
  })
  if (!facts.isFile()) throw notFound(name, "plugin executable file is not a regular file")
}

/**
 * Run one command of a plugin.
 *
 * @returns the answer, an object with members not checked.
 * @throws {ToolError} `E_PLUGIN_FAILED`: the plugin's own message, with its code in `details.errorCode`, or what went wrong
 *   in notation's words; `details.reason` is a {@link PluginFailure}.
 *
 * Spec: notation-go `plugin/plugin.go`; notaryproject/specifications `specs/plugin-extensibility.md`.
 */
export async function runPlugin(
  context: HomeContext,
  file: PluginFile,
  command: PluginCommand,
  request: GoJsonValue,
  signal?: AbortSignal,
): Promise<JsonObject> {
  const { name } = file
  context.logger.debug("plugin.run", { plugin: name, command })
  const end = await runPluginProcess({
    ...file,
    command,
    input: encodeUtf8(goJson(request)),
    env: context.env,
    // SECURITY: what opens private keys is for the plugin that this program itself is, and only where it opens one.
    keyPasswords: name === OWN_PLUGIN && command !== "get-plugin-metadata",
    platform: context.platform,
    signal,
  })
  const response = new TextDecoder().decode(end.stdout.subarray(0, LOGGED_BYTES)).trim()
  context.logger.debug("plugin.end", { plugin: name, command, status: end.failed ?? "exit status 0", response })
  if (end.failed !== undefined) throw failureOf(file, command, end)
  try {
    const answer = readJson(end.stdout, "plugin answer")
    if (isObject(answer)) {
      refuseLookalikes(answer, "plugin answer", MEMBERS[command])
      return answer
    }
  } catch (thrown) {
    throw unreadable(name, command, thrown)
  }
  throw unreadable(name, command)
}

/** Error for an answer that is not what the command asks for. */
export function unreadable(name: string, command: PluginCommand, cause?: unknown): ToolError {
  const what = `failed to unmarshal the response of ${command} command for plugin ${name}`
  return pluginFailed(name, what, "malformed", {
    why: cause instanceof Error ? cause.message : "the answer is not a JSON object of the members expected",
    cause,
  })
}

/** `E_PLUGIN_FAILED`. */
export function pluginFailed(
  name: string,
  what: string,
  reason: PluginFailure,
  more: { readonly why?: string; readonly details?: JsonObject; readonly cause?: unknown } = {},
): ToolError {
  return new ToolError("E_PLUGIN_FAILED", {
    what,
    why: more.why ?? `plugin ${name} failed`,
    details: { plugin: name, reason, ...more.details },
    ...(more.cause === undefined ? {} : { cause: more.cause }),
  })
}

function notFound(name: string, what: string, errno?: string): ToolError {
  return new ToolError("E_PLUGIN_NOT_FOUND", {
    what,
    why: `plugin ${JSON.stringify(name)} is not installed`,
    details: { plugin: name, ...(errno === undefined ? {} : { errno }) },
  })
}

function failureOf({ name }: PluginFile, command: PluginCommand, end: PluginEnd): ToolError {
  const status = end.failed ?? ""
  const ran = `plugin ${name} ended ${command} with ${status}`
  if (end.stderr.length === 0) {
    const details = end.errno === undefined ? {} : { errno: end.errno }
    return pluginFailed(name, status, "executable", { why: ran, details })
  }
  const said = new TextDecoder().decode(end.stderr.subarray(0, 2000)).trim()
  let answer: JsonValue
  try {
    answer = readJson(end.stderr, "plugin error")
  } catch (thrown) {
    return pluginFailed(name, goJsonComplaint(said), "malformed", { why: `${ran}, saying ${said}`, cause: thrown })
  }
  const text = (key: string): string => {
    const value = isObject(answer) ? member(answer, key) : undefined
    return typeof value === "string" ? value : ""
  }
  const metadata = isObject(answer) ? member(answer, "errorMetadata") : undefined
  const [code, message] = [text("errorCode"), text("errorMessage")]
  if (code === "" && message === "" && !isObject(metadata ?? null)) {
    return pluginFailed(name, "incomplete json", "malformed", { why: `${ran}, saying ${said}` })
  }
  const details = { errorCode: code, ...(isObject(metadata ?? null) ? { errorMetadata: metadata as JsonObject } : {}) }
  return pluginFailed(name, message === "" ? code : message, "request", { why: `${ran} (${code})`, details })
}

/** What Go says of text that is no JSON, where its first character decides. */
function goJsonComplaint(text: string): string {
  const [first] = text
  if (first === undefined) return "unexpected end of JSON input"
  if (!/[-{["0-9tfn]/.test(first)) return `invalid character ${goQuoteRune(first)} looking for beginning of value`
  return "invalid JSON on standard error"
}

function readJson(bytes: Uint8Array, what: string): JsonValue {
  return parseJson(bytes, { maxBytes: 64 * MIB, what })
}
