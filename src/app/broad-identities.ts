import { compilePattern } from "../codec/re2.ts"
import type { IdentityRule, TextRule } from "../core/sigstore.ts"

/** Names that have nothing to do with each other: a pattern that matches several of them says nobody in particular. */
const STRANGERS = [
  "mallory@attacker.example",
  "eve@mail.example",
  "https://github.com/attacker/evil/.github/workflows/evil.yml@refs/heads/evil",
  "https://gitlab.com/attacker/evil//.gitlab-ci.yml@refs/heads/evil",
  "spiffe://attacker.example/evil",
]
const STRANGE_ISSUERS = ["https://attacker.example", "https://login.mail.example/evil", "http://localhost:8080"]

/**
 * What of an identity lets in more than whoever wrote it may think; empty for a narrow one.
 *
 * @returns sentences that name the identity.
 */
export function broadParts({ subject, issuer, extensions, text }: IdentityRule): readonly string[] {
  const named = `the identity ${JSON.stringify(text)}`
  const sentences: string[] = []
  const narrowed = Object.keys(extensions).length > 0
  if (!narrowed && strangersOf(subject, STRANGERS) > 1) sentences.push(`${named} matches anybody's certificate`)
  else if (!narrowed && strangersOf(subject, STRANGERS) > 0) sentences.push(`${named} matches strangers`)
  if (issuer !== undefined && strangersOf(issuer, STRANGE_ISSUERS) > 0) {
    sentences.push("the pattern of the issuer matches issuers that anybody can run")
  }
  if (/^github:[^/@]+(?:@|$)/.test(text)) sentences.push(`${named} accepts every workflow of every repository there`)
  else if (/^github:[^/@]+\/[^/@]+$/.test(text)) {
    sentences.push(`${named} accepts every workflow of the repository on every branch and tag`)
  }
  if (/^gitlab:[^/@]+(?:@|$)/.test(text)) sentences.push(`${named} accepts every pipeline of every project there`)
  for (const rule of [subject, issuer]) {
    // Patterns that the program makes itself stand behind other kinds.
    if (rule?.kind !== "pattern" || (rule === subject && !text.startsWith("re2:"))) continue
    const dot = loneDot(rule.pattern)
    if (dot !== undefined) sentences.push(`in the pattern ${rule.pattern}, the dot of ${dot} matches any character`)
  }
  return sentences
}

function strangersOf(rule: TextRule | undefined, strangers: readonly string[]): number {
  if (rule?.kind !== "pattern") return 0
  const pattern = compilePattern(rule.pattern)
  return strangers.filter((name) => pattern.matches(name, rule.anchored)).length
}

/** The first part of a host name whose dot is none: `github.com` in a pattern that ought to say `github\.com`. */
function loneDot(pattern: string): string | undefined {
  return /(?<![\\\w])(?:[a-z0-9-]+\.)(?:com|org|net|io|dev|example|local)(?![\w])/i.exec(pattern)?.[0]
}
