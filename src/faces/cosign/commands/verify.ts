import { verifyArtifacts } from "../../../app/verify.ts"
import type { AppContext, Target, VerifyRequest } from "../../../app/requests.ts"
import type { VerifiedSignature } from "../../../core/verified.ts"
import { parseAnnotations } from "../annotations.ts"
import { attachmentBytes, signatureRepository } from "../environment.ts"
import { faceError, prefixed } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { requireLayout } from "../layout-folder.ts"
import { certificateLines } from "../output/certificate-claims.ts"
import { claimsJson, claimsText } from "../output/claims.ts"
import { verificationHeader, type HeaderFacts } from "../output/header.ts"
import { fullName, imageTarget } from "../targets.ts"
import { signatureFailure, type FailureContext } from "../verification-failure.ts"
import { checkIdentityFlags, hashChoice, warnOfSkippedLog } from "../verify-options.ts"
import { causeContext, givenSct, trustOf, type FaceTrust } from "../verify-trust.ts"

const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"

/** `cosign verify IMAGE...` */
export const verify: FaceHandler = async (invocation) => {
  const { flags, generation } = invocation
  const annotations = parseAnnotations(flags.strings("annotations"))
  const hash = hashChoice(invocation)
  checkWorkers(invocation)
  await warnOfSkippedLog(invocation, "signature")
  checkIdentityFlags(invocation)
  const app = await invocation.open()
  const trust = await trustOf(invocation, app)
  const { keys } = trust
  const sct = await givenSct(invocation, app)
  const targets = await imagesOrFolders(invocation, app)
  const { report, verified, errors } = await verifyArtifacts(app, {
    ...commonRequest(invocation),
    ...trust.request,
    ...sct,
    targets,
    kind: "signature",
    keys,
    annotations,
    // COMPAT(cosign 3.1): any statement about the image counts; see the warning below.
    anyPredicate: generation.signingConfig,
    ...(hash === undefined ? {} : { hash }),
    at: app.clock.now(),
  })
  for (const [index, artifact] of report.artifacts.entries()) {
    const error = errors[index]
    if (error !== undefined) throw signatureFailure(artifact, error, failureContext(invocation, trust))
    await printVerified(invocation, trust, targets[index], verified[index] ?? [])
  }
  return 0
}

/** What decides about the words of a failure. */
export function failureContext({ flags }: FaceInvocation, trust: FaceTrust): FailureContext {
  return { local: flags.bool("local-image"), ...causeContext(trust) }
}

/** What the check list says of signatures that verified. */
export function checksOf(
  { flags }: FaceInvocation,
  { log, keys, request }: FaceTrust,
  verified: readonly VerifiedSignature[],
): Pick<HeaderFacts, "claims" | "log" | "by"> {
  const isLogged = ({ report: { witnesses = [] } }: VerifiedSignature): boolean =>
    witnesses.some(({ kind }) => kind === "log")
  return {
    claims: flags.bool("check-claims"),
    log: log && verified.every(isLogged),
    // COMPAT(cosign 2.5, 3.1): a certificate that was given is spoken of as a key.
    by: keys.length > 0 || request.certificate !== undefined ? "key" : "authority",
  }
}

/** What `verify` and `verify-attestation` ask alike. */
export function commonRequest({
  flags,
  world,
  generation,
}: FaceInvocation): Pick<
  VerifyRequest,
  | "formats"
  | "checkClaims"
  | "signatureRepository"
  | "tagPrefix"
  | "attachmentBytes"
  | "recursive"
  | "everything"
  | "parallel"
> {
  const prefix = flags.string("attachment-tag-prefix")
  const bundles = flags.bool("new-bundle-format")
  // SECURITY: a folder is verified with what lies in it; no repository is asked.
  const elsewhere = flags.bool("local-image") ? {} : signatureRepository(world)
  return {
    formats: bundles ? generation.formats.bundle : generation.formats.legacy,
    checkClaims: flags.bool("check-claims"),
    ...elsewhere,
    // `save` leaves the prefix out.
    ...(prefix === "" || flags.bool("local-image") ? {} : { tagPrefix: prefix }),
    ...attachmentBytes(world),
    recursive: false,
    everything: false,
    parallel: flags.int("max-workers"),
  }
}

/** @throws {ToolError} in cosign's words, misspelt flag name included. */
export function checkWorkers({ flags }: FaceInvocation): void {
  if (flags.int("max-workers") > 0) return
  throw faceError("please set the --max-worker flag to a value that is greater than 0")
}

/** The arguments as images, or as OCI layout folders with `--local-image`. */
export async function imagesOrFolders(invocation: FaceInvocation, app: AppContext): Promise<readonly Target[]> {
  const { flags, args, generation } = invocation
  if (!flags.bool("local-image")) return args.map(image)
  for (const path of args) await requireLayout(app, path, generation.localImageContext(path))
  return args.map((path) => ({ kind: "layout", path, text: path }))
}

function image(text: string): Target {
  try {
    return imageTarget(text)
  } catch (thrown) {
    throw prefixed("parsing reference: ", thrown)
  }
}

async function printVerified(
  invocation: FaceInvocation,
  trust: FaceTrust,
  target: Target | undefined,
  verified: readonly VerifiedSignature[],
): Promise<void> {
  const { flags, world } = invocation
  if (target === undefined) return
  const name = target.kind === "registry" ? fullName(target.reference) : target.text
  await warnOtherStatements(invocation, verified)
  const checks = checksOf(invocation, trust, verified)
  await world.stderr.write(verificationHeader({ name, annotations: flags.given("annotations"), ...checks }))
  const text = flags.string("output") === "text"
  if (text) await world.stderr.write(certificateLines(verified))
  // DEVIATION: cosign 3.1 prints an empty claim for a bundle in a folder; only the reference is unknown there.
  const reference = target.kind === "registry" ? name : ""
  await world.stdout.write(text ? claimsText(verified, reference) : claimsJson(verified, reference))
}

/** DEVIATION: cosign 3.1 takes attestations of any kind for signatures without saying so. */
async function warnOtherStatements(invocation: FaceInvocation, verified: readonly VerifiedSignature[]): Promise<void> {
  const isSignature = ({ content }: VerifiedSignature): boolean =>
    content.kind !== "statement" || content.predicateType === SIGN_PREDICATE
  if (verified.some(isSignature)) return
  const types = verified.flatMap(({ content }) => (content.kind === "statement" ? [content.predicateType] : []))
  await say(
    invocation,
    `WARNING: no signature was found; an attestation of type ${[...new Set(types)].join(", ")} was accepted, as cosign does.`,
  )
}
