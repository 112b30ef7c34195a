import { publicKeyPem } from "../../../app/keys.ts"
import { faceError } from "../face-error.ts"
import { say, type FaceHandler } from "../face-invocation.ts"
import { keyError } from "../keys.ts"

/** `cosign public-key --key PRIVATE_KEY` */
export const publicKey: FaceHandler = async (invocation) => {
  const { flags, world } = invocation
  const reference = flags.string("key")
  if (reference === "") {
    throw faceError("exactly one of: key reference (--key), or hardware token (--sk) must be provided")
  }
  const app = await invocation.open()
  const key = await app.keys.signingKey(reference).catch(async (thrown: unknown) => {
    throw await keyError(app, reference, thrown)
  })
  const pem = publicKeyPem(key.publicKey)
  const outfile = flags.string("outfile")
  if (outfile === "") {
    await world.stdout.write(pem)
    return 0
  }
  await app.files.write(outfile, new TextEncoder().encode(pem), { mode: 0o600 })
  await say(invocation, `Public key written to ${outfile}`)
  return 0
}
