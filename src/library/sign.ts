import { parseTarget } from "../app/parse-target.ts"
import { certifiedKey } from "../app/notation/chain-file.ts"
import { localSigner } from "../app/notation/signer.ts"
import type { AppContext, SignReport, SignRequest } from "../app/requests.ts"
import { signArtifacts } from "../app/sign.ts"
import { readTimestampRoot } from "../app/timestamp-root.ts"
import { checkTimestampUrl } from "../app/timestamp-url.ts"
import { versionFacts } from "../bin/version.ts"
import { ToolError } from "../core/errors.ts"
import type { SigningKey } from "../core/ports.ts"
import { checkOptions, openLibrary, type CommonOptions } from "./options.ts"
import { checkSigstore, sigstoreSigning, type SigstoreSignOptions } from "./sigstore-signing.ts"

export interface SignOptions extends CommonOptions {
  /**
   * Path, `env://NAME`: an encrypted cosign key, or a plain PKCS#8, SEC 1, PKCS#1 or OpenSSH key. Without one, `sigstore`
   * gets a certificate for a new key that is forgotten afterwards.
   */
  readonly key?: string
  /** Password of the key; else COUNTERSIGN_PASSWORD. */
  readonly password?: string
  /** Leave artifacts alone that the key has signed already. */
  readonly ifMissing?: boolean
  /** File with the key's certificates, leaf first and root last; needed by the notation formats. */
  readonly certificateChain?: string
  /** Milliseconds after which notation signatures end. */
  readonly expiresAfter?: number
  /** RFC 3161 authority for notation signatures: its URL and the file with its root certificate. */
  readonly timestamp?: { readonly url: string; readonly root: string }
  /** Sign for an identity, or have a key's signatures logged or stamped, in the formats of cosign. */
  readonly sigstore?: SigstoreSignOptions
}

const OPTIONS: Readonly<Record<keyof SignOptions, true>> = {
  artifacts: true,
  formats: true,
  annotations: true,
  recursive: true,
  signatureRepository: true,
  registry: true,
  key: true,
  password: true,
  ifMissing: true,
  certificateChain: true,
  expiresAfter: true,
  timestamp: true,
  sigstore: true,
}

/**
 * Sign artifacts.
 *
 * @returns per artifact where its signatures lie, or its error; one failure does not stop the others. `sigstore` of a
 *   signature names identity, log entries and timestamps.
 * @throws {ToolError} `E_USAGE`, `E_REF_INVALID`, `E_KEY_*`; for identities `E_OIDC_*`, `E_TRUST_*`, `E_NET_*`.
 *
 * @example
 * ```ts
 * const { artifacts } = await sign({ artifacts: ["registry.example/app@sha256:…"], key: "cosign.key", password: "…" })
 * ```
 *
 * @example
 * ```ts
 * await sign({
 *   artifacts: ["registry.example/app@sha256:…"],
 *   key: "release.key",
 *   certificateChain: "release.pem",
 *   formats: ["cosign-v3", "notation"],
 * })
 * ```
 *
 * @example
 * ```ts
 * const { artifacts } = await sign({ artifacts: ["registry.example/app@sha256:…"], sigstore: { publish: true } })
 * console.log(artifacts[0]?.signatures[0]?.sigstore?.identity)
 * ```
 */
export async function sign(options: SignOptions): Promise<SignReport> {
  checkOptions(options, OPTIONS)
  if (options.timestamp !== undefined) checkTimestampUrl(options.timestamp.url)
  const sigstore =
    options.sigstore === undefined ? undefined : checkSigstore(options.sigstore, options.key !== undefined)
  if (options.key === undefined) refuseKeyless(options)
  const { password, signatureRepository } = options
  const targets = options.artifacts.map(parseTarget)
  const { app, close } = openLibrary(options.registry, { targets, signatureRepository, password })
  try {
    const key = options.key === undefined ? undefined : await app.keys.signingKey(options.key)
    return await signArtifacts(app, {
      targets,
      ...(key === undefined ? {} : { key }),
      ...(sigstore === undefined ? {} : await sigstoreSigning(app, sigstore)),
      ...(await certified(app, key, options)),
      formats: options.formats ?? ["cosign-v3"],
      annotations: options.annotations ?? {},
      recursive: options.recursive ?? false,
      ifMissing: options.ifMissing ?? false,
      upload: true,
      ...(signatureRepository === undefined ? {} : { signatureRepository }),
    })
  } finally {
    await close()
  }
}

/** What belongs to a key, without one. @throws {ToolError} `E_USAGE`. */
function refuseKeyless({ sigstore, password, certificateChain }: SignOptions): void {
  if (sigstore === undefined) {
    throw new ToolError("E_USAGE", {
      what: "no key to sign with",
      next: ["pass `key`, or sign for an identity with `sigstore`"],
    })
  }
  if (password === undefined && certificateChain === undefined) return
  throw new ToolError("E_USAGE", {
    what: `the option ${password === undefined ? "certificateChain" : "password"} would do nothing`,
    why: "it belongs to a key, and none was given",
    next: ["pass `key`, or leave out the option"],
  })
}

async function certified(
  app: AppContext,
  key: SigningKey | undefined,
  { certificateChain, expiresAfter, timestamp }: SignOptions,
): Promise<Pick<SignRequest, "certified" | "expiresAfter" | "timestamp" | "agent">> {
  const root = timestamp === undefined ? undefined : await readTimestampRoot(app.files, timestamp.root)
  return {
    agent: `countersign/${versionFacts().version}`,
    ...(certificateChain === undefined || key === undefined
      ? {}
      : { certified: localSigner(await certifiedKey(app.files, key, certificateChain)) }),
    ...(expiresAfter === undefined ? {} : { expiresAfter }),
    ...(root === undefined || timestamp === undefined ? {} : { timestamp: { url: timestamp.url, root: root.raw } }),
  }
}
