import type { FulcioExtension, IdentityRule, TextRule } from "../../core/sigstore.ts"
import type { FlagValues } from "../command.ts"
import { faceError } from "./face-error.ts"

/** Flags that ask for a workflow of GitHub, and the certificate's extensions that say it. */
export const GITHUB_FLAGS: readonly (readonly [flag: string, extension: FulcioExtension])[] = [
  ["certificate-github-workflow-trigger", "githubWorkflowTrigger"],
  ["certificate-github-workflow-sha", "githubWorkflowSha"],
  ["certificate-github-workflow-name", "githubWorkflowName"],
  ["certificate-github-workflow-repository", "githubWorkflowRepository"],
  ["certificate-github-workflow-ref", "githubWorkflowRef"],
]

/**
 * Whose certificates count, as `--certificate-identity`, `--certificate-oidc-issuer`, their patterns and
 * `--certificate-github-workflow-*` say. Patterns match any part of a text, as in cosign.
 *
 * @throws {ToolError} `E_USAGE` for patterns that Go would not compile, and for a text and a pattern that exclude each other.
 */
export async function identityOfFlags(flags: FlagValues): Promise<IdentityRule> {
  const subject = await textRule(flags, "certificate-identity")
  const issuer = await textRule(flags, "certificate-oidc-issuer")
  const extensions = GITHUB_FLAGS.flatMap(([flag, extension]): [FulcioExtension, TextRule][] => {
    const value = flags.string(flag)
    return value === "" ? [] : [[extension, { kind: "exact", value }]]
  })
  return {
    subject,
    issuer,
    extensions: Object.fromEntries(extensions),
    text: `${textOf(subject)} by ${textOf(issuer)}`,
  }
}

function textOf(rule: TextRule): string {
  return rule.kind === "exact" ? rule.value : `/${rule.pattern}/`
}

async function textRule(flags: FlagValues, name: string): Promise<TextRule> {
  const value = flags.string(name)
  const pattern = flags.string(`${name}-regexp`)
  if (pattern === "") return { kind: "exact", value }
  const { compilePattern } = await import("../../codec/re2.ts")
  const compiled = compilePattern(pattern, `--${name}-regexp`)
  // COMPAT(cosign 2.5, 3.1): certificates of other authorities name no issuer, and `.*` matches that, too.
  if (value === "") return { kind: "pattern", pattern, anchored: false, orNone: true }
  // Both must hold, and the text can be only one.
  if (compiled.matches(value, false)) return { kind: "exact", value }
  throw faceError(`--${name} does not match --${name}-regexp: no certificate could be both`)
}
