import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { CertificateList } from "../../core/revocation.ts"
import { CertificateListReader } from "../../crypto/x509/crl-reader.ts"
import { requireHttp, type RevocationRequest, sendOnce, timeLimit } from "./revocation-request.ts"

/** Milliseconds until the first byte of a list, and until its last. */
export interface DownloadTimes {
  readonly startMs: number
  readonly totalMs: number
}

/**
 * Fetch one revocation list and read it as it comes.
 *
 * @param serials - whose entries are kept.
 * @param onBytes - gets the DER in order.
 * @throws {ToolError} `E_CERT_REVOCATION_UNKNOWN` for statuses other than 200, `E_FORMAT_MALFORMED`,
 *   `E_LIMIT_EXCEEDED` past 32 MiB, `E_NET_*`.
 */
export async function downloadList(
  asked: RevocationRequest,
  serials: readonly bigint[],
  times: DownloadTimes,
  onBytes: (bytes: Uint8Array) => Promise<void>,
): Promise<CertificateList> {
  requireHttp(asked.url, (scheme) => `unsupported scheme: ${scheme}. Only supports CRL URL in HTTP protocol`)
  const start = timeLimit(asked.url, times.startMs, "no first byte")
  const total = timeLimit(asked.url, times.totalMs, "no complete list")
  try {
    const response = await sendOnce(asked, AbortSignal.any([start.signal, total.signal]))
    if (response.status !== 200) {
      await response.discard()
      throw new ToolError("E_CERT_REVOCATION_UNKNOWN", {
        what: `failed to download with status code: ${response.status}`,
        details: { status: response.status },
      })
    }
    const reader = new CertificateListReader(serials)
    let size = 0
    for await (const chunk of response.body) {
      start.stop()
      size += chunk.length
      if (size > limits.crlBytes) throw tooLarge()
      reader.push(chunk)
      await onBytes(chunk)
    }
    return reader.end()
  } finally {
    start.stop()
    total.stop()
  }
}

function tooLarge(): ToolError {
  return new ToolError("E_LIMIT_EXCEEDED", {
    kind: "unknown",
    what: `CRL size exceeds the limit: ${limits.crlBytes}`,
    details: { limit: limits.crlBytes },
  })
}
