import type { TrustStoreName } from "../../core/certified.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { NotationHome, StoredCertificate } from "../../core/notation-home.ts"
import { noSuchFile } from "./trust-list.ts"
import { storeFiles } from "./trust-stores.ts"

/**
 * Files that removing a store, or one file of it, takes away. A store that verification refuses can be removed too.
 *
 * @throws {ToolError} `E_TRUST_MISSING` when there is nothing to remove, `E_TRUST_MALFORMED` for names, `E_IO`.
 */
export async function removableTrust(
  home: NotationHome,
  store: TrustStoreName,
  file?: string,
): Promise<readonly Pick<StoredCertificate, "file">[]> {
  const files = await home.listCertificates(store.type, store.name)
  if (file === undefined) {
    if (files.length === 0) await refusedOrMissing(home, store)
    return files
  }
  const wanted = files.filter((one) => one.file === file)
  if (wanted.length > 0) return wanted
  // A link or a folder is not listed, and is what a person may want to be rid of.
  if (files.length > 0 && (await isRefused(home, store))) return [{ file }]
  if (files.length === 0) await refusedOrMissing(home, store)
  throw noSuchFile(store, file, files)
}

/** @throws {ToolError} `E_TRUST_MISSING`; returns for a store that is there and refused. */
async function refusedOrMissing(home: NotationHome, store: TrustStoreName): Promise<void> {
  if (!(await isRefused(home, store))) await storeFiles(home, store)
}

async function isRefused(home: NotationHome, store: TrustStoreName): Promise<boolean> {
  try {
    await storeFiles(home, store)
    return false
  } catch (thrown) {
    return asToolError(thrown).code === "E_TRUST_MALFORMED"
  }
}

/**
 * Remove a store, or one file of it; the store goes with its last file.
 *
 * @param onWarning - told when an empty store could not be removed.
 * @throws {ToolError} `E_TRUST_MISSING` when somebody else was first, `E_IO`.
 */
export async function removeTrust(
  home: NotationHome,
  store: TrustStoreName,
  file: string | undefined,
  onWarning: (message: string) => void,
): Promise<void> {
  const removed =
    file === undefined
      ? (await home.removeStore(store)) !== undefined
      : await home.removeCertificate(store, file, { removeEmpty: true, onWarning })
  if (removed) return
  throw new ToolError("E_TRUST_MISSING", {
    what: `${store.type}:${store.name}${file === undefined ? "" : ` ${file}`} is not there any more`,
    next: ["see what is there with `countersign trust list`"],
  })
}
