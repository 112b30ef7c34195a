import { signArtifacts } from "../../../app/sign.ts"
import type { AppContext, SignedSignature, SignRequest, WriteOptions } from "../../../app/requests.ts"
import { encodeBase64 } from "../../../codec/base64.ts"
import { limits } from "../../../core/limits.ts"
import type { SigningKey } from "../../../core/ports.ts"
import { cosignRepositoryName } from "../../../core/reference-grammar.ts"
import { parseAnnotations } from "../annotations.ts"
import { creationTime, isOn, signatureRepository } from "../environment.ts"
import { faceError, prefixed } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { readFile, writeFile } from "../files.ts"
import { signingKey } from "../keys.ts"
import { checkSigningServices } from "../signing-services.ts"
import { imageTarget, tagWarning, type RegistryTarget } from "../targets.ts"

/** `cosign sign IMAGE...` */
export const sign: FaceHandler = async (invocation) => {
  const { flags, args, generation } = invocation
  const bundles = generation.signingConfig && flags.bool("new-bundle-format")
  await checkSigningServices(invocation, bundles)
  checkOutputs(invocation, bundles)
  if (bundles) await warnIgnoredOutputs(invocation, ["output-signature", "output-payload"])
  try {
    const targets = args.map((text) => prefixErrors("parsing reference: ", () => imageTarget(text)))
    const annotations = parseAnnotations(flags.strings("annotations"), "getting annotations: ")
    const app = await invocation.open()
    const payload = await givenPayload(invocation, app, bundles)
    const context = bundles ? generation.signerContext : "getting signer: "
    const key = await signingKey(app, flags.string("key"), context)
    for (const target of targets) await signOne(invocation, app, { target, key, annotations, payload, bundles })
  } catch (thrown) {
    throw prefixed(`signing [${args.join(" ")}]: `, thrown)
  }
  return 0
}

/** What is the same for every image, and the image. */
interface SignTask {
  readonly target: RegistryTarget
  readonly key: SigningKey
  readonly annotations: SignRequest["annotations"]
  readonly payload: Uint8Array | undefined
  readonly bundles: boolean
}

async function signOne(invocation: FaceInvocation, app: AppContext, task: SignTask): Promise<void> {
  const { flags, world, generation } = invocation
  const { target, key, bundles } = task
  await world.stderr.write(tagWarning(target))
  const identities = containerIdentities(invocation)
  const write = writeOptions(invocation, flags.bool("upload"))
  const said: Promise<void>[] = []
  const announce = generation.announcesSigning ? "Signing artifact...\n" : ""
  const { artifacts } = await signArtifacts(app, {
    ...write,
    targets: [target],
    key,
    formats: [bundles ? "cosign-v3" : "cosign-v2"],
    annotations: task.annotations,
    recursive: flags.bool("recursive"),
    ...(identities.length === 0 ? {} : { identities }),
    dockerReference: cosignRepositoryName,
    ...(task.payload === undefined ? {} : { payload: task.payload }),
    onPush: () => {
      const where = pushedTo(write, target, bundles)
      said.push(world.stderr.write(`${announce}Pushing signature to: ${where}\n`))
    },
  })
  await Promise.all(said)
  for (const artifact of artifacts) {
    if (artifact.error !== undefined) throw artifact.error
    if (!write.upload) await world.stderr.write(announce.repeat(artifact.signatures.length))
    for (const signature of artifact.signatures) await writeOutputs(invocation, app, signature, bundles)
  }
}

/** COMPAT(cosign 2.5): one identity, the last one given; 3.1 takes a list. */
function containerIdentities({ flags, generation }: FaceInvocation): readonly string[] {
  if (generation.signingConfig) return flags.strings("sign-container-identity")
  const identity = flags.string("sign-container-identity")
  return identity === "" ? [] : [identity]
}

/** COMPAT(cosign 2.5, 3.1): COSIGN_REPOSITORY is shown without its host, and not at all for bundles. */
function pushedTo(write: WriteOptions, target: RegistryTarget, bundles: boolean): string {
  const elsewhere = write.signatureRepository
  if (elsewhere === undefined || bundles) return cosignRepositoryName(target.reference)
  return elsewhere.slice(elsewhere.indexOf("/") + 1)
}

/** Where and how signatures are written, from flags and variables; shared with `attest`. */
export function writeOptions({ flags, world, command }: FaceInvocation, upload: boolean): WriteOptions {
  const hasMode = command.flags.some((flag) => flag.name === "registry-referrers-mode")
  const referrers = hasMode && flags.string("registry-referrers-mode") === "oci-1-1"
  const prefix = flags.string("attachment-tag-prefix")
  return {
    ...signatureRepository(world),
    ...(prefix === "" ? {} : { tagPrefix: prefix }),
    ...(referrers ? { legacyAsReferrer: true } : {}),
    dockerMediaTypes: isOn(world, "COSIGN_DOCKER_MEDIA_TYPES"),
    ...(flags.bool("record-creation-timestamp") ? { createdAt: creationTime(world) } : {}),
    upload,
  }
}

async function givenPayload(
  invocation: FaceInvocation,
  app: AppContext,
  bundles: boolean,
): Promise<Uint8Array | undefined> {
  const path = invocation.flags.string("payload")
  if (path === "") return undefined
  // DEVIATION: cosign 3.1 says that it uses the payload and signs something else.
  if (bundles) throw faceError("--payload can only be signed with --new-bundle-format=false")
  await say(invocation, `Using payload from: ${path}`)
  return await readFile(app, path, limits.signaturePayloadBytes)
}

function checkOutputs({ flags, generation }: FaceInvocation, bundles: boolean): void {
  const bundle = generation.signingConfig ? flags.string("bundle") : ""
  if (bundles && !flags.bool("upload") && bundle === "") {
    throw faceError("must enable upload to the OCI registry or specify a local --bundle path with --new-bundle-format")
  }
  if (!bundles && bundle !== "") {
    // DEVIATION: cosign 3.1 writes no file here and does not say so.
    throw faceError("--bundle can only be written with the bundle format", {
      hints: ["leave out --new-bundle-format=false"],
    })
  }
}

/** Say which output flags have no meaning for bundles; shared with `attest` and the blob commands. */
export async function warnIgnoredOutputs(invocation: FaceInvocation, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (invocation.flags.string(name) === "") continue
    await say(invocation, `WARNING: --${name} is deprecated when using --new-bundle-format and will be ignored`)
  }
}

async function writeOutputs(
  invocation: FaceInvocation,
  app: AppContext,
  signature: SignedSignature,
  bundles: boolean,
): Promise<void> {
  const { flags } = invocation
  if (bundles) {
    const bundle = flags.string("bundle")
    if (bundle === "") return
    await writeFile(app, bundle, signature.document)
    await say(invocation, `Wrote bundle to file ${bundle}`)
    return
  }
  const signatureFile = flags.string("output-signature")
  const payloadFile = flags.string("output-payload")
  if (signatureFile !== "") await writeFile(app, signatureFile, encodeBase64(signature.signature))
  if (payloadFile !== "") await writeFile(app, payloadFile, signature.payload)
}

function prefixErrors<T>(prefix: string, run: () => T): T {
  try {
    return run()
  } catch (thrown) {
    throw prefixed(prefix, thrown)
  }
}
