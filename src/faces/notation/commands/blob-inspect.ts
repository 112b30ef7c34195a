import { inspectNotationBlob } from "../../../app/notation/inspect.ts"
import { limits } from "../../../core/limits.ts"
import { signatureForm } from "../blob-files.ts"
import { jsonText, signatureObject, signatureTree } from "../describe-signature.ts"
import { faceError, prefixed } from "../face-error.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { readFile } from "../read-file.ts"
import { treeText } from "../tree-text.ts"

/** `blob inspect`. */
export const blobInspect: FaceHandler = async (invocation) => {
  const { args, flags, generation, world } = invocation
  const form = flags.string("output")
  if (form !== "tree" && form !== "json") throw faceError(`unrecognized output format ${form}`)
  const [path = ""] = args
  const envelopeForm = signatureForm(path)
  const app = await invocation.open()
  const bytes = await readFile(app, path, limits.attachmentBytes).catch((thrown: unknown) => {
    throw prefixed("failed to read signature file: ", thrown)
  })
  const description = await inspectNotationBlob(bytes, envelopeForm).catch((thrown: unknown) => {
    throw prefixed("failed to parse signature: ", thrown)
  })
  await world.stdout.write(
    form === "json"
      ? jsonText(signatureObject(description, generation), generation)
      : treeText(signatureTree(path, description, generation), world.stdout),
  )
  return 0
}
