import { verifyBlob } from "../../../app/verify-blob.ts"
import type { VerifyBlobRequest } from "../../../app/blob-requests.ts"
import type { AppContext } from "../../../app/requests.ts"
import { blobInput, isSignatureOf, isSigstoreBundle, readBundle, readSignature } from "../blob-evidence.ts"
import { blobFailure } from "../blob-failure.ts"
import { checkBlobOptions, givenTimestamps } from "../blob-options.ts"
import { faceError } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { checkIdentityFlags, hashChoice, warnOfSkippedLog } from "../verify-options.ts"
import { causeContext, givenSct, trustOf, type FaceTrust } from "../verify-trust.ts"

/** `cosign verify-blob BLOB` */
export const verifyBlobs: FaceHandler = async (invocation) => {
  const { flags, args } = invocation
  const bundle = flags.string("bundle")
  const signature = flags.string("signature")
  const hash = hashChoice(invocation)
  await warnOfSkippedLog(invocation, "blob")
  if (flags.string("key") === "" && flags.string("certificate") === "" && bundle === "") {
    throw faceError(
      "provide a key with --key or --sk, a certificate to verify against with --certificate, or a bundle with --bundle",
      { code: "E_TRUST_MISSING" },
    )
  }
  checkIdentityFlags(invocation)
  if (bundle === "" && signature === "") throw faceError("missing flag '--signature'")
  const app = await invocation.open()
  const trust = await trustOf(invocation, app)
  const { keys } = trust
  const evidences = await evidenceOf(invocation, app, trust)
  const sct = await givenSct(invocation, app)
  const timestamps = await givenTimestamps(invocation, app)
  const blob = await blobInput(app, args[0] ?? "", bundle !== "")
  for (const evidence of evidences) {
    const at = app.clock.now()
    const asked = { ...trust.request, ...sct, ...timestamps, ...(hash === undefined ? {} : { hash }) }
    const answer = await verifyBlob(app, { ...asked, blob, keys, evidence, at })
    const [report] = answer.report.artifacts
    if (answer.error === undefined) continue
    throw blobFailure(report, answer.error, causeContext(trust))
  }
  await say(invocation, "Verified OK")
  return 0
}

/** SECURITY: with a bundle and a signature both must verify, or be the same where more than a key is needed for that. */
async function evidenceOf(
  invocation: FaceInvocation,
  app: AppContext,
  { keys, log }: FaceTrust,
): Promise<readonly VerifyBlobRequest["evidence"][]> {
  const { flags } = invocation
  const path = flags.string("bundle")
  const text = flags.string("signature")
  const bundle = path === "" ? undefined : await readBundle(app, path)
  checkBlobOptions(invocation, bundle !== undefined && isSigstoreBundle(bundle))
  const signature = text === "" ? undefined : await readSignature(app, text)
  if (bundle === undefined) return signature === undefined ? [] : [{ signature }]
  if (signature === undefined) return [{ bundle }]
  if (keys.length > 0 && !log) return [{ bundle }, { signature }]
  if (isSignatureOf(bundle, signature)) return [{ bundle }]
  throw faceError("error verifying bundle: signature in bundle does not match signature being verified", {
    code: "E_TLOG_ENTRY_MISMATCH",
  })
}
