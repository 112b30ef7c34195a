/** A private Sigstore as commands ask for it. Built by `src/servers/sandbox`; `src/bin` hands it out. */
import type { JsonObject } from "../core/json-value.ts"

/** How a sandbox is served. */
export interface SandboxServeOptions {
  /** `host:port`; port 0 picks a free one. */
  readonly listen: string
  /** Folder of its keys, logs and documents; made when absent. */
  readonly data: string
  /** Origin that clients reach it by, where that is not the address it listens on. */
  readonly url?: string
  /** `fast` leaves out flushing to disk. */
  readonly durability?: "full" | "fast"
  readonly logFormat?: "text" | "json"
  readonly logLevel?: "quiet" | "warn" | "info" | "debug"
}

/** A sandbox that runs. */
export interface RunningSandbox {
  /** `host:port` it listens on. */
  readonly address: string
  /** Stop taking connections, finish what is under way, flush. */
  close(): Promise<void>
  readonly facts: SandboxFacts
  /** Whether only this machine can reach it. */
  readonly loopback: boolean
}

/** Where everything of a sandbox is. */
export interface SandboxFacts {
  /** Origin of all services. */
  readonly url: string
  readonly services: {
    /** OpenID Connect issuer. */
    readonly oidc: string
    readonly fulcio: string
    readonly ct: string
    readonly rekor: string
    readonly rekor2: string
    readonly timestamp: string
    readonly tuf: string
  }
  /** Absolute paths. */
  readonly files: {
    readonly trustedRoot: string
    readonly signingConfig: string
    readonly signingConfigV2: string
    readonly tufRoot: string
  }
}

/** Whom a token of a sandbox is about. */
export interface SandboxTokenOptions {
  readonly data: string
  /** Verified e-mail address. */
  readonly email?: string
  readonly subject?: string
  /** Default `sigstore`. */
  readonly audience?: string
  /** Further claims; they win over all others. */
  readonly claims?: JsonObject
  /** Milliseconds. */
  readonly lifetimeMs?: number
}

/** What makes programs trust a sandbox. */
export interface SandboxEnvironment {
  readonly facts: SandboxFacts
  /** In the order they are to be printed. */
  readonly variables: readonly (readonly [name: string, value: string])[]
}

/** What can be done with sandboxes. */
export interface SandboxHost {
  /**
   * Serve one until it is closed.
   * @throws {ToolError} `E_CONFIG_INVALID`, `E_ADDRESS_IN_USE`, `E_STORAGE_LOCKED`, `E_STORAGE_CORRUPT`, `E_IO`.
   */
  serve(options: SandboxServeOptions): Promise<RunningSandbox>
  /**
   * An identity token, whether or not the sandbox runs. A secret.
   * @throws {ToolError} `E_FILE_NOT_FOUND` for a folder that no sandbox was served from, `E_USAGE`, `E_IO`.
   */
  token(options: SandboxTokenOptions): Promise<string>
  /**
   * Variables for programs that take trust in pieces; the files they name are written.
   * @throws {ToolError} `E_FILE_NOT_FOUND` for a folder that no sandbox was served from, `E_IO`.
   */
  environment(data: string): Promise<SandboxEnvironment>
}
