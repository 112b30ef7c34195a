import type { AppContext } from "../../app/requests.ts"
import type { SigstoreEvent, SigstoreSigning } from "../../app/sigstore/signing.ts"
import type { ChosenServices } from "../../app/sigstore/choose-services.ts"
import { limits } from "../../core/limits.ts"
import type { SigningKey } from "../../core/ports.ts"
import type { TokenOrder } from "../../core/sigstore-ports.ts"
import type { TrustedLog } from "../../core/sigstore.ts"
import type { Consent } from "./consent.ts"
import { faceError, prefixed } from "./face-error.ts"
import { say, type FaceInvocation } from "./face-invocation.ts"
import { readFile } from "./files.ts"
import { signingKey } from "./keys.ts"
import { loginWords } from "./login-words.ts"
import { onceTokens } from "./once-tokens.ts"
import { knows, type SigningServices } from "./signing-services.ts"
import { tokenOrder, warnOfIdentity } from "./token-order.ts"

const CT_KEY = "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE"

/** Who signs, and with which adapters. */
export interface FaceSigner {
  readonly app: AppContext
  /** Absent: each signature gets a new key and a certificate for it. */
  readonly key?: SigningKey
  /** The certificates of {@link FaceSigner.key}, DER, leaf first. */
  readonly certificates?: readonly Uint8Array[]
  /**
   * What Sigstore's services do for one signature; nothing where none is used.
   *
   * @param log - whether it is logged, where no signing config decides.
   * @param ready - called when everything is there to sign with.
   */
  services(log: boolean, ready: () => Promise<void>): { readonly sigstore?: SigstoreSigning }
}

/** What opening a signer needs to know. */
export interface SignerRequest {
  readonly services: SigningServices
  readonly consent: Consent
  /** Words before the reason why a key could not be loaded. */
  readonly context: string
  /** Name of `--signing-algorithm` for new keys. */
  readonly algorithm?: string
}

/**
 * Open the key, and get a certificate for it now (cosign 2) or prepare to with each signature (cosign 3).
 *
 * @throws {ToolError} in cosign's words.
 */
export async function openSigner(invocation: FaceInvocation, request: SignerRequest): Promise<FaceSigner> {
  const { flags, generation } = invocation
  const { services, context } = request
  const app = await withTimestampClient(invocation, await invocation.open())
  const name = flags.string("key")
  const key = name === "" ? undefined : await signingKey(app, name, context)
  if (!services.keyless) await warnOfIdentity(invocation)
  const order = services.keyless ? tokenOrder(invocation, request.consent) : undefined
  if (order !== undefined && generation.certifiesFirst) {
    return certifiedFirst(invocation, app, request, key, order)
  }
  const certificates = key === undefined ? [] : await givenCertificates(invocation, app, key, context)
  const tokens = onceTokens(app.sigstore.tokens, app.clock)
  return {
    app: { ...app, sigstore: { ...app.sigstore, tokens } },
    ...(key === undefined ? {} : { key }),
    certificates,
    services: (log, ready) => {
      const chosen = services.choose(log)
      const keyless = order === undefined ? undefined : { order, ...algorithmOf(request) }
      return sigstoreOf(invocation, services, chosen, {
        ready,
        certificates,
        ...(keyless === undefined ? {} : { keyless }),
      })
    },
  }
}

interface Parts {
  readonly ready: () => Promise<void>
  readonly certificates: readonly Uint8Array[]
  readonly keyless?: { readonly order: TokenOrder; readonly algorithm?: string }
}

function sigstoreOf(
  invocation: FaceInvocation,
  { trustedRoot }: SigningServices,
  { authority, issuer, logs, timestamps }: ChosenServices,
  { ready, certificates, keyless }: Parts,
): { readonly sigstore?: SigstoreSigning } {
  if (keyless === undefined && certificates.length === 0 && logs.length + timestamps.length === 0) return {}
  if (keyless !== undefined && authority === undefined) {
    throw faceError("no fulcio URLs provided in signing config", { code: "E_CONFIG_INVALID" })
  }
  if (keyless !== undefined) checkWitnesses(logs, timestamps)
  const { generation, flags } = invocation
  return {
    sigstore: {
      ...(keyless === undefined || authority === undefined
        ? {}
        : {
            keyless: {
              authority,
              token: issuer === undefined ? keyless.order : { ...keyless.order, issuer },
              ...(keyless.algorithm === undefined ? {} : { algorithm: keyless.algorithm }),
            },
          }),
      ...(certificates.length === 0 ? {} : { certificates }),
      logs,
      timestamps,
      // COMPAT(cosign 3.1): takes the flag and logs every attestation as dsse.
      ...(generation.certifiesFirst &&
      knows(invocation, "rekor-entry-type") &&
      flags.string("rekor-entry-type") === "intoto"
        ? { entryKind: "intoto" }
        : {}),
      ...(trustedRoot === undefined ? {} : { trustedRoot }),
      confirm: ready,
      notify: (event) => {
        tell(invocation, event)
      },
    },
  }
}

/** Who verifies a short-lived certificate must learn when it was used. */
function checkWitnesses(logs: ChosenServices["logs"], timestamps: ChosenServices["timestamps"]): void {
  if (timestamps.length > 0) return
  if (logs.some(({ majorApiVersion }) => majorApiVersion === 2)) {
    throw faceError(
      "signing bundle: a timestamp authority must be provided to request a short-lived certificate that will be logged to Rekor",
      { code: "E_CONFIG_INVALID", hints: ["add a timestamp authority to the signing config"] },
    )
  }
  // DEVIATION: cosign 3.1 signs, and ten minutes later nobody can verify it.
  if (logs.length === 0) {
    throw faceError("signing bundle: a short-lived certificate needs a log or a timestamp authority", {
      code: "E_CONFIG_INVALID",
      hints: ["name one in the signing config, or with --rekor-url or --timestamp-server-url"],
    })
  }
}

