import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"

import { ToolError } from "../../../core/errors.ts"
import { limits } from "../../../core/limits.ts"
import type { Logger } from "../../../core/ports.ts"
import type { Credential, CredentialSource } from "./credentials.ts"
import {
  configuredHeaders,
  defaultHelper,
  findAuth,
  helperFor,
  configuresCredentials,
  helperServer,
  parseDockerConfig,
  type DockerConfig,
} from "./docker-config.ts"
import type { CredentialHelpers } from "./helper.ts"
import { platformHelper } from "./platform-helper.ts"

/** Whose search order is followed; registry.md 3.7. */
export type AuthStyle = "own" | "docker" | "cosign" | "containers" | "notation"

/** Where credentials files are looked for. */
export interface AuthFilesOptions {
  readonly style: AuthStyle
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** Numeric user id, for `/run/containers/UID`. */
  readonly uid: number | undefined
  /** notation's `config.json`, which style `notation` reads before docker's. */
  readonly notationConfig?: string | undefined
  /** As `process.platform`; style `notation` asks the platform's own helper where no file configures credentials. */
  readonly platform?: string | undefined
  /** `--authfile`: read alone. */
  readonly authFile?: string | undefined
  readonly helpers: CredentialHelpers
  readonly logger: Logger
}

/** Files to look into, in order; `alone` = the first that exists counts, the others are not read. */
export interface SearchOrder {
  readonly paths: readonly string[]
  readonly alone: boolean
  /** A file that must exist, because the user named it. */
  readonly named: boolean
  /** Files that configure no credentials are passed over, as if they were not there. */
  readonly configured?: boolean
}

/** Docker's configuration file. */
export function dockerConfigPath(env: Readonly<Record<string, string | undefined>>, home: string): string {
  return join(env["DOCKER_CONFIG"] || join(home, ".docker"), "config.json")
}

/** The files of a style, in order. */
export function searchOrder(options: Omit<AuthFilesOptions, "helpers" | "logger">): SearchOrder {
  const { env, home, style } = options
  const docker = dockerConfigPath(env, home)
  const registryAuthFile = env["REGISTRY_AUTH_FILE"]
  const config = join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "containers/auth.json")
  const runtime = env["XDG_RUNTIME_DIR"]
  if (options.authFile) return { paths: [options.authFile], alone: true, named: true }
  if (style === "notation") {
    const paths = [options.notationConfig, docker].filter((path) => path !== undefined)
    return { paths, alone: true, named: false, configured: true }
  }
  if (style === "docker") return { paths: [docker], alone: true, named: false }
  if (style === "cosign") {
    const paths = [docker, registryAuthFile, runtime ? join(runtime, "containers/auth.json") : undefined, config]
    return {
      paths: paths.filter((path): path is string => path !== undefined && path !== ""),
      alone: true,
      named: false,
    }
  }
  if (registryAuthFile) return { paths: [registryAuthFile], alone: true, named: true }
  const running = runtime ? join(runtime, "containers/auth.json") : `/run/containers/${options.uid ?? 0}/auth.json`
  const legacy = style === "containers" ? [join(home, ".dockercfg")] : []
  return { paths: [running, config, docker, ...legacy], alone: false, named: false }
}

/**
 * Credentials from files and the helpers they name. Files are read once, on first use.
 *
 * In each file: `credHelpers` of the registry, then `auths` for the longest part of the repository's path, then
 * `credsStore`; with docker's and cosign's order `credsStore` comes before `auths`.
 *
 * @throws {ToolError} from its methods: `E_FILE_NOT_FOUND` when `authFile` is missing, `E_CONFIG_INVALID`.
 */
