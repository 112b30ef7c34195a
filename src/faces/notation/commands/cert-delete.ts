import { goQuote } from "../../../codec/go-quote.ts"
import type { TrustStoreName } from "../../../core/certified.ts"
import { ask } from "../ask.ts"
import { faceError, prefixed } from "../face-error.ts"
import { print, warn, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { requiredStoreName, requiredStoreType, storePath } from "../trust-stores.ts"

/** `notation cert delete --type TYPE --store NAME (--all | FILE)` */
export const certDelete: FaceHandler = async (invocation) => {
  const { flags, args } = invocation
  const name = requiredStoreName(flags.string("store"))
  const store: TrustStoreName = { type: requiredStoreType(flags.string("type")), name }
  if (flags.bool("all")) {
    return await deleteStore(invocation, store).catch((thrown: unknown) => {
      throw prefixed("failed to delete the named trust store: ", thrown)
    })
  }
  const [file = ""] = args
  if (file === "") throw faceError("to delete a specific certificate, certificate fileName cannot be empty")
  return await deleteOne(invocation, store, file).catch((thrown: unknown) => {
    throw prefixed("failed to delete the certificate file: ", thrown)
  })
}

async function deleteStore(invocation: FaceInvocation, store: TrustStoreName): Promise<number> {
  const where = `${goQuote(store.name)} of type ${goQuote(store.type)}`
  const question = `Are you sure you want to delete all certificates in ${where}?`
  if (!(invocation.flags.bool("yes") || (await ask(invocation, question)))) return 0
  const { notation } = await invocation.open()
  const path = await notation.removeStore(store)
  if (path === undefined) throw notThere(storePath(notation, store))
  await print(invocation, `Successfully deleted ${path}`)
  return 0
}

async function deleteOne(invocation: FaceInvocation, store: TrustStoreName, file: string): Promise<number> {
  const { flags } = invocation
  const where = `${goQuote(store.name)} of type ${goQuote(store.type)}`
  const question = `Are you sure you want to delete ${goQuote(file)} in ${where}?`
  if (!(flags.bool("yes") || (await ask(invocation, question)))) return 0
  const { notation } = await invocation.open()
  if (!(await removeOne(invocation, store, file))) throw notThere(storePath(notation, store, file))
  await print(invocation, `Successfully deleted ${file}${deletedFrom(invocation, store)}`)
  return 0
}

/** Remove one certificate, and in notation 2 the store that it was the last of; false when it is not there. */
export async function removeOne(invocation: FaceInvocation, store: TrustStoreName, file: string): Promise<boolean> {
  const { notation } = await invocation.open()
  const warnings: string[] = []
  const removed = await notation.removeCertificate(store, file, {
    removeEmpty: invocation.generation.tidiesStores,
    onWarning: (message) => warnings.push(message),
  })
  for (const warning of warnings) await warn(invocation, warning)
  return removed
}

/** What notation 2 adds to the message. */
export function deletedFrom({ generation }: FaceInvocation, store: TrustStoreName): string {
  return generation.tidiesStores ? ` from trust store ${store.name} of type ${store.type}` : ""
}

function notThere(path: string): Error {
  return faceError(`stat ${path}: no such file or directory`, "E_FILE_NOT_FOUND")
}
