import { generateTestCertificate } from "../../../app/notation/test-certificate.ts"
import type { AppContext } from "../../../app/requests.ts"
import { goRfc3339 } from "../../../codec/go-time.ts"
import { encodeUtf8 } from "../../../codec/utf8.ts"
import { goQuote } from "../../../codec/go-quote.ts"
import { FILE_NAME } from "../arguments.ts"
import { faceError } from "../face-error.ts"
import { print, type FaceHandler } from "../face-invocation.ts"
import { withKey } from "./key-add.ts"

/** `notation cert generate-test NAME`: a key, its certificate, a trust store with it and an entry in the key list. */
export const certGenerateTest: FaceHandler = async (invocation) => {
  const { flags, args, generation } = invocation
  const [name = ""] = args
  if (!FILE_NAME.test(name)) throw faceError("name needs to follow [a-zA-Z0-9_.-]+ format")
  const bits = flags.int("bits")
  const app = await invocation.open()
  await print(invocation, `generating RSA Key with ${bits} bits`)
  const pair = await generateTestCertificate(app, { name, bits })
  await print(invocation, `generated certificate expiring on ${goRfc3339(pair.notAfter)}`)
  // DEVIATION: notation looks at the list after writing the files, and leaves them behind.
  const { keys } = await app.notation.readKeys()
  if (keys.some((key) => key.name === name)) {
    throw faceError(`signing key with name ${goQuote(name)} already exists`, "E_FILE_EXISTS")
  }
  const isDefault = flags.bool("default")
  const paths = await app.notation.writeKeyPair(name, pair)
  await print(invocation, `wrote key: ${paths.keyPath}`)
  await print(invocation, `wrote certificate: ${paths.certPath}`)
  await undoing(app, name, async () => {
    await app.notation.addCertificate(
      { type: "ca", name },
      `${name}.crt`,
      encodeUtf8(pair.certificatePem, "certificate"),
    )
    await app.notation.changeKeys((list) => withKey(list, { name, ...paths }, isDefault))
  })
  await print(invocation, `Successfully added ${name}.crt to named store ${name} of type ca`)
  await print(invocation, `${name}: added to the key list`)
  if (isDefault) await print(invocation, `${name}: ${generation.markedDefault}`)
  return 0
}

/** Remove the new key pair when what follows fails: a failed command leaves nothing behind. */
async function undoing(app: AppContext, name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (thrown) {
    await app.notation.removeKeyPair(name)
    throw thrown
  }
}
