import { verifyBlob } from "../../../app/verify-blob.ts"
import type { VerifyBlobRequest } from "../../../app/blob-requests.ts"
import { blobInput, readBundle, readSignature } from "../blob-evidence.ts"
import { blobFailure } from "../blob-failure.ts"
import { faceError } from "../face-error.ts"
import { say, type FaceHandler } from "../face-invocation.ts"
import {
  checkIdentityFlags,
  checkLogChoice,
  checkTrustedRoot,
  hashChoice,
  keysToVerifyWith,
} from "../verify-options.ts"

/** `cosign verify-blob BLOB` */
export const verifyBlobs: FaceHandler = async (invocation) => {
  const { flags, args } = invocation
  const bundle = flags.string("bundle")
  const signature = flags.string("signature")
  if (flags.string("key") === "" && bundle === "") {
    throw faceError(
      "provide a key with --key or --sk, a certificate to verify against with --certificate, or a bundle with --bundle",
      { code: "E_TRUST_MISSING" },
    )
  }
  const hash = hashChoice(invocation)
  await checkLogChoice(invocation, "blob")
  checkIdentityFlags(invocation)
  if (bundle === "" && signature === "") throw faceError("missing flag '--signature'")
  const app = await invocation.open()
  await checkTrustedRoot(invocation, app)
  const keys = await keysToVerifyWith(invocation, app)
  // SECURITY: with both, both must verify.
  const evidences: VerifyBlobRequest["evidence"][] = []
  if (bundle !== "") evidences.push({ bundle: await readBundle(app, bundle) })
  if (signature !== "") evidences.push({ signature: await readSignature(app, signature) })
  const blob = await blobInput(app, args[0] ?? "", bundle !== "")
  for (const evidence of evidences) {
    const at = app.clock.now()
    const request = { blob, keys, evidence, at, ...(hash === undefined ? {} : { hash }) }
    const answer = await verifyBlob(app, request)
    const [report] = answer.report.artifacts
    if (answer.error !== undefined) throw blobFailure(report, answer.error, keys[0]?.key.type)
  }
  await say(invocation, "Verified OK")
  return 0
}
