/** What the header says about the checks. */
export interface HeaderFacts {
  readonly name: string
  readonly annotations: boolean
  readonly claims: boolean
  /** An entry of every signature verified. */
  readonly log: boolean
  readonly by: "key" | "authority"
}

/** The check list `cosign verify` prints on stderr before the claims. Spec: cosign.md 5.2. */
export function verificationHeader(facts: HeaderFacts): string {
  // DEVIATION: cosign 3.1 says of every bundle that the log was verified, also when it was not asked.
  return [
    "",
    `Verification for ${facts.name} --`,
    "The following checks were performed on each of these signatures:",
    ...(facts.annotations ? ["  - The specified annotations were verified."] : []),
    ...(facts.claims ? ["  - The cosign claims were validated"] : []),
    ...(facts.log ? ["  - Existence of the claims in the transparency log was verified offline"] : []),
    facts.by === "key"
      ? "  - The signatures were verified against the specified public key"
      : "  - The code-signing certificate was verified using trusted certificate authority certificates",
    "",
  ].join("\n")
}
