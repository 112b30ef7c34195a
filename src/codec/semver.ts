/** A version by Semantic Versioning 2.0. */
export interface Semver {
  /** Major, minor, patch. */
  readonly numbers: readonly [bigint, bigint, bigint]
  /** Identifiers of the pre-release, none for a release. */
  readonly prerelease: readonly string[]
}

const NUMBER = /^(?:0|[1-9][0-9]*)$/
const WORD = /^[0-9A-Za-z-]+$/
const DIGITS = /^[0-9]+$/
/** Longer texts are no versions anybody writes. */
const MAX_LENGTH = 256

/**
 * Read a version strictly: all three numbers, no leading `v`, no leading zeros. Build metadata is checked and dropped.
 *
 * @returns `undefined` when it is none.
 *
 * Spec: semver.org 2.0.0, items 2, 9 and 10.
 */
export function parseSemver(text: string): Semver | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const [beforeBuild, build] = cut(text, "+")
  const [core, pre] = cut(beforeBuild, "-")
  if (build !== undefined && !build.split(".").every((word) => WORD.test(word))) return undefined
  const prerelease = pre === undefined ? [] : pre.split(".")
  if (!prerelease.every((word) => WORD.test(word) && (NUMBER.test(word) || !DIGITS.test(word)))) return undefined
  const numbers = core.split(".")
  if (numbers.length !== 3 || !numbers.every((number) => NUMBER.test(number))) return undefined
  const [major = "", minor = "", patch = ""] = numbers
  return { numbers: [BigInt(major), BigInt(minor), BigInt(patch)], prerelease }
}

function cut(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/**
 * Order of two versions: negative when `a` is older, 0 when both have the same precedence.
 *
 * Spec: semver.org 2.0.0, item 11.
 */
export function compareSemver(a: Semver, b: Semver): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n
    if (number !== other) return number < other ? -1 : 1
  }
  // A release comes after its pre-releases.
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return Number(a.prerelease.length === 0) - Number(b.prerelease.length === 0)
  }
  for (const [index, word] of a.prerelease.entries()) {
    const other = b.prerelease[index]
    if (other === undefined) return 1
    if (word !== other) return compareWords(word, other)
  }
  return a.prerelease.length === b.prerelease.length ? 0 : -1
}

/** Numbers by value and before words; words by ASCII. */
function compareWords(a: string, b: string): number {
  const [aNumber, bNumber] = [NUMBER.test(a), NUMBER.test(b)]
  if (aNumber && bNumber) return BigInt(a) < BigInt(b) ? -1 : 1
  if (aNumber !== bNumber) return aNumber ? -1 : 1
  return a < b ? -1 : 1
}
