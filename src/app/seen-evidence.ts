import { parseDer } from "../codec/der.ts"
import { encodeHex } from "../codec/hex.ts"
import type { Candidate } from "../core/candidate.ts"
import { ToolError } from "../core/errors.ts"
import type { SeenCertificate, SeenEvidence, SeenLogEntry, SeenTimestamp } from "../core/report.ts"
import type { LogEntry } from "../core/sigstore.ts"
import { parseTimestampResponse } from "../crypto/rfc3161/response.ts"
import { parseTimestampToken } from "../crypto/rfc3161/token.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import { parseName } from "../crypto/x509/name.ts"
import { parseCertificate } from "../crypto/x509/parse-certificate.ts"
import { readCertificateFacts } from "../trust/sigstore/fulcio-certificate.ts"

/** Texts of a certificate shown; one that says more is no certificate of a person or a workflow. */
const MOST_NAMES = 20
const MOST_CHARACTERS = 2048
const WHAT = "issuer of a timestamp authority"
/** The last time that a date can hold, milliseconds. */
const LAST_TIME = 8_640_000_000_000_000n

/** What lies beside a signature, for display. What cannot be read is left out; nothing is judged. */
export function seenEvidence({ material, evidence }: Pick<Candidate, "material" | "evidence">): SeenEvidence {
  const leaf = material.kind === "certificate" ? material.certificates[0] : undefined
  const certificate = leaf === undefined ? undefined : readable(() => seenCertificate(parseCertificate(leaf)))
  return {
    ...(certificate === undefined ? {} : { certificate }),
    logEntries: (evidence?.entries ?? []).map(seenEntry),
    timestamps: (evidence?.timestamps ?? []).map((bytes) => readable(() => seenTimestamp(bytes)) ?? { authority: "" }),
  }
}

function seenCertificate(certificate: Certificate): SeenCertificate {
  const facts = readable(() => readCertificateFacts(certificate))
  const names = facts?.subjects.map(({ value }) => value) ?? certificate.alternativeNames.map(withoutKind)
  const extensions = Object.entries(facts?.extensions ?? {}).map(([name, value]) => [name, shortened(value)])
  return {
    alternativeNames: names.slice(0, MOST_NAMES).map(shortened),
    issuer: shortened(facts?.issuer ?? ""),
    extensions: Object.fromEntries(extensions) as SeenCertificate["extensions"],
    authority: shortened(certificate.issuer.text),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    serial: certificate.serial.toString(16),
    thumbprint: certificate.thumbprint,
  }
}

/** `email:alice@example.com` without what stands before the colon. */
function withoutKind(name: string): string {
  return name.slice(name.indexOf(":") + 1)
}

function seenEntry(entry: LogEntry): SeenLogEntry {
  const { integratedTime, inclusionProof, kind, logId, logIndex, signedEntryTimestamp, version } = entry
  const at = integratedTime * 1000n
  return {
    log: encodeHex(logId),
    logIndex: logIndex.toString(),
    kind: shortened(`${kind} ${version}`.trim()),
    ...(at > 0n && at <= LAST_TIME ? { at: Number(at) } : {}),
    proof:
      signedEntryTimestamp === undefined
        ? inclusionProof === undefined
          ? "none"
          : "inclusion"
        : inclusionProof === undefined
          ? "promise"
          : "promise and inclusion",
  }
}

function seenTimestamp(bytes: Uint8Array): SeenTimestamp {
  const { token } = parseTimestampResponse(bytes)
  if (token === undefined) return { authority: "" }
  const { cms, info } = parseTimestampToken(token)
  const issuer = cms.signerInfos[0]?.signer?.issuer
  return {
    at: info.genTime,
    authority: issuer === undefined ? "" : shortened(parseName(parseDer(issuer, WHAT), WHAT).text),
  }
}

function shortened(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text
}

function readable<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof ToolError) return undefined
    throw error
  }
}
