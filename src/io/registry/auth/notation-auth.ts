/** Where the `notation` command keeps credentials: never in plain text. */
import { ToolError } from "../../../core/errors.ts"
import { dockerConfigPath, readConfigFile, type AuthFilesOptions } from "./auth-files.ts"
import { createCredentialFile, type Stored } from "./credential-store.ts"
import { basicAuthorization, type Credential } from "./credentials.ts"
import {
  configuresCredentials,
  defaultHelper,
  findAuth,
  helperFor,
  helperServer,
  parseDockerConfig,
  type DockerConfig,
} from "./docker-config.ts"
import { platformHelper } from "./platform-helper.ts"

/** Where notation looks. */
export interface NotationAuthOptions extends Pick<AuthFilesOptions, "env" | "home" | "helpers"> {
  /** notation's own `config.json`. */
  readonly notationConfig: string
  /** As `process.platform`; decides which helper is asked where no file says anything. */
  readonly platform: string
}

/** The one place that counts. */
type Place =
  | { readonly kind: "file"; readonly config: DockerConfig }
  | { readonly kind: "helper"; readonly name: string }
  | { readonly kind: "none" }

/** User name that a helper keeps an identity token under. */
const TOKEN_USER = "<token>"

/**
 * Keep credentials in a helper.
 *
 * @param username - empty for an identity token in `password`.
 * @returns `plaintext` when the same credentials lay in a file already, where they stay.
 * @throws {ToolError} `E_CONFIG_INVALID` in notation's words when only a file is there to write to.
 */
export async function storeAsNotation(
  options: NotationAuthOptions,
  registry: string,
  username: string,
  password: string,
): Promise<Stored> {
  const place = await placeOf(options)
  const helper = helperOf(place, registry)
  if (helper !== undefined) {
    if (username !== "") basicAuthorization(username, password)
    await options.helpers.open(helper).store(helperServer(registry), username || TOKEN_USER, password)
    return { storedIn: `credential helper ${helper}`, plaintext: false }
  }
  const kept = place.kind === "file" ? findAuth(place.config, registry, undefined) : undefined
  if (place.kind === "file" && isSame(kept, username, password)) {
    return { storedIn: place.config.path, plaintext: true }
  }
  throw new ToolError("E_CONFIG_INVALID", {
    what:
      "the credential could not be saved because a credentials store is required to securely store the password. " +
      "See https://notaryproject.dev/docs/how-to/registry-authentication/",
    why: "neither notation's nor Docker's configuration names a credential helper, and the platform's own is not installed",
    next: ["name a helper with `credsStore` in the configuration file"],
  })
}

/** Forget credentials. False when there were none. @throws {ToolError} `E_CONFIG_INVALID`, `E_IO`. */
export async function eraseAsNotation(options: NotationAuthOptions, registry: string): Promise<boolean> {
  const place = await placeOf(options)
  if (place.kind === "file") return createCredentialFile(place.config.path, options.helpers).erase(registry)
  return place.kind === "helper" && (await options.helpers.open(place.name).erase(helperServer(registry)))
}

function helperOf(place: Place, registry: string): string | undefined {
  if (place.kind === "helper") return place.name
  if (place.kind === "none") return undefined
  return helperFor(place.config, registry) || defaultHelper(place.config)
}

function isSame(kept: Credential | undefined, username: string, password: string): boolean {
  if (kept?.kind === "basic") return kept.username === username && kept.password === password
  return kept?.kind === "identity-token" && username === "" && kept.token === password
}

async function placeOf(options: NotationAuthOptions): Promise<Place> {
  for (const path of [options.notationConfig, dockerConfigPath(options.env, options.home)]) {
    const bytes = await readConfigFile(path)
    const config = bytes === undefined ? undefined : parseDockerConfig(path, bytes)
    if (config !== undefined && configuresCredentials(config)) return { kind: "file", config }
  }
  const name = await platformHelper(options.helpers, options.platform)
  return name === undefined ? { kind: "none" } : { kind: "helper", name }
}
