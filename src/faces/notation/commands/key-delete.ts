import { asToolError } from "../../../core/errors.ts"
import type { SigningKeyList } from "../../../core/notation-home.ts"
import { faceError, sentenceOf } from "../face-error.ts"
import { print, type FaceHandler } from "../face-invocation.ts"
import { keyNotFound } from "./key-update.ts"

/** `notation key delete NAME...`: takes them off the list; keys themselves stay. */
export const keyDelete: FaceHandler = async (invocation) => {
  const { args, log } = invocation
  const { notation } = await invocation.open()
  let before: string | undefined
  try {
    await notation.changeKeys((list) => {
      before = list.default
      return args.reduce(withoutKey, list)
    })
  } catch (thrown) {
    await log("error", `Keys deletion failed to complete with error: ${sentenceOf(asToolError(thrown))}`)
    throw thrown
  }
  const [only = ""] = args
  if (args.length === 1) {
    const what = only === before ? `default key ${only}` : only
    await print(invocation, `Removed ${what} from Notation signing key list. The source key still exists.`)
    return 0
  }
  await print(invocation, "Removed the following keys from Notation signing key list. The source keys still exist.")
  for (const name of args) await print(invocation, name === before ? `${name} (default)` : name)
  return 0
}

/** The list without a key, which is no default any more. @throws {ToolError} `E_KEY_NOT_FOUND`. */
export function withoutKey(list: SigningKeyList, name: string): SigningKeyList {
  if (name === "") throw faceError("key name cannot be empty")
  const keys = list.keys.filter((key) => key.name !== name)
  if (keys.length === list.keys.length) throw keyNotFound(name)
  return { keys, ...(list.default === undefined || list.default === name ? {} : { default: list.default }) }
}
