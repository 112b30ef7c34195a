import { publicKeyPem } from "../../../app/keys.ts"
import { signArtifacts } from "../../../app/sign.ts"
import type { AppContext, MadeSignature, SignRequest, WriteOptions } from "../../../app/requests.ts"
import { encodeBase64 } from "../../../codec/base64.ts"
import { concatBytes } from "../../../codec/concat-bytes.ts"
import type { Digest } from "../../../core/digest.ts"
import { limits } from "../../../core/limits.ts"
import { cosignRepositoryName } from "../../../core/reference-grammar.ts"
import { parseAnnotations } from "../annotations.ts"
import { consentOf, type Consent } from "../consent.ts"
import { creationTime, isOn, signatureRepository } from "../environment.ts"
import { faceError, prefixed } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { readFile, writeFile } from "../files.ts"
import { certificatePem } from "../signature-files.ts"
import { openSigner, type FaceSigner } from "../signer.ts"
import { signingServices, type SigningServices } from "../signing-services.ts"
import { witnessLines } from "../witness-lines.ts"
import { imageTarget, tagWarning, type RegistryTarget } from "../targets.ts"

/** `cosign sign IMAGE...` */
export const sign: FaceHandler = async (invocation) => {
  const { flags, args, generation } = invocation
  const bundles = generation.signingConfig && flags.bool("new-bundle-format")
  checkOutputs(invocation, bundles)
  const app = await invocation.open()
  const services = await signingServices(invocation, app, bundles)
  if (bundles) await warnIgnoredOutputs(invocation, ["output-signature", "output-certificate", "output-payload"])
  try {
    const targets = args.map((text) => prefixErrors("parsing reference: ", () => imageTarget(text)))
    const annotations = parseAnnotations(flags.strings("annotations"), "getting annotations: ")
    const consent = consentOf(invocation, "signing digest: should upload to tlog: ")
    const context = bundles ? generation.signerContext : "getting signer: "
    const open = (): Promise<FaceSigner> => openSigner(invocation, { services, consent, context })
    const early = generation.certifiesFirst ? await open() : undefined
    const payload = await givenPayload(invocation, app, bundles)
    const signer = early ?? (await open())
    for (const target of targets) {
      await signOne(invocation, { target, services, consent, signer, annotations, payload, bundles })
    }
  } catch (thrown) {
    throw prefixed(`signing [${args.join(" ")}]: `, thrown)
  }
  return 0
}

/** What is the same for every image, and the image. */
interface SignTask {
  readonly target: RegistryTarget
  readonly services: SigningServices
  readonly consent: Consent
  readonly signer: FaceSigner
  readonly annotations: SignRequest["annotations"]
  readonly payload: Uint8Array | undefined
  readonly bundles: boolean
}

async function signOne(invocation: FaceInvocation, task: SignTask): Promise<void> {
  const { flags, world } = invocation
  const { target, signer, bundles } = task
  const { app, key } = signer
  await world.stderr.write(tagWarning(target))
  const log = task.services.configured || (await task.consent.log(target))
  const identities = containerIdentities(invocation)
  const write = writeOptions(invocation, flags.bool("upload"))
  const announce = announcer(invocation)
  const lines = witnessLines(invocation, task.consent, false)
  const tell = async (signatures: readonly MadeSignature[]): Promise<void> => {
    for (const { sigstore } of signatures) await lines.after(sigstore)
  }
  const { artifacts } = await signArtifacts(app, {
    ...write,
    targets: [target],
    ...(key === undefined ? {} : { key }),
    ...signer.services(log, announce.next),
    formats: [bundles ? "cosign-v3" : "cosign-v2"],
    annotations: task.annotations,
    recursive: flags.bool("recursive"),
    ...(identities.length === 0 ? {} : { identities }),
    dockerReference: cosignRepositoryName,
    ...(task.payload === undefined ? {} : { payload: task.payload }),
    onPush: async ({ subject, signatures }) => {
      await announce.made(signatures.length)
      await tell(signatures)
      await writeOutputs(invocation, task, subject.digest, signatures)
      await say(invocation, `Pushing signature to: ${pushedTo(write, target, bundles)}`)
    },
  })
  for (const { error, subject, signatures } of artifacts) {
    if (error !== undefined) throw error
    if (write.upload || subject === undefined) continue
    await announce.made(signatures.length)
    await tell(signatures)
    await writeOutputs(invocation, task, subject.digest, signatures)
  }
}

/** Says once for every signature that it is made. */
interface Announcer {
  readonly next: () => Promise<void>
  readonly made: (count: number) => Promise<void>
}

/** With services the first signature is announced before they are asked, everything else when it is made. */
function announcer(invocation: FaceInvocation): Announcer {
  let ahead = 0
  const line = async (): Promise<void> => {
    if (invocation.generation.announcesSigning) await say(invocation, "Signing artifact...")
  }
  return {
    next: async () => {
      ahead++
      await line()
    },
    made: async (count) => {
      for (let at = 0; at < count; at++) {
        if (ahead > 0) ahead--
        else await line()
      }
    },
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
  { signer: { app, key }, bundles }: SignTask,
  digest: Digest,
  signatures: readonly MadeSignature[],
): Promise<void> {
  const { flags } = invocation
  const [first] = signatures
  if (first === undefined) return
  if (bundles) {
    const bundle = flags.string("bundle")
    if (bundle === "") return
    await writeFile(app, bundle, first.document)
    await say(invocation, `Wrote bundle to file ${bundle}`)
    return
  }
  // Every image of a list gets files of its own.
  const suffix = flags.bool("recursive") ? `-${digest.replace(":", "-")}` : ""
  const signatureFile = flags.string("output-signature")
  const payloadFile = flags.string("output-payload")
  const certificateFile = flags.string("output-certificate")
  if (signatureFile !== "") {
    const texts = signatures.map(({ signature }) => encodeBase64(signature))
    await writeFile(app, `${signatureFile}${suffix}`, texts.join("\n"))
  }
  if (payloadFile !== "") await writeFile(app, `${payloadFile}${suffix}`, joined(signatures))
  if (certificateFile === "") return
  const pem = first.sigstore === undefined ? undefined : certificatePem(first.sigstore)
  await writeFile(app, certificateFile, pem ?? (key === undefined ? "" : publicKeyPem(key.publicKey)))
  await say(invocation, `Certificate wrote in the file ${certificateFile}`)
}

function joined(signatures: readonly MadeSignature[]): Uint8Array {
  return concatBytes(signatures.flatMap(({ payload }, at) => (at === 0 ? [payload] : [Uint8Array.of(0x0a), payload])))
}

function prefixErrors<T>(prefix: string, run: () => T): T {
  try {
    return run()
  } catch (thrown) {
    throw prefixed(prefix, thrown)
  }
}
