import { goJson } from "../../../codec/go-json.ts"
import { encodeUtf8 } from "../../../codec/utf8.ts"
import { parseBlobPolicy } from "../../../policy/notation/parse-policy.ts"
import { prefixed } from "../face-error.ts"
import { print, type FaceHandler } from "../face-invocation.ts"
import { mayOverwriteBlobPolicy } from "../overwrite-blob-policy.ts"
import { policyFault } from "../policy-fault.ts"

/** `notation blob policy init`: a policy of one strict statement. */
export const blobPolicyInit: FaceHandler = async (invocation) => {
  const { flags } = invocation
  const document = {
    version: "1.0",
    trustPolicies: [
      {
        name: flags.string("name"),
        signatureVerification: { level: "strict" },
        trustStores: flags.strings("trust-store"),
        trustedIdentities: flags.strings("trusted-identity"),
        ...(flags.bool("global") ? { globalPolicy: true } : {}),
      },
    ],
  }
  const bytes = encodeUtf8(goJson(document, { indent: "  " }), "trust policy")
  const fault = policyFault(() => parseBlobPolicy(bytes))
  if (fault !== undefined) throw prefixed("invalid blob policy: ", fault)
  if (!(await mayOverwriteBlobPolicy(invocation))) return 0
  const { notation } = await invocation.open()
  const written = await notation.writePolicy("blob", bytes).catch((thrown: unknown) => {
    throw prefixed("failed to write blob trust policy configuration: ", thrown)
  })
  await print(invocation, `Successfully initialized blob trust policy file to ${written}.`)
  return 0
}
