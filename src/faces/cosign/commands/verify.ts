import { verifyArtifacts } from "../../../app/verify.ts"
import type { AppContext, Target, VerifyRequest } from "../../../app/requests.ts"
import type { VerifiedSignature } from "../../../core/verified.ts"
import { parseAnnotations } from "../annotations.ts"
import { attachmentBytes, signatureRepository } from "../environment.ts"
import { faceError, prefixed } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { requireLayout } from "../layout-folder.ts"
import { claimsJson, claimsText } from "../output/claims.ts"
import { verificationHeader } from "../output/header.ts"
import { fullName, imageTarget } from "../targets.ts"
import { signatureFailure } from "../verification-failure.ts"
import {
  checkIdentityFlags,
  checkLogChoice,
  checkTrustedRoot,
  hashChoice,
  keysToVerifyWith,
} from "../verify-options.ts"

const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"

/** `cosign verify IMAGE...` */
export const verify: FaceHandler = async (invocation) => {
  const { flags, generation } = invocation
  checkWorkers(invocation)
  checkIdentityFlags(invocation)
  const hash = hashChoice(invocation)
  const annotations = parseAnnotations(flags.strings("annotations"))
  await checkLogChoice(invocation, "signature")
  const app = await invocation.open()
  await checkTrustedRoot(invocation, app)
  const keys = await keysToVerifyWith(invocation, app)
  const targets = await imagesOrFolders(invocation, app)
  const { report, verified, errors } = await verifyArtifacts(app, {
    ...commonRequest(invocation),
    targets,
    kind: "signature",
    keys,
    annotations,
    // COMPAT(cosign 3.1): any statement about the image counts; see the warning below.
    anyPredicate: generation.signingConfig,
    ...(hash === undefined ? {} : { hash }),
    at: app.clock.now(),
  })
  const keyType = keys[0]?.key.type
  for (const [index, artifact] of report.artifacts.entries()) {
    const error = errors[index]
    const context = { local: flags.bool("local-image"), ...(keyType === undefined ? {} : { keyType }) }
    if (error !== undefined) throw signatureFailure(artifact, error, context)
    await printVerified(invocation, targets[index], verified[index] ?? [])
  }
  return 0
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
  target: Target | undefined,
  verified: readonly VerifiedSignature[],
): Promise<void> {
  const { flags, world } = invocation
  if (target === undefined) return
  const name = target.kind === "registry" ? fullName(target.reference) : target.text
  await warnOtherStatements(invocation, verified)
  const facts = { name, annotations: flags.given("annotations"), claims: flags.bool("check-claims") }
  await world.stderr.write(verificationHeader(facts))
  const text = flags.string("output") === "text"
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
    `WARNING: no signature was found; an attestation of type ${[...new Set(types)].join(", ")} by the key was accepted, as cosign does.`,
  )
}
