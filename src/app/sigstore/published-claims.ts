import { tokenClaims } from "./challenge.ts"

/** Claims of CI services that the public instance's authority writes into certificates. */
const PUBLISHED: readonly string[] = [
  // GitHub Actions
  ...["job_workflow_ref", "job_workflow_sha", "workflow", "workflow_ref", "workflow_sha", "event_name"],
  ...["repository", "repository_id", "repository_owner", "repository_owner_id", "repository_visibility"],
  ...["ref", "sha", "run_id", "run_attempt", "runner_environment", "environment"],
  // GitLab
  ...["project_path", "project_id", "project_visibility", "namespace_path", "namespace_id", "ref_path", "job_id"],
  ...["ci_config_ref_uri", "ci_config_sha", "pipeline_source", "pipeline_id", "runner_id"],
  // Buildkite, Codefresh
  ...["organization_slug", "pipeline_slug", "build_number", "build_commit", "build_branch", "job_id"],
  ...["account_id", "account_name", "pipeline_name", "workflow_id"],
]

/**
 * What a token says of a build, and a certificate of it may say too: names of private repositories are among it.
 *
 * @param token - compact JWS. Not verified.
 * @returns claims by name; none for a person's token.
 * @throws {ToolError} `E_OIDC_REJECTED` for what is no token.
 *
 * Spec: sigstore/fulcio `docs/oid-info.md`, `config/identity/config.yaml`.
 */
export function publishedClaims(token: string): Readonly<Record<string, string>> {
  const claims = tokenClaims(token)
  if (Object.hasOwn(claims, "email") && claims["email"] !== "") return {}
  const found = [...new Set(PUBLISHED)].flatMap((name): [string, string][] => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined
    const text = typeof value === "number" ? String(value) : value
    return typeof text === "string" && text !== "" ? [[name, text]] : []
  })
  return Object.fromEntries(found)
}
