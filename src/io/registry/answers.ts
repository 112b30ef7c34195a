import { concatBytes } from "../../codec/concat-bytes.ts"
import type { ErrorCode } from "../../core/error-catalogue.ts"
import { ToolError } from "../../core/errors.ts"
import type { JsonObject } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import { expectArray, expectObject, isObject, member } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import type { HttpResponse } from "../net/http-types.ts"
import { loginAdvice, refusedCredential, type RefusedCredential } from "./auth/refused.ts"

/** What is kept of an error answer. */
export interface RegistryFailure {
  readonly status: number
  /** Codes of the distribution-spec's error body, upper case; empty when there was none. */
  readonly codes: readonly string[]
  /** First message or the beginning of the body, printable, at most 300 characters. */
  readonly message: string
  /** The user's credential; absent when there was none. */
  readonly credential?: RefusedCredential
}

/**
 * Read an error answer and release its connection. Never throws for what the body holds.
 *
 * Spec: OCI distribution-spec "Error Codes".
 */
export async function readFailure(response: HttpResponse): Promise<RegistryFailure> {
  const text = new TextDecoder().decode(await bodyStart(response))
  const errors = errorList(text)
  const codes = errors
    .map((error) => textMember(error, "code").toUpperCase())
    .filter((code) => /^[A-Z0-9_.-]{1,64}$/.test(code))
  const said = errors.map((error) => textMember(error, "message")).find((message) => message !== "")
  const message = printable(said ?? (errors.length > 0 ? "" : text))
  const credential = refusedCredential(response)
  return { status: response.status, codes, message, ...(credential === undefined ? {} : { credential }) }
}

async function bodyStart(response: HttpResponse): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body) {
      chunks.push(chunk.subarray(0, limits.errorBodyBytes - size))
      size += chunk.length
      if (size >= limits.errorBodyBytes) break
    }
  } catch {
    // The status is the answer; a body that breaks off adds nothing to it.
    size = 0
  }
  return concat(chunks)
}

function errorList(text: string): readonly JsonObject[] {
  try {
    const root = expectObject(
      parseJson(text, { maxBytes: limits.errorBodyBytes * 3, what: "error body" }),
      "error body",
    )
    return expectArray(member(root, "errors"), "errors", 100).filter(isObject)
  } catch {
    return []
  }
}

function textMember(object: JsonObject, key: string): string {
  const value = member(object, key)
  return typeof value === "string" ? value : ""
}

function printable(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, " ")
    .trim()
    .slice(0, 300)
}

const IMMUTABLE = /immutab|cannot be overwritten|already exists/i

/**
 * Error for an answer that is not the one wanted.
 *
 * @param doing - what was asked, in words that follow "registry refused to": `read manifest v1 of a.b/c`.
 */
export function failureError(failure: RegistryFailure, doing: string, context: string): ToolError {
  const code = codeOf(failure)
  const said = [failure.codes.join(", "), failure.message].filter((part) => part !== "").join(": ")
  const answered = `${context} answered ${failure.status}${said === "" ? "" : ` (${said})`}`
  const details = { status: failure.status, codes: failure.codes, where: context }
  if (code === "E_REGISTRY_UNAUTHENTICATED") return unauthenticated(failure, doing, context, { answered, details })
  const who = failure.credential?.sent === true ? ` with ${failure.credential.who}` : ""
  return new ToolError(code, {
    what: `${WORDS[code] ?? "registry failed to"} ${doing}`,
    why: `${answered}${who}`,
    details,
    ...(code === "E_LIMIT_EXCEEDED" ? { kind: "unknown" } : {}),
  })
}

/** No credentials, the wrong ones, and ones of another kind than the registry asks for are three different mistakes. */
function unauthenticated(
  { credential }: RegistryFailure,
  doing: string,
  context: string,
  { answered, details }: { readonly answered: string; readonly details: JsonObject },
): ToolError {
  const code = "E_REGISTRY_UNAUTHENTICATED"
  const login = loginAdvice(context.split("/")[0] ?? context)
  if (credential === undefined) {
    return new ToolError(code, {
      what: `registry wants credentials to ${doing}`,
      why: answered,
      next: [login],
      details,
    })
  }
  const { who, sent } = credential
  return new ToolError(code, {
    what: `registry does not accept the credentials: cannot ${doing}`,
    why: sent ? `it refused ${who}: ${answered}` : `${who} do not fit what it asks for: ${answered}`,
    next: [sent ? "check what is named above" : "run with `--debug` to see what the registry asks for", login],
    details,
  })
}

const WORDS: Partial<Record<ErrorCode, string>> = {
  E_REGISTRY_DENIED: "registry does not allow to",
  E_REGISTRY_RATE_LIMITED: "registry asks to slow down and did not",
  E_REGISTRY_TAG_IMMUTABLE: "registry forbids to overwrite the tag: cannot",
  E_REF_TAG_NOT_FOUND: "not found in the registry: cannot",
}

function codeOf(failure: RegistryFailure): ErrorCode {
  const { status } = failure
  if (status === 401) return "E_REGISTRY_UNAUTHENTICATED"
  if (isImmutable(failure)) return "E_REGISTRY_TAG_IMMUTABLE"
  if (status === 403 || status === 405) return "E_REGISTRY_DENIED"
  if (status === 404) return "E_REF_TAG_NOT_FOUND"
  if (status === 409 || status === 412) return "E_REGISTRY_CONFLICT"
  if (status === 413) return "E_LIMIT_EXCEEDED"
  if (status === 429) return "E_REGISTRY_RATE_LIMITED"
  return status >= 500 ? "E_REGISTRY_UNAVAILABLE" : "E_REGISTRY_PROTOCOL"
}

/** Whether the registry forbids overwriting this tag: each vendor says so in its own words. */
export function isImmutable(failure: RegistryFailure): boolean {
  if (![400, 403, 405, 409, 412].includes(failure.status)) return false
  return failure.codes.some((code) => IMMUTABLE.test(code)) || IMMUTABLE.test(failure.message)
}

/** Error for an answer that breaks the distribution-spec. */
export function protocolError(what: string, why: string): ToolError {
  return new ToolError("E_REGISTRY_PROTOCOL", { what, why })
}

/** Join chunks; the result is a plain array even when the chunks are Node's buffers, whose methods differ. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks
  if (chunks.length === 1 && only !== undefined) return new Uint8Array(only.buffer, only.byteOffset, only.byteLength)
  return concatBytes(chunks)
}

/**
 * Whole content of a stream, held once and not in pieces beside it.
 *
 * @param chunks - exactly `size` bytes, which the caller has bounded and the stream checks.
 */
export async function gather(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const all = new Uint8Array(size)
  let at = 0
  for await (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}
