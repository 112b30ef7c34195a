import { parseGoTime } from "../../codec/go-time-parse.ts"
import { faceError } from "./face-error.ts"

/** A service as `--fulcio`, `--rekor` and their like describe it: `key=value` pairs between commas. */
export type ServiceSpec = ReadonlyMap<string, string>

/** @throws {ToolError} in cosign's words for a pair without `=`. The last of equal keys counts. */
export function parseServiceSpec(text: string): ServiceSpec {
  return new Map(
    text.split(",").map((pair): readonly [string, string] => {
      const at = pair.indexOf("=")
      if (at < 0) throw faceError(`invalid key-value pair: ${pair}`)
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
    }),
  )
}

/** The value of a key; empty when it is not there. */
export function valueOf(spec: ServiceSpec, key: string): string {
  return spec.get(key) ?? ""
}

/** @throws {ToolError} with `sentence(key)` for the first key that is absent or empty. */
export function requireKeys(spec: ServiceSpec, keys: readonly string[], sentence: (key: string) => string): void {
  const missing = keys.find((key) => valueOf(spec, key) === "")
  if (missing !== undefined) throw faceError(sentence(missing))
}

/**
 * A time of RFC 3339.
 *
 * @returns milliseconds since the epoch.
 * @throws {ToolError} in Go's words.
 */
export function timeOf(text: string): number {
  const read = parseGoTime(text)
  if ("at" in read) return read.at
  throw faceError(read.fault)
}

/** A time of a spec. @returns `undefined` when it is not there. @throws {ToolError} `parsing KEY: …`. */
export function specTime(spec: ServiceSpec, key: "start-time" | "end-time"): number | undefined {
  const text = valueOf(spec, key)
  if (text === "") return undefined
  const read = parseGoTime(text)
  if ("at" in read) return read.at
  throw faceError(`parsing ${key}: ${read.fault}`)
}

/** An unsigned number of 32 bits. @throws {ToolError} in Go's words, after `context`. */
export function uint32Of(text: string, context: string): number {
  const fault = (why: string): Error =>
    faceError(`${context}: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`)
  if (!/^[0-9]+$/.test(text)) throw fault("invalid syntax")
  const value = Number(text)
  if (value > 0xffff_ffff) throw fault("value out of range")
  return value
}
