import { RegistryFault } from "./fault.ts"
import type { PageQuery } from "./storage/storage.ts"

/** A page request; `limit` 0 asks for nothing. */
export interface PageRequest extends PageQuery {
  /** Whether the client named the number. */
  readonly explicit: boolean
}

/** Digits of `n` that are read at all. */
const NUMBER_LENGTH = 12

/**
 * Read `n` and `last`.
 *
 * @param max - more is cut to this.
 * @throws {RegistryFault} 400 when `n` is not a non-negative integer.
 */
export function pageRequest(query: URLSearchParams, max: number): PageRequest {
  const n = query.get("n")
  const after = query.get("last") ?? undefined
  if (n === null) return { after, limit: max, explicit: false }
  if (!/^[0-9]+$/.test(n) || n.length > NUMBER_LENGTH) {
    throw new RegistryFault(400, "PAGINATION_NUMBER_INVALID", "n must be a non-negative integer", {
      detail: { n: n.slice(0, 40) },
    })
  }
  return { after, limit: Math.min(Number(n), max), explicit: true }
}

/** Header that points to the page after `last`. Further parameters are kept. */
export function nextLink(
  path: string,
  limit: number,
  last: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const query = new URLSearchParams({ ...more, n: String(limit), last })
  return `<${path}?${query.toString()}>; rel="next"`
}
