import { goQuote } from "../../codec/go-quote.ts"
import { ToolError } from "../../core/errors.ts"
import type { BlobPolicy, BlobStatement, OciPolicy, OciStatement, PolicyWording } from "./document.ts"
import { scopeFault, WILDCARD } from "./scopes.ts"

/** Where notation's documentation tells how to write a policy. */
export const POLICY_LINK = "https://notaryproject.dev/docs/quickstart/#create-a-trust-policy"

/**
 * The statement that covers an artifact: the one with its very repository, else the one for everything.
 *
 * @param reference - `registry/repository@digest`; what follows the last `@` is not looked at.
 * @throws {ToolError} `E_POLICY_NO_RULE` when no statement covers it, `E_REF_INVALID` for other texts; in notation's words.
 */
export function selectOciStatement(policy: OciPolicy, reference: string, wording: PolicyWording): OciStatement {
  const at = reference.lastIndexOf("@")
  if (at < 0) {
    throw new ToolError("E_REF_INVALID", {
      what:
        `artifact URI ${goQuote(reference)} could not be parsed, make sure it is the fully qualified oci artifact URI ` +
        "without the scheme/protocol. e.g domain.com:80/my/repository@sha256:digest",
    })
  }
  const path = reference.slice(0, at)
  const fault = scopeFault(path)
  if (fault !== undefined) throw new ToolError("E_REF_INVALID", { what: fault })
  const exact = policy.statements.find(({ scopes }) => scopes.includes(path))
  const chosen = exact ?? policy.statements.find(({ scopes }) => scopes.includes(WILDCARD))
  if (chosen !== undefined) return chosen
  const words = wording === "v1" ? "trust policy" : "oci trust policy"
  throw new ToolError("E_POLICY_NO_RULE", {
    what:
      `artifact ${goQuote(reference)} has no applicable ${words} statement. Trust policy applicability for a given ` +
      `artifact is determined by registryScopes. To create a trust policy, see: ${POLICY_LINK}`,
  })
}

/**
 * The statement that covers a blob.
 *
 * @param name - of a statement; absent for the global one.
 * @throws {ToolError} `E_POLICY_NO_RULE` in notation's words.
 */
export function selectBlobStatement(policy: BlobPolicy, name?: string): BlobStatement {
  const chosen = policy.statements.find((statement) =>
    name === undefined ? statement.global : statement.name === name,
  )
  if (chosen !== undefined) return chosen
  if (name === undefined) throw none("no global blob trust policy")
  if (name.trim() === "") throw none("policy name cannot be empty")
  throw none(`no applicable blob trust policy with name ${goQuote(name)}`)
}

function none(what: string): ToolError {
  return new ToolError("E_POLICY_NO_RULE", { what })
}
