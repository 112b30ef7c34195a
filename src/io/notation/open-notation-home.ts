import type { NotationHome } from "../../core/notation-home.ts"
import type { Clock, Logger, Randomness, Sleep } from "../../core/ports.ts"
import type { HttpClient } from "../net/http-types.ts"
import { readConfig } from "./config-file.ts"
import { notationFolders } from "./folders.ts"
import type { HomeContext } from "./home-context.ts"
import { changeKeys, readKeys } from "./key-list.ts"
import { readKeyPair, removeKeyPair, writeKeyPair } from "./key-pair-files.ts"
import { createPluginHost } from "./plugins/plugin-host.ts"
import { readPolicy, removePolicy, writePolicy } from "./policy-files.ts"
import { addCertificate, listCertificates, readStore, removeCertificate, removeStore } from "./trust-store-files.ts"

/** What {@link openNotationHome} needs. */
export interface NotationHomeOptions {
  /** Decides about folders; plugins get it without registry credentials. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's home folder; empty when there is none. */
  readonly home: string
  /** As `process.platform`. */
  readonly platform: string
  readonly clock: Clock
  readonly randomness: Randomness
  readonly sleep: Sleep
  readonly logger: Logger
  /** Opens the HTTP client on first use, to download plugins. */
  readonly http: () => Promise<HttpClient>
  /** For the user, outside of any answer. */
  readonly onWarning?: (message: string) => void
}

/**
 * The folders of the `notation` command. Nothing is read before a method is called.
 *
 * Spec: notation-go `dir`, `config`, `verifier/truststore`, `plugin`.
 */
export function openNotationHome(options: NotationHomeOptions): NotationHome {
  const context: HomeContext = {
    ...options,
    folders: notationFolders(options),
    onWarning: options.onWarning ?? (() => undefined),
  }
  return {
    folders: context.folders,
    readConfig: () => readConfig(context),
    readKeys: () => readKeys(context),
    changeKeys: (change) => changeKeys(context, change),
    readKeyPair,
    writeKeyPair: (name, pair) => writeKeyPair(context, name, pair),
    removeKeyPair: (name) => removeKeyPair(context, name),
    listCertificates: (type, name) => listCertificates(context, type, name),
    readStore: (store) => readStore(context, store),
    addCertificate: (store, file, bytes) => addCertificate(context, store, file, bytes),
    removeCertificate: (store, file, how) => removeCertificate(context, store, file, how),
    removeStore: (store) => removeStore(context, store),
    readPolicy: (kind) => readPolicy(context, kind),
    writePolicy: (kind, bytes) => writePolicy(context, kind, bytes),
    removePolicy: (kind) => removePolicy(context, kind),
    plugins: createPluginHost(context),
  }
}
