import { ToolError } from "../../core/errors.ts"
import type { SigningConfig, TrustedRoot } from "../../core/sigstore.ts"
import type { LogService, TokenOrder, TrustData } from "../../core/sigstore-ports.ts"
import { reachTrust } from "../reach-trust.ts"
import type { AppContext } from "../requests.ts"
import { readTrustedRoot } from "../sigstore-request.ts"
import { chooseServices, mixedServices, readSigningConfig, type ChosenServices } from "./choose-services.ts"
import type { SigstoreSigning } from "./signing.ts"

/** Identity provider of the public instance, and the name of programs that sign there. */
const PUBLIC_ISSUER = "https://oauth2.sigstore.dev/auth"
const CLIENT_ID = "sigstore"

/** Which services a caller wants. Texts that are empty count as not given. */
export interface SigningChoice {
  /** Sign for an identity; false = for a key. */
  readonly keyless: boolean
  /** Whether signatures are logged. */
  readonly log: boolean
  /** Path. Absent, and without URLs: the signing config of the TUF repository. */
  readonly signingConfig?: string
  /** Path. Absent: the trusted root of the TUF repository where its signing config is used too, else none. */
  readonly trustedRoot?: string
  readonly authorityUrl?: string
  /** Version of its API; default 2. `1` = the legacy one. */
  readonly authorityVersion?: number
  readonly logUrl?: string
  /** Default 1. */
  readonly logVersion?: number
  /** Instead of those of the config. */
  readonly timestampUrls: readonly string[]
  readonly algorithm?: string
  readonly entryKind?: "dsse" | "intoto"
  /** Where the token comes from; the issuer is the config's unless it is named. */
  readonly token: Omit<TokenOrder, "issuer" | "clientId"> & { readonly issuer?: string; readonly clientId?: string }
  readonly offline: boolean
  /** Told of the trust data that was read out of the repository. */
  readonly onTrust?: (data: TrustData<SigningConfig | TrustedRoot>) => Promise<void>
}

/**
 * The services of a choice, ready for a signing request; `undefined` when it asks for none.
 *
 * Services come from one place: the URLs given, the signing config given, or the one of the TUF repository.
 *
 * @throws {ToolError} `E_USAGE` for what contradicts itself or is missing, `E_CONFIG_INVALID`, `E_TRUST_*`, `E_NET_*`.
 */
export async function signingOf(app: AppContext, choice: SigningChoice): Promise<SigstoreSigning | undefined> {
  const { keyless, log, timestampUrls } = choice
  if (!keyless && !log && timestampUrls.length === 0) return undefined
  const { chosen, trustedRoot } = await servicesOf(app, choice)
  const logs = log ? chosen.logs : []
  if (log && logs.length === 0 && !keyless) {
    throw new ToolError("E_CONFIG_INVALID", {
      what: "there is no log to write to",
      why: "neither the signing config nor an option names one",
      next: ["name one with `--rekor-url URL`"],
    })
  }
  return {
    ...(keyless ? { keyless: keylessOf(chosen, choice) } : {}),
    logs,
    timestamps: timestampUrls.length === 0 ? chosen.timestamps : timestampUrls,
    ...(choice.entryKind === undefined ? {} : { entryKind: choice.entryKind }),
    ...(trustedRoot === undefined ? {} : { trustedRoot }),
  }
}

interface Services {
  readonly chosen: ChosenServices
  readonly trustedRoot?: TrustedRoot
}

async function servicesOf(app: AppContext, choice: SigningChoice): Promise<Services> {
  const { authorityUrl, logUrl, signingConfig, offline, keyless, log } = choice
  const root = choice.trustedRoot === undefined ? undefined : await readTrustedRoot(app.files, choice.trustedRoot)
  const given = root === undefined ? {} : { trustedRoot: root }
  const rules = { at: app.clock.now(), randomness: app.randomness, keyless }
  const named = authorityUrl === undefined ? (logUrl === undefined ? undefined : "--rekor-url") : "--fulcio-url"
  if (named !== undefined) {
    if (signingConfig !== undefined) throw mixedServices(named)
    return { chosen: namedServices(choice), ...given }
  }
  if (signingConfig !== undefined) {
    return { chosen: chooseServices(await readSigningConfig(app.files, signingConfig), rules), ...given }
  }
  // A key that is only timestamped needs nothing of the repository.
  if (!keyless && !log) return { chosen: { logs: [], timestamps: [] }, ...given }
  const { trust } = app.sigstore
  const config = await reachTrust(trust, "signing config", () => trust.signingConfig({ offline }))
  await choice.onTrust?.(config)
  const chosen = chooseServices(config.value, rules)
  if (root !== undefined) return { chosen, trustedRoot: root }
  const data = await reachTrust(trust, "trusted root", () => trust.trustedRoot({ offline }))
  await choice.onTrust?.(data)
  return { chosen, trustedRoot: data.value }
}

function namedServices(choice: SigningChoice): ChosenServices {
  const { keyless, authorityUrl, logUrl } = choice
  const logVersion = version(choice.logVersion ?? 1, "--rekor-version")
  const api = version(choice.authorityVersion ?? 2, "--fulcio-version")
  if (keyless && authorityUrl === undefined) {
    throw new ToolError("E_USAGE", {
      what: "no certificate authority was named",
      why: "with URLs of services of your own, none of another instance is used beside them",
      next: ["add `--fulcio-url URL`", "or name all services with `--signing-config FILE`"],
    })
  }
  const logs: readonly LogService[] = logUrl === undefined ? [] : [{ url: logUrl, majorApiVersion: logVersion }]
  return { ...(authorityUrl === undefined ? {} : { authority: { url: authorityUrl, api } }), logs, timestamps: [] }
}

function version(value: number, flag: string): 1 | 2 {
  if (value === 1 || value === 2) return value
  throw new ToolError("E_USAGE", { what: `bad value ${value} for ${flag}`, why: "expected 1 or 2" })
}

function keylessOf(
  chosen: ChosenServices,
  { token, algorithm }: SigningChoice,
): NonNullable<SigstoreSigning["keyless"]> {
  const { authority } = chosen
  if (authority === undefined) throw new ToolError("E_INTERNAL", { what: "no certificate authority was chosen" })
  return {
    authority,
    token: { ...token, issuer: token.issuer ?? chosen.issuer ?? PUBLIC_ISSUER, clientId: token.clientId ?? CLIENT_ID },
    ...(algorithm === undefined ? {} : { algorithm }),
  }
}
