import { goJson } from "../../codec/go-json.ts"
import type { ErrorCode } from "../../core/error-catalogue.ts"
import type { ToolError } from "../../core/errors.ts"
import type { ErrorContext } from "../command.ts"

/** Codes of the protocol for what did not go by the request; everything else is decided by the kind of the error. */
const CODES: Readonly<Partial<Record<ErrorCode, string>>> = {
  E_FORMAT_UNSUPPORTED_VERSION: "UNSUPPORTED_CONTRACT_VERSION",
  E_KEY_PASSWORD: "ACCESS_DENIED",
  E_KEY_NO_TERMINAL: "ACCESS_DENIED",
  E_KEY_PROVIDER: "ERROR",
  E_NET_TIMEOUT: "TIMEOUT",
  E_REGISTRY_RATE_LIMITED: "THROTTLED",
  E_FORMAT_MALFORMED: "VALIDATION_ERROR",
  E_KEY_NOT_FOUND: "VALIDATION_ERROR",
  E_FILE_NOT_FOUND: "VALIDATION_ERROR",
}

/** A plugin has no flags and no terminal. */
const PASSWORD = "set COUNTERSIGN_PASSWORD, or name a file with `--plugin-config password-file=FILE`"

/**
 * End with the protocol's error object on stderr. Programs show its message alone, so the message says everything.
 *
 * @returns exit code 1.
 *
 * Spec: notaryproject/specifications `specs/plugin-extensibility.md`, "Plugin contract", errors.
 */
export async function protocolError(error: ToolError, { world }: ErrorContext): Promise<number> {
  const errorCode = CODES[error.code] ?? (error.kind === "usage" ? "VALIDATION_ERROR" : "ERROR")
  const why = error.why === undefined ? "" : `: ${error.why}`
  const advice = error.code === "E_KEY_NO_TERMINAL" ? [PASSWORD] : error.next
  const next = advice.length === 0 ? "" : `; ${advice.join("; ")}`
  const errorMessage = `${error.what}${why}${next}`
  await world.stderr.write(goJson({ errorCode, errorMessage, errorMetadata: { code: error.code } }))
  return 1
}
