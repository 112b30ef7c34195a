import { encodeBase64 } from "../../../codec/base64.ts"
import { ToolError } from "../../../core/errors.ts"

/** How a user is known to a registry. `source` says where it was found and contains no secret. */
export type Credential =
  | { readonly kind: "basic"; readonly username: string; readonly password: string; readonly source: string }
  /** Exchanged for access tokens by the OAuth2 form of the token protocol. */
  | {
      readonly kind: "identity-token"
      readonly username: string | undefined
      readonly token: string
      readonly source: string
    }
  /** Sent as it is. */
  | { readonly kind: "registry-token"; readonly token: string; readonly source: string }

/** Where credentials come from. */
export interface CredentialSource {
  /**
   * @param registry - `host[:port]` as in references; `docker.io` for the Hub.
   * @param repository - chooses among credentials for parts of a registry.
   * @returns `undefined` when the user is to be anonymous.
   * @throws {ToolError} `E_CONFIG_INVALID` when a file or helper is broken.
   */
  find(registry: string, repository: string | undefined): Promise<Credential | undefined>
  /** Headers the user wants sent to registries (`HttpHeaders` of Docker's configuration). */
  headers(): Promise<Readonly<Record<string, string>>>
}

/** One credential for whatever registry is asked for, and no headers: for clients of a single registry. */
export function fixedCredentials(credential: Credential | undefined): CredentialSource {
  return { find: () => Promise.resolve(credential), headers: () => Promise.resolve({}) }
}

/** What the command line says about the user. */
export interface NamedUser {
  /** Empty: `password` is an identity token, as notation has it. */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Registry bearer token, used as it is; wins over the others. */
  readonly token?: string | undefined
}

/**
 * Credentials of the command line before those of files; headers come from the files either way.
 *
 * SECURITY: what was named is meant for one registry. Any other that the command reaches gets what the files have for
 * it, never the named credentials.
 *
 * @param bound - the one registry, `host[:port]` as in references; `undefined` for none.
 * @throws {ToolError} `E_USAGE` when only one of user name and password is given.
 */
export function preferNamedUser(user: NamedUser, bound: string | undefined, files: CredentialSource): CredentialSource {
  const named = namedCredential(user)
  if (named === undefined || bound === undefined) return files
  const find: CredentialSource["find"] = (registry, repository) =>
    sameRegistry(registry, bound) ? Promise.resolve(named) : files.find(registry, repository)
  return { find, headers: () => files.headers() }
}

function sameRegistry(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase() || (isHub(a) && isHub(b))
}

function namedCredential(user: NamedUser): Credential | undefined {
  const source = "the command line"
  const { username, password, token } = user
  if (token !== undefined && token !== "") return { kind: "registry-token", token, source }
  if (username === undefined && password === undefined) return undefined
  if (username === undefined || password === undefined) {
    throw new ToolError("E_USAGE", {
      what: "the credentials are incomplete",
      why: `${username === undefined ? "a password" : "a user name"} was given without the other, expected both`,
      next: ["give both, or none to use the credentials stored by `countersign login`"],
    })
  }
  if (username === "") return { kind: "identity-token", username: undefined, token: password, source }
  return { kind: "basic", username, password, source }
}

/**
 * Value of `Authorization: Basic`.
 *
 * @throws {ToolError} `E_CONFIG_INVALID` for a colon in the user name or control characters (RFC 7617 section 2).
 */
export function basicAuthorization(username: string, password: string): string {
  const bad = username.includes(":") ? "a colon" : hasControl(username + password) ? "a control character" : undefined
  if (bad !== undefined) {
    throw new ToolError("E_CONFIG_INVALID", {
      what: "the credentials cannot be sent",
      why: `the user name${bad === "a colon" ? "" : " or password"} contains ${bad}`,
    })
  }
  return `Basic ${encodeBase64(new TextEncoder().encode(`${username}:${password}`))}`
}

/** Whether text contains control characters, which would change the protocol it is put into. */
export function hasControl(text: string): boolean {
  return /[\u0000-\u001f\u007f]/.test(text)
}

/** The Hub's names are one registry. */
const HUB: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"])

/** Whether a host is one of the names of Docker Hub. */
export function isHub(host: string): boolean {
  return HUB.has(host)
}
