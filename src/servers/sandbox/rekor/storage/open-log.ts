import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { encodeHex } from "../../../../codec/hex.ts"
import { makeFolders } from "../../../../core/make-folders.ts"
import { parseCheckpoint } from "../../../../crypto/transparency/checkpoint.ts"
import { MerkleTree } from "../../../../crypto/transparency/merkle-tree.ts"
import { parseSignedNote } from "../../../../crypto/transparency/signed-note.ts"
import { flushFolder } from "../../../registry/storage/file-content.ts"
import type { AppendOnlyLog, LogOptions } from "./append-only-log.ts"
import { FolderLog } from "./folder-log.ts"
import { type LastCheckpoint, openLastCheckpoint } from "./last-checkpoint.ts"
import { LogDatabase } from "./log-database.ts"
import { damagedLog, storageError } from "./storage-error.ts"

/**
 * Open a log in a folder, for this process alone.
 *
 * Entries whose writing was interrupted are gone; those that were written and not published yet are published now.
 *
 * @throws {ToolError} `E_STORAGE_LOCKED` when another process has it open; `E_STORAGE_CORRUPT` when the tree does not begin
 *   with what the last checkpoint says; `E_IO`.
 *
 * Spec: RFC 6962 section 2.1 for the tree.
 */
export async function openLog(options: LogOptions): Promise<AppendOnlyLog> {
  const { folder, durability = "full" } = options
  try {
    await makeFolders(folder, (path) => mkdir(path, { mode: 0o700 }))
  } catch (cause) {
    throw storageError("create the log's folder", cause)
  }
  const database = new LogDatabase(join(folder, "log.sqlite"), {
    durability,
    ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
  })
  let last: LastCheckpoint | undefined
  try {
    const tree = new MerkleTree()
    for (const leaf of database.leaves()) tree.append(leaf)
    last = await openLastCheckpoint(join(folder, "checkpoint"), durability === "full")
    checkHistory(tree, last.text)
    // The names of the files, so that what is put into them later can be found.
    if (durability === "full") await flushFolder(folder)
    const log = new FolderLog(options, database, last, tree)
    options.prepare?.((name, make) => log.fact(name, make))
    await log.publish()
    return log
  } catch (cause) {
    await last?.close()
    database.close()
    throw cause
  }
}

/** SECURITY: a log that forgot or changed what it signed is never continued. */
function checkHistory(tree: MerkleTree, text: string | undefined): void {
  if (text === undefined) {
    if (tree.size > 0) throw damagedLog(`it has ${tree.size} entries and no checkpoint`)
    return
  }
  const { size, rootHash } = parseCheckpoint(parseSignedNote(text).text)
  if (size > BigInt(tree.size)) throw damagedLog(`it has ${tree.size} entries, its last checkpoint says ${size}`)
  if (encodeHex(tree.root(Number(size))) !== encodeHex(rootHash)) {
    throw damagedLog(`its first ${size} entries do not have the root hash of its last checkpoint`)
  }
}
