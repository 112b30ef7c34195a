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
import { verificationHeader } from "../output/header.ts"
import { attestationFailure } from "../verification-failure.ts"
import {
  checkIdentityFlags,
  checkLogChoice,
  checkTrustedRoot,
  hashChoice,
  keysToVerifyWith,
} from "../verify-options.ts"
import { checkWorkers, commonRequest, imagesOrFolders } from "./verify.ts"

/** `cosign verify-attestation IMAGE...` */
export const verifyAttestation: FaceHandler = async (invocation) => {
  const { flags, world } = invocation
  checkWorkers(invocation)
  checkIdentityFlags(invocation)
  const hash = hashChoice(invocation)
  await checkLogChoice(invocation, "attestation")
  const app = await invocation.open()
  await checkTrustedRoot(invocation, app)
  const keys = await keysToVerifyWith(invocation, app)
  const type = flags.string("type")
  const targets = await imagesOrFolders(invocation, app)
  const { report, verified, errors } = await verifyArtifacts(app, {
    ...commonRequest(invocation),
    targets,
    kind: "attestation",
    keys,
    annotations: {},
    predicateType: uriOf(type),
    ...(hash === undefined ? {} : { hash }),
    at: app.clock.now(),
  })
  const keyType = keys[0]?.key.type
  const context = {
    predicateType: type,
    local: flags.bool("local-image"),
    ...(keyType === undefined ? {} : { keyType }),
  }
  for (const [index, artifact] of report.artifacts.entries()) {
    const error = errors[index]
    if (error !== undefined) throw attestationFailure(artifact, error, context)
    const facts = { name: artifact.artifact, annotations: false, claims: flags.bool("check-claims") }
    await world.stderr.write(verificationHeader(facts))
    for (const signature of verified[index] ?? []) await world.stdout.write(envelopeLine(signature))
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
