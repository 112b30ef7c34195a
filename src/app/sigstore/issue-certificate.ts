import type { SigningKey } from "../../core/ports.ts"
import type { TrustedLog } from "../../core/sigstore.ts"
import { logFromKeyFile } from "../../envelopes/trusted-root/trust-files.ts"
import type { AppContext } from "../requests.ts"
import { certify, ephemeralKey } from "./certify.ts"
import type { KeylessSigning, SigstoreEvent } from "./signing.ts"

/** Whose certificate is wanted before anything else is done. */
export interface CertificateRequest {
  readonly keyless: KeylessSigning
  /** Absent: a new one, which is forgotten with the process. */
  readonly key?: SigningKey
  /** Certificate transparency logs, one of which must have promised to show the certificate; absent = not looked at. */
  readonly ctlogs?: () => Promise<readonly TrustedLog[]>
  readonly notify: (event: SigstoreEvent) => void
}

/** A key and the certificate that was just issued for it: ready to sign as with a certificate of one's own. */
export interface CertifiedSigner {
  readonly key: SigningKey
  /** DER, leaf first, root last. */
  readonly certificates: readonly Uint8Array[]
}

/**
 * Get a certificate at once, before artifacts are looked at; it serves however many follow.
 *
 * @throws {ToolError} what the token's source and the authority throw; `E_CERT_SCT`.
 *
 * Spec: sigstore/cosign v2 `cmd/cosign/cli/fulcio`.
 */
export async function issueCertificate(
  app: Pick<AppContext, "sigstore" | "clock">,
  { keyless, key, ctlogs, notify }: CertificateRequest,
): Promise<CertifiedSigner> {
  if (key === undefined) notify({ kind: "ephemeral-key" })
  const own = key ?? (await ephemeralKey(keyless.algorithm)).key
  const token = await app.sigstore.tokens.get(keyless.token)
  notify({ kind: "token", source: token.source, claims: token.claims })
  const certified = await certify(app, keyless, token, own)
  const [leaf] = certified.certificates
  if (leaf !== undefined) notify({ kind: "certificate", leaf })
  if (ctlogs !== undefined) {
    const [logs, { checkIssuedSct }] = await Promise.all([ctlogs(), import("./check-issued.ts")])
    checkIssuedSct(certified, logs)
    notify({ kind: "sct-verified" })
  }
  return { key: own, certificates: certified.certificates }
}

/** The certificate transparency log whose public key, PEM, a file holds. @throws {ToolError} `E_TRUST_MALFORMED`. */
export function ctLogOfKey(file: { readonly name: string; readonly bytes: Uint8Array }): TrustedLog {
  return logFromKeyFile(file.bytes, { what: file.name })
}
