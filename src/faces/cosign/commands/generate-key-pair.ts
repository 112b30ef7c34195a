import { generateKeyPair } from "../../../app/keys.ts"
import { faceError } from "../face-error.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { newPassword } from "../new-password.ts"
import { mayWriteKeys, writeKeyPair } from "../write-key-pair.ts"

/** `cosign generate-key-pair` */
export const generateKeys: FaceHandler = async (invocation) => {
  const { flags, args } = invocation
  const [provider] = args
  if (provider !== undefined) {
    const [scheme] = provider.split("://", 1)
    if (!provider.includes("://")) throw faceError("could not parse scheme, use <scheme>://<ref> format")
    throw faceError(`keys at ${scheme ?? ""}:// are not supported`, {
      hints: ["leave out the argument: files are written"],
    })
  }
  const app = await invocation.open()
  const prefix = flags.string("output-key-prefix")
  const password = await newPassword(invocation)
  await mayWriteKeys(invocation, app, prefix, false)
  await writeKeyPair(invocation, app, prefix, await generateKeyPair(app, { password }))
  return 0
}
