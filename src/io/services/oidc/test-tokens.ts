/** Tokens that nobody signed, for tests of what only carries them. Not for production code. */

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url")
}

/** A well-formed token; its signature means nothing. */
export function sampleToken(claims: Readonly<Record<string, unknown>> = {}): string {
  const all = { iss: "https://issuer.example", sub: "insecure-test-subject", exp: 2_000_000_000, ...claims }
  return `${part({ alg: "RS256" })}.${part(all)}.${"A".repeat(342)}`
}
