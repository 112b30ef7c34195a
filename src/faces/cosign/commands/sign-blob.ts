import { signBlob } from "../../../app/sign-blob.ts"
import type { SignedBlob } from "../../../app/blob-requests.ts"
import type { AppContext } from "../../../app/requests.ts"
import { encodeBase64 } from "../../../codec/base64.ts"
import { ask } from "../confirm.ts"
import { consentOf, type Consent } from "../consent.ts"
import { faceError, prefixed } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { requireFile, writeFile } from "../files.ts"
import { certificatePem, timestampDocument } from "../signature-files.ts"
import { openSigner, type FaceSigner } from "../signer.ts"
import { signingServices, type SigningServices } from "../signing-services.ts"
import { warnOfNoTimestamp, witnessLines } from "../witness-lines.ts"
import { warnIgnoredOutputs } from "./sign.ts"

const ALGORITHMS = [
  "ecdsa-sha2-256-nistp256",
  "ecdsa-sha2-384-nistp384",
  "ecdsa-sha2-512-nistp521",
  "rsa-sign-pkcs1-2048-sha256",
  "rsa-sign-pkcs1-3072-sha256",
  "rsa-sign-pkcs1-4096-sha256",
]

/** `cosign sign-blob FILE...` */
export const signBlobs: FaceHandler = async (invocation) => {
  const { flags, args, generation } = invocation
  const bundles = flags.bool("new-bundle-format")
  if (generation.bundleFileRequired && bundles && flags.string("bundle") === "") {
    throw faceError("must specify --bundle with --new-bundle-format")
  }
  if (generation.signingConfig && !ALGORITHMS.includes(flags.string("signing-algorithm"))) {
    const [given, known] = [flags.string("signing-algorithm"), ALGORITHMS.join(", ")]
    throw faceError(`invalid signing algorithm: ${given}. Supported algorithms are: ${known}`)
  }
  const services = await signingServices(invocation, await invocation.open(), bundles)
  if (bundles && generation.bundleFileRequired) {
    await warnIgnoredOutputs(invocation, ["output-signature", "output-certificate", "rfc3161-timestamp", "output"])
  }
  await warnOfNoTimestamp(invocation, "rfc3161-timestamp")
  const consent = consentOf(invocation, "upload to tlog: ")
  for (const path of args) {
    if (flags.string("output") !== "") {
      const warning = "the '--output' flag is deprecated and will be removed in the future. Use '--output-signature'"
      await say(invocation, `WARNING: ${warning}`)
    }
    try {
      await signOne(invocation, { services, consent, bundles }, path)
    } catch (thrown) {
      throw prefixed(`signing ${path}: `, thrown)
    }
  }
  return 0
}

interface BlobRun {
  readonly services: SigningServices
  readonly consent: Consent
  readonly bundles: boolean
}

async function signOne(invocation: FaceInvocation, run: BlobRun, path: string): Promise<void> {
  const { flags, generation } = invocation
  const { services, consent, bundles } = run
  const app = await invocation.open()
  const later = generation.announcesSigning
  const from = async (): Promise<void> => {
    if (path !== "-") await say(invocation, `Using payload from: ${path}`)
  }
  const look = async (): Promise<void> => {
    await from()
    try {
      await requireFile(app, path)
    } catch (thrown) {
      throw prefixed(later ? "getting payload: " : "", thrown)
    }
  }
  // COMPAT(cosign 2.5): opens the file before it looks for the key; 3.1 asks for consent first.
  if (!later) await look()
  const log = services.configured || (later ? await consent.log() : flags.bool("tlog-upload"))
  const context = later ? "getting keypair and token: getting signer: " : ""
  const algorithm = generation.signingConfig ? { algorithm: flags.string("signing-algorithm") } : {}
  const signer = await openSigner(invocation, { services, consent, context, ...algorithm })
  checkTimestampOutput(invocation, bundles)
  const lines = witnessLines(invocation, consent, true)
  const begin = async (): Promise<void> => {
    if (!later) {
      await lines.before()
      return
    }
    await look()
    if (!bundles && (log || signer.key === undefined)) await askAboutHash(invocation, signer)
    await say(invocation, "Signing artifact...")
  }
  const { sigstore } = signer.services(log, begin)
  if (sigstore === undefined) await begin()
  const signed = await signBlob(signer.app, {
    blob: { path },
    ...(signer.key === undefined ? {} : { key: signer.key }),
    ...(sigstore === undefined ? {} : { sigstore }),
    hash: generation.blobHash,
  })
  await lines.after(signed.sigstore, () => writeTimestamp(invocation, app, signed))
  await writeSigned(invocation, app, signed, bundles)
}

