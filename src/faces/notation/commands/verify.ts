import { notationStores } from "../../../app/notation/trust-stores.ts"
import { readOciPolicy } from "../../../app/notation/policies.ts"
import { atDigest } from "../../../app/subjects.ts"
import { verifyArtifacts } from "../../../app/verify.ts"
import { asToolError } from "../../../core/errors.ts"
import { policyFromStatement } from "../../../policy/notation/statement-policy.ts"
import { selectOciStatement } from "../../../policy/notation/select-statement.ts"
import { faceArtifact, resolveArtifact } from "../artifact.ts"
import { openFor } from "../artifact-connection.ts"
import { faceError, prefixed } from "../face-error.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { unknownCritical } from "../compatibility.ts"
import { keyValuePairs } from "../key-value-pairs.ts"
import { logVerification } from "../log-verification.ts"
import { printVerified } from "../print-verified.ts"
import { referrersApiFlag } from "../referrers-api-flag.ts"
import { NOTATION_FORMATS, verificationFailure } from "../verification-failure.ts"

/** `verify`. */
export const verify: FaceHandler = async (invocation) => {
  const { args, flags, generation } = invocation
  const maxSignatures = flags.int("max-signatures")
  if (maxSignatures <= 0) throw faceError(`max-signatures value ${maxSignatures} must be a positive number`)
  await referrersApiFlag(invocation)
  const layout = flags.bool("oci-layout")
  const { notation } = await invocation.world.open({ artifacts: false, progress: false })
  const policy = await readOciPolicy(notation, generation.wording)
  const pluginConfig = keyValuePairs(flags.strings("plugin-config"), "plugin-config")
  const annotations = keyValuePairs(flags.strings("user-metadata"), "user-metadata")
  const artifact = faceArtifact(args[0] ?? "", layout)
  const app = await openFor(invocation, artifact)
  // What is named by its digest needs no look at the registry before its signatures are asked for.
  const subject =
    artifact.digest === undefined
      ? (await resolveArtifact(invocation, app, artifact, "verify")).subject
      : { digest: artifact.digest }
  const { digest } = subject
  const name = `${artifact.place}@${digest}`
  const scope = layout ? flags.string("scope") : artifact.place
  const statement = statementFor(policy, `${scope}@${digest}`, generation.wording)
  await invocation.log("debug", "Check verification level")
  const result = await verifyArtifacts(app, {
    targets: [atDigest(artifact.target, subject)],
    kind: "signature",
    keys: [],
    policy: policyFromStatement(statement, { formats: NOTATION_FORMATS, annotations }),
    trustStore: notationStores(app.notation),
    formats: NOTATION_FORMATS,
    annotations,
    pluginConfig,
    unknownCritical: unknownCritical(invocation.world.env),
    maxSignatures,
    firstOnly: true,
    checkClaims: true,
    recursive: false,
    everything: false,
    at: app.clock.now(),
  })
  const [report] = result.report.artifacts
  const [error] = result.errors
  await logVerification(invocation, { name, statement, report, error })
  if (error !== undefined || report === undefined) {
    throw await verificationFailure(invocation, { name, report, error, maxSignatures })
  }
  const warned = artifact.tag !== undefined
  await printVerified(invocation, { name, report, verified: result.verified[0] ?? [], warned })
  return 0
}

function statementFor(...selection: Parameters<typeof selectOciStatement>): ReturnType<typeof selectOciStatement> {
  try {
    return selectOciStatement(...selection)
  } catch (thrown) {
    throw asToolError(thrown).code === "E_POLICY_NO_RULE" ? prefixed("signature verification failed: ", thrown) : thrown
  }
}
