import { goQuote } from "../codec/go-quote.ts"
import type { ErrorCode } from "../core/error-catalogue.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import type { Files } from "../core/ports.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import { parseCertificateFile } from "../crypto/x509/certificate-file.ts"
import { issueFault } from "../crypto/x509/check-issued.ts"
import { sameName } from "../crypto/x509/name.ts"

const EXPECTING = "Expecting single x509 root certificate in PEM or DER format from the file"

/**
 * Read the root that a timestamp authority's chain must end in.
 *
 * @param path - PEM or DER file with exactly one self-signed certificate of an authority.
 * @throws {ToolError} `E_TRUST_MALFORMED` with notation's text in `what`; `E_FILE_NOT_FOUND`, `E_IO`.
 *
 * Spec: notaryproject/notation `internal/x509/cert.go`.
 */
export async function readTimestampRoot(files: Pick<Files, "read">, path: string): Promise<Certificate> {
  const certificates = parse(await files.read(path, limits.pemBytes))
  const name = goQuote(path)
  const [root, ...others] = certificates
  if (root === undefined) throw refused(`cannot find any certificate from ${name}. ${EXPECTING}`)
  if (others.length > 0) throw refused(`found more than one certificates from ${name}. ${EXPECTING}`)
  const fault = issueFault(root, root)
  if (fault !== undefined) throw refused(`failed to check root certificate with error: ${fault}`)
  if (sameName(root.subject, root.issuer)) return root
  throw refused(`certificate from ${name} is not a root certificate. ${EXPECTING}`)
}

function parse(bytes: Uint8Array): readonly Certificate[] {
  try {
    return parseCertificateFile(bytes)
  } catch (thrown) {
    const error = asToolError(thrown)
    const code: ErrorCode = error.code === "E_FORMAT_MALFORMED" ? "E_TRUST_MALFORMED" : error.code
    throw new ToolError(code, {
      what: error.what,
      ...(error.why === undefined ? {} : { why: error.why }),
      cause: error,
    })
  }
}

function refused(what: string): ToolError {
  return new ToolError("E_TRUST_MALFORMED", {
    what,
    next: ["give the file with the root certificate that the timestamp authority's operator publishes"],
  })
}
