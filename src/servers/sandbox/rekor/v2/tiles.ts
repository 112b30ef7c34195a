import type { AppendOnlyLog } from "../storage/append-only-log.ts"

/** Which tile of a log. */
export interface TileName {
  /** 0 for hashes of entries; `entries` for the entries themselves. */
  readonly level: number | "entries"
  readonly index: number
  /** Hashes or entries in it: 256, or fewer at the end of the log. */
  readonly width: number
}

/** Hashes, or entries, in a full tile; levels of the tree in one level of tiles. */
const WIDTH = 256
const HEIGHT = 8
/** With 2^53 entries there is no tile above. */
const MAX_LEVEL = 6
const NAME = /^(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/

/**
 * Read the part of a path behind `tile/`.
 *
 * @returns `undefined` for what names no tile.
 *
 * Spec: C2SP tlog-tiles.md: indices in groups of three digits, all but the last one after an `x`.
 */
export function parseTileName(path: string): TileName | undefined {
  const [, level = "", digits = "", partial] = NAME.exec(path) ?? []
  if (level === "" || (level.length > 1 && level.startsWith("0"))) return undefined
  const index = Number(digits.replaceAll(/[x/]/g, ""))
  // One index has one name: no leading groups of zeros.
  if (!Number.isSafeInteger(index) || (digits.startsWith("x000") && digits.length > 3)) return undefined
  const width = partial === undefined ? WIDTH : Number(partial)
  if (width > WIDTH || (partial !== undefined && width === WIDTH)) return undefined
  const number = level === "entries" ? level : Number(level)
  return typeof number === "number" && number > MAX_LEVEL ? undefined : { level: number, index, width }
}

/**
 * Bytes of a tile: hashes one after the other, or entries, each after its length in two bytes.
 *
 * @returns `undefined` when the published tree does not fill it.
 * @throws {ToolError} `E_STORAGE_CORRUPT`, `E_IO`.
 */
export function readTile(log: AppendOnlyLog, { level, index, width }: TileName): readonly Uint8Array[] | undefined {
  const first = index * WIDTH
  const step = level === "entries" ? 1 : 2 ** (HEIGHT * level)
  if ((first + width) * step > log.head().size) return undefined
  if (level === "entries") return log.bodies(first, width).flatMap((body) => [lengthOf(body), body])
  return Array.from({ length: width }, (_, at) => log.read(HEIGHT * level, first + at))
}

function lengthOf(body: Uint8Array): Uint8Array {
  return Uint8Array.of(body.length >> 8, body.length & 0xff)
}
