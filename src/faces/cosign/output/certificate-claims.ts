/** What `verify` says of the certificate that a legacy signature was verified with. */
import type { KeylessIdentity, SignatureReport } from "../../../core/report.ts"
import type { VerifiedSignature } from "../../../core/verified.ts"
import { printable } from "../../../core/printable.ts"

const ARC = "1.3.6.1.4.1.57264.1"

/** Extensions of GitHub's workflows: name, which is also that of the member, last arc, and words of `-o text`. */
const GITHUB: readonly (readonly [name: string, arc: number, words: string])[] = [
  ["githubWorkflowTrigger", 2, "GitHub Workflow Trigger"],
  ["githubWorkflowSha", 3, "GitHub Workflow SHA"],
  ["githubWorkflowName", 4, "GitHub Workflow Name"],
  ["githubWorkflowRepository", 5, "GitHub Workflow Repository"],
  ["githubWorkflowRef", 6, "GitHub Workflow Ref"],
]

/**
 * Members of `optional` about the certificate; none for signatures by key, whose certificate nobody verified.
 *
 * Spec: sigstore/cosign `cmd/cosign/cli/verify/common.go`, PrintVerification.
 */
export function certificateClaims(signer: SignatureReport["signer"]): readonly (readonly [string, string])[] {
  if (signer?.kind !== "keyless") return []
  const { issuer } = signer
  return [
    ["Subject", subjectOf(signer)],
    ...(issuer === ""
      ? []
      : ([
          ["Issuer", issuer],
          [`${ARC}.1`, issuer],
        ] as const)),
    ...GITHUB.flatMap(([name, arc]) => {
      const value = signer.extensions[name]
      return value === undefined || value === ""
        ? []
        : ([
            [name, value],
            [`${ARC}.${arc}`, value],
          ] as const)
    }),
  ]
}

/** Lines of `-o text` about certificates. COMPAT(cosign 3.1): none about those in bundles. */
export function certificateLines(signatures: readonly VerifiedSignature[]): string {
  return signatures
    .flatMap(linesOf)
    .map((line) => `${printable(line)}\n`)
    .join("")
}

function linesOf({ report: { signer, format } }: VerifiedSignature): readonly string[] {
  if (signer?.kind !== "keyless" || format !== "cosign-v2") return []
  const { issuer } = signer
  return [
    `Certificate subject: ${subjectOf(signer)}`,
    ...(issuer === "" ? [] : [`Certificate issuer URL: ${issuer}`]),
    ...GITHUB.flatMap(([name, , words]) => {
      const value = signer.extensions[name]
      return value === undefined || value === "" ? [] : [`${words}: ${value}`]
    }),
  ]
}

/** COMPAT(cosign 2.5, 3.1): the first name, with DNS names before e-mail addresses, IP addresses, URIs and others. */
function subjectOf({ alternativeNames }: KeylessIdentity): string {
  return alternativeNames.toSorted((a, b) => rankOf(a) - rankOf(b))[0] ?? ""
}

function rankOf(name: string): number {
  if (name.includes("://")) return 3
  if (name.includes("!")) return 4
  if (name.includes("@")) return 1
  return name.includes(":") || /^[0-9.]+$/.test(name) ? 2 : 0
}
