/** What came of cosign's rewriting of old command lines. */
export interface RewrittenArgv {
  readonly argv: readonly string[]
  /** Warnings for stderr, one per word changed. */
  readonly notices: readonly string[]
}

/**
 * Change `-output` to `--output`, `--o` to `-o` and `-version` to `version`, with a warning each.
 *
 * COMPAT(cosign 2.5, 3.1): every word is looked at, also values and words after `--`; so `-a=k=v` becomes `--a=k=v`.
 * Spec: sigstore/cosign cmd/cosign/main.go.
 */
export function rewriteCosignArgv(argv: readonly string[]): RewrittenArgv {
  const notices: string[] = []
  const deprecated = "is deprecated and will be removed in a future release. Please use the"
  const changed = argv.map((word) => {
    if (word === "-version") {
      notices.push(`WARNING: the -version flag ${deprecated} version subcommand instead.`)
      return "version"
    }
    if (/^-[^-]./s.test(word)) {
      notices.push(`WARNING: the ${word} flag ${deprecated} -${word} flag instead.`)
      return `-${word}`
    }
    if (/^--[^-]$/s.test(word)) {
      notices.push(`WARNING: the flag ${word} ${deprecated} flag ${word.slice(1)}.`)
      return word.slice(1)
    }
    return word
  })
  return { argv: changed, notices }
}
