import { parseBlobPolicy } from "../../policy/notation/parse-policy.ts"
import { ask } from "./ask.ts"
import { warn, type FaceInvocation } from "./face-invocation.ts"
import { policyFault } from "./policy-fault.ts"

/**
 * Before the blob policy is replaced: warn with `--force`, else ask. A file that is no policy is replaced without a word.
 *
 * @returns false when the command must end, with exit code 0.
 */
export async function mayOverwriteBlobPolicy(invocation: FaceInvocation): Promise<boolean> {
  if (!(await readableBlobPolicy(invocation))) return true
  if (!invocation.flags.bool("force")) {
    return await ask(invocation, "The blob trust policy configuration already exists, do you want to overwrite it?")
  }
  await warn(invocation, "existing blob trust policy configuration will be overwritten")
  return true
}

async function readableBlobPolicy(invocation: FaceInvocation): Promise<boolean> {
  const { notation } = await invocation.open()
  const found = await notation.readPolicy("blob").catch(() => undefined)
  if (found === undefined) return false
  return policyFault(() => parseBlobPolicy(found.bytes))?.details["stage"] !== "parse"
}
