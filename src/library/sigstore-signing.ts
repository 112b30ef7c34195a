import type { AppContext } from "../app/requests.ts"
import { signingOf } from "../app/sigstore/signing-choice.ts"
import type { SigstoreSigning } from "../app/sigstore/signing.ts"
import { checkTimestampUrl } from "../app/timestamp-url.ts"
import { ToolError } from "../core/errors.ts"
import type { LoginConversation } from "../core/sigstore-ports.ts"
import { refuseUnknown } from "./options.ts"

/**
 * What Sigstore's services do for a signing; the words of the command line's options.
 *
 * Nobody is asked and no browser is opened: the identity token is given, or the machine or CI job brings it along.
 */
export interface SigstoreSignOptions {
  /**
   * `true` says that publishing is meant: certificates and log entries are public and cannot be taken back. They name the
   * identity, or the key. Needed wherever an identity or a log takes part.
   */
  readonly publish?: boolean
  /** Sign for the holder of an identity token. Default: `true` without `key`; with one, it is certified only on demand. */
  readonly keyless?: boolean
  /** Put signatures into transparency logs. Default: whether {@link keyless}. */
  readonly log?: boolean
  /** Identity token, or the path of the file that holds it; default: `SIGSTORE_ID_TOKEN`, or what the CI job brings. */
  readonly identityToken?: string
  /** Take the token of this CI system alone, such as `github-actions`. */
  readonly oidcProvider?: string
  /** Path of a signing_config.json that names the services; default: that of the TUF repository. */
  readonly signingConfig?: string
  /** Path of a trusted_root.json to check the services' answers with; default: the TUF repository's, for its own services. */
  readonly trustedRoot?: string
  /** Certificate authority, instead of a signing config. */
  readonly fulcioUrl?: string
  /** API of {@link fulcioUrl}; default 2. */
  readonly fulcioVersion?: 1 | 2
  /** Transparency log, instead of a signing config. */
  readonly rekorUrl?: string
  /** API of {@link rekorUrl}; default 1. */
  readonly rekorVersion?: 1 | 2
  /** RFC 3161 authority, instead of the signing config's. */
  readonly timestampUrl?: string
  /** Kind of the new key; default `ecdsa-sha2-256-nistp256`. */
  readonly signingAlgorithm?: string
  /** Use trust data that lies in the cache or came with the program. */
  readonly offline?: boolean
}

const OPTIONS: Readonly<Record<keyof SigstoreSignOptions, "boolean" | "string" | "number">> = {
  publish: "boolean",
  keyless: "boolean",
  log: "boolean",
  identityToken: "string",
  oidcProvider: "string",
  signingConfig: "string",
  trustedRoot: "string",
  fulcioUrl: "string",
  fulcioVersion: "number",
  rekorUrl: "string",
  rekorVersion: "number",
  timestampUrl: "string",
  signingAlgorithm: "string",
  offline: "boolean",
}

const OF_IDENTITIES = ["identityToken", "oidcProvider", "fulcioUrl", "fulcioVersion", "signingAlgorithm"] as const

/** Options that were looked at, with what follows from them. */
export interface CheckedSigstore extends SigstoreSignOptions {
  readonly keyless: boolean
  readonly log: boolean
}

/**
 * Look at the options before anything is opened or asked.
 *
 * @param keyed - whether a key was given.
 * @throws {ToolError} `E_USAGE` for what is unknown, would do nothing or would be published unasked.
 */
export function checkSigstore(options: SigstoreSignOptions, keyed: boolean): CheckedSigstore {
  refuseUnknown(options, OPTIONS, "option of sigstore")
  for (const [name, type] of Object.entries(OPTIONS)) checkType(name, options[name as keyof typeof OPTIONS], type)
  const keyless = options.keyless ?? !keyed
  const log = options.log ?? keyless
  if (!keyless && !keyed) throw usage("no key to sign with", "`keyless` is false", "pass `key`")
  refuseIdle(options, { keyless, log, keyed })
  if (options.timestampUrl !== undefined) checkTimestampUrl(options.timestampUrl)
  if ((keyless || log) && options.publish !== true) {
    throw new ToolError("E_USAGE", {
      what: "nothing says that publishing is meant",
      why: `${keyless ? "a certificate of the identity" : "an entry about the key"} becomes public and cannot be taken back; nothing was signed`,
      next: ["pass `publish: true`"],
    })
  }
  return { ...options, keyless, log }
}

