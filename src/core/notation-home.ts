/** The configuration that this program shares with the `notation` command: folders, keys, trust stores, policies, plugins. */
import type { CertifiedKey, TrustStoreName, TrustStoreType } from "./certified.ts"
import type { JsonObject } from "./json-value.ts"

/** Where notation keeps things; spec: notation-go `dir/path.go`. */
export interface NotationFolders {
  readonly config: string
  readonly cache: string
  /** Plugins lie in `plugins` below it. */
  readonly libexec: string
}

/** `config.json`. */
export interface NotationConfig {
  readonly insecureRegistries: readonly string[]
  readonly signatureFormat?: string
}

/** One entry of `signingkeys.json`. */
export type SigningKeyEntry =
  | { readonly name: string; readonly keyPath: string; readonly certPath: string }
  | {
      readonly name: string
      readonly id: string
      readonly pluginName: string
      readonly pluginConfig?: Readonly<Record<string, string>>
    }

/** `signingkeys.json`. */
export interface SigningKeyList {
  readonly default?: string
  readonly keys: readonly SigningKeyEntry[]
}

/** A certificate file of a trust store. */
export interface StoredCertificate extends TrustStoreName {
  /** File name in the store. */
  readonly file: string
  readonly path: string
}

/** Which policy file: `trustpolicy.oci.json`, its older name `trustpolicy.json`, `trustpolicy.blob.json`. */
export type PolicyFileKind = "oci" | "legacy" | "blob"

/** How a certificate is removed. */
export interface CertificateRemoval {
  /** The store goes with its last certificate. */
  readonly removeEmpty: boolean
  /** Told, in notation's words, when an empty store could not be removed. */
  readonly onWarning?: (message: string) => void
}

/** What `get-plugin-metadata` answered, checked. */
export interface PluginMetadata {
  readonly name: string
  readonly description: string
  readonly version: string
  readonly url: string
  readonly supportedContractVersions: readonly string[]
  readonly capabilities: readonly string[]
}

/** Commands of the plugin protocol. */
export type PluginCommand =
  "get-plugin-metadata" | "describe-key" | "generate-signature" | "generate-envelope" | "verify-signature"

/** A folder below `plugins`. */
export interface InstalledPlugin {
  readonly name: string
  readonly path: string
  readonly metadata?: PluginMetadata
  /** Why there is no metadata, in notation's words. */
  readonly error?: string
}

/** Runs and keeps plugins. Messages of its errors (`what`) are notation's own texts. */
export interface PluginHost {
  list(): Promise<readonly InstalledPlugin[]>
  /** @throws {ToolError} `E_PLUGIN_NOT_FOUND`, `E_PLUGIN_FAILED`. */
  metadata(name: string, pluginConfig?: Readonly<Record<string, string>>): Promise<PluginMetadata>
  /**
   * Run one command: the request on standard input, the answer from standard output, both JSON.
   *
   * @returns the answer, an object with members not checked.
   * @throws {ToolError} `E_PLUGIN_NOT_FOUND`, `E_PLUGIN_FAILED` with the plugin's message in `what` and its
   *   `errorCode` in `details`.
   */
  run(name: string, command: PluginCommand, request: JsonObject, signal?: AbortSignal): Promise<JsonObject>
  /**
   * Install from a file: an executable, a zip, a gzipped tar, or a folder that holds one.
   *
   * @param options - `sha256` in hexadecimal, checked before anything is opened; `onlyFile` refuses folders.
   * @throws {ToolError} `E_PLUGIN_INVALID` for sources that hold no plugin or break a rule, `E_PLUGIN_EXISTS`.
   */
  install(
    path: string,
    options: { readonly force: boolean; readonly sha256?: string; readonly onlyFile?: boolean },
  ): Promise<PluginInstalled>
  /** Download over https to a temporary file that is removed, after checking its SHA-256, then install. */
  installFromUrl(
    url: string,
    options: { readonly sha256: string; readonly force: boolean; readonly onDownloaded?: () => void },
  ): Promise<PluginInstalled>
  /** False when there is none of that name. */
  uninstall(name: string): Promise<boolean>
}

export interface PluginInstalled {
  readonly metadata: PluginMetadata
  /** Version that was there before. */
  readonly replaced?: string
}

/** Everything below notation's folders. Files are replaced as a whole and under a lock. */
export interface NotationHome {
  readonly folders: NotationFolders
  /** @throws {ToolError} `E_CONFIG_INVALID` for a file that cannot be used; a missing one is empty. */
  readConfig(): Promise<NotationConfig>
  /** @throws {ToolError} `E_CONFIG_INVALID` with notation's text. */
  readKeys(): Promise<SigningKeyList>
  /** Read, change and write `signingkeys.json` under a lock; nothing is written when `change` throws. */
  changeKeys(change: (keys: SigningKeyList) => SigningKeyList): Promise<SigningKeyList>
  /** A local key with the certificates of its file in order. @throws {ToolError} `E_KEY_NOT_FOUND`, `E_KEY_TYPE`. */
  readKeyPair(keyPath: string, certPath: string): Promise<CertifiedKey>
  /** Write `localkeys/NAME.key` and `.crt`. @throws {ToolError} `E_FILE_EXISTS` naming the one that is there. */
  writeKeyPair(
    name: string,
    pair: { readonly keyPem: string; readonly certificatePem: string },
  ): Promise<{ readonly keyPath: string; readonly certPath: string }>
  /** Which of the two files were there and are removed now. */
  removeKeyPair(name: string): Promise<{
    readonly keyPath: string
    readonly certPath: string
    readonly keyRemoved: boolean
    readonly certRemoved: boolean
  }>
  /** Certificates of every store, or of one type, or of one store, sorted by path. */
  listCertificates(type?: TrustStoreType, name?: string): Promise<readonly StoredCertificate[]>
  /**
   * Files of one store, bytes as they lie there.
   *
   * @throws {ToolError} `E_TRUST_MISSING` when the store does not exist or is empty, `E_TRUST_MALFORMED` for folders and
   *   links in it; `what` is notation's text.
   */
  readStore(store: TrustStoreName): Promise<readonly (StoredCertificate & { readonly bytes: Uint8Array })[]>
  /** Add a file to a store under its base name. @throws {ToolError} `E_FILE_EXISTS`. */
  addCertificate(store: TrustStoreName, file: string, bytes: Uint8Array): Promise<string>
  /** Remove one file; false when it is not there. @throws {ToolError} `E_TRUST_MALFORMED`, `E_IO`. */
  removeCertificate(store: TrustStoreName, file: string, options: CertificateRemoval): Promise<boolean>
  /** Remove a whole store; its path, `undefined` when it was not there. */
  removeStore(store: TrustStoreName): Promise<string | undefined>
  /** @throws {ToolError} `E_POLICY_INVALID` for folders and links, `E_IO` without permission. */
  readPolicy(kind: PolicyFileKind): Promise<{ readonly path: string; readonly bytes: Uint8Array } | undefined>
  writePolicy(kind: PolicyFileKind, bytes: Uint8Array): Promise<string>
  /** False when it was not there. */
  removePolicy(kind: PolicyFileKind): Promise<boolean>
  readonly plugins: PluginHost
}
