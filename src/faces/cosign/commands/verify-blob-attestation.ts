import { resolvePredicateType } from "../../../app/predicate-types.ts"
import { verifyBlobAttestation } from "../../../app/verify-blob.ts"
import type { BlobInput, VerifyBlobAttestationRequest } from "../../../app/blob-requests.ts"
import type { AppContext } from "../../../app/requests.ts"
import { isDigest } from "../../../core/digest.ts"
import { asToolError } from "../../../core/errors.ts"
import { limits } from "../../../core/limits.ts"
import { blobInput, isSigstoreBundle, readBundle } from "../blob-evidence.ts"
import { blobFailure } from "../blob-failure.ts"
import { checkBlobOptions, givenTimestamps } from "../blob-options.ts"
import { faceError, prefixed } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { readFile } from "../files.ts"
import { checkIdentityFlags, hashChoice, warnOfSkippedLog } from "../verify-options.ts"
import { causeContext, givenSct, trustOf } from "../verify-trust.ts"

/** `cosign verify-blob-attestation [BLOB]` */
export const verifyBlobAttestations: FaceHandler = async (invocation) => {
  const { flags, args, generation } = invocation
  const bundle = flags.string("bundle")
  const signature = flags.string("signature")
  const claims = flags.bool("check-claims")
  if (claims && args.length === 0 && !hasDigest(invocation)) {
    throw faceError(
      generation.signingConfig
        ? "must provide path to blob or digest and digestAlg; run `cosign verify-blob-attestation -h` for more help"
        : "no path to blob passed in, run `cosign verify-blob-attestation -h` for more help",
    )
  }
  const hash = generation.signingConfig ? hashChoice(invocation) : undefined
  await warnOfSkippedLog(invocation, "blob attestation")
  if (bundle === "" && signature === "") {
    throw faceError("please specify path to the DSSE envelope signature via --signature or --bundle")
  }
  if (bundle !== "" && signature !== "") {
    // DEVIATION: cosign reads one of them and says nothing of the other.
    throw faceError("--bundle and --signature exclude each other", { hints: ["give one of the two"] })
  }
  if (flags.string("key") === "" && flags.string("certificate") === "" && bundle === "") {
    throw faceError(
      "provide a key with --key or --sk, a certificate to verify against with --certificate, or a bundle with --bundle",
      { code: "E_TRUST_MISSING" },
    )
  }
  checkIdentityFlags(invocation)
  const app = await invocation.open()
  const trust = await trustOf(invocation, app)
  const evidence: VerifyBlobAttestationRequest["evidence"] =
    bundle === "" ? { envelope: await readEnvelope(app, signature) } : { bundle: await readBundle(app, bundle) }
  checkBlobOptions(invocation, "bundle" in evidence && isSigstoreBundle(evidence.bundle))
  const blob = claims ? await subject(invocation, app) : undefined
  const type = flags.string("type")
  const answer = await verifyBlobAttestation(app, {
    ...trust.request,
    ...(await givenSct(invocation, app)),
    ...(await givenTimestamps(invocation, app)),
    ...(blob === undefined ? {} : { blob }),
    keys: trust.keys,
    evidence,
    predicateType: uriOf(type),
    checkClaims: claims,
    ...(hash === undefined ? {} : { hash }),
    at: app.clock.now(),
  })
  const [report] = answer.report.artifacts
  if (answer.error !== undefined) throw blobFailure(report, answer.error, causeContext(trust), type)
  await say(invocation, "Verified OK")
  return 0
}

function hasDigest({ flags, generation }: FaceInvocation): boolean {
  return generation.signingConfig && flags.string("digest") !== "" && flags.string("digestAlg") !== ""
}

async function subject(invocation: FaceInvocation, app: AppContext): Promise<BlobInput> {
  const { flags, args } = invocation
  const [path] = args
  if (path !== undefined) {
    if (hasDigest(invocation)) await say(invocation, "WARNING: Ignoring provided --digest in favor of provided blob")
    return await blobInput(app, path, false)
  }
  const digest = `${flags.string("digestAlg")}:${flags.string("digest")}`
  if (isDigest(digest)) return { digest }
  throw faceError(`invalid digest: ${digest}`, {
    hints: ["--digestAlg is sha256, sha384 or sha512; --digest is lower-case hexadecimal of its length"],
  })
}

async function readEnvelope(app: AppContext, path: string): Promise<Uint8Array> {
  try {
    return await readFile(app, path, limits.attachmentBytes)
  } catch (thrown) {
    throw prefixed(`reading ${path}: `, thrown)
  }
}

/** COMPAT(cosign 2.5, 3.1): a word that is no type is compared as it stands. */
function uriOf(type: string): string {
  try {
    return resolvePredicateType(type)
  } catch (thrown) {
    if (asToolError(thrown).code === "E_USAGE") return type
    throw thrown
  }
}