export function createAuthFiles(options: AuthFilesOptions): CredentialSource {
  const order = searchOrder(options)
  let loaded: Promise<readonly DockerConfig[]> | undefined
  const configs = (): Promise<readonly DockerConfig[]> => (loaded ??= loadAll(order, options.authFile))
  return {
    async find(registry, repository) {
      const all = await configs()
      if (options.style === "notation" && all.length === 0) return await fromPlatformHelper(options, registry)
      for (const config of all) {
        const credential = await findIn(options, config, registry, repository)
        if (credential !== undefined) return credential
      }
      return undefined
    },
    async headers() {
      const all = (await configs()).toReversed().map(configuredHeaders)
      return Object.assign({}, ...all) as Record<string, string>
    },
  }
}

async function loadAll(order: SearchOrder, named: string | undefined): Promise<readonly DockerConfig[]> {
  const configs: DockerConfig[] = []
  for (const path of order.paths) {
    const bytes = await readConfigFile(path)
    if (bytes === undefined) {
      if (path === named) throw missing(path)
      // COMPAT(podman): a REGISTRY_AUTH_FILE that is not there yet means anonymous.
      continue
    }
    const config = parseDockerConfig(path, bytes)
    if (order.configured === true && !configuresCredentials(config)) continue
    configs.push(config)
    if (order.alone) break
  }
  return configs
}

/**
 * Bytes of a credentials file, `undefined` when there is none.
 *
 * @throws {ToolError} `E_CONFIG_INVALID` when it cannot be read or is too large.
 */
export async function readConfigFile(path: string): Promise<Uint8Array | undefined> {
  try {
    const { size } = await stat(path)
    if (size > limits.configFileBytes)
      throw unreadable(path, `it has ${size} bytes, allowed are ${limits.configFileBytes}`)
    return new Uint8Array(await readFile(path))
  } catch (thrown) {
    if (thrown instanceof ToolError) throw thrown
    const code = thrown instanceof Error ? ((thrown as NodeJS.ErrnoException).code ?? "unknown") : "unknown"
    if (code === "ENOENT" || code === "ENOTDIR") return undefined
    throw unreadable(path, `it cannot be read (${code})`)
  }
}

function missing(path: string): ToolError {
  return new ToolError("E_FILE_NOT_FOUND", {
    what: `the credentials file ${path} does not exist`,
    why: "it was named to be read instead of the usual places",
    next: ["check the path, or make the file with `countersign login --authfile FILE --username NAME HOST`"],
    details: { path },
  })
}

function unreadable(path: string, why: string): ToolError {
  return new ToolError("E_CONFIG_INVALID", {
    what: `the credentials file ${path} cannot be used`,
    why,
    details: { path },
  })
}

async function findIn(
  options: AuthFilesOptions,
  config: DockerConfig,
  registry: string,
  repository: string | undefined,
): Promise<Credential | undefined> {
  const own = helperFor(config, registry)
  if (own !== undefined && own !== "") {
    const credential = await options.helpers.open(own).get(helperServer(registry))
    if (credential !== undefined) return credential
  }
  const written = findAuth(config, registry, repository)
  const storeFirst = options.style === "docker" || options.style === "cosign"
  if (written !== undefined && !storeFirst) return written
  return (await fromDefaultHelper(options, config, registry)) ?? written
}

async function fromPlatformHelper(options: AuthFilesOptions, registry: string): Promise<Credential | undefined> {
  const name = options.platform === undefined ? undefined : await platformHelper(options.helpers, options.platform)
  return name === undefined ? undefined : options.helpers.open(name).get(helperServer(registry))
}

async function fromDefaultHelper(
  options: AuthFilesOptions,
  config: DockerConfig,
  registry: string,
): Promise<Credential | undefined> {
  const name = defaultHelper(config)
  if (name === undefined) return undefined
  const helper = options.helpers.open(name)
  if (await options.helpers.exists(name)) return helper.get(helperServer(registry))
  // A store for everything must not stop work that needs no credentials; one named for this registry would.
  options.logger.warn("registry.credentials", {
    problem: `docker-credential-${name} is not on PATH; going on without it`,
    file: config.path,
  })
  return undefined
}
