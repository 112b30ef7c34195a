import { attestBlob } from "../../../app/sign-blob.ts"
import type { AttestedBlob, BlobInput } from "../../../app/blob-requests.ts"
import type { AppContext } from "../../../app/requests.ts"
import { isDigest } from "../../../core/digest.ts"
import { consentOf } from "../consent.ts"
import { faceError, prefixed } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { requireFile, writeFile } from "../files.ts"
import { checkEntryType, readPredicate, requirePredicate } from "../predicate.ts"
import { certificatePem, timestampDocument } from "../signature-files.ts"
import { openSigner } from "../signer.ts"
import { signingServices } from "../signing-services.ts"
import { warnOfNoTimestamp, witnessLines } from "../witness-lines.ts"
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
  const app = await invocation.open()
  const services = await signingServices(invocation, app, bundles)
  if (bundles && !generation.printsBesideBundle) {
    const ignored = ["output-signature", "output-attestation", "output-certificate", "rfc3161-timestamp-bundle"]
    await warnIgnoredOutputs(invocation, ignored)
  }
  checkEntryType(invocation)
  checkTimestampOutput(invocation, bundles)
  await warnOfNoTimestamp(invocation, "rfc3161-timestamp-bundle")
  const blob = await blobOf(invocation, app, path)
  const predicate = await readPredicate(invocation, app)
  const consent = consentOf(invocation, "upload to tlog: ")
  const later = generation.announcesSigning
  const context = later ? "creating bundle: getting keypair and token: getting signer: " : "getting signer: "
  const signer = await openSigner(invocation, { services, consent, context })
  const lines = witnessLines(invocation, consent, true)
  const begin = async (): Promise<void> => {
    // COMPAT(cosign 3.1): says nothing of logs before it attests.
    if (later) await say(invocation, "Signing artifact...")
    else await lines.before()
  }
  const { sigstore } = signer.services(services.configured || flags.bool("tlog-upload"), begin)
  if (sigstore === undefined) await begin()
  const attested = await attestBlob(signer.app, {
    blob,
    subjectName: path.slice(path.lastIndexOf("/") + 1),
    predicate,
    ...(signer.key === undefined ? {} : { key: signer.key }),
    ...(sigstore === undefined ? {} : { sigstore }),
    form: bundles ? "bundle" : "legacy",
    generation: generation.name,
    hash: generation.blobHash,
  })
  await lines.after(attested.sigstore, () => writeTimestamp(invocation, app, attested))
  await writeAttested(invocation, app, attested, bundles)
  return 0
}

function checkTimestampOutput({ flags, generation }: FaceInvocation, bundles: boolean): void {
  if (generation.signingConfig || bundles) return
  if (flags.string("timestamp-server-url") === "" || flags.string("rfc3161-timestamp-bundle") !== "") return
  throw faceError("expected either new bundle or an rfc3161-timestamp path when using a TSA server")
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
  await writeCertificate(invocation, app, attested)
  if (generation.signingConfig) await writeTimestamp(invocation, app, attested)
}

async function writeCertificate(invocation: FaceInvocation, app: AppContext, attested: AttestedBlob): Promise<void> {
  const path = invocation.flags.string("output-certificate")
  if (path === "") return
  const pem = attested.sigstore === undefined ? undefined : certificatePem(attested.sigstore)
  if (pem === undefined) {
    // COMPAT(cosign 2.5): the attestation is made, and the command has not failed.
    if (invocation.generation.signingConfig) throw faceError("no certificate found in bundle")
    await say(invocation, "Could not output signer certificate. Was a certificate used?")
    return
  }
  await writeFile(app, path, pem)
  await say(invocation, `Certificate written to file  ${path}`)
}

async function writeTimestamp(invocation: FaceInvocation, app: AppContext, attested: AttestedBlob): Promise<void> {
  const { flags, generation } = invocation
  const path = flags.string("rfc3161-timestamp-bundle")
  if (path === "") return
  const document = attested.sigstore === undefined ? undefined : timestampDocument(attested.sigstore)
  if (document === undefined) {
    if (generation.signingConfig) throw faceError("no RFC3161 timestamp found in bundle")
    return
  }
  await writeFile(app, path, document)
  const words = generation.signingConfig ? "Timestamp wrote in the file " : "RFC3161 timestamp bundle written to file "
  await say(invocation, `${words} ${path}`)
}
