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

/** Credentials of the command line; nothing else is asked. */
export function fixedCredentials(credential: Credential | undefined): CredentialSource {
  return { find: () => Promise.resolve(credential), headers: () => Promise.resolve({}) }
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
