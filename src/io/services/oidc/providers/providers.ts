import type { AmbientProvider } from "../context.ts"
import { buildkiteAgent } from "./buildkite-agent.ts"
import { envvar } from "./envvar.ts"
import { filesystem } from "./filesystem.ts"
import { githubActions } from "./github-actions.ts"
import { googleImpersonate } from "./google-impersonate.ts"
import { googleWorkloadIdentity } from "./google-workload-identity.ts"
import { spiffe } from "./spiffe.ts"

/** Every provider, in the order they are tried. Spec: cosign.md section 11.2. */
export const providers: readonly AmbientProvider[] = [
  envvar,
  filesystem,
  githubActions,
  googleWorkloadIdentity,
  googleImpersonate,
  spiffe,
  buildkiteAgent,
]
