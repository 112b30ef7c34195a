import { lstat, mkdir, readdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"

import { encodeHex } from "../../../codec/hex.ts"
import { errnoOf, ioError } from "../../system/io-error.ts"
import type { HeldLock } from "../../system/lock-file.ts"
import type { HomeContext } from "../home-context.ts"
import { makePrivateFolder, withHomeLock } from "../home-files.ts"
import { pluginsFolder } from "./run-plugin.ts"

const PREFIX = ".notation-install-"
const STAGE = /^\.notation-install-[0-9a-f]{16}$/
/** In a stage: the plugin that was there, until the new one is in its place. */
const OLD = "old"
/** In a stage: plugins that are gone, never to be put back. */
const REMOVED = "removed"

/** A folder beside the plugins, on the same file system, in which changes are prepared. */
export interface PluginStage {
  /** Empty; for the files of a plugin. */
  readonly folder: string
  /** Put the folder in the place of a plugin, as a whole. @throws {ToolError} `E_IO`; the plugin before it is kept then. */
  replace(name: string): Promise<void>
  /** Take a plugin away as a whole; false when there is none. */
  remove(name: string): Promise<boolean>
}

/**
 * Change what is installed while no other process of this program does. What a process that died has left is put back or
 * removed.
 *
 * @throws {ToolError} `E_STORAGE_LOCKED`, `E_IO`; what `work` throws.
 */
export async function withPluginStage<T>(context: HomeContext, work: (stage: PluginStage) => Promise<T>): Promise<T> {
  const plugins = pluginsFolder(context)
  return withHomeLock(context, plugins, async (lock) => {
    const root = join(context.folders.libexec, `${PREFIX}${encodeHex(context.randomness.bytes(8))}`)
    try {
      await makePrivateFolder(plugins, 0o755)
      await recover(context)
      await mkdir(root, { mode: 0o700 })
      await mkdir(join(root, OLD), { mode: 0o700 })
      await mkdir(join(root, REMOVED), { mode: 0o700 })
      await mkdir(join(root, "new"), { mode: 0o755 })
      return await work(stageOf(root, plugins, lock))
    } catch (thrown) {
      throw errnoOf(thrown) === undefined || !("syscall" in (thrown as Error)) ? thrown : ioError("write", root, thrown)
    } finally {
      await rm(root, { recursive: true, force: true })
    }
  })
}

function stageOf(root: string, plugins: string, lock: HeldLock): PluginStage {
  const moveAside = async (name: string, place: string): Promise<boolean> => {
    await lock.check()
    try {
      await rename(join(plugins, name), join(root, place, name))
      return true
    } catch (thrown) {
      if (errnoOf(thrown) === "ENOENT") return false
      throw ioError("rename", join(plugins, name), thrown)
    }
  }
  return {
    folder: join(root, "new"),
    async replace(name) {
      const target = join(plugins, name)
      const old = join(root, OLD, name)
      const moved = await moveAside(name, OLD)
      try {
        await rename(join(root, "new"), target)
      } catch (thrown) {
        if (moved) await rename(old, target)
        throw ioError("rename", target, thrown)
      }
      // From here on the old one is not to be put back.
      if (!moved) return
      await rename(old, join(root, REMOVED, name))
      await rm(join(root, REMOVED, name), { recursive: true, force: true })
    },
    async remove(name) {
      const moved = await moveAside(name, REMOVED)
      if (moved) await rm(join(root, REMOVED, name), { recursive: true })
      return moved
    },
  }
}

/** Stages of processes that died: whoever has the lock is the only one with a stage. */
async function recover(context: HomeContext): Promise<void> {
  const { libexec } = context.folders
  for (const stage of (await readdir(libexec)).filter((name) => STAGE.test(name))) {
    for (const name of await readdir(join(libexec, stage, OLD)).catch(() => [])) {
      const target = join(pluginsFolder(context), name)
      const there = await lstat(target).then(
        () => true,
        (thrown: unknown) => errnoOf(thrown) !== "ENOENT",
      )
      if (there) continue
      await rename(join(libexec, stage, OLD, name), target)
      context.onWarning(`plugin ${name} was put back after an installation that was interrupted`)
    }
    await rm(join(libexec, stage), { recursive: true, force: true })
  }
}
