import { ToolError } from "../../core/errors.ts"
import type { NotationHome } from "../../core/notation-home.ts"
import type { BlobStatement, PolicyWording } from "../../policy/notation/document.ts"
import { parseBlobPolicy, parseOciPolicy } from "../../policy/notation/parse-policy.ts"
import { POLICY_LINK, selectBlobStatement } from "../../policy/notation/select-statement.ts"

type Policies = Pick<NotationHome, "readPolicy">

/**
 * Notation's policy for artifacts.
 *
 * @param wording - `v1` reads `trustpolicy.json` alone, `v2` prefers `trustpolicy.oci.json`.
 * @throws {ToolError} `E_POLICY_INVALID` in notation's words.
 */
export async function readOciPolicy(
  home: Policies,
  wording: PolicyWording,
): Promise<ReturnType<typeof parseOciPolicy>> {
  const found = (wording === "v2" ? await home.readPolicy("oci") : undefined) ?? (await home.readPolicy("legacy"))
  return parseOciPolicy(present(found).bytes, wording)
}

/** The statement of notation's policy for files: by name, else the global one. */
export async function blobStatement(home: Policies, name: string | undefined): Promise<BlobStatement> {
  const policy = parseBlobPolicy(present(await home.readPolicy("blob")).bytes)
  return selectBlobStatement(policy, name)
}

function present<T>(found: T | undefined): T {
  if (found !== undefined) return found
  throw new ToolError("E_POLICY_INVALID", {
    what: `trust policy is not present. To create a trust policy, see: ${POLICY_LINK}`,
    next: ["import one with `countersign notation policy import FILE`"],
  })
}
