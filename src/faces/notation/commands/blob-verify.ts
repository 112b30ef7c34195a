import { blobStatement } from "../../../app/notation/policies.ts"
import { notationStores } from "../../../app/notation/trust-stores.ts"
import { verifyBlob } from "../../../app/verify-blob.ts"
import { limits } from "../../../core/limits.ts"
import { printable } from "../../../core/printable.ts"
import { policyFromStatement } from "../../../policy/notation/statement-policy.ts"
import { signatureForm } from "../blob-files.ts"
import { faceError } from "../face-error.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { unknownCritical } from "../compatibility.ts"
import { keyValuePairs } from "../key-value-pairs.ts"
import { logVerification } from "../log-verification.ts"
import { printVerified } from "../print-verified.ts"
import { readFile } from "../read-file.ts"
import { NOTATION_FORMATS, printReasons, storeProblem } from "../verification-failure.ts"

/** `blob verify`. */
export const blobVerify: FaceHandler = async (invocation) => {
  const { args, flags } = invocation
  const [path = ""] = args
  const app = await invocation.open({ artifacts: false, revocationReach: "loopback" })
  const envelope = await readFile(app, flags.string("signature"), limits.attachmentBytes)
  const policyName = flags.string("policy-name")
  const statement = await blobStatement(app.notation, flags.given("policy-name") ? policyName : undefined)
  const pluginConfig = keyValuePairs(flags.strings("plugin-config"), "plugin-config")
  const annotations = keyValuePairs(flags.strings("user-metadata"), "user-metadata")
  const form = signatureForm(flags.string("signature"))
  const mediaType = flags.string("media-type")
  const { report, verified, error } = await verifyBlob(app, {
    blob: { path },
    keys: [],
    policy: policyFromStatement(statement, { formats: NOTATION_FORMATS, annotations }),
    trustStore: notationStores(app.notation),
    evidence: { envelope, form },
    pluginConfig,
    unknownCritical: unknownCritical(invocation.world.env),
    annotations,
    at: app.clock.now(),
    ...(mediaType === "" ? {} : { mediaType }),
  })
  const [artifact] = report.artifacts
  await logVerification(invocation, { statement, report: artifact, error })
  if (error === undefined && artifact !== undefined) {
    await printVerified(invocation, { name: path, report: artifact, verified, warned: false })
    return 0
  }
  const signatures = artifact?.signatures ?? []
  const store = storeProblem(signatures)
  if (store !== undefined) throw faceError(store, error?.code ?? "E_TRUST_MISSING", error)
  await printReasons(invocation, signatures)
  if (signatures.length === 0 && error !== undefined) {
    await invocation.world.stderr.write(`${printable(error.message)}\n`)
  }
  throw faceError(
    `provided signature verification failed against blob ${path}`,
    error?.code ?? "E_SIG_UNTRUSTED",
    error,
  )
}
