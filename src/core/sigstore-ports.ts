/** Sigstore's services as the use cases ask them. What they answer is not judged. */
import type { HashAlgorithm, PublicKey } from "./ports.ts"
import type { LogEntry, SigningConfig, TrustedRoot } from "./sigstore.ts"

/** Who signed, as a log is told: a bare key, or a certificate (DER). */
export type LogVerifier = { readonly key: PublicKey } | { readonly certificate: Uint8Array; readonly key: PublicKey }

/** What is to be logged. All bytes raw. */
export type LogProposal =
  | {
      readonly kind: "hashedrekord"
      readonly hash: HashAlgorithm
      /** Of what was signed. */
      readonly digest: Uint8Array
      readonly signature: Uint8Array
      readonly verifier: LogVerifier
    }
  | {
      /** Version 1 logs get the envelope; version 2 logs the digest of its pre-authentication encoding. */
      readonly kind: "dsse" | "intoto"
      /** JSON text of the envelope, the very bytes that will be stored. */
      readonly envelope: Uint8Array
      readonly payloadType: string
      readonly payload: Uint8Array
      readonly hash: HashAlgorithm
      readonly signature: Uint8Array
      readonly verifier: LogVerifier
    }

/** A log to write to. */
export interface LogService {
  readonly url: string
  readonly majorApiVersion: 1 | 2
}

/** Transparency logs. */
export interface TransparencyLogs {
  /**
   * Have something logged. An entry that is there already is fetched and returned: trying again makes no second one.
   * @throws {ToolError} `E_SERVICE_REFUSED`, `E_SERVICE_PROTOCOL`, `E_NET_*`.
   */
  add(service: LogService, proposal: LogProposal, signal?: AbortSignal): Promise<LogEntry>
  /** Entries of exactly this proposal in a version 1 log; empty when there is none. */
  find(url: string, proposal: LogProposal, signal?: AbortSignal): Promise<readonly LogEntry[]>
  /** One entry of a version 1 log by its index in the whole log. */
  entryAt(url: string, logIndex: bigint, signal?: AbortSignal): Promise<LogEntry>
}

/** What a certificate is asked for with. */
export interface CertificateOrder {
  readonly url: string
  /** `1` = the legacy API. */
  readonly api: 1 | 2
  /** Identity token, compact JWS. */
  readonly token: string
  readonly publicKey: PublicKey
  /** Signature by the key over the token's subject (see {@link challengeOf} of the use case), raw. */
  readonly proof: Uint8Array
}

/** A certificate as issued. */
export interface IssuedCertificate {
  /** DER, leaf first, root last. */
  readonly chain: readonly Uint8Array[]
  /** JSON of the log's answer (`AddChainResponse`) where the SCT does not lie in the certificate. */
  readonly detachedSct?: Uint8Array
}

/** Certificate authorities that certify identity tokens (Fulcio). */
export interface CertificateAuthorities {
  /** @throws {ToolError} `E_SERVICE_REFUSED`, `E_OIDC_REJECTED`, `E_SERVICE_PROTOCOL`, `E_NET_*`. */
  certify(order: CertificateOrder, signal?: AbortSignal): Promise<IssuedCertificate>
}

/** How an identity token is to be got. */
export interface TokenOrder {
  /** `--identity-token`: a compact JWS or the path of a file that holds one. */
  readonly given?: string
  /** Provider to use alone, such as `github-actions`. */
  readonly provider?: string
  /** Do not look for a CI system's token. */
  readonly noAmbient?: boolean
  readonly issuer: string
  readonly clientId: string
  readonly clientSecretFile?: string
  readonly redirectUrl?: string
  /** Absent: `device` without a terminal, else `normal`. */
  readonly flow?: "normal" | "device" | "token" | "client_credentials"
  /** `never`: do not try to open a browser (out-of-band code). */
  readonly browser?: "auto" | "never"
  /** Whose words are used with the person who logs in. Absent: this program's own, on standard error. */
  readonly conversation?: LoginConversation
}

/** What a login says and asks. URLs and codes are printable already. */
export interface LoginConversation {
  /** No flow was named and there is no terminal, so the device flow is used. */
  deviceChosen(): Promise<void>
  /** No flow was named and there is a terminal, so a browser is used. Throws to stop. */
  browserChosen?(): Promise<void>
  /** A browser was told to open `url`; its answer is waited for next. */
  browserOpened(url: string): Promise<void>
  /** No browser could be opened, or nothing came back from it in time; {@link outOfBand} follows. */
  browserFailed(reason: "no-browser" | "timeout", detail: string): Promise<void>
  /** Show where to log in and ask for the code that is shown there. */
  outOfBand(url: string): Promise<string>
  /** Show the code to enter, and where. `expiresIn` is in seconds. */
  deviceCode(code: { readonly userCode: string; readonly url: string; readonly expiresIn: number }): Promise<void>
  /** Device flow and client credentials: the token is there. */
  received(): Promise<void>
}

