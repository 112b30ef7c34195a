import { goQuote } from "../../codec/go-quote.ts"
import type { JsonObject } from "../../core/json-value.ts"

/**
 * An event in the words of notation's log, where it has words for it.
 *
 * @param fields - credentials hidden.
 * @param text - what is said of every other event.
 */
export function logrusMessage(event: string, fields: JsonObject, text: string): string {
  const named = (name: string): string => {
    const value = fields[name]
    return typeof value === "string" || typeof value === "number" ? String(value) : ""
  }
  switch (event) {
    case "http.request": {
      const type = fields["type"] === null ? "" : ` Response headers: "Content-Type": ${goQuote(named("type"))}`
      const request = `Request: ${goQuote(named("method"))} ${goQuote(named("url"))}`
      return `${request} Response status: ${goQuote(named("status"))}${type} (${named("ms")} ms)`
    }
    // SECURITY: notation logs what it sends, which may hold credentials of the plugin's own.
    case "plugin.run":
      return `Plugin ${named("command")} request to ${named("plugin")}`
    case "plugin.end":
      return `Plugin ${named("command")} response from ${named("plugin")}: ${named("status")} ${named("response")}`.trimEnd()
    default:
      return text
  }
}
