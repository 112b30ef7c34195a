import { ToolError } from "../../core/errors.ts"
import { encodeBase64 } from "../../codec/base64.ts"
import { limits } from "../../core/limits.ts"
import { requireHttp, type RevocationRequest, sendOnce, timeLimit } from "./revocation-request.ts"

/** Characters of a request that still goes into a URL, before and after escaping. */
const GET_CHARACTERS = 255

/**
 * Send an OCSP request: by GET when it is short, which caches on the way understand, else by POST.
 *
 * @param request - DER.
 * @param ms - for the whole exchange.
 * @returns the body, at most 20480 bytes, not judged.
 * @throws {ToolError} `E_CERT_REVOCATION_UNKNOWN` for statuses other than 200, `E_NET_*`.
 *
 * Spec: RFC 6960 appendix A.1; the lengths are notation-core-go's.
 */
export async function exchangeOcsp(
  asked: RevocationRequest,
  request: Uint8Array,
  ms: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  requireHttp(asked.url, (scheme) => `OCSPServer protocol ${scheme} is not supported`)
  const url = getUrl(asked.url, encodeBase64(request))
  const limit = timeLimit(asked.url, ms, "no complete answer")
  try {
    const both = signal === undefined ? limit.signal : AbortSignal.any([limit.signal, signal])
    const response = url === undefined ? await sendOnce(asked, both, request) : await sendOnce({ ...asked, url }, both)
    if (response.status !== 200) {
      await response.discard()
      throw new ToolError("E_CERT_REVOCATION_UNKNOWN", {
        what: `failed to retrieve OCSP: response had status code ${response.status}`,
        details: { status: response.status },
      })
    }
    return await response.bytes(limits.ocspBytes)
  } finally {
    limit.stop()
  }
}

function getUrl(server: string, base64: string): string | undefined {
  const escaped = encodeURIComponent(base64)
  if (base64.length >= GET_CHARACTERS || escaped.length >= GET_CHARACTERS) return undefined
  const url = new URL(server)
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${escaped}`
  return url.href
}
