import { importKeyPair } from "../../../app/keys.ts"
import { limits } from "../../../core/limits.ts"
import { faceError } from "../face-error.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { readFile } from "../files.ts"
import { newPassword } from "../new-password.ts"
import { mayWriteKeys, writeKeyPair } from "../write-key-pair.ts"

/** `cosign import-key-pair --key FILE` */
export const importKeys: FaceHandler = async (invocation) => {
  const { flags } = invocation
  const path = flags.string("key")
  // DEVIATION: cosign reads the current folder as a key and says that it is a folder.
  if (path === "") throw faceError("no key was named", { hints: ["name the PEM file with --key"] })
  const app = await invocation.open()
  const pem = await readFile(app, path, limits.keyFileBytes)
  if (!new TextDecoder().decode(pem).includes("-----BEGIN "))
    throw faceError("invalid pem block", { code: "E_KEY_TYPE" })
  const prefix = flags.string("output-key-prefix")
  const password = await newPassword(invocation)
  const pair = await importKeyPair(app, { pem, password })
  await mayWriteKeys(invocation, app, prefix, flags.bool("yes"))
  await writeKeyPair(invocation, app, prefix, pair)
  return 0
}
