import { attestArtifacts } from "../../../app/attest.ts"
import { cosignRepositoryName } from "../../../core/reference-grammar.ts"
import { faceError, prefixed } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { writeFile } from "../files.ts"
import { signingKey } from "../keys.ts"
import { checkPredicateType, readPredicate, requirePredicate } from "../predicate.ts"
import { checkSigningServices } from "../signing-services.ts"
import { imageTarget, tagWarning } from "../targets.ts"
import { writeOptions } from "./sign.ts"

/** `cosign attest --predicate FILE IMAGE...` */
export const attest: FaceHandler = async (invocation) => {
  const { flags, generation } = invocation
  requirePredicate(invocation)
  const bundles = flags.bool("new-bundle-format")
  await checkSigningServices(invocation, bundles)
  const bundleFile = generation.signingConfig ? flags.string("bundle") : ""
  if (bundles && flags.bool("no-upload") && bundleFile === "") {
    throw faceError("must enable upload to the OCI registry or specify a local --bundle path with --new-bundle-format")
  }
  if (!bundles && bundleFile !== "") throw faceError("--bundle can only be written with the bundle format")
  for (const text of invocation.args) {
    try {
      await attestOne(invocation, text, bundles, bundleFile)
    } catch (thrown) {
      throw prefixed(`signing ${text}: `, thrown)
    }
  }
  return 0
}

async function attestOne(
  invocation: FaceInvocation,
  text: string,
  bundles: boolean,
  bundleFile: string,
): Promise<void> {
  const { flags, generation, world } = invocation
  const target = imageTarget(text)
  await world.stderr.write(tagWarning(target))
  const app = await invocation.open()
  const upload = !flags.bool("no-upload")
  const context = generation.announcesSigning
    ? "creating bundle: getting keypair and token: getting signer: "
    : "getting signer: "
  const key = await signingKey(app, flags.string("key"), context)
  checkPredicateType(invocation)
  const predicate = await readPredicate(invocation, app)
  if (generation.announcesSigning) await say(invocation, "Signing artifact...")
  const { artifacts } = await attestArtifacts(app, {
    ...writeOptions(invocation, upload),
    targets: [target],
    key,
    formats: [bundles ? "cosign-v3" : "cosign-v2"],
    predicate,
    recursive: !generation.signingConfig && flags.bool("recursive"),
    replace: flags.bool("replace"),
    subjectName: cosignRepositoryName,
    generation: generation.name,
  })
  for (const artifact of artifacts) {
    if (artifact.error !== undefined) throw artifact.error
    for (const { document } of artifact.signatures) {
      if (bundles && bundleFile !== "") {
        await writeFile(app, bundleFile, document)
        await say(invocation, `Wrote bundle to file ${bundleFile}`)
      }
      // DEVIATION: cosign 3.1 prints nothing here, though its help says that it does.
      if (!bundles && !upload) await world.stdout.write(`${new TextDecoder().decode(document)}\n`)
    }
  }
}
