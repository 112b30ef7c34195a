import { asToolError, ToolError } from "../core/errors.ts"
import { printable } from "../core/printable.ts"
import { parseTimestampResponse, type TimestampResponse } from "../crypto/rfc3161/response.ts"
import { parseTimestampToken, type TimestampToken } from "../crypto/rfc3161/token.ts"

/** Texts of PKIStatus and of the bits of PKIFailureInfo; spec: RFC 3161 2.4.2, tspclient-go `pki`. */
const STATUS: ReadonlyMap<bigint, string> = new Map([
  [2n, "rejected"],
  [3n, "the request body part has not yet been processed, expect to hear more later"],
  [4n, "warning: a revocation is imminent"],
  [5n, "a revocation has occurred"],
])
const FAILURES: ReadonlyMap<number, string> = new Map([
  [0, "unrecognized or unsupported Algorithm Identifier"],
  [2, "transaction not permitted or supported"],
  [5, "the data submitted has the wrong format"],
  [14, "the TSA's time source is not available"],
  [15, "the requested TSA policy is not supported by the TSA"],
  [16, "the requested extension is not supported by the TSA"],
  [17, "the additional information requested could not be understood or is not available"],
  [25, "the request cannot be handled due to system failure"],
])

/** An answer that cannot be used. */
export function invalidAnswer(detail: string, cause?: unknown): ToolError {
  const what = `invalid timestamping response: ${detail}`
  return new ToolError("E_TSA_INVALID", { what, ...(cause === undefined ? {} : { cause }) })
}

/** Read a TimeStampResp. @throws {ToolError} `E_TSA_INVALID`, `E_LIMIT_EXCEEDED`. */
export function readAnswer(bytes: Uint8Array): TimestampResponse {
  try {
    return parseTimestampResponse(bytes)
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code !== "E_FORMAT_MALFORMED") throw error
    throw invalidAnswer(error.message, error)
  }
}

/** Read the token of an answer. @throws {ToolError} `E_TSA_INVALID`, `E_LIMIT_EXCEEDED`. */
export function readToken(token: Uint8Array): TimestampToken {
  try {
    return parseTimestampToken(token)
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code !== "E_TSA_INVALID") throw error
    throw invalidAnswer(error.message, error)
  }
}

/** The token of a granted answer. @throws {ToolError} `E_TSA_INVALID` with the status in words. */
export function grantedToken({ status, failures, texts, token }: TimestampResponse): Uint8Array {
  if (status !== 0n && status !== 1n) {
    const known = [...FAILURES].filter(([bit]) => failures.includes(bit)).map(([, text]) => text)
    const name = STATUS.get(status) ?? `unknown PKIStatus ${status}`
    const info = known.length === 0 ? "" : `. Failure info: ${known.join("; ")}`
    const error = invalidAnswer(`invalid response with status code ${status}: ${name}${info}`)
    const said = printable(texts.join("; ").slice(0, 200))
    if (said === "") throw error
    throw new ToolError(error.code, { what: error.what, why: `the authority says: ${said}` })
  }
  if (token === undefined) throw invalidAnswer("the request was granted and there is no token")
  return token
}

/** That a token is about what was asked. @param imprint - MessageImprint DER. @throws {ToolError} `E_TSA_INVALID`. */
export function checkImprint(info: TimestampToken["info"], imprint: Uint8Array): void {
  if (info.version !== 1n) throw invalidAnswer(`timestamp token info version must be 1, but got ${info.version}`)
  const { raw } = info.imprint
  if (raw.length !== imprint.length || raw.some((byte, at) => byte !== imprint[at])) {
    throw invalidAnswer("message imprint in response does not match with request")
  }
}