/** Streams keep the order of what is written to them, so nothing waits for the line. */
function tell(invocation: FaceInvocation, event: SigstoreEvent): void {
  const line = lineOf(event, invocation.generation.certifiesFirst)
  if (line !== undefined) say(invocation, line).catch(() => undefined)
}

function lineOf(event: SigstoreEvent, certifiesFirst: boolean): string | undefined {
  if (event.kind === "ephemeral-key") return "Generating ephemeral keys..."
  return event.kind === "sct-verified" && certifiesFirst ? "Successfully verified SCT..." : undefined
}

/** COMPAT(cosign 2.5): one certificate for the command, before anything else is looked at. */
async function certifiedFirst(
  invocation: FaceInvocation,
  app: AppContext,
  request: SignerRequest,
  given: SigningKey | undefined,
  order: TokenOrder,
): Promise<FaceSigner> {
  const { services, consent, context } = request
  const { authority, issuer } = services.choose(false)
  const retrieving = once(() => say(invocation, "Retrieving signed certificate..."))
  const conversation = loginWords(invocation, consent, retrieving)
  const token = { ...order, conversation, ...(issuer === undefined ? {} : { issuer }) }
  try {
    if (authority === undefined) throw faceError("no fulcio URL was given", { hints: ["name one with --fulcio-url"] })
    const { issueCertificate } = await import("../../app/sigstore/issue-certificate.ts")
    const { key, certificates } = await issueCertificate(app, {
      keyless: { authority, token },
      ...(given === undefined ? {} : { key: given }),
      ...(invocation.flags.bool("insecure-skip-verify") ? {} : { ctlogs: () => ctLogs(invocation, app) }),
      notify: (event) => {
        if (event.kind === "token") retrieving().catch(() => undefined)
        tell(invocation, event)
      },
    })
    return {
      app,
      key,
      certificates,
      services: (log, ready) => sigstoreOf(invocation, services, services.choose(log), { ready, certificates }),
    }
  } catch (thrown) {
    throw prefixed(`${context}getting key from Fulcio: `, thrown)
  }
}

/** The logs that SCTs are verified with: that of the variable's key, else those of the TUF repository. */
async function ctLogs({ world }: FaceInvocation, app: AppContext): Promise<readonly TrustedLog[]> {
  const path = world.env[CT_KEY] ?? ""
  try {
    if (path === "") return (await app.sigstore.trust.trustedRoot({ offline: false })).value.ctlogs
    const { ctLogOfKey } = await import("../../app/sigstore/issue-certificate.ts")
    return [ctLogOfKey({ name: path, bytes: await readFile(app, path, limits.pemBytes) })]
  } catch (thrown) {
    throw prefixed("getting CTFE public keys: ", thrown)
  }
}

async function givenCertificates(
  invocation: FaceInvocation,
  app: AppContext,
  key: SigningKey,
  context: string,
): Promise<readonly Uint8Array[]> {
  if (!knows(invocation, "certificate")) return []
  const leaf = invocation.flags.string("certificate")
  const chain = invocation.flags.string("certificate-chain")
  const read = async (path: string, prefix: string): Promise<{ name: string; bytes: Uint8Array }> => {
    try {
      return { name: path, bytes: await readFile(app, path, limits.pemBytes) }
    } catch (thrown) {
      throw prefixed(prefix, thrown)
    }
  }
  try {
    if (leaf === "" && chain === "") return []
    if (leaf === "") throw faceError("no leaf certificate found or provided while specifying chain")
    const given = { leaf: await read(leaf, "read certificate: ") }
    const { ownCertificates } = await import("../../app/sigstore/own-certificates.ts")
    return ownCertificates(
      chain === "" ? given : { ...given, chain: await read(chain, "reading certificate chain from path: ") },
      key.publicKey,
    )
  } catch (thrown) {
    throw prefixed(context, thrown)
  }
}

function algorithmOf({ algorithm }: SignerRequest): { readonly algorithm?: string } {
  return algorithm === undefined ? {} : { algorithm }
}

const REGISTRY_TLS = [
  "allow-insecure-registry",
  "registry-cacert",
  "registry-client-cert",
  "registry-client-key",
  "registry-server-name",
]

/** Timestamp authorities are asked over a connection of their own where flags say how, or how registries are. */
async function withTimestampClient(invocation: FaceInvocation, app: AppContext): Promise<AppContext> {
  const { flags } = invocation
  const [ca, cert, key, name] = [
    "timestamp-client-cacert",
    "timestamp-client-cert",
    "timestamp-client-key",
    "timestamp-server-name",
  ].map((flag) => flags.string(flag))
  const some = (member: string, text: string | undefined): Record<string, string> => (text ? { [member]: text } : {})
  const ownTls = REGISTRY_TLS.some((flag) => knows(invocation, flag) && flags.given(flag))
  if (!ownTls && !ca && !(cert && key)) return app
  const { timestamps } = await invocation.openWith({
    ...some("caFile", ca),
    ...some("clientCertFile", cert),
    ...some("clientKeyFile", key),
    ...some("serverName", name),
  })
  return { ...app, timestamps }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => (done ??= work())
}
