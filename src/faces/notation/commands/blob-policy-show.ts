import { parseBlobPolicy } from "../../../policy/notation/parse-policy.ts"
import { faceError, prefixed } from "../face-error.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { openFault, policyFault } from "../policy-fault.ts"

const MISSING =
  "failed to show blob trust policy as the configuration does not exist.\n" +
  "You can import one using `notation blob policy import <path-to-policy.json>`"

const INVALID =
  "Existing blob trust policy configuration is invalid, you may update or create a new one via " +
  "`notation blob policy import <path-to-policy.json>`. See https://github.com/notaryproject/specifications/blob/" +
  "8cf800c60b7315a43f0adbcae463d848a353b412/specs/trust-store-trust-policy.md#trust-policy-for-blobs " +
  "for a blob trust policy example.\n"

/** `notation blob policy show`: the file as it is, also when it breaks a rule. */
export const blobPolicyShow: FaceHandler = async (invocation) => {
  const { world } = invocation
  const { notation } = await invocation.open()
  const found = await notation.readPolicy("blob").catch((thrown: unknown) => {
    throw prefixed("failed to show trust policy: ", openFault(thrown))
  })
  if (found === undefined) throw faceError(MISSING, "E_POLICY_INVALID")
  const fault = policyFault(() => parseBlobPolicy(found.bytes))
  if (fault !== undefined) await world.stderr.write(INVALID)
  await world.stdout.write(found.bytes)
  if (fault !== undefined) throw fault
  return 0
}
