import { encodePem } from "../../codec/pem.ts"
import { ToolError } from "../../core/errors.ts"
import { rekorBundleText, timestampText } from "../../envelopes/bundle/rekor-bundle.ts"
import type { DraftEvidence } from "../format.ts"
import { CERTIFICATE_ANNOTATION, CHAIN_ANNOTATION, LOG_ANNOTATION, TIMESTAMP_ANNOTATION } from "./media-types.ts"

/**
 * Annotations that carry certificate, log entry and timestamp of a legacy layer. The chain goes without the leaf,
 * issuer first, and is written, possibly empty, whenever a certificate is.
 *
 * @throws {ToolError} `E_USAGE` for more than one entry or timestamp, or an entry without promise.
 */
export function legacyAnnotations(evidence: DraftEvidence | undefined): Readonly<Record<string, string>> {
  if (evidence === undefined) return {}
  const [leaf, ...issuers] = evidence.certificates
  const entry = onlyOne(evidence.logEntries, "log entry")
  const stamp = onlyOne(evidence.timestamps, "timestamp")
  return {
    ...(leaf === undefined
      ? {}
      : {
          [CERTIFICATE_ANNOTATION]: encodePem("CERTIFICATE", leaf),
          [CHAIN_ANNOTATION]: issuers.map((der) => encodePem("CERTIFICATE", der)).join(""),
        }),
    ...(entry === undefined ? {} : { [LOG_ANNOTATION]: rekorBundleText(entry) }),
    ...(stamp === undefined ? {} : { [TIMESTAMP_ANNOTATION]: timestampText(stamp) }),
  }
}

/** The legacy form has room for one of each. @throws {ToolError} `E_USAGE`. */
export function onlyOne<Value>(values: readonly Value[] | undefined, what: string): Value | undefined {
  if (values === undefined || values.length <= 1) return values?.[0]
  throw new ToolError("E_USAGE", {
    what: `the format of cosign 2 holds one ${what}`,
    why: `saw ${values.length}`,
    next: ["choose one service", "or sign with `--format cosign-v3`"],
  })
}
