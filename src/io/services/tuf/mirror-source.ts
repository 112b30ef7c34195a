import { ToolError } from "../../../core/errors.ts"
import type { HttpClient } from "../../net/http-types.ts"
import { redactUrl } from "../../net/redact.ts"

/** Files of a TUF repository, by their path below its URL. */
export interface TufSource {
  /**
   * @param path - already percent-encoded.
   * @param max - bytes; reading stops there.
   * @returns `undefined` when there is no such file.
   * @throws {ToolError} `E_NET_*`, `E_SERVICE_PROTOCOL` for other statuses.
   */
  fetch(path: string, max: number, signal?: AbortSignal): Promise<Uint8Array | undefined>
}

/** A repository over HTTP. Plain http is allowed: everything that is fetched is signed. */
export function mirrorSource(http: () => Promise<HttpClient>, mirror: string): TufSource {
  const base = mirror.endsWith("/") ? mirror : `${mirror}/`
  return {
    fetch: async (path, max, signal) => {
      const url = base + path
      const response = await (
        await http()
      ).request({
        method: "GET",
        url,
        redirect: "content",
        signedAnswer: true,
        ...(signal === undefined ? {} : { signal }),
      })
      if (response.status === 200) return response.bytes(max)
      await response.discard()
      // Object stores answer so to whoever may not list what is there.
      if (response.status === 404 || response.status === 403) return undefined
      throw new ToolError("E_SERVICE_PROTOCOL", {
        what: `the TUF repository answered with status ${response.status}`,
        why: `GET ${redactUrl(url)}: expected 200 or 404`,
        next: ["check the URL of the mirror, or try again later"],
        details: { status: response.status },
      })
    },
  }
}
