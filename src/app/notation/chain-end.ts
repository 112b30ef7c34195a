import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import type { EnvelopeSigner, NotationSigner } from "./signer.ts"

/**
 * When the first certificate of a signer's chain ends, in milliseconds since the epoch; `undefined` where a plugin alone
 * knows the chain.
 */
export function chainEnd(signer: NotationSigner | EnvelopeSigner): number | undefined {
  if (signer.kind !== "key" || signer.chain === undefined) return undefined
  return Math.min(...signer.chain.map((raw) => parseCertificate(raw).notAfter))
}
