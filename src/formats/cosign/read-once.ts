import { ToolError } from "../../core/errors.ts"

/**
 * A reader that reads the same bytes once, also when they are refused: one document may lie under any number of
 * annotations. What it gives is kept as long as the bytes are and must be small.
 */
export function readOnce<T extends object>(read: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  const known = new WeakMap<Uint8Array, T | ToolError>()
  return (bytes) => {
    const found = known.get(bytes) ?? attempt(read, bytes)
    known.set(bytes, found)
    if (found instanceof ToolError) throw found
    return found
  }
}

function attempt<T>(read: (bytes: Uint8Array) => T, bytes: Uint8Array): T | ToolError {
  try {
    return read(bytes)
  } catch (thrown) {
    if (thrown instanceof ToolError) return thrown
    throw thrown
  }
}
