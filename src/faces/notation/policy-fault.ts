import { asToolError, type ToolError } from "../../core/errors.ts"
import { faceError } from "./face-error.ts"

/**
 * Why a policy document cannot be used, as one sentence; `undefined` when it can.
 *
 * `details.stage` is `parse` for what is no document at all, then the sentence has our words behind it, and `validate` for
 * a broken rule.
 */
export function policyFault(parse: () => unknown): ToolError | undefined {
  try {
    parse()
    return undefined
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code !== "E_POLICY_INVALID") throw error
    return error.details["stage"] === "parse" ? parseFault(error) : error
  }
}

function parseFault(error: ToolError): ToolError {
  const sentence = error.why === undefined ? error.what : `${error.what}: ${error.why}`
  const fault = faceError(sentence, error.code, error)
  return Object.assign(fault, { details: { ...fault.details, stage: "parse" } })
}

/** Why a policy file could not be read, as Go says it: `show` has no advice of its own about permissions. */
export function openFault(thrown: unknown): ToolError {
  const error = asToolError(thrown)
  return error.details["errno"] === undefined || error.why === undefined
    ? error
    : faceError(error.why, error.code, error)
}
