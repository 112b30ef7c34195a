import { listNotation } from "../../../app/notation/list.ts"
import { faceArtifact, resolveArtifact } from "../artifact.ts"
import { openFor } from "../artifact-connection.ts"
import { faceError } from "../face-error.ts"
import { print, warn, type FaceHandler } from "../face-invocation.ts"
import { referrersApiFlag } from "../referrers-api-flag.ts"
import { SIGNATURE_TYPE, treeText } from "../tree-text.ts"

/** `list`. */
export const list: FaceHandler = async (invocation) => {
  const { args, flags, generation } = invocation
  const max = flags.int("max-signatures")
  if (max <= 0) throw faceError(`max-signatures value ${max} must be a positive number`)
  await referrersApiFlag(invocation)
  const artifact = faceArtifact(args[0] ?? "", flags.bool("oci-layout"))
  const app = await openFor(invocation, artifact)
  const { name, subject } = await resolveArtifact(invocation, app, artifact, "list")
  const { signatures, exceeded } = await listNotation(app.stores.content(artifact.target), subject.digest, max)
  const warning = `exceeded configured limit of max signatures ${max} to examine`
  if (exceeded && generation.name === "notation2") await warn(invocation, warning)
  if (signatures.length === 0) {
    await print(invocation, `${name} has no associated signature${generation.name === "notation2" ? "s" : ""}`)
    return 0
  }
  const children = signatures.map(({ digest }) => ({ text: digest }))
  const { stdout } = invocation.world
  await stdout.write(treeText({ text: name, children: [{ text: SIGNATURE_TYPE, children }] }, stdout))
  if (exceeded && generation.name === "notation") await print(invocation, `Warning: ${warning}`)
  return 0
}
