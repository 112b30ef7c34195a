import { attestBlob } from "../../../app/sign-blob.ts"
import type { AttestedBlob, BlobInput } from "../../../app/blob-requests.ts"
import type { AppContext } from "../../../app/requests.ts"
import { isDigest } from "../../../core/digest.ts"
import { faceError, prefixed } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { requireFile, writeFile } from "../files.ts"
import { signingKey } from "../keys.ts"
import { readPredicate, requirePredicate } from "../predicate.ts"
import { checkSigningServices } from "../signing-services.ts"
import { warnIgnoredOutputs } from "./sign.ts"

/** `cosign attest-blob --predicate FILE BLOB` */
export const attestBlobs: FaceHandler = async (invocation) => {
  const { flags, args, generation } = invocation
  requirePredicate(invocation)
  const bundles = flags.bool("new-bundle-format")
  if (generation.bundleFileRequired && bundles && flags.string("bundle") === "") {
    throw faceError("must specify --bundle with --new-bundle-format")
  }
  const [path] = args
  if (path === undefined || args.length > 1) throw faceError(`accepts 1 arg(s), received ${args.length}`)
  await checkSigningServices(invocation, bundles)
  if (bundles && !generation.printsBesideBundle) {
    await warnIgnoredOutputs(invocation, ["output-signature", "output-attestation"])
  }
  const app = await invocation.open()
  const blob = await blobOf(invocation, app, path)
  const context = generation.announcesSigning ? "creating bundle: getting keypair and token: getting signer: " : ""
  const key = await signingKey(app, flags.string("key"), context)
  const predicate = await readPredicate(invocation, app)
  if (generation.announcesSigning) await say(invocation, "Signing artifact...")
  const attested = await attestBlob(app, {
    blob,
    subjectName: path.slice(path.lastIndexOf("/") + 1),
    predicate,
    key,
    generation: generation.name,
    hash: generation.blobHash,
  })
  await writeAttested(invocation, app, attested, bundles)
  return 0
}

/** The file, or the digest given with `--hash`. */
async function blobOf(invocation: FaceInvocation, app: AppContext, path: string): Promise<BlobInput> {
  const hash = invocation.flags.string("hash")
  if (hash !== "") {
    const digest = `sha256:${hash.toLowerCase()}`
    if (isDigest(digest)) return { digest }
    // DEVIATION: cosign attests whatever text is given.
    throw faceError(`invalid --hash: ${hash}`, { hints: ["give the SHA-256 digest as 64 hexadecimal digits"] })
  }
  await say(invocation, `Using payload from: ${path}`)
  try {
    await requireFile(app, path)
  } catch (thrown) {
    throw prefixed("getting payload: ", thrown)
  }
  return { path }
}

async function writeAttested(
  invocation: FaceInvocation,
  app: AppContext,
  attested: AttestedBlob,
  bundles: boolean,
): Promise<void> {
  const { flags, generation, world } = invocation
  const bundleFile = flags.string("bundle")
  if (bundleFile !== "") {
    await writeFile(app, bundleFile, bundles ? attested.bundle : attested.legacyBundle)
    await say(invocation, generation.attestBlobBundleNote(bundleFile))
  }
  if (bundles && !generation.printsBesideBundle) return
  const signatureFile = flags.string("output-signature")
  const statementFile = flags.string("output-attestation")
  if (signatureFile === "") await world.stdout.write(`${new TextDecoder().decode(attested.envelope)}\n`)
  else {
    await writeFile(app, signatureFile, attested.envelope)
    await say(invocation, `Signature written in ${signatureFile}`)
  }
  if (statementFile !== "") {
    await writeFile(app, statementFile, attested.statement)
    await say(invocation, `Attestation written in ${statementFile}`)
  }
}
