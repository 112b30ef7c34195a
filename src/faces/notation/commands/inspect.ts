import { inspectNotation, type InspectedArtifact } from "../../../app/notation/inspect.ts"
import { goQuote } from "../../../codec/go-quote.ts"
import { faceArtifact, resolveArtifact } from "../artifact.ts"
import { openFor } from "../artifact-connection.ts"
import { jsonText, signatureObject, signatureTree } from "../describe-signature.ts"
import { faceError } from "../face-error.ts"
import { print, warn, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { referrersApiFlag } from "../referrers-api-flag.ts"
import { SIGNATURE_TYPE, treeText } from "../tree-text.ts"

/** `inspect`. */
export const inspect: FaceHandler = async (invocation) => {
  const { args, flags, generation } = invocation
  const form = flags.string("output")
  if (generation.name === "notation2" && form !== "tree" && form !== "json") {
    throw faceError(`invalid format: ${goQuote(form)}`)
  }
  const max = flags.int("max-signatures")
  if (max <= 0) throw faceError(`max-signatures value ${max} must be a positive number`)
  await referrersApiFlag(invocation)
  if (form !== "json" && form !== "tree" && form !== "text") throw faceError(`unrecognized output format ${form}`)
  const artifact = faceArtifact(args[0] ?? "", false)
  const app = await openFor(invocation, artifact)
  const { name, subject } = await resolveArtifact(invocation, app, artifact, "inspect")
  const inspected = await inspectNotation(app, artifact.target, subject, max)
  await warnOfSkipped(invocation, inspected)
  if (form === "json") await printJson(invocation, inspected)
  else await printTree(invocation, name, inspected)
  if (inspected.exceeded) {
    await print(invocation, `Warning: exceeded configured limit of max signatures ${max} to examine`)
  }
  if (inspected.signatures.some(({ error }) => error !== undefined)) {
    throw faceError("at least one signature was skipped and not displayed", "E_FORMAT_MALFORMED")
  }
  return 0
}

async function warnOfSkipped(invocation: FaceInvocation, { signatures }: InspectedArtifact): Promise<void> {
  for (const { digest, error, unfetched } of signatures) {
    if (error === undefined) continue
    const what =
      unfetched === true
        ? `unable to fetch signature ${digest} due to error`
        : `Skipping signature ${digest} because of error`
    await warn(invocation, `${what}: ${error.message}`)
  }
}

async function printJson(invocation: FaceInvocation, { subject, signatures }: InspectedArtifact): Promise<void> {
  const { generation, world } = invocation
  const objects = signatures.flatMap(({ digest, description }) =>
    description === undefined ? [] : [signatureObject(description, generation, digest)],
  )
  const name = generation.name === "notation2" ? "signatures" : "Signatures"
  await world.stdout.write(jsonText({ mediaType: subject.mediaType, [name]: objects }, generation))
}

async function printTree(invocation: FaceInvocation, name: string, { signatures }: InspectedArtifact): Promise<void> {
  const { generation, world } = invocation
  const nodes = signatures.flatMap(({ digest, description }) =>
    description === undefined ? [] : [signatureTree(digest, description, generation)],
  )
  if (nodes.length === 0) {
    await print(invocation, `${name} has no associated signature`)
    return
  }
  await print(invocation, "Inspecting all signatures for signed artifact")
  await world.stdout.write(
    treeText({ text: name, children: [{ text: SIGNATURE_TYPE, children: nodes }] }, world.stdout),
  )
}
