import type { ByteRange } from "./storage/storage.ts"

/** What a `Range` header asks of content of a known size. `whole`: absent, or nothing we honour. */
export type RangeAnswer =
  { readonly kind: "whole" } | { readonly kind: "unsatisfiable" } | ({ readonly kind: "part" } & ByteRange)

const SINGLE = /^bytes=([0-9]*)-([0-9]*)$/

/**
 * Read a `Range` header: `a-b`, `a-` and `-n`, the end cut to the content. Several ranges get the whole content.
 *
 * Spec: RFC 9110 section 14.1.2.
 */
export function byteRange(header: string | null, size: number): RangeAnswer {
  if (header === null) return { kind: "whole" }
  if (/^bytes=.*,/.test(header)) return { kind: "whole" }
  const match = SINGLE.exec(header.replaceAll(" ", ""))
  const from = match?.[1] ?? ""
  const to = match?.[2] ?? ""
  if (match === null || (from === "" && to === "")) return { kind: "whole" }
  const first = from === "" ? Math.max(0, size - Number(to)) : Number(from)
  const last = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1)
  const reversed = from !== "" && to !== "" && Number(to) < first
  if (reversed || first >= size || (from === "" && Number(to) === 0)) return { kind: "unsatisfiable" }
  return { kind: "part", first, last }
}

/** `Content-Range` of a chunk: `<start>-<end>`, both inclusive; a leading `bytes ` and a trailing size are tolerated. */
export function chunkRange(header: string): ByteRange | undefined {
  const match = /^(?:bytes[ =])?([0-9]{1,15})-([0-9]{1,15})(?:\/(?:[0-9]+|\*))?$/.exec(header.trim())
  if (match === null) return undefined
  const first = Number(match[1])
  const last = Number(match[2])
  return last < first ? undefined : { first, last }
}
