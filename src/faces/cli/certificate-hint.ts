import { needsCertificate } from "../../app/format-facts.ts"
import type { VerifyResult } from "../../app/requests.ts"
import { ToolError } from "../../core/errors.ts"
import type { FormatName } from "../../core/format-names.ts"
import type { FlagValues } from "../command.ts"

/** Whoever has named keys alone is told what verifies the signatures that are there, when all are by certificates. */
export function withCertificateHint(result: VerifyResult, flags: FlagValues): VerifyResult {
  if (flags.given("trust-store")) return result
  const errors = result.errors.map((error, index) => {
    const signatures = result.report.artifacts[index]?.signatures ?? []
    const certified = signatures.length > 0 && signatures.every(({ format }) => needsCertificate(format as FormatName))
    return error !== undefined && certified ? hinted(error) : error
  })
  return { ...result, errors }
}

function hinted({ code, what, why, next, details, kind, cause }: ToolError): ToolError {
  return new ToolError(code, {
    what,
    ...(why === undefined ? {} : { why }),
    next: ['name whose certificates count: `--trust-store ca:NAME --identity "x509.subject: C=…, ST=…, O=…"`', ...next],
    details,
    kind,
    cause,
  })
}
