import { asToolError, ToolError } from "../../core/errors.ts"
import { digestOf } from "../../crypto/hash.ts"
import { buildTimestampRequest, encodeImprint } from "../../crypto/rfc3161/request.ts"
import type { AppContext } from "../requests.ts"
import { checkImprint, grantedToken, readAnswer, readToken } from "../timestamp-answer.ts"

const HASH = "sha256"

/** A timestamp that answers its request; who made it is not judged. */
export interface Stamp {
  readonly url: string
  /** DER `TimeStampResp` as received. */
  readonly response: Uint8Array
  /** Milliseconds since the epoch, as the authority says. */
  readonly at: number
}

/**
 * Have bytes stamped as Sigstore's clients do: SHA-256, no nonce, no certificates.
 *
 * The status and the imprint of the answer are checked; its signature is where a trusted root is at hand.
 *
 * @param url - of the authority with its path.
 * @throws {ToolError} `E_TSA_INVALID`, `E_LIMIT_EXCEEDED`, `E_NET_*`.
 *
 * Spec: RFC 3161 2.4; sigstore-go `pkg/sign/timestamping.go`.
 */
export async function stampSignature(
  app: Pick<AppContext, "timestamps">,
  url: string,
  stamped: Uint8Array,
  signal?: AbortSignal,
): Promise<Stamp> {
  const digest = digestOf(HASH, stamped)
  const request = buildTimestampRequest({ hash: HASH, digest, certReq: false })
  try {
    const response = await app.timestamps.ask(url, request, signal, "sigstore")
    const { info } = readToken(grantedToken(readAnswer(response)))
    checkImprint(info, encodeImprint(HASH, digest))
    return { url, response, at: info.genTime }
  } catch (thrown) {
    const error = asToolError(thrown)
    const { why, next, details, kind } = error
    const what = `timestamp: ${error.what}`
    throw new ToolError(error.code, { what, ...(why === undefined ? {} : { why }), next, details, kind, cause: error })
  }
}
