import { attestArtifacts } from "../../../app/attest.ts"
import { attestationBundle } from "../../../app/attestation-bundle.ts"
import type { MadeSignature, PredicateInput } from "../../../app/requests.ts"
import { cosignRepositoryName, manifestReference } from "../../../core/reference-grammar.ts"
import { consentOf, type Consent } from "../consent.ts"
import { faceError, prefixed } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { writeFile } from "../files.ts"
import { checkEntryType, checkPredicateType, readPredicate, requirePredicate } from "../predicate.ts"
import { openSigner, type FaceSigner } from "../signer.ts"
import { signingServices, type SigningServices } from "../signing-services.ts"
import { witnessLines } from "../witness-lines.ts"
import { imageTarget, tagWarning, type RegistryTarget } from "../targets.ts"
import { writeOptions } from "./sign.ts"

/** `cosign attest --predicate FILE IMAGE...` */
export const attest: FaceHandler = async (invocation) => {
  const { flags, generation } = invocation
  requirePredicate(invocation)
  const bundles = flags.bool("new-bundle-format")
  const bundleFile = generation.signingConfig ? flags.string("bundle") : ""
  if (bundles && flags.bool("no-upload") && bundleFile === "") {
    throw faceError("must enable upload to the OCI registry or specify a local --bundle path with --new-bundle-format")
  }
  const services = await signingServices(invocation, await invocation.open(), bundles)
  const consent = consentOf(invocation, "should upload to tlog: ")
  const context = generation.announcesSigning
    ? "creating bundle: getting keypair and token: getting signer: "
    : "getting signer: "
  // One key for all images, and where cosign 2 asks for it first, one certificate.
  let opened: Promise<FaceSigner> | undefined
  const signer = (): Promise<FaceSigner> => (opened ??= openSigner(invocation, { services, consent, context }))
  for (const text of invocation.args) {
    try {
      await attestOne(invocation, { services, consent, signer, bundles, bundleFile }, text)
    } catch (thrown) {
      throw prefixed(`signing ${text}: `, thrown)
    }
  }
  return 0
}

/** What is the same for every image. */
interface AttestRun {
  readonly services: SigningServices
  readonly consent: Consent
  readonly signer: () => Promise<FaceSigner>
  readonly bundles: boolean
  readonly bundleFile: string
}

async function attestOne(invocation: FaceInvocation, run: AttestRun, text: string): Promise<void> {
  const { flags, generation, world } = invocation
  const { bundles } = run
  checkEntryType(invocation)
  const target = imageTarget(text)
  await world.stderr.write(tagWarning(target))
  await lookBeforeLogin(invocation, run, target)
  const upload = !flags.bool("no-upload")
  const { signer, predicate } = await signerAndPredicate(invocation, run)
  const { app, key } = signer
  const announce = async (): Promise<void> => {
    if (generation.announcesSigning) await say(invocation, "Signing artifact...")
  }
  // COMPAT(cosign 2.5): what is not stored is neither logged nor stamped.
  const witnessed = upload || generation.signingConfig
  const lines = witnessLines(invocation, run.consent, true)
  const services = witnessed ? signer.services(await logged(invocation, run, target), announce) : {}
  if (services.sigstore === undefined) await announce()
  const { artifacts } = await attestArtifacts(app, {
    ...writeOptions(invocation, upload),
    targets: [target],
    ...(key === undefined ? {} : { key }),
    ...services,
    formats: [bundles ? "cosign-v3" : "cosign-v2"],
    predicate,
    recursive: !generation.signingConfig && flags.bool("recursive"),
    replace: flags.bool("replace"),
    subjectName: cosignRepositoryName,
    generation: generation.name,
    onPush: async ({ signatures }) => {
      for (const signature of signatures) {
        await lines.after(signature.sigstore)
        await writeBundle(invocation, run, signer, signature)
      }
    },
  })
  for (const artifact of artifacts) {
    if (artifact.error !== undefined) throw artifact.error
    if (upload) continue
    for (const signature of artifact.signatures) {
      await writeBundle(invocation, run, signer, signature)
      // DEVIATION: cosign 3.1 prints nothing here, though its help says that it does.
      if (!bundles) await world.stdout.write(`${new TextDecoder().decode(signature.document)}\n`)
    }
  }
}

/** `--bundle`: the Sigstore bundle or, in the old format, the local bundle of cosign 1 and 2. */
async function writeBundle(
  invocation: FaceInvocation,
  { bundles, bundleFile }: AttestRun,
  { app, key }: FaceSigner,
  signature: MadeSignature,
): Promise<void> {
  if (bundleFile === "") return
  await writeFile(app, bundleFile, bundles ? signature.document : attestationBundle(signature, key?.publicKey))
  await say(invocation, `Wrote bundle to file ${bundleFile}`)
}

/** Nobody logs in for an image that is not there. */
async function lookBeforeLogin(invocation: FaceInvocation, run: AttestRun, target: RegistryTarget): Promise<void> {
  if (!run.services.keyless || target.reference.digest !== undefined) return
  const app = await invocation.open()
  await app.stores.content(target).resolve(manifestReference(target.reference))
}

/** cosign 2 opens its key first, cosign 3 the predicate. */
async function signerAndPredicate(
  invocation: FaceInvocation,
  run: AttestRun,
): Promise<{ readonly signer: FaceSigner; readonly predicate: PredicateInput }> {
  const app = await invocation.open()
  const early = invocation.generation.certifiesFirst ? await run.signer() : undefined
  checkPredicateType(invocation)
  const predicate = await readPredicate(invocation, app)
  return { signer: early ?? (await run.signer()), predicate }
}

/** COMPAT(cosign 3.1): says nothing of logs before it attests. */
async function logged(
  { flags, generation }: FaceInvocation,
  { services, consent }: AttestRun,
  target: RegistryTarget,
): Promise<boolean> {
  if (services.configured) return true
  if (generation.signingConfig || (flags.bool("yes") && flags.string("timestamp-server-url") !== "")) {
    return flags.bool("tlog-upload")
  }
  return consent.log(target)
}
