import type { BlobInput } from "../../app/blob-requests.ts"
import type { AppContext, NamedKey, SigstoreTrustRequest } from "../../app/requests.ts"
import { bundleKind } from "../../app/sigstore/bundle-kind.ts"
import { readTrustedRoot } from "../../app/sigstore-request.ts"
import { verifyBlob, verifyBlobAttestation } from "../../app/verify-blob.ts"
import { isDigest } from "../../core/digest.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { TrustedRoot } from "../../core/sigstore.ts"
import type { CommandHandler, FlagValues } from "../command.ts"
import { connectionOf } from "./staging.ts"

/** `conformance verify-bundle`: signature, log entry, and for identities certificate, SCT and time. */
export const verifyBundle: CommandHandler = async ({ flags, args, world }) => {
  const [text = ""] = args
  checkFlags(flags)
  const app = await world.open({ ...connectionOf(flags), ...(flags.bool("offline") ? { offlineExcept: [] } : {}) })
  const bundle = await app.files.read(flags.string("bundle"), limits.bundleBytes)
  const shared = {
    blob: await blobOf(app, text),
    ...(await trustOf(app, flags)),
    evidence: { bundle },
    at: app.clock.now(),
  }
  const { error } =
    bundleKind(bundle) === "attestation"
      ? await verifyBlobAttestation(app, { ...shared, checkClaims: true })
      : await verifyBlob(app, shared)
  if (error !== undefined) throw error
  return 0
}

function checkFlags(flags: FlagValues): void {
  const keyed = flags.string("key") !== ""
  const identity = ["certificate-identity", "certificate-oidc-issuer"]
  const bad = (what: string): Error => new ToolError("E_USAGE", { what })
  if (flags.string("bundle") === "") throw bad("--bundle is missing")
  for (const name of identity) {
    if (keyed && flags.given(name)) throw bad(`--${name} cannot be used with --key`)
    if (!keyed && flags.string(name) === "") throw bad(`--${name} is missing, or --key`)
  }
}

/** What may be a digest is one unless a file has that name. */
async function blobOf(app: AppContext, text: string): Promise<BlobInput> {
  if (text.startsWith("sha256:") && isDigest(text) && !(await app.files.exists(text))) return { digest: text }
  return { path: text }
}

async function trustOf(
  app: AppContext,
  flags: FlagValues,
): Promise<{ readonly keys: readonly NamedKey[] } & SigstoreTrustRequest> {
  const trustedRoot = (): Promise<TrustedRoot> => rootOf(app, flags)
  const witnesses = { logs: 1, timestamps: 0 }
  const name = flags.string("key")
  if (name !== "") return { keys: [{ name, key: await app.keys.publicKey(name) }], witnesses, trustedRoot }
  const subject = flags.string("certificate-identity")
  const rule = {
    subject: { kind: "exact", value: subject },
    issuer: { kind: "exact", value: flags.string("certificate-oidc-issuer") },
    extensions: {},
    text: subject,
  } as const
  return { keys: [], keyless: { identities: [rule], sct: "require", witnesses }, trustedRoot }
}

async function rootOf(app: AppContext, flags: FlagValues): Promise<TrustedRoot> {
  const path = flags.string("trusted-root")
  if (path !== "") return readTrustedRoot(app.files, path)
  return (await app.sigstore.trust.trustedRoot({ offline: flags.bool("offline") })).value
}
