import { requiredFlag, type Session } from "./session.ts"

/** `--key` of a command that signs. @throws {ToolError} `E_USAGE` when it is missing. */
export function signingKeyName(session: Session): string {
  return requiredFlag(
    session.flags,
    "key",
    "no key to sign with",
    "make one with `countersign keys generate` and pass `--key countersign.key`",
  )
}
