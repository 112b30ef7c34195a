import { asToolError } from "../../../core/errors.ts"
import type { NotationHome } from "../../../core/notation-home.ts"
import { ask } from "../ask.ts"
import { prefixed } from "../face-error.ts"
import { print, type FaceHandler } from "../face-invocation.ts"
import { withoutKey } from "./key-delete.ts"
import { deletedFrom, removeOne } from "./cert-delete.ts"

/** `notation cert cleanup-test NAME`: undoes `generate-test`, whatever of it is still there. */
export const certCleanupTest: FaceHandler = async (invocation) => {
  const { flags, args } = invocation
  const [name = ""] = args
  const { notation } = await invocation.open()
  if (!(flags.bool("yes") || (await ask(invocation, questionOf(notation, name))))) return 0
  const say = (line: string): Promise<void> => print(invocation, line)

  const store = { type: "ca", name } as const
  const removed = await failing(
    `failed to delete certificate ${name}.crt from trust store ${name} of type ca: `,
    removeOne(invocation, store, `${name}.crt`),
  )
  await say(
    removed
      ? `Successfully deleted ${name}.crt${deletedFrom(invocation, store)}`
      : `Certificate ${name}.crt does not exist in trust store ${name} of type ca`,
  )
  const listed = await failing(`failed to remove key ${name} from the key list: `, removeKey(notation, name))
  await say(
    listed ? `Successfully removed key ${name} from the key list` : `Key ${name} does not exist in the key list`,
  )
  const pair = await removePair(notation, name)
  await say(
    pair.keyRemoved ? `Successfully deleted key file: ${pair.keyPath}` : `Key file ${pair.keyPath} does not exist`,
  )
  await say(
    pair.certRemoved
      ? `Successfully deleted certificate file: ${pair.certPath}`
      : `Certificate file ${pair.certPath} does not exist`,
  )
  await say("Cleanup completed successfully")
  return 0
}

function questionOf({ folders }: NotationHome, name: string): string {
  const path = `${folders.config}/localkeys/${name}`
  return `The test key ${name} and its corresponding certificate will be cleaned up with the following changes:
- Delete certificate ${name}.crt from trust store ${name} of type ca
- Remove key ${name} from the key list
- Delete key file: ${path}.key
- Delete certificate file: ${path}.crt

Are you sure you want to continue?`
}

async function failing<T>(prefix: string, work: Promise<T>): Promise<T> {
  return await work.catch((thrown: unknown) => {
    throw prefixed(prefix, thrown)
  })
}

type RemovedPair = Awaited<ReturnType<NotationHome["removeKeyPair"]>>

async function removePair(notation: NotationHome, name: string): Promise<RemovedPair> {
  try {
    return await notation.removeKeyPair(name)
  } catch (thrown) {
    const { path } = asToolError(thrown).details
    if (typeof path !== "string") throw thrown
    throw prefixed(`failed to delete ${path.endsWith(".crt") ? "certificate" : "key"} file ${path}: `, thrown)
  }
}

/** False when the list has no such key. */
async function removeKey(notation: NotationHome, name: string): Promise<boolean> {
  try {
    await notation.changeKeys((list) => withoutKey(list, name))
    return true
  } catch (thrown) {
    if (asToolError(thrown).code === "E_KEY_NOT_FOUND") return false
    throw thrown
  }
}
