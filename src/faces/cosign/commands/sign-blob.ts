import { signBlob } from "../../../app/sign-blob.ts"
import { publicKeyPem } from "../../../app/keys.ts"
import type { SignedBlob } from "../../../app/blob-requests.ts"
import type { AppContext } from "../../../app/requests.ts"
import { encodeBase64 } from "../../../codec/base64.ts"
import { goJson } from "../../../codec/go-json.ts"
import type { SigningKey } from "../../../core/ports.ts"
import { faceError, prefixed } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { requireFile, writeFile } from "../files.ts"
import { signingKey } from "../keys.ts"
import { checkSigningServices } from "../signing-services.ts"
import { warnIgnoredOutputs } from "./sign.ts"

/** `cosign sign-blob FILE...` */
export const signBlobs: FaceHandler = async (invocation) => {
  const { flags, args, generation } = invocation
  const bundles = flags.bool("new-bundle-format")
  if (generation.bundleFileRequired && bundles && flags.string("bundle") === "") {
    throw faceError("must specify --bundle with --new-bundle-format")
  }
  await checkSigningServices(invocation, bundles)
  if (flags.string("output") !== "") {
    const warning = "the '--output' flag is deprecated and will be removed in the future. Use '--output-signature'"
    await say(invocation, `WARNING: ${warning}`)
  }
  if (bundles && generation.bundleFileRequired) await warnIgnoredOutputs(invocation, ["output-signature"])
  for (const path of args) {
    try {
      await signOne(invocation, path, bundles)
    } catch (thrown) {
      throw prefixed(`signing ${path}: `, thrown)
    }
  }
  return 0
}

async function signOne(invocation: FaceInvocation, path: string, bundles: boolean): Promise<void> {
  const { flags, generation } = invocation
  const app = await invocation.open()
  const context = generation.announcesSigning ? "getting keypair and token: getting signer: " : ""
  const from = `Using payload from: ${path}`
  // COMPAT(cosign 2.5): names the file before it looks for the key.
  if (!generation.announcesSigning) await say(invocation, from)
  const key = await signingKey(app, flags.string("key"), context)
  if (generation.announcesSigning) await say(invocation, from)
  try {
    await requireFile(app, path)
  } catch (thrown) {
    throw prefixed("getting payload: ", thrown)
  }
  if (generation.announcesSigning) await say(invocation, "Signing artifact...")
  const signed = await signBlob(app, { blob: { path }, key, hash: generation.blobHash })
  await writeSigned(invocation, app, key, signed, bundles)
}

async function writeSigned(
  invocation: FaceInvocation,
  app: AppContext,
  key: SigningKey,
  signed: SignedBlob,
  bundles: boolean,
): Promise<void> {
  const { flags, generation } = invocation
  const bundleFile = flags.string("bundle")
  if (bundleFile !== "") {
    const legacy = legacyBundle(encodeBase64(signed.signature), key, generation.legacyBundleHasKey)
    await writeFile(app, bundleFile, bundles ? signed.bundle : legacy)
    await say(invocation, `Wrote bundle to file ${bundleFile}`)
  }
  if (bundles && !generation.printsBesideBundle) return
  const content = flags.bool("b64") ? encodeBase64(signed.signature) : signed.signature
  const output = flags.string("output-signature") === "" ? flags.string("output") : flags.string("output-signature")
  if (output !== "") {
    await writeFile(app, output, content)
    await say(invocation, `Wrote signature to file ${output}`)
    return
  }
  await invocation.world.stdout.write(typeof content === "string" ? `${content}\n` : content)
}

/** The local bundle of cosign 1 and 2. Spec: cosign.md 15.3. */
function legacyBundle(base64Signature: string, key: SigningKey, withKey: boolean): string {
  const pem = new TextEncoder().encode(publicKeyPem(key.publicKey))
  return goJson({ base64Signature, cert: withKey ? encodeBase64(pem) : undefined })
}
