import { decodeBase64 } from "../../../codec/base64.ts"
import { parseJson } from "../../../codec/json.ts"
import { isObject, member } from "../../../codec/json-shape.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import { hasControl, isHub, type Credential } from "./credentials.ts"

/** A configuration file of docker or containers: what matters of it, and the whole for writing it back. */
export interface DockerConfig {
  readonly path: string
  readonly whole: JsonObject
}

/** The Hub's key in configuration files and its name for helpers. */
export const HUB_KEY = "https://index.docker.io/v1/"

/** Headers that belong to the protocol; a configuration cannot set them. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "cookie",
])

/**
 * Read a configuration file.
 *
 * @param bytes - at most `limits.configFileBytes`.
 * @throws {ToolError} `E_CONFIG_INVALID`; never shows what is in the file.
 */
export function parseDockerConfig(path: string, bytes: Uint8Array): DockerConfig {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    if (text.trim() === "") return { path, whole: {} }
    const whole = parseJson(text, { maxBytes: limits.configFileBytes, what: path })
    // COMPAT(podman): ~/.dockercfg is the map of credentials itself.
    if (isObject(whole)) return { path, whole: path.endsWith(".dockercfg") ? { auths: whole } : whole }
  } catch {
    // The parser's message may quote a secret.
  }
  throw invalid(path, "it is not a JSON object without duplicate keys")
}

/** Registry names that a server is known by in configuration files, most exact first. */
function registryKeys(registry: string): readonly string[] {
  if (isHub(registry)) return [HUB_KEY, "index.docker.io", "docker.io", "registry-1.docker.io"]
  return [registry]
}

/** Name to give to helpers. */
export function helperServer(registry: string): string {
  return isHub(registry) ? HUB_KEY : registry
}

/** Helper that `credHelpers` names for a registry. */
export function helperFor(config: DockerConfig, registry: string): string | undefined {
  const helpers = objectIn(config, "credHelpers")
  for (const key of [...registryKeys(registry), ...(isHub(registry) ? ["https://docker.io"] : [])]) {
    const name = helpers === undefined ? undefined : member(helpers, key)
    if (name !== undefined) return textOf(config, name, "credHelpers")
  }
  return undefined
}

/** Whether a file says anything about credentials. */
export function configuresCredentials({ whole }: DockerConfig): boolean {
  return ["auths", "credsStore", "credHelpers"].some((name) => {
    const value = member(whole, name)
    return typeof value === "object" && value !== null ? Object.keys(value).length > 0 : (value ?? "") !== ""
  })
}

/** Helper that `credsStore` names for everything else. */
export function defaultHelper(config: DockerConfig): string | undefined {
  const name = member(config.whole, "credsStore")
  return name === undefined || name === "" ? undefined : textOf(config, name, "credsStore")
}

/**
 * The entry of `auths` for a registry or a part of it: the longest path first, exact keys before normalised ones. A
 * host matches whole, with its port; nothing is compared by prefix or suffix of characters.
 */
export function findAuth(
  config: DockerConfig,
  registry: string,
  repository: string | undefined,
): Credential | undefined {
  const auths = objectIn(config, "auths")
  if (auths === undefined) return undefined
  for (const key of namespaceKeys(registry, repository)) {
    const credential = readEntry(config, key, member(auths, key))
    if (credential !== undefined) return credential
  }
  const wanted = registryKeys(registry)
  for (const key of [...wanted, ...Object.keys(auths)]) {
    if (!wanted.includes(key) && !(isUrlKey(key) && wanted.includes(normaliseKey(key)))) continue
    const credential = readEntry(config, key, member(auths, key))
    if (credential !== undefined) return credential
  }
  return undefined
}

/** Keys of `auths` that mean this registry as a whole; what logout removes. */
export function authKeysOf(config: DockerConfig, registry: string): readonly string[] {
  const wanted = registryKeys(registry)
  const keys = Object.keys(objectIn(config, "auths") ?? {})
  return keys.filter((key) => wanted.includes(key) || (isUrlKey(key) && wanted.includes(normaliseKey(key))))
}

function namespaceKeys(registry: string, repository: string | undefined): string[] {
  const parts = repository?.split("/") ?? []
  const hosts = isHub(registry) ? ["docker.io"] : [registry]
  return hosts.flatMap((host) => parts.map((_part, at) => [host, ...parts.slice(0, parts.length - at)].join("/")))
}

function isUrlKey(key: string): boolean {
  return /^https?:\/\//.test(key)
}

/** Host of a key written as a URL. */
function normaliseKey(key: string): string {
  return isUrlKey(key) ? key.replace(/^https?:\/\//, "").replace(/\/.*$/, "") : key
}

function readEntry(config: DockerConfig, key: string, entry: JsonValue | undefined): Credential | undefined {
  if (entry === undefined) return undefined
  if (!isObject(entry)) throw invalid(config.path, `auths: the entry of ${key} is no object`)
  const source = `${config.path} (${key})`
  const field = (name: string): string | undefined => {
    const value = member(entry, name)
    if (value === undefined || value === "") return undefined
    if (typeof value !== "string") throw invalid(config.path, `auths: ${name} of ${key} is no text`)
    return value
  }
  const registryToken = field("registrytoken")
  if (registryToken !== undefined) return { kind: "registry-token", token: registryToken, source }
  const auth = field("auth")
  const pair = auth === undefined ? undefined : decodeAuth(config, key, auth)
  const username = pair?.username ?? field("username")
  const identityToken = field("identitytoken")
  if (identityToken !== undefined) return { kind: "identity-token", username, token: identityToken, source }
  const password = pair?.password ?? field("password")
  // An empty entry says "ask the helper" and is no credential.
  if (username === undefined || password === undefined) return undefined
  return { kind: "basic", username, password, source }
}

function decodeAuth(config: DockerConfig, key: string, auth: string): { username: string; password: string } {
  try {
    const max = limits.passwordBytes
    const bytes = decodeBase64(auth, { padding: "optional", max, what: "auth" })
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    const colon = text.indexOf(":")
    // COMPAT(docker): passwords were padded with NULs once.
    if (colon > 0) return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") }
  } catch {
    // The decoder's message may quote a piece of the secret.
  }
  throw invalid(config.path, `auths: auth of ${key} is not base64 of user:password`)
}

/**
 * `HttpHeaders`: what the user wants sent to registries, without what belongs to the protocol.
 *
 * @throws {ToolError} `E_CONFIG_INVALID` when a name or value cannot be a header.
 */
export function configuredHeaders(config: DockerConfig): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [name, value] of Object.entries(objectIn(config, "HttpHeaders") ?? {})) {
    if (typeof value !== "string" || hasControl(value) || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      throw invalid(config.path, "HttpHeaders: a name or value cannot be sent")
    }
    if (!OWN_HEADERS.has(name.toLowerCase()) && name !== "__proto__") found[name] = value
  }
  return found
}

function objectIn(config: DockerConfig, name: string): JsonObject | undefined {
  const value = member(config.whole, name)
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) throw invalid(config.path, `${name} is no object`)
  return value
}

function textOf(config: DockerConfig, value: JsonValue, name: string): string {
  if (typeof value !== "string") throw invalid(config.path, `${name} is no text`)
  return value
}

function invalid(path: string, why: string): ToolError {
  return new ToolError("E_CONFIG_INVALID", {
    what: `the credentials file ${path} cannot be used`,
    why,
    next: ["correct the file, or name another one with `--authfile`"],
    details: { path },
  })
}
