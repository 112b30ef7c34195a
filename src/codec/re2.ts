import { RE2JS } from "re2js"
import { ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import { quoted, tooLarge } from "./malformed.ts"
import { encodeUtf8 } from "./utf8.ts"

/** A regular expression that runs in linear time. */
export interface Pattern {
  /**
   * Whether a text matches.
   *
   * @param subject - untrusted, at most 8 KiB of UTF-8.
   * @param anchored - the whole text must match, as if by `\A(?:…)\z`; otherwise any part of it may.
   * @throws {ToolError} `E_LIMIT_EXCEEDED`.
   */
  matches(subject: string, anchored: boolean): boolean
}

/**
 * Compile a pattern in Go's syntax (RE2). Backreferences and look-around are not part of it.
 *
 * SECURITY: never JavaScript's own engine: its syntax means other things, and its time is not bounded.
 *
 * @param pattern - at most 1 KiB of UTF-8.
 * @param what - where the pattern comes from, such as the name of a flag.
 * @throws {ToolError} `E_USAGE` for what Go would not compile, and for patterns that are too large.
 *
 * Spec: Go `regexp/syntax`.
 */
export function compilePattern(pattern: string, what = "regular expression"): Pattern {
  if (byteLength(pattern, what) > limits.patternBytes) {
    throw refused(what, pattern, `it has more than ${limits.patternBytes} bytes`)
  }
  const program = compile(pattern, what)
  return {
    matches: (subject, anchored) => {
      const bytes = byteLength(subject, "text to match")
      if (bytes > limits.patternSubjectBytes)
        throw tooLarge("text to match", bytes, limits.patternSubjectBytes, "bytes")
      const matcher = program.matcher(subject)
      return anchored ? matcher.matches() : matcher.find()
    },
  }
}

function compile(pattern: string, what: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    throw refused(what, pattern, error instanceof Error ? error.message : String(error), error)
  }
}

function refused(what: string, pattern: string, why: string, cause?: unknown): ToolError {
  return new ToolError("E_USAGE", {
    what: `${what} ${quoted(pattern)} cannot be used`,
    why,
    next: ["write a regular expression in RE2 syntax, as Go has it"],
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Bytes of UTF-8; what is surely too long is not encoded. */
function byteLength(text: string, what: string): number {
  return text.length > limits.patternSubjectBytes ? text.length : encodeUtf8(text, what).length
}
