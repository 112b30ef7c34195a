import type { AppContext, NamedKey, VerifyRequest } from "../../app/requests.ts"
import type { FlagValues } from "../command.ts"
import { faceError } from "./face-error.ts"
import { say, type FaceInvocation } from "./face-invocation.ts"
import { GITHUB_FLAGS } from "./identity-flags.ts"
import { verifyingKey } from "./keys.ts"

/** Flags about certificates that a key has no use for. */
const CERTIFICATE_FLAGS = ["ca-roots", "ca-intermediates", "certificate-chain", "sct"] as const
const HASHES = ["sha224", "sha256", "sha384", "sha512"] as const

/** What is verified, as the warning about skipped logs calls it. */
export type VerifiedThing = "signature" | "attestation" | "blob" | "blob attestation"

/**
 * The checks of the command line that come before anything is read, in cosign's order and words: a key, or whose
 * certificates count.
 *
 * SECURITY: what asks something of a certificate is refused beside a key, which has none; cosign leaves it out.
 *
 * @throws {ToolError} `E_USAGE`; `E_TRUST_MISSING` without key and identity.
 */
export function checkIdentityFlags({ flags, generation }: FaceInvocation): void {
  const identity = flags.string("certificate-identity")
  const pattern = flags.string("certificate-identity-regexp")
  const issuer = flags.string("certificate-oidc-issuer") + flags.string("certificate-oidc-issuer-regexp")
  const named = [flags.string("key"), identity, pattern].filter((text) => text !== "")
  if (generation.signingConfig && named.length > 1) {
    throw faceError(
      "exactly one of: key reference (--key) or certificate identity (--certificate-identity or " +
        "--certificate-identity-regexp), must be provided. To determine which to use, inspect the bundle's " +
        "'verificationMaterial' field: if 'publicKey' is present, use key reference; if 'certificate' or " +
        "'x509CertificateChain' is present, use certificate identity",
    )
  }
  if (flags.string("key") !== "") {
    checkBesideKey(flags, identity + pattern + issuer)
    return
  }
  const missing = (name: string): Error =>
    faceError(`--${name} or --${name}-regexp is required for verification in keyless mode`, {
      code: "E_TRUST_MISSING",
    })
  if (identity + pattern === "") throw missing("certificate-identity")
  if (issuer === "") throw missing("certificate-oidc-issuer")
  checkExclusive(flags, "ca-roots", "certificate-chain")
  checkExclusive(flags, "ca-intermediates", "certificate-chain")
  if (flags.string("ca-intermediates") !== "" && flags.string("ca-roots") === "") {
    throw faceError("--ca-intermediates must be used together with --ca-roots", {
      hints: ["name the roots that they lead to with --ca-roots"],
    })
  }
}

function checkBesideKey(flags: FlagValues, identity: string): void {
  if (flags.string("certificate") !== "") {
    throw faceError(
      "exactly one of: key reference (--key), certificate (--cert) or hardware token (--sk) must be provided",
    )
  }
  const useless = CERTIFICATE_FLAGS.find((name) => flags.string(name) !== "")
  if (useless !== undefined) {
    throw faceError(`--${useless} cannot be used with --key: it is about certificates`, {
      hints: [`leave out --${useless}`],
    })
  }
  const workflow = GITHUB_FLAGS.find(([name]) => flags.string(name) !== "")
  if (identity === "" && workflow === undefined) return
  throw faceError("certificate identities cannot be verified with --key", { hints: ["leave out --certificate-…"] })
}

function checkExclusive(flags: FlagValues, one: string, other: string): void {
  if (!flags.given(one) || !flags.given(other)) return
  throw faceError(
    `if any flags in the group [${one} ${other}] are set none of the others can be; [${one} ${other}] were all set`,
  )
}

/** Warn of a log that was switched off, in cosign's words. */
export async function warnOfSkippedLog(invocation: FaceInvocation, thing: VerifiedThing): Promise<void> {
  const { flags } = invocation
  if (!flags.bool("insecure-ignore-tlog") || flags.bool("private-infrastructure")) return
  await say(
    invocation,
    "WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability " +
      `verification for the ${thing}.`,
  )
}

/** `--signature-digest-algorithm`; `undefined` leaves the choice to the key. @throws {ToolError} for unknown names. */
export function hashChoice({ flags, generation, command }: FaceInvocation): VerifyRequest["hash"] {
  const known = command.flags.some((flag) => flag.name === "signature-digest-algorithm")
  if (!known || !flags.given("signature-digest-algorithm")) {
    // COMPAT(cosign 2.5): SHA-256 whatever the key.
    return generation.blobHash === "sha256" ? "sha256" : undefined
  }
  const name = flags.string("signature-digest-algorithm")
  const hash = HASHES.find((candidate) => candidate === name)
  if (hash === undefined) throw faceError(`unknown digest algorithm: ${name}`)
  return hash
}

/** The key of `--key`, named as the user did; none without. */
export async function keysToVerifyWith(invocation: FaceInvocation, app: AppContext): Promise<readonly NamedKey[]> {
  const name = invocation.flags.string("key")
  if (name === "") return []
  return [{ name, key: await verifyingKey(app, name, invocation.generation.verifierContext) }]
}
