import { cleanSignatures } from "../../../app/clean.ts"
import type { CleanRequest } from "../../../app/requests.ts"
import { confirm } from "../confirm.ts"
import { signatureRepository } from "../environment.ts"
import { say, type FaceHandler } from "../face-invocation.ts"
import { imageTarget } from "../targets.ts"

const WARNINGS: Readonly<Record<CleanRequest["what"], string>> = {
  signature: "this will remove all signatures from the image",
  attestation: "this will remove all attestations from the image",
  sbom: "this will remove all SBOMs from the image",
  referrer: "this will remove all referrer attestations and/or signatures from the image",
  all: "this will remove all signatures, SBOMs and attestations from the image",
}

/** `cosign clean IMAGE` */
export const clean: FaceHandler = async (invocation) => {
  const { flags, args, world, generation } = invocation
  const text = args[0] ?? ""
  const target = imageTarget(text)
  const type = flags.string("type")
  const what = isWhat(type) ? type : "all"
  if (!flags.bool("force")) await confirm(invocation, WARNINGS[what])
  const app = await invocation.open()
  const prefix = flags.string("attachment-tag-prefix")
  const common = { target, ...signatureRepository(world), ...(prefix === "" ? {} : { tagPrefix: prefix }) }
  // COMPAT(cosign 2.5): `all` knows no referrers.
  const kinds: readonly CleanRequest["what"][] =
    what === "all" && !generation.signingConfig ? ["signature", "attestation", "sbom"] : [what]
  for (const kind of kinds) {
    const { removed } = await cleanSignatures(app, { ...common, what: kind })
    for (const reference of removed) await say(invocation, `Removed ${reference} from ${text}`)
  }
  return 0
}

function isWhat(text: string): text is CleanRequest["what"] {
  return Object.hasOwn(WARNINGS, text)
}
