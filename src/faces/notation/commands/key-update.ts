import { faceError } from "../face-error.ts"
import { print, type FaceHandler } from "../face-invocation.ts"

/** `notation key update --default NAME`; without the flag nothing happens. */
export const keyUpdate: FaceHandler = async (invocation) => {
  const { flags, args, log } = invocation
  const [name = ""] = args
  if (!flags.bool("default")) {
    await log("warning", "--default flag is not set, command did not take effect")
    return 0
  }
  const { notation } = await invocation.open()
  await notation.changeKeys((list) => {
    if (name === "") throw faceError("key name cannot be empty")
    if (!list.keys.some((key) => key.name === name)) throw keyNotFound(name)
    return { ...list, default: name }
  })
  await print(invocation, `${name}: marked as default`)
  return 0
}

/** The error for a name that no key has. */
export function keyNotFound(name: string): Error {
  return faceError(`signing key ${name} not found`, "E_KEY_NOT_FOUND")
}
