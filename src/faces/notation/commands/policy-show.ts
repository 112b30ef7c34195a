import type { PolicyFileKind } from "../../../core/notation-home.ts"
import { asToolError } from "../../../core/errors.ts"
import { parseOciPolicy } from "../../../policy/notation/parse-policy.ts"
import { faceError, prefixed } from "../face-error.ts"
import { warn, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { openFault, policyFault } from "../policy-fault.ts"

const DEPRECATED =
  "old trust policy `trustpolicy.json` is deprecated; please update the trust policy configuration via " +
  "`notation policy import`."

/** `notation policy show`: the file as it is, also when it breaks a rule. */
export const policyShow: FaceHandler = async (invocation) => {
  const { generation, world } = invocation
  const words = generation.policy
  const bytes = await readPolicy(invocation).catch((thrown: unknown) => {
    throw prefixed(words.unreadable, openFault(thrown))
  })
  if (bytes === undefined) throw faceError(words.missing, "E_POLICY_INVALID")
  const fault = policyFault(() => parseOciPolicy(bytes, generation.wording))
  if (fault === undefined) {
    await world.stdout.write(bytes)
    return 0
  }
  // COMPAT(notation 1.3): it shows the reason first, and an invalid policy is no failure.
  const first = generation.wording === "v1" ? `Error: ${fault.what}\n` : ""
  await world.stderr.write(`${first}${words.invalid}\n`)
  await world.stdout.write(bytes)
  if (generation.wording === "v1") return 0
  throw fault
}

/** The policy file that counts; notation 2 reads the older one where there is no other. */
async function readPolicy(invocation: FaceInvocation): Promise<Uint8Array | undefined> {
  const { notation } = await invocation.open()
  const kinds: readonly PolicyFileKind[] = invocation.generation.wording === "v1" ? ["legacy"] : ["oci", "legacy"]
  for (const kind of kinds) {
    const found = await notation.readPolicy(kind)
    if (found === undefined) continue
    if (kind === "legacy" && kinds.length > 1) await warn(invocation, DEPRECATED)
    return found.bytes
  }
  return undefined
}

/** Whether a policy can be read at all, whatever its rules say: what `import` asks before it overwrites one. */
export async function readablePolicy(invocation: FaceInvocation): Promise<boolean> {
  const { notation } = await invocation.open()
  const kinds: readonly PolicyFileKind[] = invocation.generation.wording === "v1" ? ["legacy"] : ["oci", "legacy"]
  try {
    for (const kind of kinds) {
      const found = await notation.readPolicy(kind)
      if (found === undefined) continue
      const fault = policyFault(() => parseOciPolicy(found.bytes, invocation.generation.wording))
      return fault?.details["stage"] !== "parse"
    }
  } catch (thrown) {
    asToolError(thrown)
  }
  return false
}
