import type { ArtifactContent, Candidate } from "../core/candidate.ts"
import { ToolError } from "../core/errors.ts"
import type { HashAlgorithm, PublicKey, SignatureScheme } from "../core/ports.ts"
import type { Finding, SignerIdentity } from "../core/report.ts"
import { fingerprint, keyHint } from "../crypto/public-key.ts"
import { defaultScheme, hashOf, schemeName, schemeWithHash } from "../crypto/schemes.ts"
import { verifyDigest, verifySignature } from "../crypto/verify.ts"

/** A key somebody trusts and how the user named it. */
export interface TrustedKey {
  readonly name: string
  readonly key: PublicKey
}

/** What of a candidate the evaluation looks at. */
export type KeyedCandidate = Pick<Candidate, "material" | "signed" | "signatures" | "hash" | "attributes">

export interface KeyedOptions {
  /** Hash the user named; wins over what the document and the key say. Ed25519 ignores it. */
  readonly hash?: HashAlgorithm
  /** The artifact, when the signature covers the artifact itself. */
  readonly artifact?: ArtifactContent
}

/** Outcome of {@link evaluateKeys}: `signer` is set exactly when the signature verified. */
export interface KeyedEvaluation {
  readonly findings: readonly Finding[]
  readonly signer?: SignerIdentity
  /** With {@link signer}: the key and the signature that it verified. */
  readonly held?: HoldingSignature & { readonly key: PublicKey }
}

/**
 * Check a candidate's signatures with the keys a user trusts. Pure.
 *
 * Each key is tried with the schemes {@link keySchemes} gives. Key ids, hints and keys inside the document choose
 * nothing; a key inside the document that is none of the user's is a failure.
 *
 * @param keys - never empty; any of them suffices.
 * @throws {ToolError} `E_TRUST_MISSING` without keys. A signature that does not hold is a finding.
 */
export function evaluateKeys(
  candidate: KeyedCandidate,
  keys: readonly TrustedKey[],
  options: KeyedOptions = {},
): KeyedEvaluation {
  if (keys.length === 0) {
    throw new ToolError("E_TRUST_MISSING", {
      what: "no key to verify with",
      why: "the list of keys is empty, expected at least one",
    })
  }
  const refused = refuseMaterial(candidate, keys)
  if (refused !== undefined) return { findings: [refused] }
  let evaluated = false
  for (const trusted of matching(candidate, keys)) {
    const result = verifyWithKey(candidate, trusted.key, options)
    if (typeof result === "object") return verified(trusted, result)
    evaluated ||= result === "failed"
  }
  return { findings: evaluated ? failed(candidate, keys) : [notAtHand(keys)] }
}

/**
 * Schemes to try with a key, in order: the hash the user named; else the hash the document names; else the key's own,
 * then SHA-256. Ed25519 is tried pure, then prehashed. RSA is PKCS#1 v1.5.
 *
 * SECURITY: the document's hash selects among SHA-256, SHA-384 and SHA-512 only; the algorithm comes from the key.
 */
export function keySchemes(
  key: PublicKey,
  candidate: Pick<Candidate, "hash">,
  hash?: HashAlgorithm,
): readonly SignatureScheme[] {
  if (key.type === "ed25519") return [{ scheme: "ed25519" }, { scheme: "ed25519ph" }]
  if (hash !== undefined) return [schemeWithHash(key, hash)]
  if (candidate.hash !== undefined && candidate.hash !== "sha224") return [schemeWithHash(key, candidate.hash)]
  const own = defaultScheme(key)
  // COMPAT(cosign 3.1): keys on P-384 and P-521 sign some documents with SHA-256.
  return hashOf(own) === "sha256" ? [own] : [own, schemeWithHash(key, "sha256")]
}

/**
 * What must be known of an artifact to check a signature over it with these keys.
 *
 * @returns hashes to compute while reading, and whether the bytes themselves are needed (pure Ed25519).
 */
export function artifactNeeds(
  candidate: Pick<Candidate, "hash">,
  keys: readonly TrustedKey[],
  hash?: HashAlgorithm,
): { readonly hashes: readonly HashAlgorithm[]; readonly bytes: boolean } {
  const schemes = keys.flatMap(({ key }) => keySchemes(key, candidate, hash))
  const hashes = schemes.map(hashOf).filter((item) => item !== undefined)
  return { hashes: [...new Set(hashes)], bytes: schemes.some(({ scheme }) => scheme === "ed25519") }
}

function refuseMaterial(candidate: KeyedCandidate, keys: readonly TrustedKey[]): Finding | undefined {
  const { material } = candidate
  if (material.kind === "certificate") {
    if (material.keyAllowed) return undefined
    if (candidate.attributes !== undefined) {
      return {
        check: "signer.key",
        outcome: "failed",
        expected: `one by ${names(keys)}`,
        observed: "a notation signature, which is verified by certificates of a trust store and by no key",
        code: "E_SIG_UNTRUSTED",
      }
    }
    return {
      check: "signer.key",
      outcome: "failed",
      expected: names(keys),
      // COMPAT(cosign 2.5): the face prints it as it is.
      observed: "expected key signature, not certificate",
      code: "E_SIG_UNTRUSTED",
    }
  }
  // SECURITY: the key beside a signature never replaces the user's.
  if (material.embedded === undefined || matching(candidate, keys).length > 0) return undefined
  return {
    check: "signer.key",
    outcome: "failed",
    expected: names(keys),
    observed: `the document carries another key, ${fingerprint(material.embedded)}`,
    code: "E_SIG_UNTRUSTED",
  }
}

