import { ToolError } from "../../../core/errors.ts"
import type { Clock, Logger } from "../../../core/ports.ts"
import type { HttpClient } from "../../net/http-types.ts"
import { OriginChoice, originCandidates } from "../origin-choice.ts"
import { dockerConfigPath } from "./auth-files.ts"
import { createAuthedClient } from "./authed-client.ts"
import { createCredentialFile, type CredentialFile, type Stored } from "./credential-store.ts"
import { fixedCredentials, isHub, type Credential } from "./credentials.ts"
import type { CredentialHelpers } from "./helper.ts"
import { eraseAsNotation, storeAsNotation } from "./notation-auth.ts"
import type { RegistryHttp } from "./registry-http.ts"

/** What login needs to know of the connection; a part of the command line's connection options. */
export interface LoginConnection {
  readonly plainHttp?: "loopback" | "private" | "always"
  readonly authFile?: string
  /** `notation`: credentials are kept by a helper or not at all. */
  readonly manners?: "own" | "cosign" | "notation"
}

/** Login, store and logout; the shape of `CredentialManager` in `src/app/world.ts`. */
export interface CredentialManagerOf<C extends LoginConnection> {
  /**
   * Check the credentials against the registry's `/v2/`, then store them.
   * @throws {ToolError} `E_REGISTRY_UNAUTHENTICATED` when the registry refuses them; nothing is stored then.
   */
  login(server: string, username: string, password: string, options: C): Promise<Stored>
  store(server: string, username: string, password: string): Promise<Stored>
  logout(server: string, options?: C): Promise<boolean>
}

/** What {@link createCredentialManager} works with. */
export interface CredentialManagerOptions<C extends LoginConnection> {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly helpers: CredentialHelpers
  /** notation's own `config.json`. */
  readonly notationConfig: string
  /** As `process.platform`. */
  readonly platform: string
  readonly clock: Clock
  readonly logger: Logger
  /** Opens the HTTP client of one login; it is closed afterwards. */
  readonly openHttp: (options: C) => Promise<HttpClient>
}

/**
 * Credentials on disk: the file named by the connection or REGISTRY_AUTH_FILE, else Docker's configuration, which
 * every tool of the field reads.
 */
export function createCredentialManager<C extends LoginConnection>(
  options: CredentialManagerOptions<C>,
): CredentialManagerOf<C> {
  const fileFor = (named: string | undefined): CredentialFile => {
    const path = named || options.env["REGISTRY_AUTH_FILE"] || dockerConfigPath(options.env, options.home)
    return createCredentialFile(path, options.helpers)
  }
  return {
    async login(server, username, password, connection) {
      const registry = parseServer(server)
      await check(options, registry, username, password, connection)
      if (connection.manners === "notation") return storeAsNotation(options, registry, username, password)
      return fileFor(connection.authFile).store(registry, username, password)
    },
    store: async (server, username, password) => fileFor(undefined).store(parseServer(server), username, password),
    async logout(server, connection) {
      const registry = parseServer(server)
      if (connection?.manners === "notation") return eraseAsNotation(options, registry)
      return fileFor(connection?.authFile).erase(registry)
    },
  }
}

/**
 * `host[:port]` of what a user names as a server: a host, or a URL of it.
 *
 * @throws {ToolError} `E_USAGE`.
 */
export function parseServer(server: string): string {
  const host = server.replace(/^https?:\/\//i, "").replace(/\/.*$/, "")
  const url = URL.parse(`https://${host}/`)
  const same = url !== null && (url.host === host.toLowerCase() || `${url.host}:443` === host.toLowerCase())
  if (same && url.username === "" && host !== "") return isHub(host) ? "docker.io" : host
  throw new ToolError("E_USAGE", {
    what: "the server is not a registry's host",
    why: `expected HOST or HOST:PORT, got ${JSON.stringify(host.slice(0, 100))}`,
  })
}

async function check<C extends LoginConnection>(
  options: CredentialManagerOptions<C>,
  registry: string,
  username: string,
  password: string,
  connection: C,
): Promise<void> {
  const http = await options.openHttp(connection)
  const source = "login"
  const credential: Credential =
    username === ""
      ? { kind: "identity-token", username: undefined, token: password, source }
      : { kind: "basic", username, password, source }
  const connect = (origin: string): RegistryHttp =>
    createAuthedClient({
      http,
      registryOrigin: origin,
      registry,
      credentials: fixedCredentials(credential),
      clock: options.clock,
      logger: options.logger,
    })
  const host = isHub(registry) ? "registry-1.docker.io" : registry
  const origin = new OriginChoice(connect, originCandidates(host, connection.plainHttp), options.logger)
  try {
    const response = await origin.send({ method: "GET", path: "/v2/", scope: [], replayable: false })
    await response.discard()
    judge(registry, response.status)
  } finally {
    await http.close()
  }
}

function judge(registry: string, status: number): void {
  if (status === 200) return
  const why = `GET /v2/ answered ${status}, expected 200`
  const details = { registry, status }
  if (status === 401 || status === 403) {
    const next = ["check the user name and the password or access token; nothing was stored"]
    const what = `${registry} does not accept the credentials`
    throw new ToolError("E_REGISTRY_UNAUTHENTICATED", { what, why, next, details })
  }
  if (status === 429)
    throw new ToolError("E_REGISTRY_RATE_LIMITED", { what: `${registry} asked us to slow down`, why, details })
  const code = status >= 500 ? "E_REGISTRY_UNAVAILABLE" : "E_REGISTRY_PROTOCOL"
  throw new ToolError(code, { what: `${registry} could not check the credentials`, why, details })
}
