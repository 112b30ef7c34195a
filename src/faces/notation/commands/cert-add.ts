import { certificateFacts } from "../../../app/notation/certificate-facts.ts"
import type { AppContext } from "../../../app/requests.ts"
import { goQuote } from "../../../codec/go-quote.ts"
import type { TrustStoreName } from "../../../core/certified.ts"
import { asToolError } from "../../../core/errors.ts"
import { limits } from "../../../core/limits.ts"
import { faceError, sentenceOf } from "../face-error.ts"
import { print, type FaceHandler } from "../face-invocation.ts"
import { readFile } from "../read-file.ts"
import { requiredStoreName, requiredStoreType } from "../trust-stores.ts"

/** `notation cert add --type TYPE --store NAME FILE...`: files are added one by one, those that fail are named at the end. */
export const certAdd: FaceHandler = async (invocation) => {
  const { flags, args } = invocation
  const type = requiredStoreType(flags.string("type"))
  const store: TrustStoreName = { type, name: requiredStoreName(flags.string("store")) }
  const app = await invocation.open()
  const added: string[] = []
  const failed: string[] = []
  for (const path of args) {
    try {
      await addCertificate(app, store, path)
      added.push(path)
    } catch (thrown) {
      failed.push(`${path}, with error ${goQuote(sentenceOf(asToolError(thrown)))}\n`)
    }
  }
  const where = `certificates to named store ${store.name} of type ${store.type}:`
  if (added.length > 0) {
    await print(invocation, `Successfully added following ${where}`)
    for (const path of added) await print(invocation, path)
  }
  if (failed.length > 0) throw faceError(`Failed to add following ${where}\n${failed.join("")}`, "E_TRUST_MALFORMED")
  return 0
}

/** Copy a file with at least one certificate into a store. @throws {ToolError} in notation's words. */
async function addCertificate(app: AppContext, store: TrustStoreName, path: string): Promise<void> {
  // COMPAT(notation 1.3): what is wrong with a file names it from the root.
  const bytes = await readFile(app, app.files.absolute(path), limits.pemBytes)
  if (certificateFacts(bytes).length === 0) {
    throw faceError("no valid certificate found in the file", "E_TRUST_MALFORMED")
  }
  await app.notation.addCertificate(store, path, bytes)
}
