import type { OutputStream } from "../../../app/world.ts"

/** Colours by meaning. Without colour every function returns its argument. */
export interface Style {
  readonly coloured: boolean
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly doubt: (text: string) => string
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
  readonly command: (text: string) => string
}

/** SGR on and off codes. */
const CODES = {
  good: [32, 39],
  bad: [31, 39],
  doubt: [33, 39],
  strong: [1, 22],
  faint: [2, 22],
  command: [36, 39],
} as const

/**
 * Colours for one stream: on a terminal only, and never with NO_COLOR (any non-empty value) or TERM=dumb.
 *
 * @param stream - where the text goes.
 * @param env - the process environment.
 */
export function createStyle(stream: OutputStream, env: Readonly<Record<string, string | undefined>>): Style {
  const refused = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb"
  return stream.isTTY && !refused ? coloured() : plainStyle
}

/** Text as it is. */
export const plainStyle: Style = {
  coloured: false,
  good: same,
  bad: same,
  doubt: same,
  strong: same,
  faint: same,
  command: same,
}

function same(text: string): string {
  return text
}

function coloured(): Style {
  const paint =
    ([on, off]: readonly [number, number]) =>
    (text: string): string =>
      `\x1b[${on}m${text}\x1b[${off}m`
  return {
    coloured: true,
    good: paint(CODES.good),
    bad: paint(CODES.bad),
    doubt: paint(CODES.doubt),
    strong: paint(CODES.strong),
    faint: paint(CODES.faint),
    command: paint(CODES.command),
  }
}