/** Who verifies documents of the old kind takes SHA-256 for granted. */
async function askAboutHash(invocation: FaceInvocation, { key }: FaceSigner): Promise<void> {
  const { flags } = invocation
  const [scheme] = key?.schemes ?? []
  const usual =
    scheme === undefined
      ? /(?:sha2-|-sha)256/.test(flags.string("signing-algorithm"))
      : "hash" in scheme && scheme.hash === "sha256"
  if (usual) return
  await say(
    invocation,
    "Non SHA256 hash function is not supported for old bundle format. Use --new-bundle-format to use the new bundle format or use different signing key/algorithm.",
  )
  if (!flags.bool("yes")) await ask(invocation)
  await say(invocation, "Continuing with non SHA256 hash function and old bundle format")
}

function checkTimestampOutput({ flags, generation }: FaceInvocation, bundles: boolean): void {
  if (generation.signingConfig || bundles) return
  if (flags.string("timestamp-server-url") === "" || flags.string("rfc3161-timestamp") !== "") return
  throw faceError("must use protobuf bundle or set timestamp output path")
}

async function writeSigned(
  invocation: FaceInvocation,
  app: AppContext,
  signed: SignedBlob,
  bundles: boolean,
): Promise<void> {
  const { flags, generation } = invocation
  const bundleFile = flags.string("bundle")
  if (bundleFile !== "") {
    await writeFile(app, bundleFile, bundles ? signed.bundle : signed.legacyBundle(generation.name))
    await say(invocation, `Wrote bundle to file ${bundleFile}`)
  }
  if (bundles && !generation.printsBesideBundle) return
  const content = flags.bool("b64") ? encodeBase64(signed.signature) : signed.signature
  const output = flags.string("output-signature") === "" ? flags.string("output") : flags.string("output-signature")
  if (output !== "") {
    await writeFile(app, output, content)
    await say(invocation, `Wrote signature to file ${output}`)
  } else await invocation.world.stdout.write(typeof content === "string" ? `${content}\n` : content)
  await writeCertificate(invocation, app, signed)
  if (generation.signingConfig) await writeTimestamp(invocation, app, signed)
}

async function writeCertificate(invocation: FaceInvocation, app: AppContext, { sigstore }: SignedBlob): Promise<void> {
  const { flags } = invocation
  const path = flags.string("output-certificate")
  const pem = sigstore === undefined ? undefined : certificatePem(sigstore)
  if (path === "" || pem === undefined) return
  await writeFile(app, path, flags.bool("b64") ? encodeBase64(new TextEncoder().encode(pem)) : pem)
  await say(invocation, `Wrote certificate to file ${path}`)
}

async function writeTimestamp(invocation: FaceInvocation, app: AppContext, { sigstore }: SignedBlob): Promise<void> {
  const { flags, generation, world } = invocation
  const path = flags.string("rfc3161-timestamp")
  const document = sigstore === undefined ? undefined : timestampDocument(sigstore)
  if (path === "" || document === undefined) return
  await writeFile(app, path, document)
  if (generation.signingConfig) await say(invocation, `Wrote timestamp to file ${path}`)
  // COMPAT(cosign 2.5): with an empty line.
  else await world.stderr.write(`RFC3161 timestamp written to file ${path}\n\n`)
}
