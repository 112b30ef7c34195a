import { mkdir, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { makeFolders } from "../../../core/make-folders.ts"
import { composeStorage, type StorageOptions } from "./compose-storage.ts"
import { createFileContent, flushFolder } from "./file-content.ts"
import { withIoErrors } from "../../file-work.ts"
import { Metadata } from "./metadata.ts"
import type { RegistryStorage } from "./storage.ts"

export interface FileStorageOptions extends StorageOptions {
  /** Created when absent. Layout: `index.sqlite`, `blobs/<algorithm>/<hex>`, `uploads/`. */
  readonly folder: string
  /** `full` (default): what was answered 201 survives a power failure. `fast`: it survives a killed process. */
  readonly durability?: "full" | "fast"
}

/**
 * Open a storage in a folder, for this process alone. Uploads that were under way go on where they stopped.
 *
 * @throws {ToolError} `E_STORAGE_LOCKED` when another storage has the folder open, `E_IO` when it cannot be used.
 */
export async function openFileStorage(options: FileStorageOptions): Promise<RegistryStorage> {
  const { folder, durability = "full" } = options
  const folders = { blobs: join(folder, "blobs"), uploads: join(folder, "uploads") }
  const make = (path: string): Promise<void> => mkdir(path, { mode: 0o700 })
  await withIoErrors("create the storage folder", async () => {
    for (const name of ["sha256", "sha384", "sha512"]) {
      await makeFolders(join(folders.blobs, name), make)
    }
    await makeFolders(folders.uploads, make)
  })
  const metadata = new Metadata(join(folder, "index.sqlite"), durability)
  try {
    await removeLeftovers(metadata, folders.uploads)
    if (durability === "full") {
      // The names of the index and of the folders, so that what is put into them later can be found.
      await withIoErrors("flush the storage folder", async () => {
        await flushFolder(folders.blobs)
        await flushFolder(folder)
      })
    }
  } catch (thrown) {
    metadata.close()
    throw thrown
  }
  return composeStorage(metadata, createFileContent(folders, durability === "full"), options)
}

/** Files of uploads nobody knows any more, and temporary files of a process that was killed. */
async function removeLeftovers(metadata: Metadata, uploads: string): Promise<void> {
  await withIoErrors("tidy the storage folder", async () => {
    for (const name of await readdir(uploads)) {
      if (metadata.upload(name) === undefined) await rm(join(uploads, name), { force: true, recursive: true })
    }
  })
}
