import type { TokenOrder } from "../../core/sigstore-ports.ts"
import type { Consent } from "./consent.ts"
import { faceError } from "./face-error.ts"
import { say, type FaceInvocation } from "./face-invocation.ts"
import { loginWords } from "./login-words.ts"

const FLOWS = ["normal", "device", "token", "client_credentials"] as const
const IDENTITY_FLAGS = [
  "fulcio-auth-flow",
  "identity-token",
  "oidc-client-id",
  "oidc-client-secret-file",
  "oidc-disable-ambient-providers",
  "oidc-provider",
  "oidc-redirect-url",
]

/**
 * How the identity token is to be got, from the flags; the issuer is filled in later.
 *
 * @throws {ToolError} `E_USAGE` for an unknown flow.
 */
export function tokenOrder(invocation: FaceInvocation, consent: Consent): TokenOrder {
  const { flags } = invocation
  const flow = flags.string("fulcio-auth-flow")
  const known = FLOWS.find((name) => name === flow)
  if (flow !== "" && known === undefined) throw faceError(`unsupported oauth flow: ${flow}`)
  const text = (name: string, member: string): Record<string, string> =>
    flags.string(name) === "" ? {} : { [member]: flags.string(name) }
  return {
    ...text("identity-token", "given"),
    ...text("oidc-provider", "provider"),
    ...text("oidc-client-secret-file", "clientSecretFile"),
    ...text("oidc-redirect-url", "redirectUrl"),
    ...(flags.bool("oidc-disable-ambient-providers") ? { noAmbient: true } : {}),
    ...(known === undefined ? {} : { flow: known }),
    issuer: "",
    clientId: flags.string("oidc-client-id"),
    conversation: loginWords(invocation, consent, () => Promise.resolve()),
  }
}

/** DEVIATION: cosign says nothing of flags about an identity that it leaves out. */
export async function warnOfIdentity(invocation: FaceInvocation): Promise<void> {
  const { flags } = invocation
  for (const name of IDENTITY_FLAGS) {
    const asked = name === "oidc-disable-ambient-providers" ? flags.bool(name) : flags.string(name) !== ""
    if (asked && flags.given(name)) await say(invocation, `WARNING: --${name} is not used when signing with --key`)
  }
}
