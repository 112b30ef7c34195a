import { parseJson } from "../../../codec/json.ts"
import { isObject, member } from "../../../codec/json-shape.ts"
import type { JsonValue } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import type { HttpResponse } from "../../net/http-types.ts"

/**
 * The error code in a registry's or token service's answer (`DENIED`, `invalid_grant`), for a message. The body is read
 * up to `limits.errorBodyBytes` and then left; free text in it is not shown, since it may repeat what was sent.
 */
export async function readErrorCode(response: HttpResponse): Promise<string | undefined> {
  try {
    const value = parseJson(await readHead(response), { maxBytes: limits.errorBodyBytes, maxDepth: 16, what: "error" })
    return codeOf(value)
  } catch {
    return undefined
  }
}

async function readHead(response: HttpResponse): Promise<Uint8Array> {
  const head = new Uint8Array(limits.errorBodyBytes)
  let size = 0
  for await (const chunk of response.body) {
    const piece = chunk.subarray(0, head.length - size)
    head.set(piece, size)
    size += piece.length
    if (size === head.length) break
  }
  return head.subarray(0, size)
}

function codeOf(value: JsonValue): string | undefined {
  if (!isObject(value)) return undefined
  const errors = member(value, "errors")
  const first: JsonValue | undefined = Array.isArray(errors) ? (errors as readonly JsonValue[])[0] : undefined
  const code = first !== undefined && isObject(first) ? member(first, "code") : member(value, "error")
  return typeof code === "string" && /^[A-Za-z_]{1,40}$/.test(code) ? code : undefined
}
