import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { CMS_OID } from "../cms/object-ids.ts"
import { parseSignedData, type SignedData } from "../cms/signed-data.ts"
import type { Certificate } from "../x509/certificate.ts"
import { parseCertificate } from "../x509/parse-certificate.ts"
import { parseTstInfo, type TstInfo } from "./tst-info.ts"

/** The signed structure of a TimeStampToken, decoded; nothing of it is trusted. */
export interface TimestampTokenCms extends SignedData {
  /** Octets of the TSTInfo. */
  readonly content: Uint8Array
  /** As {@link SignedData.certificates}, in the same order. */
  readonly parsed: readonly Certificate[]
}

/** A TimeStampToken, decoded; nothing of it is trusted. */
export interface TimestampToken {
  readonly cms: TimestampTokenCms
  readonly info: TstInfo
}

/**
 * Read a TimeStampToken without judging it: for display, and before it is judged.
 *
 * @param bytes - ContentInfo, DER or BER, untrusted.
 * @throws {ToolError} `E_TSA_INVALID` with the text of tspclient-go in `what`; `E_LIMIT_EXCEEDED`.
 *
 * Spec: RFC 3161 2.4.2; tspclient-go `token.go`, `internal/cms`.
 */
export function parseTimestampToken(bytes: Uint8Array): TimestampToken {
  const cms = parseTokenCms(bytes)
  return { cms, info: parseTokenInfo(cms) }
}

/** The signed structure alone; the TSTInfo is not looked at. @throws {ToolError} as {@link parseTimestampToken}. */
export function parseTokenCms(bytes: Uint8Array): TimestampTokenCms {
  const cms = inWords("cms: syntax error: invalid signed data", () =>
    parseSignedData(bytes, "timestamp token", limits.timestampBytes),
  )
  if (cms.version !== 3n) {
    throw invalid(`cms: syntax error: unsupported signed data version: got ${cms.version}, want 3`)
  }
  const parsed = inWords(
    "cms: syntax error: failed to parse X.509 certificates from signed data. Only X.509 certificates are supported",
    () => cms.certificates.map((der) => parseCertificate(der)),
  )
  if (cms.contentType !== CMS_OID.tstInfo) {
    throw invalid(`unexpected content type: ${cms.contentType}. Expected to be id-ct-TSTInfo (${CMS_OID.tstInfo})`)
  }
  if (cms.content === undefined) throw invalid("cms: syntax error: invalid signed data: there is no content")
  return { ...cms, content: cms.content, parsed }
}

/** What a token says. @throws {ToolError} as {@link parseTimestampToken}. */
export function parseTokenInfo(cms: Pick<TimestampTokenCms, "content">): TstInfo {
  return inWords("cannot unmarshal TSTInfo from timestamp token", () => parseTstInfo(cms.content))
}

function invalid(what: string, cause?: unknown): ToolError {
  return new ToolError("E_TSA_INVALID", { what, ...(cause === undefined ? {} : { cause }) })
}

/** Put the peer's words before a parser's error. Limits keep their code. */
function inWords<T>(words: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    if (error.code === "E_LIMIT_EXCEEDED")
      throw new ToolError(error.code, { what: `${words}: ${error.message}`, cause: error })
    const { asn1 } = error.details
    if (typeof asn1 === "string") throw invalid(`${words}: failed to convert from BER to DER: ${asn1}`, error)
    // What is no SignedData at all is said so, without the words before.
    throw invalid(error.why?.startsWith("cms: ") === true ? error.why : `${words}: ${error.message}`, error)
  }
}
