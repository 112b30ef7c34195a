import type { ArtifactContent, Candidate } from "../core/candidate.ts"
import type { HashAlgorithm } from "../core/ports.ts"
import type { LogProposal, LogVerifier } from "../core/sigstore-ports.ts"
import type { KeyAuthority, SigstoreAuthority } from "../policy/model.ts"
import { digestOf } from "../crypto/hash.ts"
import { evaluateKeys } from "../trust/keyed.ts"
import { leafKeyOf } from "./leaf-key.ts"
import type { NamedKey } from "./requests.ts"

/** One candidate and what is known of what it signs. */
export interface SigstoreCase {
  readonly candidate: Candidate
  readonly authority: KeyAuthority | SigstoreAuthority
  /** Keys of a {@link KeyAuthority}. */
  readonly keys: readonly NamedKey[]
  readonly artifact?: ArtifactContent
  readonly hash?: HashAlgorithm
}

/**
 * The entries that a log would hold of a legacy signature, to look for them. None when nobody known can have made it.
 *
 * @param certificate - DER, given by the user, where the candidate holds none.
 */
export function proposalsFor(given: SigstoreCase, certificate?: Uint8Array): readonly LogProposal[] {
  const { candidate, artifact } = given
  const verifier = verifierOf(given, certificate)
  const [first] = candidate.signatures
  if (verifier === undefined || first === undefined) return []
  const shared = { hash: "sha256", signature: first.bytes, verifier } as const
  const envelope = candidate.evidence?.envelope
  if (envelope?.bytes !== undefined) {
    const { bytes, payloadType, payload } = envelope
    return (["dsse", "intoto"] as const).map((kind) => ({ kind, envelope: bytes, payloadType, payload, ...shared }))
  }
  const { signed } = candidate
  const digest = signed.kind === "message" ? digestOf("sha256", signed.message) : artifact?.digests.sha256
  return digest === undefined ? [] : [{ kind: "hashedrekord", digest, ...shared }]
}

/** The key that made the signature, or the certificate beside it. */
function verifierOf(
  { candidate, authority, keys, artifact, hash }: SigstoreCase,
  certificate: Uint8Array | undefined,
): LogVerifier | undefined {
  if (authority.family === "sigstore") return leafKeyOf(candidate, certificate)
  const options = { ...(hash === undefined ? {} : { hash }), ...(artifact === undefined ? {} : { artifact }) }
  const { signer } = evaluateKeys(candidate, keys, options)
  const found = signer === undefined ? undefined : keys.find(({ name }) => name === signer.name)
  return found === undefined ? undefined : { key: found.key }
}
