import type { VerifyResult } from "../../../app/requests.ts"
import type { ToolError } from "../../../core/errors.ts"
import type { JsonValue } from "../../../core/json-value.ts"
import type { ArtifactReport, Finding, SignatureReport } from "../../../core/report.ts"
import { facts, type Fact } from "./facts.ts"
import { writeJson } from "./json.ts"
import { printable } from "../../../core/printable.ts"
import { stateText } from "./report.ts"
import type { Style } from "./style.ts"
import { evidenceFacts } from "./evidence.ts"
import { annotationTexts, signerText, timeText, witnessTexts } from "./verified.ts"
import { descriptorText, storeName, storeOutcome } from "./words.ts"
import { hanging } from "./wrap.ts"

/** Lines of a decoded payload shown before the rest is cut. */
const CLAIM_LINES = 40

/** Answer of `explain` for people: places, signatures, checks, decision. Ends in a line break. */
export function renderExplanation(result: VerifyResult, style: Style, width: number): string {
  const blocks = result.report.artifacts.map((artifact, index) =>
    artifactBlock(artifact, result.errors[index], style, width),
  )
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`
}

function artifactBlock(
  artifact: ArtifactReport,
  error: ToolError | undefined,
  style: Style,
  width: number,
): readonly string[] {
  const head: Fact[] = [["artifact", style.strong(printable(artifact.artifact))]]
  if (artifact.subject !== undefined) head.push(["digest", descriptorText(artifact.subject)])
  head.push(["answer", stateText(artifact.state, style)])
  const total = artifact.signatures.length
  return [
    ...facts(head, 0, width),
    "",
    style.strong("places asked"),
    ...placeLines(artifact, width),
    ...artifact.signatures.flatMap((signature, index) => [
      "",
      ...signatureLines(signature, index, total, style, width),
    ]),
    ...(total === 0 ? ["", "no signature documents found"] : []),
    "",
    ...decisionLines(artifact, error, style, width),
    ...artifact.children.flatMap((child) => [
      "",
      ...artifactBlock(child, undefined, style, width - 2).map((line) => (line === "" ? "" : `  ${line}`)),
    ]),
  ]
}

function placeLines(artifact: ArtifactReport, width: number): readonly string[] {
  if (artifact.stores.length === 0) return ["  none"]
  const rows = artifact.stores.map((store): Fact => {
    const where = store.where === "" ? "" : `${printable(store.where)}: `
    return [storeName(store.store), `${where}${storeOutcome(store)}`]
  })
  return facts(rows, 2, width)
}

function signatureLines(
  signature: SignatureReport,
  index: number,
  total: number,
  style: Style,
  width: number,
): readonly string[] {
  const kind = signature.kind === "unrecognised" ? "document" : signature.kind
  const paint = { verified: style.good, unknown: style.doubt }[signature.state as string] ?? style.bad
  const state = paint(signature.state)
  const { location } = signature
  const layer = location.position === undefined ? "" : `, layer ${location.position}`
  const rows: Fact[] = [
    ["lies in", printable(`${storeName(location.store)} ${location.where} ${location.reference}${layer}`)],
    ["document", descriptorText({ ...signature.descriptor, mediaType: signature.mediaType })],
    ["signer", signature.signer === undefined ? "not established" : signerText(signature.signer)],
  ]
  const time = timeText(signature)
  if (time !== undefined) rows.push(["time", time])
  const witnesses = witnessTexts(signature)
  if (witnesses.length > 0) rows.push(["vouched by", witnesses])
  rows.push(...evidenceFacts(signature.evidence))
  if (signature.notEvaluated.length > 0) rows.push(["not evaluated", printable(signature.notEvaluated.join(", "))])
  const signed = annotationTexts(signature.subject?.annotations ?? {})
  if (signed.length > 0) rows.push(["signed", signed.join(", ")])
  const trust = signature.state === "verified" ? "" : " (not verified)"
  if (signature.claims !== null) rows.push([`claims${trust}`, claimLines(signature.claims)])
  return [
    `${style.strong(`${kind} ${index + 1} of ${total}`)}: ${printable(signature.format)}, ${state}`,
    ...facts(rows, 2, width),
    ...signature.findings.flatMap((finding) => findingLines(finding, style, width)),
  ]
}

/** Decoded content as JSON, cut after some lines. */
export function claimLines(claims: JsonValue, most: number = CLAIM_LINES): readonly string[] {
  const lines = writeJson(claims).trimEnd().split("\n")
  const shown = lines.slice(0, most)
  return lines.length > most ? [...shown, `… ${lines.length - most} more lines; --output json shows all`] : shown
}

function findingLines(finding: Finding, style: Style, width: number): readonly string[] {
  const paint = { passed: style.good, failed: style.bad, skipped: style.faint, unknown: style.doubt }[finding.outcome]
  const code = finding.code === undefined || finding.outcome === "passed" ? "" : ` [${finding.code}]`
  const rows: Fact[] = []
  if (finding.expected !== undefined) rows.push(["expected", printable(finding.expected)])
  if (finding.observed !== undefined) rows.push(["observed", printable(finding.observed)])
  if (finding.detail !== undefined) rows.push(["because", printable(finding.detail)])
  if (finding.logged === true) rows.push(["policy", "only warns of this"])
  return [`  ${paint(finding.outcome.padEnd(7))}  ${finding.check}${code}`, ...facts(rows, 11, width)]
}

function decisionLines(
  artifact: ArtifactReport,
  error: ToolError | undefined,
  style: Style,
  width: number,
): readonly string[] {
  const { decision } = artifact
  const rule = decision.rule === "" ? "" : ` by rule ${printable(decision.rule)}`
  const code = decision.code === undefined ? "" : ` [${decision.code}]`
  const paint = decision.verdict === "allow" ? style.good : style.bad
  // Advice to run this very command would lead in a circle.
  const hints = (error?.next ?? []).filter((hint) => !hint.includes("countersign explain"))
  return [
    `${style.strong("decision")}  ${paint(decision.verdict)}${rule}${code}`,
    ...decision.reasons.flatMap((reason) => hanging("  ", [printable(reason)], width)),
    ...hints.flatMap((hint) => hanging("  hint: ", [printable(hint)], width)),
  ]
}
