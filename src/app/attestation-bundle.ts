import { ToolError } from "../core/errors.ts"
import type { PublicKey } from "../core/ports.ts"
import { parseCertificate } from "../crypto/x509/parse-certificate.ts"
import { blobFormats } from "../formats/index.ts"
import type { MadeSignature } from "./requests.ts"

/**
 * cosign's local bundle around the envelope of an attestation, as cosign 3 writes it. Timestamps are not in it.
 *
 * @param key - the signer's, where no certificate names it.
 * @returns JSON on one line.
 * @throws {ToolError} `E_USAGE` for several log entries or one without promise.
 *
 * Spec: cosign.md 15.3.
 */
export function attestationBundle({ document, sigstore }: MadeSignature, key: PublicKey | undefined): Uint8Array {
  const { certificates = [], logEntries = [] } = sigstore ?? {}
  const [leaf] = certificates
  const signer = leaf === undefined ? key : parseCertificate(leaf).publicKey
  if (signer === undefined) throw new ToolError("E_INTERNAL", { what: "nobody signed" })
  const evidence = { certificates, logEntries: logEntries.map(({ entry }) => entry) }
  return blobFormats.buildLegacyBundle({ signature: document, key: signer, generation: "cosign3", evidence })
}
