import { ToolError } from "../../core/errors.ts"
import type { SignatureScheme, SigningKey } from "../../core/ports.ts"
import type { IdentityToken } from "../../core/sigstore-ports.ts"
import { sameKey } from "../../crypto/public-key.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import type { DraftEvidence, LoggedContent } from "../../formats/format.ts"
import { readCertificateFacts } from "../../trust/sigstore/fulcio-certificate.ts"
import type { AppContext } from "../requests.ts"
import { certify, ephemeralKey, type Certified } from "./certify.ts"
import { checkServiceUrl } from "./check-service-url.ts"
import { planOf } from "./plan.ts"
import type { KeylessSigning, PlannedItem, SigstoreOutcome, SigstoreSigning } from "./signing.ts"
import { pureEd25519, type Witnessed, witnessSignature } from "./witness-signature.ts"

/** What is left of a certificate's time when a new one is got, milliseconds. */
const RENEWAL_MS = 60_000

type World = Pick<AppContext, "sigstore" | "timestamps" | "clock">

/** One signature to make. */
export interface ToSign {
  readonly scheme: SignatureScheme
  /** Raw digest of what is signed under the scheme's hash; `undefined` for pure Ed25519. */
  readonly digest: Uint8Array | undefined
  sign(): Promise<Uint8Array>
  /** Bytes that timestamps cover. */
  stamped(signature: Uint8Array): Uint8Array
  logged(signature: Uint8Array): LoggedContent
}

/** A signature and what vouches for it. */
export interface Signed {
  readonly signature: Uint8Array
  readonly evidence: DraftEvidence
  readonly outcome: Omit<SigstoreOutcome, "verified">
}

/** Signs with one key and, when keyless, one certificate, however many artifacts there are. */
export interface SigstoreSigner {
  readonly key: SigningKey
  readonly signing: SigstoreSigning
  sign(work: ToSign): Promise<Signed>
}

/**
 * Make ready to sign: key, identity, the user's consent, certificate. Each is asked for once.
 *
 * @param key - of the request; absent = a new one, which needs `keyless`.
 * @param items - what will be signed, for the plan.
 * @param content - what logs will be told.
 * @throws {ToolError} `E_USAGE` for services that do not go together; what the identity and the authority throw; what
 *   `confirm` throws.
 */
export async function openSigstoreSigner(
  app: World,
  signing: SigstoreSigning,
  key: SigningKey | undefined,
  items: readonly PlannedItem[],
  content: readonly LoggedContent["kind"][] = ["message"],
): Promise<SigstoreSigner> {
  checkServices(signing, key)
  const { keyless } = signing
  if (keyless === undefined) {
    if (key === undefined) throw new ToolError("E_INTERNAL", { what: "no key to sign with" })
    const certificates = signing.certificates ?? []
    checkOwnCertificate(certificates[0], key)
    checkLoggable(signing, key, content)
    await signing.confirm?.(planOf(signing, { key }, items))
    return signerWith(app, signing, key, () => Promise.resolve({ certificates }))
  }
  const own = key ?? (await ephemeralKey(keyless.algorithm)).key
  checkLoggable(signing, own, content)
  if (key === undefined) signing.notify?.({ kind: "ephemeral-key" })
  await signing.beforeToken?.()
  const token = await app.sigstore.tokens.get(keyless.token)
  signing.notify?.({ kind: "token", source: token.source, claims: token.claims })
  await signing.confirm?.(planOf(signing, { token }, items))
  return signerWith(app, signing, own, certificateSource(app, signing, keyless, token, own))
}

/** The certificate, got with the first signature and anew when its time is nearly over. */
function certificateSource(
  app: World,
  signing: SigstoreSigning,
  keyless: KeylessSigning,
  token: IdentityToken,
  key: SigningKey,
): () => Promise<Certified> {
  let current: { readonly certified: Promise<Certified>; until: number } | undefined
  const fresh = async (): Promise<Certified> => {
    const certified = await certify(app, keyless, token, key)
    const [leaf] = certified.certificates
    if (leaf !== undefined) signing.notify?.({ kind: "certificate", leaf })
    if (signing.trustedRoot !== undefined) {
      const { checkIssued } = await import("./check-issued.ts")
      checkIssued(certified, signing.trustedRoot)
      signing.notify?.({ kind: "sct-verified" })
    }
    return certified
  }
  return async () => {
    if (current === undefined || app.clock.now() > current.until) {
      const next = { certified: fresh(), until: Infinity }
      current = next
      const [leaf] = (await next.certified).certificates
      if (leaf !== undefined) next.until = parseCertificate(leaf).notAfter - RENEWAL_MS
    }
    return current.certified
  }
}

