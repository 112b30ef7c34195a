import { KIB } from "../../../core/limits.ts"
import { readBody } from "../../authority/read-body.ts"

/** Bytes of a form; states and challenges are a few hundred characters. */
const MAX_FORM = 16 * KIB

/** Parameters of a request of OAuth: each at most once. */
export type Parameters = ReadonlyMap<string, string>

/** Parameters of a query or form; `undefined` when one is there twice. Spec: RFC 6749 3.1, 3.2. */
export function parametersOf(search: URLSearchParams): Parameters | undefined {
  const found = new Map<string, string>()
  for (const [name, value] of search) {
    if (found.has(name)) return undefined
    found.set(name, value)
  }
  return found
}

/** Parameters of a form that was posted; the status of the refusal when it is none. */
export async function readForm(request: Request): Promise<Parameters | 400 | 413 | 415> {
  const type = request.headers.get("content-type") ?? ""
  if (!/^application\/x-www-form-urlencoded(?:\s*;|$)/i.test(type.slice(0, 200))) return 415
  const body = await readBody(request, MAX_FORM)
  if (body === undefined) return 413
  return parametersOf(new URLSearchParams(new TextDecoder().decode(body))) ?? 400
}