/** An option that was given is used or refused, never dropped. */
function refuseIdle(
  options: SigstoreSignOptions,
  { keyless, log, keyed }: { readonly keyless: boolean; readonly log: boolean; readonly keyed: boolean },
): void {
  const refuse = (names: readonly (keyof SigstoreSignOptions)[], why: string, next: string): void => {
    const idle = names.find((name) => options[name] !== undefined)
    if (idle !== undefined) throw usage(`the option ${idle} of sigstore would do nothing`, why, next)
  }
  if (!keyless) refuse(OF_IDENTITIES, "it is about identities, and a key signs", "pass `keyless: true`")
  if (keyed) refuse(["signingAlgorithm"], "it is about new keys, and one was given", "leave out one of the two")
  if (options.fulcioUrl === undefined) refuse(["fulcioVersion"], "it is of fulcioUrl", "pass `fulcioUrl`")
  if (options.rekorUrl === undefined) refuse(["rekorVersion"], "it is of rekorUrl", "pass `rekorUrl`")
  if (!log) refuse(["rekorUrl"], "no log takes part", "pass `log: true`")
  if (keyless || log) return
  refuse(["signingConfig", "offline"], "neither an identity nor a log takes part", "pass `log: true`")
  if (options.timestampUrl !== undefined) return
  throw usage(
    "the options of sigstore ask for nothing",
    "with a key, neither its certification, nor a log, nor a timestamp was asked for",
    "pass `log: true`, `keyless: true` or `timestampUrl`",
  )
}

function checkType(name: string, value: unknown, type: "boolean" | "string" | "number"): void {
  if (value === undefined || (typeof value === type && value !== "")) return
  throw usage(
    `bad value for the option ${name} of sigstore`,
    value === "" ? "it is empty" : `expected a ${type}, saw ${value === null ? "null" : `a ${typeof value}`}`,
    "give a value, or leave out the option",
  )
}

function usage(what: string, why: string, next: string): ToolError {
  return new ToolError("E_USAGE", { what, why, next: [next] })
}

/**
 * The services as a signing request names them.
 *
 * @throws {ToolError} as {@link signingOf}; `E_OIDC_NO_TOKEN` later, where a token is needed and there is none.
 */
export async function sigstoreSigning(
  app: AppContext,
  options: CheckedSigstore,
): Promise<{ readonly sigstore?: SigstoreSigning }> {
  const { identityToken, oidcProvider, fulcioUrl, fulcioVersion, rekorUrl, rekorVersion, signingAlgorithm } = options
  const { keyless, log, signingConfig, trustedRoot, timestampUrl, offline = false } = options
  const sigstore = await signingOf(app, {
    keyless,
    log,
    ...(signingConfig === undefined ? {} : { signingConfig }),
    ...(trustedRoot === undefined ? {} : { trustedRoot }),
    ...(fulcioUrl === undefined ? {} : { authorityUrl: fulcioUrl }),
    ...(fulcioVersion === undefined ? {} : { authorityVersion: fulcioVersion }),
    ...(rekorUrl === undefined ? {} : { logUrl: rekorUrl }),
    ...(rekorVersion === undefined ? {} : { logVersion: rekorVersion }),
    ...(signingAlgorithm === undefined ? {} : { algorithm: signingAlgorithm }),
    timestampUrls: timestampUrl === undefined ? [] : [timestampUrl],
    token: {
      ...(identityToken === undefined ? {} : { given: identityToken }),
      ...(oidcProvider === undefined ? {} : { provider: oidcProvider }),
      browser: "never",
      conversation: nobody,
    },
    offline,
  })
  return sigstore === undefined ? {} : { sigstore }
}

const refuse = (): Promise<never> =>
  Promise.reject(
    new ToolError("E_OIDC_NO_TOKEN", {
      what: "no identity token was given",
      why: "this machine brings none along, and a library asks nobody to log in",
      next: ["pass `sigstore.identityToken`, or set SIGSTORE_ID_TOKEN"],
    }),
  )

/** A login is refused as soon as it would begin. */
const nobody: LoginConversation = {
  deviceChosen: refuse,
  browserChosen: refuse,
  browserOpened: refuse,
  browserFailed: refuse,
  outOfBand: refuse,
  deviceCode: refuse,
  received: refuse,
}
