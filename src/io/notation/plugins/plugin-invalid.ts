import { ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"

/** `E_PLUGIN_INVALID`; `what` is notation's text without `plugin installation failed: `. */
export function pluginInvalid(what: string, why: string, cause?: unknown, details: JsonObject = {}): ToolError {
  return new ToolError("E_PLUGIN_INVALID", { what, why, details, ...(cause === undefined ? {} : { cause }) })
}