/** A token and where it came from. */
export interface IdentityToken {
  /** Compact JWS. A secret: never shown or logged. */
  readonly token: string
  /** `--identity-token`, a provider's name, `browser`, `device` … */
  readonly source: string
  /** Decoded, not verified: the certificate authority decides. */
  readonly claims: {
    readonly issuer: string
    readonly subject: string
    readonly email?: string
    readonly expires: number
  }
}

/** Where identity tokens come from. */
export interface IdentityTokens {
  /** @throws {ToolError} `E_OIDC_NO_TOKEN`, `E_OIDC_REJECTED`, `E_OIDC_PERMISSION`, `E_NET_*`. */
  get(order: TokenOrder, signal?: AbortSignal): Promise<IdentityToken>
}

/** Which TUF repository, and how fresh its data must be. */
export interface TrustOptions {
  /** Only what lies in the cache or came with the program. */
  readonly offline: boolean
  /** Ask the repository even if what lies in the cache is of today. Never more than once per process. */
  readonly refresh?: "always"
}

/** Trust data of a Sigstore instance and how old it is. */
export interface TrustData<Document> {
  readonly value: Document
  /** The document's very bytes. */
  readonly bytes: Uint8Array
  /** `tuf` = refreshed now, `cache` = refreshed earlier, `shipped` = came with the program. */
  readonly source: "tuf" | "cache" | "shipped"
  readonly mirror: string
  /** Milliseconds since the epoch of the last successful refresh; of the release for `shipped`. */
  readonly refreshedAt: number
}

/** Trusted roots and signing configs out of a TUF repository. */
export interface TrustRepository {
  /** @throws {ToolError} `E_TRUST_MISSING`, `E_TRUST_STALE`, `E_TRUST_ROLLBACK`, `E_TRUST_MALFORMED`, `E_NET_*`. */
  trustedRoot(options: TrustOptions, signal?: AbortSignal): Promise<TrustData<TrustedRoot>>
  /** @param rekorV2 - the config that names version 2 logs. */
  signingConfig(
    options: TrustOptions & { readonly rekorV2?: boolean },
    signal?: AbortSignal,
  ): Promise<TrustData<SigningConfig>>
  /**
   * Begin anew with a mirror: the cache of it is replaced, its root is pinned.
   * @param root - bytes of root.json; absent = the one that came with the program, for the default mirror alone.
   */
  initialize(
    input: { readonly mirror?: string; readonly root?: Uint8Array },
    signal?: AbortSignal,
  ): Promise<{ readonly mirror: string; readonly status: readonly TrustTarget[] } & TrustStatus>
  /** A root from a URL that the user named, not judged. @throws {ToolError} `E_NET_*`, `E_TRUST_MISSING`, `E_SERVICE_PROTOCOL`. */
  fetchRoot(url: string, signal?: AbortSignal): Promise<Uint8Array>
  /** Which repository is in use and what is known of it. @throws as {@link trustedRoot}. */
  status(options: TrustOptions, signal?: AbortSignal): Promise<TrustStatus>
}

/** What is known of a repository of trust data. */
export interface TrustStatus {
  readonly mirror: string
  /** Folder of the cache. */
  readonly folder: string
  readonly source: "tuf" | "cache" | "shipped"
  /** As in {@link TrustData}. */
  readonly refreshedAt: number
  /** Top-level roles in the order they are verified. */
  readonly roles: readonly TrustRole[]
  readonly targets: readonly TrustTarget[]
}

/** Metadata of one role. */
export interface TrustRole {
  readonly name: "root" | "timestamp" | "snapshot" | "targets"
  readonly version: number
  /** Of the file. */
  readonly bytes: number
  /** Milliseconds since the epoch. */
  readonly expires: number
}

/** A target of a repository, as `initialize` reports it. */
export interface TrustTarget {
  readonly name: string
  /** `sigstore` custom metadata. */
  readonly usage?: string
  readonly status?: string
}

/** The services together, as a part of the world. */
export interface SigstoreServices {
  readonly certificates: CertificateAuthorities
  readonly logs: TransparencyLogs
  readonly tokens: IdentityTokens
  readonly trust: TrustRepository
}
