import type { Digest } from "../../core/digest.ts"
import { RegistryFault } from "./fault.ts"
import type { Precondition } from "./storage/storage.ts"

const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/

/** Entity tag of a manifest or blob. */
export function entityTag(digest: Digest): string {
  return `"${digest}"`
}

/**
 * Precondition of a change, from `If-Match` and `If-None-Match`.
 *
 * @throws {RegistryFault} 400 when a header is not well-formed: a condition that is not understood is not ignored.
 *
 * Spec: RFC 9110 sections 13.1.1, 13.1.2, 13.2.2. Both use strong comparison here, there are no weak tags.
 */
export function changePrecondition(headers: Headers): Precondition {
  const match = entityTags(headers, "if-match")
  const noneMatch = entityTags(headers, "if-none-match")
  return (current) => {
    if (match !== undefined && !matches(match, current)) return false
    return noneMatch === undefined || !matches(noneMatch, current)
  }
}

/** Whether a change was asked for under a condition. */
export function isConditional(headers: Headers): boolean {
  return headers.has("if-match") || headers.has("if-none-match")
}

/** Whether the client already has this content, so that a GET is answered 304. */
export function isNotModified(headers: Headers, digest: Digest): boolean {
  const tags = entityTags(headers, "if-none-match")
  return tags !== undefined && matches(tags, digest)
}

function matches(tags: readonly string[] | "*", current: Digest | undefined): boolean {
  if (current === undefined) return false
  return tags === "*" || tags.includes(entityTag(current))
}

function entityTags(headers: Headers, name: string): readonly string[] | "*" | undefined {
  const value = headers.get(name)?.trim()
  if (value === undefined) return undefined
  if (value === "*") return "*"
  const tags = value.split(",").map((tag) => tag.trim())
  if (tags.every((tag) => ENTITY_TAG.test(tag))) return tags
  throw new RegistryFault(400, "UNSUPPORTED", `${name} is not a list of entity tags`)
}

/** 412. */
export function preconditionFailed(): RegistryFault {
  return new RegistryFault(412, "PRECONDITION_FAILED", "the tag does not point where the condition says")
}
