import { isObject, member, optionalString } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { refuseLookalikes } from "../../codec/oci/descriptor.ts"
import { goQuote } from "../../codec/go-quote.ts"
import type { JsonObject } from "../../core/json-value.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { NotationConfig } from "../../core/notation-home.ts"
import type { HomeContext } from "./home-context.ts"
import { configPath, readRegular } from "./home-files.ts"

/** What notation reads of `config.json`. */
const MEMBERS = ["insecureRegistries", "credsStore", "credHelpers", "signatureFormat"]

/** Bytes of a JSON file of the configuration folder; `undefined` when it is missing. */
export function readConfigBytes(path: string): Promise<Uint8Array | undefined> {
  return readRegular(path, limits.configFileBytes, () =>
    configInvalid(
      `${goQuote(path)} is not a regular file (symlinks are not supported)`,
      path,
      "expected a regular file",
    ),
  )
}

/** Error of a configuration file, in notation's words where it has some. */
export function configInvalid(what: string, path: string, why: string, cause?: unknown): ToolError {
  return new ToolError("E_CONFIG_INVALID", {
    what,
    why,
    next: [`correct or remove ${path}`],
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  })
}

/**
 * A JSON object of a configuration file, strictly read.
 *
 * @throws {ToolError} `E_CONFIG_INVALID`.
 */
export function parseConfigObject(bytes: Uint8Array, path: string, name: string): JsonObject {
  return checkedConfig(path, name, () => {
    const value = parseJson(bytes, { maxBytes: limits.configFileBytes, what: name })
    if (!isObject(value)) throw configInvalid(`malformed ${name}`, path, "expected a JSON object")
    return value
  })
}

/** What `read` returns; its complaints become those of the file. */
export function checkedConfig<T>(path: string, name: string, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    if (!(thrown instanceof ToolError) || thrown.code === "E_CONFIG_INVALID") throw thrown
    throw configInvalid(`malformed ${name}`, path, thrown.message, thrown)
  }
}

/**
 * `config.json`; members it may have for others, such as credential helpers, are not looked at.
 *
 * SECURITY: names in another case are refused. notation takes the last of both, and may reach by https what we would by http.
 *
 * @returns an empty configuration when there is no such file.
 * @throws {ToolError} `E_CONFIG_INVALID`, `E_IO`.
 *
 * Spec: notation-go `config/config.go`.
 */
export async function readConfig(context: HomeContext): Promise<NotationConfig> {
  const path = configPath(context, "config.json")
  const bytes = await readConfigBytes(path)
  if (bytes === undefined) return { insecureRegistries: [] }
  const object = parseConfigObject(bytes, path, "config.json")
  return checkedConfig(path, "config.json", () => {
    refuseLookalikes(object, "config.json", MEMBERS)
    const registries = member(object, "insecureRegistries") ?? []
    if (!Array.isArray(registries) || !registries.every((item) => typeof item === "string")) {
      throw configInvalid("malformed config.json", path, "`insecureRegistries` is not a list of strings")
    }
    const signatureFormat = optionalString(member(object, "signatureFormat") ?? undefined, "signatureFormat")
    return {
      insecureRegistries: registries,
      ...(signatureFormat === undefined ? {} : { signatureFormat }),
    }
  })
}
