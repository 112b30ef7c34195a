import type { HttpRequest, HttpResponse } from "../../net/http-types.ts"

/** A request to one registry and what it needs to be allowed to do. */
export interface RegistryRequest extends HttpRequest {
  /**
   * Token scopes in the distribution grammar, such as `repository:team/app:pull` or `repository:team/app:pull,push`.
   * Empty means that no particular right is needed (the `/v2/` probe).
   */
  readonly scope: readonly string[]
}

/**
 * HTTP to one registry, with authentication done inside: how a repository client reaches the wire.
 *
 * The caller never sets `Authorization`. Credentials and custom headers go to the registry's own origin alone; they are
 * left out when a redirect or an absolute upload URL leads elsewhere. An HTTP status is an answer, not a throw: after
 * one round of authentication that did not help, 401 and 403 come back as they are, with their headers and body.
 */
export interface RegistryHttp {
  /**
   * Send, and authenticate when the registry asks for it.
   *
   * @throws {ToolError} `E_NET_*`, `E_TLS_*` as the HTTP client; `E_REGISTRY_UNAUTHENTICATED`, `E_REGISTRY_DENIED`
   *   when the token service refuses; `E_REGISTRY_RATE_LIMITED` when it or the registry asks to wait too long.
   */
  request(request: RegistryRequest): Promise<HttpResponse>
}