function signerWith(
  app: World,
  signing: SigstoreSigning,
  key: SigningKey,
  certificate: () => Promise<Certified>,
): SigstoreSigner {
  return {
    key,
    signing,
    sign: async (work) => {
      const { certificates } = await certificate()
      const { signature, witnessed } = await signAndWitness(app, signing, key, certificates[0], work)
      const { entries: logEntries, stamps: timestamps } = witnessed
      return {
        signature,
        evidence: {
          certificates,
          logEntries: logEntries.map(({ entry }) => entry),
          timestamps: timestamps.map(({ response }) => response),
        },
        outcome: { certificates, ...identityOf(certificates[0]), logEntries, timestamps },
      }
    },
  }
}

function identityOf(leaf: Uint8Array | undefined): Pick<SigstoreOutcome, "identity"> {
  if (leaf === undefined) return {}
  try {
    const { subjects, issuer } = readCertificateFacts(parseCertificate(leaf))
    const [first] = subjects
    return first === undefined ? {} : { identity: { name: first.value, issuer } }
  } catch (thrown) {
    if (thrown instanceof ToolError) return {}
    throw thrown
  }
}

async function signAndWitness(
  app: World,
  signing: SigstoreSigning,
  key: SigningKey,
  certificate: Uint8Array | undefined,
  work: ToSign,
): Promise<{ readonly signature: Uint8Array; readonly witnessed: Witnessed }> {
  for (let tried = 1; ; tried++) {
    const signature = await work.sign()
    try {
      const witnessed = await witnessSignature(app, signing, {
        signature,
        scheme: work.scheme,
        key: key.publicKey,
        ...(certificate === undefined ? {} : { certificate }),
        stamped: work.stamped(signature),
        content: work.logged(signature),
        digest: work.digest,
      })
      return { signature, witnessed }
    } catch (thrown) {
      // A version 2 log keeps back the entry that an answer lost on the way was about; only another signature helps.
      if (tried > 1 || !isDuplicate(thrown) || !randomised(work.scheme)) throw thrown
    }
  }
}

function isDuplicate(thrown: unknown): boolean {
  return thrown instanceof ToolError && thrown.details["duplicate"] === true
}

function randomised({ scheme }: SignatureScheme): boolean {
  return scheme === "ecdsa" || scheme === "rsa-pss"
}

/** That logs can hold the signatures, before anybody is asked. @throws {ToolError} `E_KEY_TYPE`. */
function checkLoggable(
  { logs }: SigstoreSigning,
  { publicKey }: SigningKey,
  content: readonly LoggedContent["kind"][],
): void {
  const digests = logs.find(({ majorApiVersion }) => majorApiVersion === 2)
  if (digests !== undefined && publicKey.type === "ed25519" && content.includes("envelope")) throw pureEd25519(digests)
}

/** @throws {ToolError} `E_USAGE`, `E_CERT_CHAIN`. */
function checkOwnCertificate(leaf: Uint8Array | undefined, { publicKey }: SigningKey): void {
  if (leaf === undefined) return
  const { publicKey: certified, keyDescription } = parseCertificate(leaf)
  if (certified !== undefined && sameKey(certified, publicKey)) return
  throw new ToolError("E_USAGE", {
    what: "public key in certificate does not match the provided public key",
    why: `the certificate is for a key of kind ${keyDescription}, the signing key is another one`,
    next: ["give the certificate of this key, or the key of this certificate"],
  })
}

/** @throws {ToolError} `E_USAGE`. */
function checkServices(
  { keyless, certificates, logs, timestamps }: SigstoreSigning,
  key: SigningKey | undefined,
): void {
  for (const { url } of logs) checkServiceUrl(url, "transparency log")
  for (const url of timestamps) checkServiceUrl(url, "timestamp authority")
  if (keyless === undefined) return
  checkServiceUrl(keyless.authority.url, "certificate authority")
  if (certificates !== undefined) {
    throw new ToolError("E_USAGE", {
      what: "a certificate was given and another is to be issued",
      next: ["leave out one of the two"],
    })
  }
  if (logs.some(({ majorApiVersion }) => majorApiVersion === 2) && timestamps.length === 0) {
    throw new ToolError("E_USAGE", {
      what: "a timestamp authority must be provided to request a short-lived certificate that will be logged to Rekor",
      why: "logs of version 2 give no time, and without one the certificate counts for nothing once it has ended",
      next: ["add `--timestamp-url URL`", "or use a log of version 1"],
    })
  }
  if (key === undefined && logs.length === 0 && timestamps.length === 0) {
    throw new ToolError("E_USAGE", {
      what: "a short-lived certificate needs a log or a timestamp authority",
      why: "nothing else shows that the signature was made while the certificate was valid",
      next: ["leave out `--no-log`", "or add `--timestamp-url URL`"],
    })
  }
}
