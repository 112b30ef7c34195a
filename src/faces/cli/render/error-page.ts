import { catalogue, EXIT, type ErrorCode, type ErrorKind } from "../../../core/error-catalogue.ts"

/** What each kind of error says of the question that was asked. */
export const KIND_WORDS: Readonly<Record<ErrorKind, string>> = {
  negative: "The question was answered: no.",
  usage: "The command line, a configuration file or an input file is wrong. Nothing was attempted.",
  unknown: "The answer could not be found out. It is neither a yes nor a no.",
  conflict: "Something would be overwritten or duplicated. Nothing was changed.",
  bug: "The program itself is at fault.",
}

/** A text of the catalogue as a sentence. */
export function sentence(text: string): string {
  const first = text.startsWith("`") ? text : `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
  return first.endsWith(".") ? first : `${first}.`
}

/**
 * What `help CODE` prints: what the page of the code in `docs/errors` says.
 *
 * @param word - a code in letters of either case.
 * @returns lines, each ended by a line break; `undefined` for a word that is no code.
 */
export function errorPage(word: string): string | undefined {
  const code = word.toUpperCase()
  if (!Object.hasOwn(catalogue, code)) return undefined
  const { kind, next, retryable, summary } = catalogue[code as ErrorCode]
  return [
    `${code}: ${sentence(summary)}`,
    "",
    `  kind       ${kind}. ${KIND_WORDS[kind]}`,
    `  exit code  ${EXIT[kind]}`,
    `  again      ${retryable ? "Trying again can help." : "Trying again without a change does not help."}`,
    "",
    "What to do:",
    ...next.map((line) => `  ${sentence(line)}`),
    "",
    "The line `why` of the message says what was observed and what was expected; the lines `hint` say what fits the",
    "case at hand. `--output json` prints the same as `error.why`, `error.next` and `error.details`.",
    "",
  ].join("\n")
}
