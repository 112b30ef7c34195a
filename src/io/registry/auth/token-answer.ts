import { parseJson } from "../../../codec/json.ts"
import { isObject, member } from "../../../codec/json-shape.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"

/** An access token and its end. */
export interface Token {
  readonly value: string
  /** Milliseconds since the epoch after which it is not used any more, safety included. */
  readonly expiresAt: number
}

/** Shortest life of a token, seconds; the token document's default. */
const SHORTEST_S = 60
const LONGEST_S = 365 * 24 * 3600
const SAFETY_MS = 10_000

/**
 * Read the answer of a token service.
 *
 * @param bytes - untrusted body, at most `limits.tokenBytes`.
 * @param now - milliseconds since the epoch.
 * @throws {ToolError} `E_REGISTRY_PROTOCOL`; the text never contains what was read.
 *
 * Spec: distribution, auth/token "Token Response Fields" and auth/oauth.
 */
export function parseTokenAnswer(bytes: Uint8Array, host: string, now: number): Token {
  const answer = parseObject(bytes, host)
  const value = text(answer, "access_token") ?? text(answer, "token")
  if (value === undefined) throw protocol(host, "neither `access_token` nor `token` is a text")
  // SECURITY: it becomes a header; RFC 6750's b64token alphabet and what is seen in the field, no spaces or controls.
  if (!/^[\x21-\x7e]+$/.test(value)) throw protocol(host, "the token contains characters that no header may carry")
  const lifeMs = seconds(answer) * 1000
  const issued = Date.parse(text(answer, "issued_at") ?? "")
  // A clock that differs from ours must not make every token look expired.
  const start = Number.isNaN(issued) || issued > now || issued + lifeMs <= now ? now : issued
  const safety = Math.min(lifeMs / 2, Math.max(SAFETY_MS, lifeMs / 10))
  return { value, expiresAt: start + lifeMs - safety }
}

function parseObject(bytes: Uint8Array, host: string): JsonObject {
  try {
    const value = parseJson(bytes, { maxBytes: limits.tokenBytes, maxDepth: 16, what: "token answer" })
    if (isObject(value)) return value
  } catch {
    // The parser's message may quote a piece of the token.
  }
  throw protocol(host, "the answer is not a JSON object")
}

function text(answer: JsonObject, name: string): string | undefined {
  const value = member(answer, name)
  return typeof value === "string" && value !== "" ? value : undefined
}

function seconds(answer: JsonObject): number {
  const value = member(answer, "expires_in")
  if (typeof value !== "number" || !Number.isFinite(value)) return SHORTEST_S
  return Math.min(LONGEST_S, Math.max(SHORTEST_S, value))
}

function protocol(host: string, why: string): ToolError {
  return new ToolError("E_REGISTRY_PROTOCOL", { what: `the token service ${host} gave no usable token`, why })
}
