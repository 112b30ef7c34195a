import type { VerifyResult } from "../../../app/requests.ts"
import type { ArtifactReport } from "../../../core/report.ts"
import type { VerifiedSignature } from "../../../core/verified.ts"
import { facts, type Fact } from "./facts.ts"
import { printable } from "../../../core/printable.ts"
import type { Style } from "./style.ts"
import { issuerText, loggedTexts, signedAnnotations, timeText, verifiedText, witnessTexts } from "./verified.ts"
import { storeName, storeOutcome } from "./words.ts"

/** Colour of each answer. */
export function stateText(state: ArtifactReport["state"], style: Style): string {
  if (state === "verified" || state === "exempt") return style.good(state)
  return state === "unknown" ? style.doubt(state) : style.bad(state)
}

/** Answer of `verify` for people: a few lines per artifact. Ends in a line break. */
export function renderReport(result: VerifyResult, style: Style, width: number): string {
  const blocks = result.report.artifacts.map((artifact, index) =>
    artifactLines(artifact, result.verified[index] ?? [], style, width),
  )
  return `${blocks.flat().join("\n")}\n`
}

function artifactLines(
  artifact: ArtifactReport,
  verified: readonly VerifiedSignature[],
  style: Style,
  width: number,
): readonly string[] {
  const rows: Fact[] = []
  if (artifact.subject !== undefined) rows.push(["digest", artifact.subject.digest])
  if (artifact.state === "verified") rows.push(...verifiedFacts(verified))
  else rows.push(...refusalFacts(artifact))
  if (artifact.children.length > 0) rows.push(["contains", childrenText(artifact)])
  const padding = " ".repeat("untrusted".length - artifact.state.length)
  const first = `${stateText(artifact.state, style)}${padding}  ${printable(artifact.artifact)}`
  return [first, ...facts(rows, 2, width)]
}

/** One entry for signatures that differ in nothing shown here: somebody who signed again adds no line. */
function verifiedFacts(verified: readonly VerifiedSignature[]): readonly Fact[] {
  const groups = Map.groupBy(verified, (signature) => JSON.stringify(signatureFacts(signature, 1)))
  return [...groups.values()].flatMap(([first, ...rest]) =>
    first === undefined ? [] : signatureFacts(first, 1 + rest.length),
  )
}

/** @param count - signatures that look the same. */
function signatureFacts(signature: VerifiedSignature, count: number): readonly Fact[] {
  const annotations = signedAnnotations(signature.content)
  const time = timeText(signature.report)
  const issuer = issuerText(signature.report)
  const witnesses = witnessTexts(signature.report)
  const logged = loggedTexts(signature.report)
  return [
    [signature.report.kind, verifiedText(signature, count)],
    ...(issuer === undefined ? [] : [["issuer", issuer] as const]),
    ...(annotations.length === 0 ? [] : [["signed", annotations.join(", ")] as const]),
    ...(time === undefined ? [] : [["time", time] as const]),
    ...(witnesses.length === 0 ? [] : [["vouched by", witnesses] as const]),
    // SECURITY: what a policy does not enforce must not look like what it does.
    ...(logged.length === 0 ? [] : [["not enforced", logged] as const]),
    ...(signature.report.notEvaluated.length === 0
      ? []
      : [["not evaluated", printable(signature.report.notEvaluated.join(", "))] as const]),
  ]
}

/** Where was looked; the reason itself stands in the error. */
function refusalFacts(artifact: ArtifactReport): readonly Fact[] {
  if (artifact.stores.length === 0) return []
  return [["looked in", artifact.stores.map((store) => `${storeName(store.store)}: ${storeOutcome(store)}`)]]
}

function childrenText(artifact: ArtifactReport): string {
  const passed = artifact.children.filter((child) => child.state === "verified").length
  return `${artifact.children.length} manifests, ${passed} verified`
}
