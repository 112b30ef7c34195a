import type { NotationHome, PluginHost } from "../core/notation-home.ts"
import { notationFolders } from "../io/notation/folders.ts"
import { systemClock } from "../io/system/clock.ts"
import { systemRandomness } from "../io/system/randomness.ts"
import { folderFacts, sleep, type Host } from "./host.ts"
import type { LazyHttp } from "./lazy-http.ts"

/** notation's configuration, whose code is loaded when something of it is asked for; its folders are known at once. */
export function lazyNotation(host: Host, http: LazyHttp): NotationHome {
  let opened: Promise<NotationHome> | undefined
  const open = async (): Promise<NotationHome> => {
    const { openNotationHome } = await import("../io/notation/open-notation-home.ts")
    return openNotationHome({
      ...folderFacts(host),
      clock: systemClock,
      randomness: systemRandomness,
      sleep,
      logger: host.logger,
      http: () => http.open(),
      onWarning: (message) => {
        host.logger.warn("notation.home", { message })
      },
    })
  }
  const home = (): Promise<NotationHome> => (opened ??= open())
  return {
    folders: notationFolders(folderFacts(host)),
    readConfig: async () => (await home()).readConfig(),
    readKeys: async () => (await home()).readKeys(),
    changeKeys: async (change) => (await home()).changeKeys(change),
    readKeyPair: async (...paths) => (await home()).readKeyPair(...paths),
    writeKeyPair: async (...pair) => (await home()).writeKeyPair(...pair),
    removeKeyPair: async (name) => (await home()).removeKeyPair(name),
    listCertificates: async (...store) => (await home()).listCertificates(...store),
    readStore: async (store) => (await home()).readStore(store),
    addCertificate: async (...certificate) => (await home()).addCertificate(...certificate),
    removeCertificate: async (...certificate) => (await home()).removeCertificate(...certificate),
    removeStore: async (store) => (await home()).removeStore(store),
    readPolicy: async (kind) => (await home()).readPolicy(kind),
    writePolicy: async (...policy) => (await home()).writePolicy(...policy),
    removePolicy: async (kind) => (await home()).removePolicy(kind),
    plugins: lazyPlugins(async () => (await home()).plugins),
  }
}

function lazyPlugins(host: () => Promise<PluginHost>): PluginHost {
  return {
    list: async () => (await host()).list(),
    metadata: async (...plugin) => (await host()).metadata(...plugin),
    run: async (...command) => (await host()).run(...command),
    install: async (...source) => (await host()).install(...source),
    installFromUrl: async (...source) => (await host()).installFromUrl(...source),
    uninstall: async (name) => (await host()).uninstall(name),
  }
}