/** The keys to try: all, or those equal to the key in the document. */
function matching(candidate: KeyedCandidate, keys: readonly TrustedKey[]): readonly TrustedKey[] {
  const embedded = candidate.material.kind === "key" ? candidate.material.embedded : undefined
  if (embedded === undefined) return keys
  const wanted = fingerprint(embedded)
  return keys.filter(({ key }) => fingerprint(key) === wanted)
}

/** A signature that holds, and by which scheme. */
export interface HoldingSignature {
  readonly scheme: SignatureScheme
  readonly signature: Uint8Array
}

/**
 * Look for a signature of a candidate that holds with a key. The key may be trusted or not: nothing else is looked at.
 *
 * @returns `not at hand` when what is signed is not known in the form that any scheme needs.
 */
export function verifyWithKey(
  candidate: Pick<Candidate, "signed" | "signatures" | "hash">,
  key: PublicKey,
  options: KeyedOptions = {},
): HoldingSignature | "failed" | "not at hand" {
  let evaluated = false
  for (const scheme of keySchemes(key, candidate, options.hash)) {
    const verify = verifierFor(candidate.signed, key, scheme, options.artifact)
    if (verify === undefined) continue
    evaluated = true
    const held = candidate.signatures.find(({ bytes }) => verify(bytes))
    if (held !== undefined) return { scheme, signature: held.bytes }
  }
  return evaluated ? "failed" : "not at hand"
}

/** How a signature is checked; `undefined` when what is signed is not at hand in the form the scheme needs. */
function verifierFor(
  signed: Candidate["signed"],
  key: PublicKey,
  scheme: SignatureScheme,
  artifact: ArtifactContent | undefined,
): ((signature: Uint8Array) => boolean) | undefined {
  const whole = signed.kind === "message" ? signed.message : artifact?.bytes
  if (whole !== undefined) return (signature) => verifySignature(key, scheme, whole, signature)
  const hash = hashOf(scheme)
  const digest = hash === undefined ? undefined : artifact?.digests[hash]
  return digest === undefined ? undefined : (signature) => verifyDigest(key, scheme, digest, signature)
}

function verified({ name, key }: TrustedKey, held: HoldingSignature): KeyedEvaluation {
  const print = fingerprint(key)
  const { scheme } = held
  return {
    findings: [
      { check: "signature.cryptographic", outcome: "passed", observed: `${schemeName(scheme)} by ${print}` },
      { check: "signer.key", outcome: "passed", expected: `${print} (${name})`, observed: print },
    ],
    signer: { kind: "key", fingerprint: print, name },
    held: { ...held, key },
  }
}

function failed(candidate: KeyedCandidate, keys: readonly TrustedKey[]): readonly Finding[] {
  const hint = candidate.material.kind === "key" ? candidate.material.hint : undefined
  const other = hint !== undefined && hint !== "" && !keys.some(({ key }) => keyHint(key) === hint)
  const count = candidate.signatures.length
  const cryptographic: Finding = {
    check: "signature.cryptographic",
    outcome: "failed",
    expected: `a signature by ${names(keys)}`,
    observed: count === 1 ? "the signature does not verify" : `none of ${count} signatures verifies`,
    code: namesOurs(candidate, keys) ? "E_SIG_INVALID" : "E_SIG_UNTRUSTED",
  }
  if (!other) return [cryptographic]
  const observed = `the document's hint names another key, ${hint.slice(0, 100)}`
  return [
    cryptographic,
    { check: "signer.key", outcome: "failed", expected: names(keys), observed, code: "E_SIG_UNTRUSTED" },
  ]
}

/**
 * Whether the document says that one of these keys made it. Then its bytes were changed; otherwise somebody else may have
 * signed them, and nobody can tell.
 */
function namesOurs({ material }: KeyedCandidate, keys: readonly TrustedKey[]): boolean {
  if (material.kind !== "key") return false
  return material.embedded !== undefined || keys.some(({ key }) => keyHint(key) === material.hint)
}

function notAtHand(keys: readonly TrustedKey[]): Finding {
  return {
    check: "signature.cryptographic",
    outcome: "unknown",
    expected: `the artifact, to check a signature by ${names(keys)}`,
    observed: "only a digest of another algorithm, or none, is at hand",
    code: "E_KEY_TYPE",
  }
}

function names(keys: readonly TrustedKey[]): string {
  const shown = keys.slice(0, 3).map(({ name, key }) => `${fingerprint(key)} (${name})`)
  return `${shown.join(" or ")}${keys.length > 3 ? ` or ${keys.length - 3} more` : ""}`
}
