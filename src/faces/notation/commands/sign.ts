import { signArtifacts } from "../../../app/sign.ts"
import { atDigest } from "../../../app/subjects.ts"
import { asToolError, type ToolError } from "../../../core/errors.ts"
import { faceArtifact, resolveArtifact, type FaceArtifact } from "../artifact.ts"
import { openFor } from "../artifact-connection.ts"
import { print, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { referrersApiFlag } from "../referrers-api-flag.ts"
import { checkTimestampFlags, formatName, signerOf, signingOptions } from "../signing.ts"

/** `sign`. */
export const sign: FaceHandler = async (invocation) => {
  const { args, flags, generation } = invocation
  checkTimestampFlags(invocation)
  const forceTag = await forcesTag(invocation)
  const artifact = attempted(() => faceArtifact(args[0] ?? "", flags.bool("oci-layout")))
  const app = "error" in artifact ? await invocation.open() : await openFor(invocation, artifact)
  const signer = await signerOf(invocation, app, "artifact")
  if ("error" in artifact) throw artifact.error
  const format = await formatName(invocation, app)
  const options = await signingOptions(invocation, app)
  const { name, subject, place } = await resolveArtifact(invocation, app, artifact, "sign")
  const { artifacts } = await signArtifacts(app, {
    targets: [atDigest(artifact.target, subject)],
    formats: [format === "jws" ? "notation" : "notation-cose"],
    certified: signer,
    recursive: false,
    upload: true,
    manifestForm: generation.artifactTypeManifest ? "artifact" : "config",
    forceReferrersTag: forceTag && artifact.target.kind === "registry",
    ...options,
  })
  const [signed] = artifacts
  if (signed?.error !== undefined) throw signed.error
  await print(invocation, `Successfully signed ${name}`)
  const pushed = signed?.signatures[0]?.location?.reference ?? ""
  if (generation.saysWherePushed) await print(invocation, `Pushed the signature to ${place}@${pushed}`)
  return 0
}

function attempted(work: () => FaceArtifact): FaceArtifact | { readonly error: ToolError } {
  try {
    return work()
  } catch (thrown) {
    return { error: asToolError(thrown) }
  }
}

/** The deprecated flag of notation 1.x asks for the opposite. */
async function forcesTag(invocation: FaceInvocation): Promise<boolean> {
  const allowsApi = await referrersApiFlag(invocation, "--force-referrers-tag=false")
  return allowsApi === true ? false : invocation.flags.bool("force-referrers-tag")
}
