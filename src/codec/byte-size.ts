import { malformed, quoted } from "./malformed.ts"

const PREFIXES = "kmgtpe"

function unitFactor(unit: string): number | undefined {
  if (unit === "" || unit === "b") return 1
  const match = /^([kmgtpe])(i?)b?$/.exec(unit)
  if (match === null) return undefined
  return (match[2] === "i" ? 1024 : 1000) ** (PREFIXES.indexOf(match[1] ?? "") + 1)
}

/**
 * Read an amount of bytes as go-humanize's `ParseBytes` does: `128MiB`, `1.5 GB`, `1,000`, `64k`. Without `i`, units
 * are powers of 1000; case does not matter.
 *
 * @returns whole bytes.
 * @throws {ToolError} `E_FORMAT_MALFORMED` for anything else and for more than 2^53-1 bytes.
 */
export function parseByteSize(text: string): number {
  const match = /^([0-9.,]{1,40})\s{0,8}([a-zA-Z]{0,3})\s{0,8}$/.exec(text)
  const digits = match?.[1]?.replaceAll(",", "") ?? ""
  const factor = unitFactor((match?.[2] ?? "").toLowerCase())
  if (!/^(?:[0-9]+\.?[0-9]*|\.[0-9]+)$/.test(digits) || factor === undefined) {
    throw malformed("size", `saw ${quoted(text)}, expected a number with B, KB, KiB, MB, MiB, GB, GiB …`)
  }
  const bytes = Math.floor(Number(digits) * factor)
  if (!Number.isSafeInteger(bytes)) throw malformed("size", `${quoted(text)} is too large`)
  return bytes
}
