import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { RunningServer, ServeOptions } from "../../app/world.ts"
import type { Clock } from "../../core/ports.ts"
import { createRegistryHandler } from "./handler.ts"
import { listenRegistry } from "./listen.ts"
import { createServerLog } from "./server-log.ts"
import { openFileStorage } from "./storage/file-storage.ts"

/** What the process lends to the server. */
export interface ServeHost {
  readonly clock: Clock
  /** Receives log lines, each with its line feed; the process sends them to stderr. */
  readonly log: (line: string) => void
}

/**
 * Run the embedded registry until it is closed.
 *
 * Without a data folder it stores in a temporary one, without flushing, and removes it in the end.
 *
 * @throws {ToolError} `E_CONFIG_INVALID`, `E_ADDRESS_IN_USE` or `E_IO` for the address, `E_STORAGE_LOCKED` or `E_IO` for the folder.
 */
export async function serveRegistry(options: ServeOptions, host: ServeHost): Promise<RunningServer> {
  const logger = createServerLog({
    format: options.logFormat ?? "text",
    level: options.logLevel ?? "info",
    clock: host.clock,
    write: host.log,
  })
  const temporary = options.data === undefined ? await mkdtemp(join(tmpdir(), "countersign-registry-")) : undefined
  const removeTemporary = async (): Promise<void> => {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true })
  }
  try {
    const storage = await openFileStorage({
      folder: options.data ?? temporary ?? "",
      durability: options.durability ?? (temporary === undefined ? "full" : "fast"),
      clock: host.clock,
    })
    try {
      const handler = createRegistryHandler({
        storage,
        logger,
        allowDelete: options.allowDelete ?? false,
        sparse: options.sparseIndexes ?? false,
      })
      const server = await listenRegistry({ listen: options.listen, handler, logger, clock: host.clock })
      return {
        address: server.address,
        close: async () => {
          await server.close()
          await storage.close()
          await removeTemporary()
        },
      }
    } catch (thrown) {
      await storage.close()
      throw thrown
    }
  } catch (thrown) {
    await removeTemporary()
    throw thrown
  }
}
