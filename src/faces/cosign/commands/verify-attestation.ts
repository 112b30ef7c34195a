import { resolvePredicateType } from "../../../app/predicate-types.ts"
import { verifyArtifacts } from "../../../app/verify.ts"
import { encodeBase64 } from "../../../codec/base64.ts"
import { goJson, type GoJsonValue } from "../../../codec/go-json.ts"
import { expectArray, expectObject, member } from "../../../codec/json-shape.ts"
import { parseJson } from "../../../codec/json.ts"
import { limits } from "../../../core/limits.ts"
import type { VerifiedSignature, VerifiedStatement } from "../../../core/verified.ts"
import { asToolError } from "../../../core/errors.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { certificateLines } from "../output/certificate-claims.ts"
import { verificationHeader } from "../output/header.ts"
import { attestationFailure } from "../verification-failure.ts"
import { checkIdentityFlags, hashChoice, warnOfSkippedLog } from "../verify-options.ts"
import { givenSct, trustOf } from "../verify-trust.ts"
import { checksOf, checkWorkers, commonRequest, failureContext, imagesOrFolders } from "./verify.ts"

/** `cosign verify-attestation IMAGE...` */
export const verifyAttestation: FaceHandler = async (invocation) => {
  const { flags, world } = invocation
  const hash = hashChoice(invocation)
  checkWorkers(invocation)
  await warnOfSkippedLog(invocation, "attestation")
  checkIdentityFlags(invocation)
  const app = await invocation.open()
  const trust = await trustOf(invocation, app)
  const type = flags.string("type")
  const sct = await givenSct(invocation, app)
  const targets = await imagesOrFolders(invocation, app)
  const { report, verified, errors } = await verifyArtifacts(app, {
    ...commonRequest(invocation),
    ...trust.request,
    ...sct,
    targets,
    kind: "attestation",
    keys: trust.keys,
    annotations: {},
    predicateType: uriOf(type),
    ...(hash === undefined ? {} : { hash }),
    at: app.clock.now(),
  })
  const context = { ...failureContext(invocation, trust), predicateType: type }
  for (const [index, artifact] of report.artifacts.entries()) {
    const error = errors[index]
    if (error !== undefined) throw attestationFailure(artifact, error, context)
    const signatures = verified[index] ?? []
    const checks = checksOf(invocation, trust, signatures)
    await world.stderr.write(verificationHeader({ name: artifact.artifact, annotations: false, ...checks }))
    await world.stderr.write(certificateLines(signatures))
    for (const signature of signatures) await world.stdout.write(envelopeLine(signature))
  }
  return 0
}

/** COMPAT(cosign 2.5, 3.1): a word that is no type is looked for as it stands, and not found. */
function uriOf(type: string): string {
  try {
    return resolvePredicateType(type)
  } catch (thrown) {
    if (asToolError(thrown).code === "E_USAGE") return type
    throw thrown
  }
}

function envelopeLine({ content }: VerifiedSignature): string {
  if (content.kind !== "statement") return ""
  if (!content.bundle) return `${new TextDecoder().decode(content.envelope)}\n`
  return `${goJson(reencoded(content))}\n`
}

/** COMPAT(cosign 3.1): envelopes of bundles are printed anew as `payload`, `payloadType`, `signatures`. */
function reencoded(content: VerifiedStatement): GoJsonValue {
  const parsed = parseJson(content.envelope, { what: "envelope", maxBytes: limits.bundleBytes })
  const signatures = expectArray(member(expectObject(parsed, "envelope"), "signatures"), "envelope signatures")
  return {
    payload: encodeBase64(content.payload),
    payloadType: content.payloadType,
    signatures: signatures.map((item) => {
      const signature = expectObject(item, "envelope signature")
      const keyid = member(signature, "keyid")
      const sig = member(signature, "sig") ?? ""
      return keyid === undefined || keyid === "" ? { sig } : { keyid, sig }
    }),
  }
}
