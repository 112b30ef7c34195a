import { limits } from "../../../core/limits.ts"
import { parseBlobPolicy } from "../../../policy/notation/parse-policy.ts"
import { prefixed } from "../face-error.ts"
import { print, type FaceHandler } from "../face-invocation.ts"
import { mayOverwriteBlobPolicy } from "../overwrite-blob-policy.ts"
import { policyFault } from "../policy-fault.ts"
import { readFile } from "../read-file.ts"

/** `notation blob policy import FILE`: the bytes are kept as they are. */
export const blobPolicyImport: FaceHandler = async (invocation) => {
  const [path = ""] = invocation.args
  const app = await invocation.open()
  const bytes = await readFile(app, path, limits.configFileBytes).catch((thrown: unknown) => {
    throw prefixed("failed to read blob trust policy file: ", thrown)
  })
  const fault = policyFault(() => parseBlobPolicy(bytes))
  if (fault !== undefined) {
    const step = fault.details["stage"] === "parse" ? "parse" : "validate"
    throw prefixed(`failed to ${step} blob trust policy configuration: `, fault)
  }
  if (!(await mayOverwriteBlobPolicy(invocation))) return 0
  const written = await app.notation.writePolicy("blob", bytes).catch((thrown: unknown) => {
    throw prefixed("failed to write blob trust policy configuration: ", thrown)
  })
  await print(invocation, `Successfully imported blob trust policy configuration to ${written}.`)
  return 0
}
