import { chainEnd } from "../../app/notation/chain-end.ts"
import type { EnvelopeSigner, NotationSigner } from "../../app/notation/signer.ts"
import { timeOf } from "./commands/trust-render.ts"
import type { Session } from "./session.ts"

/**
 * Say so where `--expires` promises more than the certificates keep: without a timestamp, a signature counts only as long
 * as every certificate of its chain. Certificates that only a plugin knows are not looked at.
 *
 * @param now - milliseconds since the epoch.
 */
export async function warnOfCertificateEnd(
  { flags, output }: Session,
  signer: NotationSigner | EnvelopeSigner,
  now: number,
): Promise<void> {
  const end = chainEnd(signer)
  if (end === undefined || flags.string("timestamp-url") !== "" || now + flags.duration("expires") <= end) return
  await output.note(
    `warning: the certificate ends at ${timeOf(end)}, before --expires does; sign with --timestamp-url, or the signature ends with it`,
  )
}
