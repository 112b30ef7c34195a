import { asToolError } from "../../../core/errors.ts"
import { limits } from "../../../core/limits.ts"
import { parseOciPolicy } from "../../../policy/notation/parse-policy.ts"
import { ask } from "../ask.ts"
import { prefixed, sentenceOf } from "../face-error.ts"
import { print, warn, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { policyFault } from "../policy-fault.ts"
import { readFile } from "../read-file.ts"
import { readablePolicy } from "./policy-show.ts"

/** `notation policy import FILE`: the bytes are kept as they are. */
export const policyImport: FaceHandler = async (invocation) => {
  const { args, flags, generation } = invocation
  const [path = ""] = args
  const words = generation.policy
  const app = await invocation.open()
  const bytes = await readFile(app, path, limits.configFileBytes).catch((thrown: unknown) => {
    throw prefixed(words.failed.read, thrown)
  })
  const fault = policyFault(() => parseOciPolicy(bytes, generation.wording))
  if (fault !== undefined) {
    throw prefixed(fault.details["stage"] === "parse" ? words.failed.parse : words.failed.validate, fault)
  }
  const force = flags.bool("force")
  const there = (force && words.alwaysWarns) || (await readablePolicy(invocation))
  if (there && force) await warn(invocation, words.overwritten)
  if (there && !force && !(await ask(invocation, words.question))) return 0
  const written = await app.notation
    .writePolicy(generation.wording === "v1" ? "legacy" : "oci", bytes)
    .catch((thrown: unknown) => {
      throw prefixed(words.failed.write, thrown)
    })
  if (generation.wording === "v1") {
    await print(invocation, "Trust policy configuration imported successfully.")
    return 0
  }
  await removeOld(invocation)
  await print(invocation, `Successfully imported OCI trust policy configuration to ${written}.`)
  return 0
}

/** The older file is not read any more; that it is still there must not surprise anybody later. */
async function removeOld(invocation: FaceInvocation): Promise<void> {
  const { notation } = await invocation.open()
  try {
    if (!(await notation.removePolicy("legacy"))) return
    await print(invocation, "Deleted old trust policy configuration trustpolicy.json.")
  } catch (thrown) {
    const why = sentenceOf(asToolError(thrown))
    await warn(invocation, `failed to delete old trust policy configuration trustpolicy.json: ${why}`)
  }
}
