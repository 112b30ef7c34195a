import { encodeHex } from "../../codec/hex.ts"
import { ToolError } from "../../core/errors.ts"
import type { Finding } from "../../core/report.ts"
import type { TrustedLog } from "../../core/sigstore.ts"
import { parseDetachedSct } from "../../crypto/transparency/detached-sct.ts"
import { CT_EXTENSION, precertificateTbs } from "../../crypto/transparency/precertificate.ts"
import { issuerKeyHash, parseSctExtension, type Sct, type SctEntry, verifySct } from "../../crypto/transparency/sct.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { windowContains } from "./certificate-path.ts"
import type { EvidenceForm } from "./identity-rules.ts"

/** What SCTs are judged by. */
export interface SctQuestion {
  readonly leaf: Certificate
  /** Certificates that issued the leaf on a path to a trusted root; empty when there is no path. */
  readonly issuers: readonly Certificate[]
  readonly logs: readonly TrustedLog[]
  readonly form: EvidenceForm
  /** JSON of a log's answer, for certificates without SCT inside. */
  readonly detached?: Uint8Array
}

/**
 * Judge whether a certificate was logged: at least one SCT by a log that is trusted and was at the time of the SCT.
 *
 * SCTs of unknown logs are skipped in bundles; in the legacy form every SCT must hold. What is signed holds the key of the
 * issuer: without a path to a trusted root nothing can be verified.
 *
 * Spec: RFC 6962 3.2; sigstore-go `pkg/verify/sct.go`; cosign `pkg/cosign/verify_sct.go`.
 */
export function judgeScts(question: SctQuestion): Finding {
  try {
    return judge(question)
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    return failed(question.form, error.message)
  }
}

interface Candidates {
  readonly scts: readonly Sct[]
  /** One of these was logged. */
  readonly entries: readonly SctEntry[]
}

function judge(question: SctQuestion): Finding {
  const candidates = candidatesOf(question)
  if (candidates === undefined) {
    const text = "certificate does not include required embedded SCT and no detached SCT was set"
    return question.form === "legacy" ? { ...failed(question.form), observed: text } : failed(question.form, text)
  }
  if (question.issuers.length === 0) {
    return failed(question.form, "certificate chain must contain at least a certificate and its issuer")
  }
  const faults: string[] = []
  let verified: TrustedLog | undefined
  for (const sct of candidates.scts) {
    const log = verifiedLog(sct, candidates.entries, question.logs)
    if (typeof log === "string") faults.push(log)
    else verified ??= log
  }
  const strict = question.form === "legacy" && faults.length > 0
  if (verified === undefined || strict) return failed(question.form, faults.join("; "))
  const name = verified.baseUrl === "" ? encodeHex(verified.logId) : verified.baseUrl
  return { check: "certificate.sct", outcome: "passed", observed: `logged by ${name}` }
}

function candidatesOf({ leaf, issuers, detached }: SctQuestion): Candidates | undefined {
  const embedded = leaf.extensions.get(CT_EXTENSION.sctList)
  if (embedded !== undefined) {
    const tbs = precertificateTbs(leaf.raw)
    const entries = issuers.map(({ spki }): SctEntry => ({ kind: "precert", issuerKeyHash: issuerKeyHash(spki), tbs }))
    return { scts: parseSctExtension(embedded.value), entries }
  }
  if (detached === undefined) return undefined
  return { scts: [parseDetachedSct(detached)], entries: [{ kind: "x509", certificate: leaf.raw }] }
}

/** The log that made an SCT, or why it does not count. */
function verifiedLog(sct: Sct, entries: readonly SctEntry[], logs: readonly TrustedLog[]): TrustedLog | string {
  const id = encodeHex(sct.logId)
  const known = logs.filter(({ logId }) => encodeHex(logId) === id)
  if (known.length === 0) return `ctfe public key not found for embedded SCT of log ${id}`
  const at = Number(sct.timestamp)
  const timely = known.filter(({ validFor }) => windowContains(validFor, at))
  if (timely.length === 0) return `log ${id} is not trusted at the time of its SCT`
  const log = timely.find(({ key }) => entries.some((entry) => verifySct(sct, entry, key)))
  return log ?? `error verifying embedded SCT of log ${id}`
}

function failed(form: EvidenceForm, detail?: string): Finding {
  return {
    check: "certificate.sct",
    outcome: "failed",
    code: "E_CERT_SCT",
    expected: "an SCT by a trusted certificate transparency log",
    observed:
      form === "bundle"
        ? "failed to verify signed certificate timestamp: only able to verify 0 SCT entries; unable to meet threshold of 1"
        : "error verifying SCT",
    ...(detail === undefined || detail === "" ? {} : { detail }),
  }
}
