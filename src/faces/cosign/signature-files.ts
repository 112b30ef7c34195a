import type { SigstoreOutcome } from "../../app/sigstore/signing.ts"
import { encodeBase64 } from "../../codec/base64.ts"
import { goJson } from "../../codec/go-json.ts"
import { encodePem } from "../../codec/pem.ts"

/** The signer's certificate as PEM; `undefined` for a bare key. */
export function certificatePem({ certificates: [leaf] }: Pick<SigstoreOutcome, "certificates">): string | undefined {
  return leaf === undefined ? undefined : encodePem("CERTIFICATE", leaf)
}

/** The document of the first timestamp; `undefined` without one. Spec: cosign.md 15.2. */
export function timestampDocument({ timestamps: [first] }: Pick<SigstoreOutcome, "timestamps">): string | undefined {
  return first === undefined ? undefined : goJson({ SignedRFC3161Timestamp: encodeBase64(first.response) })
}
