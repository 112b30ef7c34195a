import { encodeBase64 } from "../../../codec/base64.ts"
import { malformed } from "../../../codec/malformed.ts"
import type { PublicKey, SignatureScheme } from "../../../core/ports.ts"
import { verifySignature } from "../../../crypto/verify.ts"
import type { UnverifiedEnvelope } from "../../../envelopes/dsse/envelope.ts"
import { pae } from "../../../envelopes/dsse/pae.ts"

/** A key and how it signs. */
export interface EnvelopeKey {
  readonly key: PublicKey
  readonly scheme: SignatureScheme
}

/** A signature that holds, and whose it is. */
export interface MatchedSignature<Key> {
  readonly sig: Uint8Array
  readonly by: Key
}

/**
 * Check every signature of an envelope: each must hold with one of the keys, and each key must have made one, until all
 * signatures have their key.
 *
 * @param keys - tried in order.
 * @returns one for each different signature, in the order of the envelope.
 * @throws {ToolError} `E_FORMAT_MALFORMED` in upstream's words.
 *
 * Spec: sigstore/rekor `pkg/types/dsse/v0.0.1`.
 */
export function matchSignatures<Key extends EnvelopeKey>(
  envelope: UnverifiedEnvelope,
  keys: readonly Key[],
): readonly MatchedSignature<Key>[] {
  const message = pae(envelope.payloadType, envelope.payload)
  const open = new Map(envelope.signatures.map(({ sig }) => [encodeBase64(sig), sig]))
  const order = [...open.keys()]
  const matched = new Map<string, MatchedSignature<Key>>()
  for (const by of keys) {
    if (open.size === 0) break
    const held = order.filter((name) => {
      const sig = matched.get(name)?.sig ?? open.get(name)
      return sig !== undefined && verifySignature(by.key, by.scheme, message, sig)
    })
    if (held.length === 0) {
      throw malformed(
        "DSSE envelope",
        "could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1",
      )
    }
    for (const name of held) {
      const sig = open.get(name)
      if (sig !== undefined) matched.set(name, { sig, by })
      open.delete(name)
    }
  }
  if (open.size > 0) throw malformed("DSSE envelope", "all signatures must have a key that verifies it")
  return order.flatMap((name) => matched.get(name) ?? [])
}
