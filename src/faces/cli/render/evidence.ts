import { printable } from "../../../core/printable.ts"
import type { SeenCertificate, SeenEvidence, SeenLogEntry } from "../../../core/report.ts"
import type { Fact } from "./facts.ts"
import { instant } from "./verified.ts"

/** What lies beside a signature, in words; each label says that nothing of it was verified. */
export function evidenceFacts(evidence: SeenEvidence | undefined): readonly Fact[] {
  if (evidence === undefined) return []
  const { certificate, logEntries, timestamps } = evidence
  const rows: Fact[] = certificate === undefined ? [] : [["certificate seen", certificateTexts(certificate)]]
  if (logEntries.length > 0) rows.push(["log entry seen", logEntries.map(entryText)])
  if (timestamps.length > 0) {
    const texts = timestamps.map(({ at, authority }) => {
      const by = authority === "" ? "" : `, authority certified by ${authority}`
      return printable(`${at === undefined ? "unreadable" : instant(at)}${by}`)
    })
    rows.push(["timestamp seen", texts])
  }
  return rows
}

function certificateTexts(certificate: SeenCertificate): readonly string[] {
  const { alternativeNames, authority, extensions, issuer, notAfter, notBefore, serial, thumbprint } = certificate
  return [
    `identity: ${alternativeNames.length === 0 ? "none" : alternativeNames.join(", ")}`,
    `identity issuer: ${issuer === "" ? "none" : issuer}`,
    `certified by: ${authority}`,
    `valid: ${instant(notBefore)} to ${instant(notAfter)}`,
    `serial: ${serial}`,
    `SHA-256: ${thumbprint}`,
    ...Object.entries(extensions).map(([name, value]) => `${words(name)}: ${value}`),
  ].map(printable)
}

/** `sourceRepositoryUri` as people write it: `source repository uri`. */
function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function entryText({ at, kind, log, logIndex, proof }: SeenLogEntry): string {
  const when = at === undefined ? "no time" : instant(at)
  const what = kind === "" ? "" : ` (${kind})`
  const proven = proof === "none" ? "nothing that proves it" : `with ${proof}`
  return printable(`${logIndex}${what} of log ${log}, ${when}, ${proven}`)
}
