import { faceError } from "./face-error.ts"
import type { FaceHandler } from "./face-invocation.ts"

/** A command of notation that this release does not have: refused, never ignored. */
export function absent(name: string): FaceHandler {
  return () => Promise.reject(faceError(`the command "notation ${name}" is not part of this release`))
}
