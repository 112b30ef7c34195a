/**
 * The process as faces and own commands see it: streams, environment, and the means to open the adapters they need.
 * Built by `src/bin`; a test builds one from memory.
 */
import type { AppContext } from "./requests.ts"
import type { RevocationReach } from "./revocation-reach.ts"
import type { SandboxHost } from "./sandbox-host.ts"

/** A text sink. `columns` and `isTTY` decide about width, colour and progress. */
export interface OutputStream {
  readonly isTTY: boolean
  readonly columns: number
  write(chunk: string | Uint8Array): Promise<void>
}

/** How to reach registries; what the user's flags and variables said. */
export interface ConnectionOptions {
  /** Whose habits are followed for reading references and finding credentials. Default `own`. */
  readonly manners?: "own" | "cosign" | "notation"
  /** Plain http allowed: `loopback` (default), `private` (also RFC 1918, as cosign does), or `always`. */
  readonly plainHttp?: "loopback" | "private" | "always"
  /** Accept any server certificate. */
  readonly insecureTls?: boolean
  /** No credentials are sent, whatever is stored. */
  readonly anonymous?: boolean
  readonly username?: string
  readonly password?: string
  /** Registry bearer token, used as it is. */
  readonly token?: string
  /**
   * The one registry, `host[:port]` as in references, that `username`, `password` and `token` are for. Others get what
   * is stored for them. Absent: the three are sent nowhere.
   */
  readonly credentialsFor?: string
  /** PEM files. */
  readonly caFile?: string
  readonly clientCertFile?: string
  readonly clientKeyFile?: string
  /** Name to check the server's certificate against. */
  readonly serverName?: string
  /** Auth file that is read alone instead of the usual places. */
  readonly authFile?: string
  /**
   * Addresses that URLs in certificates may lead to (OCSP, revocation lists): public ones (default), and loopback or
   * private ones where the command's own artifact lies there.
   */
  readonly revocationReach?: RevocationReach
  /** Only these hosts (`host:port`) may be contacted; anything else is `E_NET_OFFLINE`. Empty = no socket at all. */
  readonly offlineExcept?: readonly string[]
  /** URL of the TUF repository that trust data comes from, whatever TUF_MIRROR and the last `initialize` say. */
  readonly trustMirror?: string
  /** Whole command, milliseconds. */
  readonly timeoutMs?: number
  readonly userAgent?: string
  /** Where a private key's password may come from, in order; `stdin` is read only if the others have none. */
  readonly passwordSources?: readonly PasswordSource[]
  /** Accept plain (unencrypted) private keys; false in the cosign faces. */
  readonly plainPrivateKeys?: boolean
  /** Events to stderr: `debug` shows each request. */
  readonly logLevel?: "quiet" | "warn" | "info" | "debug"
  /** `logrus` is notation's form; `logrus-precise` that of notation 2, with nine digits after the second. */
  readonly logFormat?: "text" | "json" | "logrus" | "logrus-precise"
  /** Show progress if stderr is a terminal. Default true. */
  readonly progress?: boolean
  /** False: the command works on keys and files; artifact stores need not be loaded and cannot be opened. Default true. */
  readonly artifacts?: boolean
}

export type PasswordSource =
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "terminal"; readonly prompt: string }
  | { readonly kind: "stdin" }

/** Credentials on disk or in a helper. */
export interface CredentialManager {
  /**
   * Check the credentials against the registry, then store them. Returns the file or helper used, and whether in plain text.
   * In notation's manners nothing is ever stored in plain text: `plaintext` says that it lay there already, and an empty
   * user name stands for an identity token.
   */
  login(
    server: string,
    username: string,
    password: string,
    options: ConnectionOptions,
  ): Promise<{ readonly storedIn: string; readonly plaintext: boolean }>
  /** Store without asking the registry (as `cosign login` does). */
  store(
    server: string,
    username: string,
    password: string,
  ): Promise<{ readonly storedIn: string; readonly plaintext: boolean }>
  /** False when nothing was stored for the server. Of the options, `authFile` says where. */
  logout(server: string, options?: ConnectionOptions): Promise<boolean>
}

export interface ServeOptions {
  /** `host:port`; port 0 picks a free one. */
  readonly listen: string
  /** Folder of the store; absent = a temporary one, removed at the end. */
  readonly data?: string
  /** `fast` leaves out flushing to disk. */
  readonly durability?: "full" | "fast"
  readonly allowDelete?: boolean
  /** Accept indexes whose entries are not stored. */
  readonly sparseIndexes?: boolean
  readonly logFormat?: "text" | "json"
  readonly logLevel?: ConnectionOptions["logLevel"]
}

export interface RunningServer {
  /** `host:port` it listens on. */
  readonly address: string
  /** Stop taking connections, finish what is under way, flush. */
  close(): Promise<void>
}

/** The whole process. */
export interface World {
  readonly version: VersionFacts
  /** Words that start this program again, absolute paths; absent where it is no program of its own. */
  readonly launcher?: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly stdin: {
    readonly isTTY: boolean
    /** All of it, at most `max` bytes. */
    read(max: number): Promise<Uint8Array>
  }
  /** Milliseconds since the epoch. */
  now(): number
  open(options: ConnectionOptions): Promise<AppContext>
  readonly credentials: CredentialManager
  serveRegistry(options: ServeOptions): Promise<RunningServer>
  readonly sandbox: SandboxHost
  /** A new empty folder; `remove` deletes it and what is in it. */
  temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }>
  /** Resolves when the process is asked to stop (SIGINT, SIGTERM). */
  stopRequested(): Promise<void>
}

export interface VersionFacts {
  readonly version: string
  readonly commit: string
  readonly treeState: "clean" | "dirty" | "unknown"
  readonly buildDate: string
  readonly runtime: string
  /** `linux/amd64` style. */
  readonly platform: string
}
