import { signNotationBlob } from "../../../app/notation/sign-blob.ts"
import { ask } from "../ask.ts"
import { signaturePath } from "../blob-files.ts"
import { prefixed } from "../face-error.ts"
import { warn, type FaceHandler } from "../face-invocation.ts"
import { checkTimestampFlags, formatName, signerOf, signingOptions } from "../signing.ts"

/** `blob sign`. */
export const blobSign: FaceHandler = async (invocation) => {
  const { args, flags, world } = invocation
  checkTimestampFlags(invocation)
  const [path = ""] = args
  const app = await invocation.open()
  const signer = await signerOf(invocation, app, "blob")
  const form = await formatName(invocation, app)
  const options = await signingOptions(invocation, app)
  const mediaType = flags.string("media-type")
  const signature = await signNotationBlob(app, { path, mediaType, form, signer, ...options })
  const target = signaturePath(path, form, flags.string("signature-directory"))
  await invocation.log("info", `Writing signature to file ${target}`)
  if (flags.bool("force")) await warn(invocation, "existing signature file will be overwritten")
  else if (await app.files.exists(target)) {
    const question = "The signature file already exists, do you want to overwrite it?"
    if (!(await ask(invocation, question))) return 0
  }
  try {
    await app.files.write(target, signature, { mode: 0o600 })
  } catch (thrown) {
    throw prefixed("failed to write signature to file: ", thrown)
  }
  // COMPAT(notation 2.0): the second line begins with a space.
  await world.stdout.write(`Successfully signed ${path}\n Signature file written to ${target}\n`)
  return 0
}
