import { upgradeBundle, type UpgradeStep } from "../../../app/sigstore/upgrade-bundle.ts"
import { limits } from "../../../core/limits.ts"
import { prefixed } from "../face-error.ts"
import { say, type FaceHandler } from "../face-invocation.ts"
import { readFile, writeDocument } from "../files.ts"

/** `cosign bundle upgrade BUNDLE` */
export const bundleUpgrade: FaceHandler = async (invocation) => {
  const { flags, args } = invocation
  const [path = ""] = args
  const app = await invocation.open()
  const bytes = await readFile(app, path, limits.bundleBytes).catch((thrown: unknown) => {
    throw prefixed("reading input file: ", thrown)
  })
  const tell = async (step: UpgradeStep): Promise<void> => {
    for (const line of linesOf(step)) await say(invocation, line)
  }
  const upgraded = await upgradeBundle(app, bytes, flags.string("rekor-url"), tell).catch((thrown: unknown) => {
    throw prefixed("upgrading bundle: ", thrown)
  })
  await writeDocument(invocation, app, upgraded).catch((thrown: unknown) => {
    throw prefixed("writing upgraded bundle: ", thrown)
  })
  const out = flags.string("out")
  if (out !== "") await say(invocation, `Successfully upgraded bundle written to ${out}`)
  return 0
}

function linesOf(step: UpgradeStep): readonly string[] {
  switch (step.kind) {
    case "current":
      return ["Bundle is already at v0.3, no upgrade needed."]
    case "upgrade":
      return [`Upgrading from v${step.from} to v0.3...`]
    case "leaf":
      return [
        "Truncating certificate chain to only the leaf certificate...",
        ...step.names.map((name, index) => `  Certificate ${index} Identity: ${name}`),
      ]
    case "proof":
      return [`Fetching missing inclusion proof from Rekor for log index ${step.logIndex}...`]
  }
}
