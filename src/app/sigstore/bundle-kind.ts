import type { SignatureKind } from "../../core/report.ts"
import { blobFormats } from "../../formats/index.ts"

/**
 * What a bundle holds: a signature of a file, or an attestation about it.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_FORMAT_UNSUPPORTED_VERSION`, `E_LIMIT_EXCEEDED`.
 */
export function bundleKind(bytes: Uint8Array): SignatureKind {
  return blobFormats.parseBundle(bytes).kind
}
