import type { SignedArtifact, SignedSignature } from "../../../app/requests.ts"
import { facts, type Fact } from "./facts.ts"
import { printable } from "../../../core/printable.ts"
import type { Style } from "./style.ts"
import { witnessFacts } from "./witnesses.ts"
import { storeName } from "./words.ts"

/** Answer of `sign` and `attest` for people. Artifacts that failed are left to the errors. */
export function renderSigned(artifacts: readonly SignedArtifact[], verb: string, style: Style, width: number): string {
  const lines = artifacts
    .filter((artifact) => artifact.error === undefined)
    .flatMap((artifact) => {
      const rows: Fact[] = [["digest", artifact.subject?.digest ?? "unknown"]]
      rows.push(
        ...artifact.signatures.flatMap((signature): readonly Fact[] => [
          [signature.format, placeText(signature)],
          ...(signature.sigstore === undefined ? [] : witnessFacts(signature.sigstore)),
        ]),
      )
      return [`${style.good(verb)}  ${printable(artifact.artifact)}`, ...facts(rows, 2, width)]
    })
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`
}

function placeText(signature: SignedSignature): string {
  const { location } = signature
  const place =
    location === undefined ? "not stored" : `${storeName(location.store)} ${location.where} ${location.reference}`
  return printable(signature.existed ? `${place} (was there already)` : place)
}
