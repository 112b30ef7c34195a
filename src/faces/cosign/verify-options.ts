import type { AppContext, NamedKey, VerifyRequest } from "../../app/requests.ts"
import { limits } from "../../core/limits.ts"
import { isObject, member } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { faceError, prefixed } from "./face-error.ts"
import { say, type FaceInvocation } from "./face-invocation.ts"
import { readFile } from "./files.ts"
import { verifyingKey } from "./keys.ts"

const TRUSTED_ROOT_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
const LOG_KEY = "SIGSTORE_REKOR_PUBLIC_KEY"
const SWITCHES = ["insecure-ignore-tlog", "private-infrastructure"] as const
const HASHES = ["sha224", "sha256", "sha384", "sha512"] as const

/** What is verified, as the warning about skipped logs calls it. */
export type VerifiedThing = "signature" | "attestation" | "blob" | "blob attestation"

/**
 * The checks of the command line that come before anything is read, in cosign's order and words.
 *
 * @throws {ToolError} when no key is given: certificates are not part of this release.
 */
export function checkIdentityFlags({ flags, generation }: FaceInvocation): void {
  const identity = flags.string("certificate-identity") + flags.string("certificate-identity-regexp")
  const issuer = flags.string("certificate-oidc-issuer") + flags.string("certificate-oidc-issuer-regexp")
  if (flags.string("key") !== "") {
    if (identity === "" && issuer === "") return
    if (generation.signingConfig && identity !== "") {
      throw faceError(
        "exactly one of: key reference (--key) or certificate identity (--certificate-identity or " +
          "--certificate-identity-regexp), must be provided. To determine which to use, inspect the bundle's " +
          "'verificationMaterial' field: if 'publicKey' is present, use key reference; if 'certificate' or " +
          "'x509CertificateChain' is present, use certificate identity",
      )
    }
    throw faceError("certificate identities cannot be verified with --key", { hints: ["leave out --certificate-…"] })
  }
  const missing = (name: string): Error =>
    faceError(`--${name} or --${name}-regexp is required for verification in keyless mode`, {
      code: "E_TRUST_MISSING",
    })
  if (identity === "") throw missing("certificate-identity")
  if (issuer === "") throw missing("certificate-oidc-issuer")
  throw faceError("keyless verification is not supported: no key was given", {
    code: "E_TRUST_MISSING",
    hints: ["name a public key with --key"],
  })
}

/**
 * What the command line says about log entries, which are not evaluated.
 *
 * DEVIATION: cosign refuses a signature without a log entry unless the log is switched off. Here the signature alone
 * decides, and where the log was not switched off a warning says so.
 *
 * SECURITY: what asks for the log in so many words is refused; a yes without it would be another answer than asked for.
 *
 * @throws {ToolError} `E_USAGE` for `--insecure-ignore-tlog=false`, `--private-infrastructure=false` and a log key in
 *   the environment.
 */
export async function checkLogChoice(invocation: FaceInvocation, thing: VerifiedThing): Promise<void> {
  const { flags, world } = invocation
  for (const name of SWITCHES) {
    if (flags.given(name) && !flags.bool(name)) throw logNotEvaluated(`--${name}=false`)
  }
  if (flags.bool("private-infrastructure")) return
  if (flags.bool("insecure-ignore-tlog")) {
    await say(
      invocation,
      "WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability " +
        `verification for the ${thing}.`,
    )
    return
  }
  if ((world.env[LOG_KEY] ?? "") !== "") throw logNotEvaluated(LOG_KEY)
  await say(
    invocation,
    `WARNING: transparency log entries are not evaluated in this release: the ${thing} is checked against the key alone.`,
  )
}

function logNotEvaluated(asked: string): Error {
  return faceError(`${asked} is not supported: transparency log entries are not evaluated in this release`, {
    hints: [`leave out ${asked} to check against the key alone`],
  })
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

/** The key of `--key`, named as the user did. */
export async function keysToVerifyWith(invocation: FaceInvocation, app: AppContext): Promise<readonly NamedKey[]> {
  const name = invocation.flags.string("key")
  return [{ name, key: await verifyingKey(app, name, invocation.generation.verifierContext) }]
}

/**
 * A trusted root given with a key: authorities for certificates and timestamps have nothing to say about a key. It is
 * read and checked all the same, so that a wrong file is noticed.
 *
 * @throws {ToolError} `E_TRUST_MALFORMED` when it is none, or when it names transparency logs that would count.
 */
export async function checkTrustedRoot(invocation: FaceInvocation, app: AppContext): Promise<void> {
  const { flags } = invocation
  const path = flags.string("trusted-root")
  if (path === "") return
  const ignored = flags.bool("insecure-ignore-tlog") || flags.bool("private-infrastructure")
  try {
    const bytes = await readFile(app, path, limits.bundleBytes)
    const root = parseJson(bytes, { what: "trusted root", maxBytes: limits.bundleBytes })
    if (!isObject(root) || member(root, "mediaType") !== TRUSTED_ROOT_TYPE)
      throw faceError("unsupported TrustedRoot media type", { code: "E_TRUST_MALFORMED" })
    const logs = member(root, "tlogs") ?? []
    if (!ignored && (!Array.isArray(logs) || logs.length > 0)) {
      throw faceError("it names transparency logs, whose entries are not evaluated in this release", {
        code: "E_TRUST_MALFORMED",
        hints: ["leave out --trusted-root: a key needs none"],
      })
    }
  } catch (thrown) {
    throw prefixed("loading trusted root: ", thrown)
  }
}
