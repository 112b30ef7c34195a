import type { AppContext } from "../../app/requests.ts"
import type { SigstoreSigning } from "../../app/sigstore/signing.ts"
import { ToolError } from "../../core/errors.ts"
import type { SigningKey } from "../../core/ports.ts"
import type { FlagValues } from "../command.ts"
import { isKeyless } from "./keyless-signing.ts"
import { refuseFlags, type Session } from "./session.ts"

/** What signs, as requests have it. */
interface Signing {
  readonly key?: SigningKey
  readonly sigstore?: SigstoreSigning
}

/**
 * The certificates of `--cert-chain` put into a request whose formats need none.
 *
 * @throws {ToolError} `E_USAGE` for certificates that nobody would accept; as `certifiedKey`.
 */
export async function withCertificates<Request extends Signing>(
  { flags }: Session,
  app: AppContext,
  request: Request,
): Promise<Request> {
  const path = flags.string("cert-chain")
  if (path === "" || request.key === undefined) return request
  const [{ certifiedKey }, { checkKeyCertificates }] = await Promise.all([
    import("../../app/notation/chain-file.ts"),
    import("../../app/sigstore/check-key-certificates.ts"),
  ])
  const { chain: certificates } = await certifiedKey(app.files, request.key, path)
  checkKeyCertificates(certificates, { path, at: app.clock.now(), trustedRoot: request.sigstore?.trustedRoot })
  return { ...request, sigstore: { logs: [], timestamps: [], ...request.sigstore, certificates } }
}

/**
 * That an identity is not certified besides, before anything is opened.
 *
 * @throws {ToolError} `E_USAGE`.
 */
export function checkCertificateFlags(flags: FlagValues): void {
  if (isKeyless(flags)) refuseFlags(flags, ["cert-chain"], "--keyless gets a certificate of its own")
}

/** @throws {ToolError} `E_USAGE` for a question that is not asked with certificates. */
export function refuseIfMissing(flags: FlagValues): void {
  if (!flags.given("cert-chain") || !flags.given("if-missing")) return
  throw new ToolError("E_USAGE", {
    what: "whether the holder of a certificate has signed already cannot be asked while signing",
    why: "--if-missing compares keys, and --cert-chain puts a certificate in their place",
    next: ["leave out `--if-missing`", "or ask with `countersign verify --ca-roots … --identity …` first"],
  })
}
