import { quoted } from "./malformed.ts"

/** A version, taken apart. Numbers stay text: they have no bound. */
interface Version {
  readonly core: readonly string[]
  /** Identifiers of the pre-release; empty for a release. */
  readonly before: readonly string[]
}

/** Characters of a version; longer ones are none. */
const MAX_LENGTH = 256

const NUMBER = /^(?:0|[1-9][0-9]*)$/
const IDENTIFIER = /^[0-9A-Za-z-]+$/
const DIGITS = /^[0-9]+$/

/**
 * Whether a text is a version of Semantic Versioning 2.0: `1.2.3-rc.1+build`, no leading `v`.
 *
 * Spec: semver.org 2.0.0, sections 2, 9 and 10.
 */
export function isSemver(text: string): boolean {
  return parse(text) !== undefined
}

/**
 * Precedence of two versions; build metadata does not count.
 *
 * @returns negative when `a` comes before `b`, 0 when neither does.
 * @throws {RangeError} when one is no version; ask {@link isSemver} first.
 *
 * Spec: semver.org 2.0.0, section 11.
 */
export function compareSemver(a: string, b: string): number {
  const [first, second] = [versionOf(a), versionOf(b)]
  const core = compareLists(first.core, second.core)
  if (core !== 0) return core
  // A release comes after its pre-releases.
  if (first.before.length === 0 || second.before.length === 0) return second.before.length - first.before.length
  return compareLists(first.before, second.before)
}

function versionOf(text: string): Version {
  const version = parse(text)
  if (version === undefined) throw new RangeError(`${quoted(text)} is not a semantic version`)
  return version
}

function parse(text: string): Version | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const [rest, build] = cut(text, "+")
  if (build !== undefined && !build.split(".").every((part) => IDENTIFIER.test(part))) return undefined
  const [numbers, preRelease] = cut(rest, "-")
  const core = numbers.split(".")
  if (core.length !== 3 || !core.every((part) => NUMBER.test(part))) return undefined
  const before = preRelease === undefined ? [] : preRelease.split(".")
  const valid = before.every((part) => IDENTIFIER.test(part) && (!DIGITS.test(part) || NUMBER.test(part)))
  return valid ? { core, before } : undefined
}

function cut(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index]
    if (right === undefined) return 1
    const order = compareIdentifiers(left, right)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Numbers by value and before words; words by their ASCII characters. */
function compareIdentifiers(a: string, b: string): number {
  const [first, second] = [DIGITS.test(a), DIGITS.test(b)]
  if (first !== second) return first ? -1 : 1
  if (first && a.length !== b.length) return a.length - b.length
  if (a === b) return 0
  return a < b ? -1 : 1
}
