import type { CertifiedKey } from "../../core/certified.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import { ToolError } from "../../core/errors.ts"
import type { PublicKey } from "../../core/ports.ts"
import { keySpecOf, keySpecs, type KeySpec } from "../../crypto/key-spec.ts"

/** Signs messages with a key that certificates vouch for; the certificates may be known only after signing (plugins). */
export interface NotationSigner {
  readonly kind: "key"
  readonly keySpec: KeySpec
  /** Certificates, DER, leaf first, where they are known before signing. */
  readonly chain?: readonly Uint8Array[]
  /** Words that follow the program's name in the signing agent, such as `plugin/1.0.0`. */
  readonly agent?: string
  /**
   * @returns the signature (ASN.1 DER for ECDSA), the key that made it and its chain, DER, leaf first.
   */
  sign(message: Uint8Array): Promise<CertifiedSignature>
}

export interface CertifiedSignature {
  readonly signature: Uint8Array
  readonly publicKey: PublicKey
  readonly chain: readonly Uint8Array[]
}

/** Makes whole envelopes (a plugin that does not let its signatures out alone). */
export interface EnvelopeSigner {
  readonly kind: "envelope"
  /**
   * @param subject - what is signed, with user metadata as annotations.
   * @param options - `mediaType` of the envelope wanted; `expiresAfter` in seconds.
   */
  signEnvelope(
    subject: Descriptor,
    options: { readonly mediaType: string; readonly expiresAfter?: number },
  ): Promise<{ readonly envelope: Uint8Array; readonly annotations: Readonly<Record<string, string>> }>
}

/**
 * A key at hand as a signer.
 *
 * @throws {ToolError} `E_KEY_TYPE` for kinds and sizes the Notary Project does not use.
 */
export function localSigner({ key, chain }: CertifiedKey): NotationSigner {
  const keySpec = keySpecOf(key.publicKey)
  if (keySpec === undefined) {
    throw new ToolError("E_KEY_TYPE", {
      what: `a ${key.publicKey.type} key of ${key.publicKey.bits} bits cannot sign in Notary Project formats`,
      why: `expected one of ${keySpecs.map(({ name }) => name).join(", ")}`,
      next: ["sign with a key of a listed kind and size"],
    })
  }
  return {
    kind: "key",
    keySpec,
    chain,
    sign: async (message) => ({
      signature: await key.sign(message, keySpec.scheme),
      publicKey: key.publicKey,
      chain,
    }),
  }
}
