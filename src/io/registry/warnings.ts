import type { Logger } from "../../core/ports.ts"
import type { RegistryHttp } from "./auth/registry-http.ts"

const MAX_BYTES = 4096
const MAX_TEXTS = 100

/**
 * Text of a `Warning` header as registries send it: `299 - "text"`.
 *
 * @returns `undefined` for other codes, control characters and broken quoting.
 *
 * Spec: OCI distribution-spec "Warnings".
 */
export function parseWarning(header: string): string | undefined {
  if (header.length > MAX_BYTES) return undefined
  const quoted = /^299 - "((?:[^"\\]|\\.)*)"$/.exec(header.trim())?.[1]
  if (quoted === undefined) return undefined
  const text = quoted.replace(/\\(.)/g, "$1")
  return text !== "" && /^[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]*$/u.test(text) ? text : undefined
}

/**
 * The same HTTP, passing on each distinct warning of the registry once. Warnings are shown and never acted upon.
 *
 * @param seen - warnings shown so far; shared by what should not repeat them.
 */
export function withWarnings(http: RegistryHttp, registry: string, logger: Logger, seen: Set<string>): RegistryHttp {
  return {
    async request(request) {
      const response = await http.request(request)
      for (const header of response.headerValues("warning")) {
        const text = parseWarning(header)
        const key = `${registry} ${text ?? ""}`
        if (text === undefined || seen.has(key) || seen.size >= MAX_TEXTS) continue
        seen.add(key)
        logger.warn("registry.warning", { registry, text })
      }
      return response
    },
  }
}
