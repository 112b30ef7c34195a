import type { VerifyResult } from "../../app/requests.ts"
import { ToolError } from "../../core/errors.ts"
import type { SignatureReport } from "../../core/report.ts"
import type { FlagValues } from "../command.ts"
import { shellWord } from "./sigstore-options.ts"

/** Hints given per artifact. */
const MOST = 3

/**
 * Whoever is refused is told which identities have signed, as flags to copy.
 *
 * SECURITY: the identity of a signature that does not verify is anybody's claim, and the hint says so. Names that are no
 * plain text are not offered.
 */
export function withIdentityHint(result: VerifyResult, flags: FlagValues): VerifyResult {
  if (flags.given("trust-store")) return result
  const errors = result.errors.map((error, index) => {
    if (error === undefined) return undefined
    const hints = result.report.artifacts[index]?.signatures.flatMap((signature) => hintOf(signature, flags)) ?? []
    return hints.length === 0 ? error : hinted(error, [...new Set(hints)].slice(0, MOST))
  })
  return { ...result, errors }
}

function hintOf({ evidence, signer, state }: SignatureReport, flags: FlagValues): readonly string[] {
  if (state === "verified") return []
  if (signer?.kind === "keyless") {
    const identity = identityFlags(signer.name, signer.issuer)
    return identity === undefined ? [] : [`if this signer is whom you trust: \`${identity}\``]
  }
  const { alternativeNames: [name = ""] = [], issuer = "" } = evidence?.certificate ?? {}
  const identity = identityFlags(name, issuer)
  // Who is asked for already is refused for another reason.
  if (flags.strings("identity").length > 0 && flags.string("issuer") === issuer) return []
  return identity === undefined ? [] : [`the identity claimed by a signature, not verified: \`${identity}\``]
}

function identityFlags(name: string, issuer: string): string | undefined {
  if (![name, issuer].every((text) => /^[\x21-\x7e]{1,500}$/.test(text))) return undefined
  // What reads like another kind of identity is one only by its name.
  const text = /^(?:x509\.|arn:|\*$|(?:email|uri|san|re2|github|gitlab):)/.test(name) ? `san:${name}` : name
  const source = issuer.startsWith("re2:") ? undefined : issuer
  return source === undefined ? undefined : `--identity ${shellWord(text)} --issuer ${shellWord(source)}`
}

function hinted({ code, what, why, next, details, kind, cause }: ToolError, hints: readonly string[]): ToolError {
  return new ToolError(code, {
    what,
    ...(why === undefined ? {} : { why }),
    next: [...hints, ...next],
    details,
    kind,
    cause,
  })
}
