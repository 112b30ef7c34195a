/** What the header says about the checks. */
export interface HeaderFacts {
  readonly name: string
  readonly annotations: boolean
  readonly claims: boolean
}

/** The check list `cosign verify` prints on stderr before the claims. Spec: cosign.md 5.2. */
export function verificationHeader(facts: HeaderFacts): string {
  // DEVIATION: cosign 3.1 adds for every bundle that the log was verified, also when it was not asked.
  return [
    "",
    `Verification for ${facts.name} --`,
    "The following checks were performed on each of these signatures:",
    ...(facts.annotations ? ["  - The specified annotations were verified."] : []),
    ...(facts.claims ? ["  - The cosign claims were validated"] : []),
    "  - The signatures were verified against the specified public key",
    "",
  ].join("\n")
}
