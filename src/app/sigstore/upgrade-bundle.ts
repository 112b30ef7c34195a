import { equalBytes } from "../../codec/equal-bytes.ts"
import { ToolError } from "../../core/errors.ts"
import type { LogEntry } from "../../core/sigstore.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { bundleFiles } from "../../formats/index.ts"
import type { AppContext } from "../requests.ts"

/** What is done to a bundle, as it is done. */
export type UpgradeStep =
  | { readonly kind: "current" }
  | { readonly kind: "upgrade"; readonly from: string }
  /** The chain is cut; names of its certificates, leaf first. */
  | { readonly kind: "leaf"; readonly names: readonly string[] }
  | { readonly kind: "proof"; readonly logIndex: bigint }

/**
 * Bring a Sigstore bundle to version 0.3: the leaf instead of the chain, and a proof for every log entry, fetched where the
 * bundle holds a promise alone. Nothing is verified.
 *
 * @param logUrl - version 1 log that is asked for proofs.
 * @returns compact JSON, no line end; a bundle of version 0.3 as it is.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_FORMAT_UNSUPPORTED_VERSION`; `E_TLOG_ENTRY_MISMATCH` when the log has another
 *   entry in that place; what the log throws.
 */
export async function upgradeBundle(
  app: AppContext,
  bytes: Uint8Array,
  logUrl: string,
  onStep: (step: UpgradeStep) => Promise<void>,
): Promise<Uint8Array> {
  const bundle = (await bundleFiles.load()).readBundle(bytes)
  if (bundle.version === "0.3") {
    await onStep({ kind: "current" })
    return bytes
  }
  await onStep({ kind: "upgrade", from: bundle.version })
  if (bundle.certificates.length > 0) await onStep({ kind: "leaf", names: bundle.certificates.map(nameOf) })
  const entries: LogEntry[] = []
  for (const entry of bundle.logEntries) {
    if ((entry.inclusionProof?.checkpoint ?? "") !== "") {
      entries.push(entry)
      continue
    }
    await onStep({ kind: "proof", logIndex: entry.logIndex })
    entries.push(sameEntry(entry, await app.sigstore.logs.entryAt(logUrl, entry.logIndex)))
  }
  return bundle.upgraded(entries)
}

/** E-mail address or URI, else the subject, as cosign shows certificates. */
function nameOf(der: Uint8Array): string {
  try {
    const { alternativeNames, subject } = parseCertificate(der)
    const named = ["email:", "URI:"].flatMap((kind) => alternativeNames.filter((name) => name.startsWith(kind)))
    const [first = subject.text] = named.map((name) => name.slice(name.indexOf(":") + 1))
    return first === "" ? "<none>" : first
  } catch (error) {
    if (error instanceof ToolError) return "<unable to parse>"
    throw error
  }
}

/** SECURITY: what another log has in that place must not come into the bundle. DEVIATION: cosign does not look. */
function sameEntry(old: LogEntry, fetched: LogEntry): LogEntry {
  const { canonicalizedBody, logId } = fetched
  if (equalBytes(old.canonicalizedBody, canonicalizedBody) && equalBytes(old.logId, logId)) return fetched
  throw new ToolError("E_TLOG_ENTRY_MISMATCH", {
    what: `the log has another entry at index ${old.logIndex}`,
    why: "its log id or its content is not that of the bundle's entry",
    next: ["ask the log that the entry came from: `--rekor-url URL`"],
  })
}
