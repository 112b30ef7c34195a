import { limits } from "../../../../core/limits.ts"
import { TOKEN_CHARACTERS } from "../compact-token.ts"
import { variable, type OidcContext } from "../context.ts"
import { rejected } from "../oidc-errors.ts"

/** COMPAT(Google): the address, not the name, so that no resolver decides who is asked. */
const HOST = "169.254.169.254"
const FLAVOR = { "metadata-flavor": "Google" }
/** Variables of machines at Google, some of which show no product name. */
const SAYING = ["GCE_METADATA_HOST", "K_SERVICE", "CLOUD_RUN_JOB"]
/** Milliseconds: the service is on the machine itself. */
const TIMEOUT_MS = 5000

/**
 * A value of the machine's metadata service.
 *
 * @param path - below `computeMetadata/v1/`.
 * @throws {ToolError} `E_OIDC_REJECTED`, `E_NET_*`.
 */
export async function metadata(ctx: OidcContext, path: string, signal?: AbortSignal): Promise<string> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  const http = await ctx.directHttp()
  const response = await http.request({
    method: "GET",
    url: `http://${variable(ctx, "GCE_METADATA_HOST") ?? HOST}/computeMetadata/v1/${path}`,
    headers: FLAVOR,
    redirect: "manual",
    // The service has no TLS; it is reached on the machine's own link.
    signedAnswer: true,
    replayable: false,
    accept: [408, 429, 500, 502, 503, 504],
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  })
  // SECURITY: another server behind the address does not know this header.
  if (response.status !== 200 || response.header("metadata-flavor") !== "Google") {
    await response.discard()
    throw rejected(
      "Google's metadata service gave no answer",
      `status ${response.status}, expected 200 with its header`,
    )
  }
  const bytes = await response.bytes(Math.max(TOKEN_CHARACTERS, limits.tokenBytes))
  return new TextDecoder().decode(bytes).trim()
}

/** Whether this machine is one of Google's, told without asking the network. */
export async function isOnGoogle(ctx: OidcContext, productName: string): Promise<boolean> {
  if (SAYING.some((name) => variable(ctx, name) !== undefined)) return true
  try {
    const name = new TextDecoder().decode(await ctx.files.read(productName, limits.errorBodyBytes)).trim()
    return name === "Google" || name === "Google Compute Engine"
  } catch {
    return false
  }
}
